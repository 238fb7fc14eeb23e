//! Reads the bodies and queries on issued keys: each member checked, none unknown.

use std::borrow::Cow;

use crate::access::admission::Context;
use crate::access::identity::{Roles, key};
use crate::front::body::{Members, json_body};
use crate::model::operation::Query;
use crate::model::request::{Request, RequestBody, RequestLimits};
use crate::state::keys::Grants;
use crate::words::action::ActionPattern;
use crate::words::json::Json;
use crate::words::limits::{ISSUED_KEY_LIFE_MAX, ISSUED_KEY_NAME_BYTES, ISSUED_KEY_OVERLAP_MAX};
use crate::words::names::{CallerId, Project, RoleId, TenantId, UserId};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;

/// A key to be issued.
pub(super) struct Create {
    /// Its grants. The id of its caller still lacks the key's id at its end.
    pub(super) grants: Grants,
    /// Its lifetime.
    pub(super) lasts: Option<Millis>,
}

/// A key to be rotated.
pub(super) struct Rotate {
    /// Remaining validity of the earlier key.
    pub(super) overlap: Millis,
    /// Lifetime of the new key; `None` for that of the earlier one.
    pub(super) lasts: Option<Millis>,
}

/// A page of keys.
pub(super) struct List<'q> {
    pub(super) limit: usize,
    pub(super) after: Option<&'q str>,
    pub(super) tenant: Option<&'q str>,
}

const CREATE: [&str; 8] = ["name", "tenant", "roles", "scopes", "users", "projects", "expires_in", "note"];
const ROTATE: [&str; 2] = ["overlap", "expires_in"];
const LIST: [&str; 3] = ["limit", "after", "tenant"];

/// Most items of one page.
const ITEMS: usize = 64;
/// Most bytes of a note.
const NOTE_BYTES: usize = 200;
/// Validity of a rotated key unless the request names one.
const OVERLAP: Millis = Millis::from_secs(24 * 3600);
const PAGE: usize = 25;
const PAGE_MAX: usize = 100;

/// Reads the body of a request for a key.
pub(super) fn create(
    request: &Request,
    limits: &RequestLimits,
    context: &Context<'_>,
    known_roles: &Roles,
) -> Result<Create, Refusal> {
    let body = json_body(request, limits)?;
    let members = known(&body, &CREATE)?;
    let name = members.required_text("name")?;
    let is_name = name.len() <= ISSUED_KEY_NAME_BYTES && CallerId::new(name).is_some();
    check(is_name, "name: must be an identifier: 1 to 43 of a-z A-Z 0-9 _ - . that begins with a letter or digit")?;
    let tenant = members.text("tenant")?.unwrap_or(context.caller.tenant.as_str());
    check(TenantId::new(tenant).is_some(), "tenant: must be an identifier: 1 to 64 of a-z A-Z 0-9 _ - .")?;
    let roles = texts(&members, "roles")?;
    check(!roles.is_empty(), "roles: at least one is needed, as a key grants nothing else")?;
    for (index, role) in roles.iter().enumerate() {
        let is_known = RoleId::new(role).is_some_and(|role| known_roles.contains_key(&role));
        item(is_known, "roles", index, "there is no such role in the configuration")?;
    }
    let scopes = texts(&members, "scopes")?;
    for (index, scope) in scopes.iter().enumerate() {
        item(ActionPattern::new(scope).is_some(), "scopes", index, "must be \"*\", \"family/*\" or an action")?;
    }
    let users = texts(&members, "users")?;
    for (index, user) in users.iter().enumerate() {
        item(UserId::new(user).is_some(), "users", index, "must be \"*\" or a user id of 1 to 256 bytes")?;
    }
    let projects = texts(&members, "projects")?;
    for (index, project) in projects.iter().enumerate() {
        let is_project = project == "*" || Project::new(project).is_some();
        item(is_project, "projects", index, "must be \"*\" or \"org/project\"")?;
    }
    let note = members.text("note")?.unwrap_or_default();
    let is_note = note.len() <= NOTE_BYTES && !note.chars().any(char::is_control);
    check(is_note, "note: must be at most 200 bytes without control characters")?;
    let grants = Grants {
        tenant: tenant.to_owned(),
        caller: format!("{name}."),
        name: name.to_owned(),
        roles,
        scopes,
        users,
        projects,
        claims: super::give::claims_of(context.caller, super::is_administrator(context)),
        note: note.to_owned(),
    };
    Ok(Create { grants, lasts: life(&body)? })
}

