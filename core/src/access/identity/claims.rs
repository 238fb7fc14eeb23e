//! Checks a token's claims (issuer, audience, times), and maps them to its caller.

use std::collections::BTreeMap;
use std::rc::Rc;

use hmac_sha256::Hash;

use crate::access::identity::rules::{Issuer, IssuerName, Mapping, SignedRules, TenantRule, UsersFrom};
use crate::model::caller::{Caller, ClaimValue, UserRule};
use crate::words::action::ActionPattern;
use crate::words::json::Json;
use crate::words::names::{CallerId, RoleId, TenantId, UserId};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};
use crate::words::{hex, limits};

/// The last second of 32 bits, in the year 2106: no token lasts longer.
const SECONDS_MAX: i64 = 4_294_967_295;

/// Returns the claim with this name; one that begins with `/` is a path from object to object (Keycloak's
/// `/realm_access/roles`).
#[must_use]
pub fn claim<'c>(claims: &'c Json<'_>, name: &str) -> Option<&'c Json<'c>> {
    match name.strip_prefix('/') {
        None => claims.get(name),
        Some(path) => path.split('/').try_fold(claims, |value, member| value.get(member)),
    }
}

/// Returns the index of the issuer that the token claims. The claim is not verified.
#[must_use]
pub fn issuer_of(claims: &Json<'_>, issuers: &[Issuer]) -> Option<usize> {
    let iss = claims.get("iss")?.as_str()?;
    issuers.iter().position(|issuer| issuer.signed().is_some_and(|rules| is_named(rules, iss, claims)))
}

fn is_named(rules: &SignedRules, iss: &str, claims: &Json<'_>) -> bool {
    match &rules.name {
        IssuerName::Exact(names) => names.iter().any(|name| name == iss),
        IssuerName::OfTenant(prefix, suffix) => {
            let tenant = iss.strip_prefix(prefix.as_str()).and_then(|rest| rest.strip_suffix(suffix.as_str()));
            tenant.is_some_and(|tenant| !tenant.is_empty() && claims.get("tid").and_then(Json::as_str) == Some(tenant))
        }
    }
}

/// Returns the expiry of a token whose claims are valid now: `exp`, `nbf`, `iat` (RFC 7519 section 4.1), the audience,
/// and the claims that the configuration requires.
///
/// # Errors
/// [`RefusalKind::TokenClaimsInvalid`], [`RefusalKind::TokenExpired`], [`RefusalKind::TokenNotYetValid`],
/// [`RefusalKind::TokenAudienceWrong`] and [`RefusalKind::TokenClaimRefused`].
pub fn check(claims: &Json<'_>, issuer: &Issuer, now: Timestamp) -> Result<Timestamp, Refusal> {
    let expires_at = seconds(claims, "exp")?.ok_or_else(|| invalid("exp"))?;
    check_times(claims, Some(expires_at), issuer.leeway, now)?;
    check_audience(claims, &issuer.audiences)?;
    for name in ["sub", "jti", "nonce"] {
        // Registered, and a text wherever it is present (RFC 7519 section 4.1, OpenID Connect Core 1.0 section 2).
        if !matches!(claims.get(name), None | Some(Json::Null | Json::String(_))) {
            return Err(invalid(name));
        }
    }
    if issuer.signed().is_some_and(|rules| rules.checks_azp)
        && let Some(azp) = claims.get("azp")
        && !azp.as_str().is_some_and(|azp| issuer.audiences.iter().any(|audience| audience == azp))
    {
        return Err(Refusal::with(RefusalKind::TokenClaimRefused, "azp"));
    }
    check_required(claims, issuer)?;
    Ok(expires_at)
}

/// Returns the same for the answer of an asked issuer: `exp` may be missing, as the answer is about now.
///
/// # Errors
/// Those of [`check`].
pub fn check_asked(claims: &Json<'_>, issuer: &Issuer, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let expires_at = seconds(claims, "exp")?;
    check_times(claims, expires_at, issuer.leeway, now)?;
    if !issuer.audiences.is_empty() {
        check_audience(claims, &issuer.audiences)?;
    }
    if let (Some(name), Some(iss)) = (issuer.asked().and_then(|rules| rules.issuer.as_deref()), claims.get("iss"))
        && iss.as_str() != Some(name)
    {
        return Err(Refusal::new(RefusalKind::TokenIssuerUnknown));
    }
    check_required(claims, issuer)?;
    Ok(expires_at)
}

fn check_times(claims: &Json<'_>, exp: Option<Timestamp>, leeway: Millis, now: Timestamp) -> Result<(), Refusal> {
    let (not_before, issued_at) = (seconds(claims, "nbf")?, seconds(claims, "iat")?);
    if exp.is_some_and(|exp| exp.after(leeway) <= now) {
        return Err(Refusal::new(RefusalKind::TokenExpired));
    }
    for (name, time) in [("nbf", not_before), ("iat", issued_at)] {
        if time.is_some_and(|time| time > now.after(leeway)) {
            return Err(Refusal::with(RefusalKind::TokenNotYetValid, name));
        }
    }
    Ok(())
}

/// Returns a time in whole seconds. A fraction, an exponent or a text is refused: other readers would read it
/// differently.
fn seconds(claims: &Json<'_>, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let number = match value {
        Json::Number(number) => number.as_i64().filter(|seconds| (0..=SECONDS_MAX).contains(seconds)),
        _ => None,
    };
    let seconds = number.and_then(|seconds| u64::try_from(seconds).ok()).ok_or_else(|| invalid(name))?;
    Ok(Some(Timestamp::from_millis(seconds.saturating_mul(1_000))))
}

fn check_audience(claims: &Json<'_>, audiences: &[String]) -> Result<(), Refusal> {
    let wrong = || Refusal::new(RefusalKind::TokenAudienceWrong);
    let named = match claims.get("aud").ok_or_else(wrong)? {
        Json::String(text) => vec![text.as_ref()],
        Json::Array(items) if items.len() <= limits::TOKEN_CLAIM_ITEMS => {
            items.iter().map(Json::as_str).collect::<Option<_>>().ok_or_else(|| invalid("aud"))?
        }
        _ => return Err(invalid("aud")),
    };
    if named.iter().any(|name| audiences.iter().any(|audience| audience == name)) { Ok(()) } else { Err(wrong()) }
}

fn check_required(claims: &Json<'_>, issuer: &Issuer) -> Result<(), Refusal> {
    for (name, values) in &issuer.require {
        let has = |text: &str| values.iter().any(|value| value == text);
        let is_met = match claim(claims, name) {
            Some(Json::String(text)) => has(text),
            Some(Json::Bool(flag)) => has(if *flag { "true" } else { "false" }),
            Some(Json::Number(number)) => has(number.as_str()),
            Some(Json::Array(items)) => items.iter().any(|item| item.as_str().is_some_and(has)),
            _ => false,
        };
        if !is_met {
            return Err(Refusal::with(RefusalKind::TokenClaimRefused, name.clone()));
        }
    }
    Ok(())
}

/// Returns the caller of valid claims, and its names in revocations.
///
/// # Errors
/// [`RefusalKind::TokenClaimsInvalid`] and [`RefusalKind::TokenTenantUnmapped`].
pub fn caller(claims: &Json<'_>, issuer: &Issuer) -> Result<(Caller, Vec<String>), Refusal> {
    let mapping = &issuer.mapping;
    let subject = subject(claims, &mapping.subject_claim)?;
    let id = CallerId::of_subject(&issuer.id, &plain_name(&subject)).ok_or_else(|| invalid("sub"))?;
    let tenant = tenant(claims, &mapping.tenant)?;
    let scopes = scopes(claims)?;
    let roles = roles(claims, mapping)?;
    let mut revocations = vec![issuer.id.to_string(), id.to_string()];
    if let Some(jti) = claims.get("jti").and_then(Json::as_str).filter(|jti| !jti.is_empty()) {
        revocations.push([issuer.id.as_str(), "#", &plain_name(jti)].concat());
    }
    let caller = Caller {
        id,
        tenant,
        grants: roles.iter().filter_map(|role| mapping.grants.get(role)).map(Rc::clone).collect(),
        roles,
        within: within(&scopes, &mapping.scopes),
        scopes,
        claims: visible(claims, &mapping.claims),
        users: users(claims, mapping, &subject)?,
        projects: mapping.projects.clone(),
        priority: mapping.priority,
    };
    Ok((caller, revocations))
}

/// Returns a name in the form of caller ids and revocations: one that does not fit becomes a digest. A text that looks
/// like such a digest becomes one too, so that no two names collide.
fn plain_name(name: &str) -> String {
    const DIGEST: &str = "sha256-";
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@|/+=".contains(&byte);
    if name.len() <= CallerId::SUBJECT_BYTES && name.bytes().all(is_plain) && !name.starts_with(DIGEST) {
        return name.to_owned();
    }
    hex::prefixed(DIGEST, &Hash::hash(name.as_bytes()))
}

/// Returns the subject: a text, or a number as GitHub's ids are.
fn subject(claims: &Json<'_>, name: &str) -> Result<String, Refusal> {
    let subject = match claim(claims, name) {
        Some(Json::String(text)) => text.as_ref().to_owned(),
        Some(Json::Number(number)) if number.is_integer_text() => number.as_str().to_owned(),
        _ => String::new(),
    };
    if subject.is_empty() { Err(Refusal::with(RefusalKind::TokenClaimsInvalid, name.to_owned())) } else { Ok(subject) }
}