/// Reads the body of a rotation, which may be empty.
pub(super) fn rotate(request: &Request, limits: &RequestLimits) -> Result<Rotate, Refusal> {
    if matches!(&request.body, RequestBody::Whole(bytes) if bytes.is_empty()) {
        return Ok(Rotate { overlap: OVERLAP, lasts: None });
    }
    let body = json_body(request, limits)?;
    known(&body, &ROTATE)?;
    let overlap = seconds(&body, "overlap", 0, ISSUED_KEY_OVERLAP_MAX)?;
    Ok(Rotate { overlap: overlap.unwrap_or(OVERLAP), lasts: life(&body)? })
}

/// Reads the query of a list.
pub(super) fn list(query: &Query) -> Result<List<'_>, Refusal> {
    let invalid = |detail: &'static str| Refusal::with(RefusalKind::QueryInvalid, detail);
    if query.names().any(|name| !LIST.contains(&name)) {
        return Err(invalid("a list of keys takes limit, after and tenant"));
    }
    let limit = match query.get("limit") {
        None => Some(PAGE),
        Some(limit) => limit.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit)),
    };
    let limit = limit.ok_or_else(|| invalid("limit must be a whole number from 1 to 100"))?;
    let after = query.get("after");
    if after.is_some_and(|after| !key::is_id(after)) {
        return Err(invalid("after must be the id of a key"));
    }
    let tenant = query.get("tenant");
    if tenant.is_some_and(|tenant| tenant != "*" && TenantId::new(tenant).is_none()) {
        return Err(invalid("tenant must be an identifier, or *"));
    }
    Ok(List { limit, after, tenant })
}

/// Returns the members of a body, and refuses others than `names`.
fn known<'b, 'r>(body: &'b Json<'r>, names: &[&'static str]) -> Result<Members<'b, 'r>, Refusal> {
    let members = Members::of(body)?;
    let is_unknown = body.as_object().is_some_and(|object| object.iter().any(|(name, _)| !names.contains(&name)));
    // The detail names the known members: the sent one may be anything, a secret included.
    check(!is_unknown, format!("there is a member besides {}", names.join(", ")))?;
    Ok(members)
}

fn texts(members: &Members<'_, '_>, name: &'static str) -> Result<Vec<String>, Refusal> {
    let items = members.array(name)?;
    check(items.len() <= ITEMS, format!("{name}: has more than {ITEMS} items"))?;
    let mut texts = Vec::with_capacity(items.len());
    for (index, value) in items.iter().enumerate() {
        let text = value.as_str().filter(|text| !text.is_empty());
        item(text.is_some(), name, index, "must be a string that is not empty")?;
        texts.extend(text.map(str::to_owned));
    }
    Ok(texts)
}

fn life(body: &Json<'_>) -> Result<Option<Millis>, Refusal> {
    seconds(body, "expires_in", 1, ISSUED_KEY_LIFE_MAX)
}

/// Returns a number of seconds, if present.
fn seconds(body: &Json<'_>, name: &str, least: u64, most: Millis) -> Result<Option<Millis>, Refusal> {
    let most = most.get() / 1000;
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            let number = if let Json::Number(number) = value { number.as_i64() } else { None };
            let seconds = number.and_then(|number| u64::try_from(number).ok());
            let seconds = seconds.filter(|seconds| (least..=most).contains(seconds));
            check(seconds.is_some(), format!("{name}: must be a whole number of seconds from {least} to {most}"))?;
            Ok(seconds.map(Millis::from_secs))
        }
    }
}

fn check(holds: bool, fault: impl Into<Cow<'static, str>>) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::with(RefusalKind::RequestInvalid, fault)) }
}

fn item(holds: bool, name: &str, index: usize, rule: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { check(false, format!("{name}[{index}]: {rule}")) }
}