fn tenant(claims: &Json<'_>, rule: &TenantRule) -> Result<TenantId, Refusal> {
    match rule {
        TenantRule::Fixed(tenant) => Ok(tenant.clone()),
        TenantRule::Claim(name, tenants) => {
            let named = claim(claims, name).and_then(Json::as_str);
            let tenant = tenants.iter().find(|tenant| Some(tenant.as_str()) == named);
            tenant.cloned().ok_or_else(|| Refusal::with(RefusalKind::TokenTenantUnmapped, name.clone()))
        }
    }
}

/// Returns the scopes: `scope` (RFC 8693 section 4.2), or `scp`, as a text with blanks or a list.
fn scopes(claims: &Json<'_>) -> Result<Vec<String>, Refusal> {
    let scopes: Vec<String> = match claims.get("scope").or_else(|| claims.get("scp")) {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::String(text)) => text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        Some(value) => texts(value).ok_or_else(|| invalid("scope"))?,
    };
    let is_short = |scope: &String| scope.len() <= 256;
    let is_bounded = scopes.len() <= limits::TOKEN_CLAIM_ITEMS && scopes.iter().all(is_short);
    if is_bounded { Ok(scopes) } else { Err(invalid("scope")) }
}

fn within(scopes: &[String], rules: &BTreeMap<String, Vec<ActionPattern>>) -> Option<Vec<ActionPattern>> {
    if rules.is_empty() {
        return None;
    }
    Some(scopes.iter().filter_map(|scope| rules.get(scope)).flatten().copied().collect())
}

/// Returns the roles of a token: those of every token, and those of the values of its claim.
fn roles(claims: &Json<'_>, mapping: &Mapping) -> Result<Vec<RoleId>, Refusal> {
    let mut roles = mapping.default_roles.clone();
    let Some(name) = &mapping.roles_claim else {
        return Ok(roles);
    };
    let values = match claim(claims, name) {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::String(text)) => vec![text.as_ref().to_owned()],
        Some(value) => texts(value).ok_or_else(|| Refusal::with(RefusalKind::TokenClaimsInvalid, name.clone()))?,
    };
    for role in values.iter().filter_map(|value| mapping.roles.get(value)).flatten() {
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    Ok(roles)
}

fn users(claims: &Json<'_>, mapping: &Mapping, subject: &str) -> Result<UserRule, Refusal> {
    let named = match &mapping.users {
        UsersFrom::Every => return Ok(UserRule::Every),
        UsersFrom::Only(users) => return Ok(UserRule::Only(users.clone())),
        UsersFrom::Subject => vec![subject.to_owned()],
        // An address that the issuer has not verified is whatever its owner wrote.
        UsersFrom::Claim(name) if name == "email" && is_unverified(claims) => Vec::new(),
        UsersFrom::Claim(name) => match claim(claims, name) {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::String(text)) => vec![text.as_ref().to_owned()],
            Some(value) => texts(value).ok_or_else(|| Refusal::with(RefusalKind::TokenClaimsInvalid, name.clone()))?,
        },
    };
    let users = named.iter().map(|name| UserId::new(name).filter(|_| name != "*")).collect::<Option<_>>();
    users.map(UserRule::Only).ok_or_else(|| invalid("the claim of users"))
}

fn is_unverified(claims: &Json<'_>) -> bool {
    match claims.get("email_verified") {
        None | Some(Json::Bool(true)) => false,
        Some(value) => value.as_str() != Some("true"),
    }
}

/// Returns the texts of a list; `None` for another type, or a list that is too long.
fn texts(value: &Json<'_>) -> Option<Vec<String>> {
    let items = value.as_array().filter(|items| items.len() <= limits::TOKEN_CLAIM_ITEMS)?;
    items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Returns the claims that policies can read. One of an unsupported form, or too long, counts as missing.
fn visible(claims: &Json<'_>, names: &[String]) -> BTreeMap<String, ClaimValue> {
    let is_short = |text: &str| text.len() <= limits::TOKEN_CLAIM_BYTES;
    let value = |name: &String| match claim(claims, name)? {
        Json::String(text) => is_short(text).then(|| ClaimValue::Text(text.as_ref().to_owned())),
        Json::Bool(flag) => Some(ClaimValue::Flag(*flag)),
        Json::Number(number) => number.as_i64().map(ClaimValue::Number),
        list @ Json::Array(_) => {
            texts(list).filter(|texts| texts.iter().all(|text| is_short(text))).map(ClaimValue::Texts)
        }
        Json::Null | Json::Object(_) => None,
    };
    names.iter().filter_map(|name| Some((name.clone(), value(name)?))).collect()
}

fn invalid(name: &'static str) -> Refusal {
    Refusal::with(RefusalKind::TokenClaimsInvalid, name)
}
