//! Finds the caller of a request's credential: keys first, then tokens, whose issuers are asked for keys, or about the
//! token.

use std::rc::Rc;

use super::jose::{self, Compact};
use super::jwk::{self, KeySet};
use super::memory::{CredentialFingerprint, IssuerKeys, KnownCredential, ValidationContext, Validity};
use super::{Identified, Identity, Recognised, asking, claims, issued, keys, refuse_revoked, signature};
use crate::access::epochs::{EpochLease, EpochsView};
use crate::access::identity::rules::{AskRules, Issuer};
use crate::model::request::RequestHeaders;
use crate::ports::{Origin, Platform};
use crate::state::epochs::Epochs;
use crate::words::json::Json;
use crate::words::limits;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Timestamp;

/// Finds the caller, under epochs that are current when it is found. A configured key, and a credential that this
/// isolate has verified lately, waits for nothing.
///
/// # Errors
/// Those of [`super::identify`] and [`issued::verify`], [`RefusalKind::CredentialRevoked`], and every `token_*`
/// refusal.
pub async fn identify<P: Platform>(
    platform: &P,
    identity: &Rc<Identity>,
    lease: &Rc<EpochLease>,
    headers: &RequestHeaders,
    held: EpochsView,
) -> Result<(Identified, EpochsView), Refusal> {
    let now = Present { platform, identity, epochs: &held.epochs };
    let (identified, held) = match super::identify(headers, &identity.keyring, identity.tokens.takes(), &now)? {
        Recognised::Known(identified) => (identified, held),
        Recognised::Issued(unverified) => {
            let identified = issued::verify(platform, identity, unverified, &held.epochs).await?;
            // That may have taken long: the rest of the epochs must be current too.
            (identified, lease.hold(platform).await)
        }
        Recognised::Token(text, fingerprint) => {
            Checking { platform, identity, lease, token: PresentedToken { text, fingerprint } }.token().await?
        }
    };
    refuse_revoked(&identified, &held.epochs)?;
    Ok((identified, held))
}

/// Provides the current state for validating a remembered credential.
struct Present<'a, P> {
    platform: &'a P,
    identity: &'a Identity,
    epochs: &'a Epochs,
}

impl<P: Platform> ValidationContext for Present<'_, P> {
    fn revocation(&self) -> u64 {
        self.epochs.revocation
    }

    fn time(&self) -> Timestamp {
        self.platform.now()
    }

    fn generation(&self, place: usize) -> Option<u32> {
        self.identity.tokens.generation(place)
    }
}

/// Holds a presented token.
#[derive(Clone, Copy)]
struct PresentedToken<'t> {
    text: &'t str,
    fingerprint: CredentialFingerprint,
}

/// Holds an issuer and its place in the configuration.
#[derive(Clone, Copy)]
struct Placed<'c> {
    place: usize,
    issuer: &'c Issuer,
}

/// Checks one token.
struct Checking<'a, P> {
    platform: &'a P,
    identity: &'a Rc<Identity>,
    lease: &'a Rc<EpochLease>,
    token: PresentedToken<'a>,
}

impl<P: Platform> Checking<'_, P> {
    async fn token(&self) -> Result<(Identified, EpochsView), Refusal> {
        // Neither a signed token nor a mistyped key of ours goes to an issuer that takes every opaque one: it may open
        // other doors.
        let text = self.token.text;
        let is_signed = jose::is_shaped(text) || text.len() > limits::TOKEN_BYTES_MAX;
        match asked_issuer(&self.identity.issuers, text, !is_signed && !text.starts_with("tg_")) {
            Some((placed, rules)) => self.asked(placed, rules).await,
            None if is_signed => self.signed().await,
            None => Err(Refusal::new(RefusalKind::CredentialUnknown)),
        }
    }

    /// Checks a signed token: form, issuer, claims, and at last the signature, which costs a hundred times the rest.
    async fn signed(&self) -> Result<(Identified, EpochsView), Refusal> {
        let Self { platform, identity, lease, token: PresentedToken { text, .. } } = *self;
        let compact = jose::read(text)?;
        let claims = compact.claims()?;
        let unknown = || Refusal::new(RefusalKind::TokenIssuerUnknown);
        let place = claims::issuer_of(&claims, &identity.issuers).ok_or_else(unknown)?;
        let issuer = identity.issuers.get(place).ok_or_else(unknown)?;
        let rules = issuer.signed().ok_or_else(unknown)?;
        if !rules.algorithms.contains(&compact.algorithm) {
            return Err(Refusal::new(RefusalKind::TokenAlgorithmRefused));
        }
        if !rules.types.contains(&compact.kind) {
            return Err(Refusal::new(RefusalKind::TokenTypeRefused));
        }
        let expires_at = claims::check(&claims, issuer, platform.now())?;
        let keys = keys::driver::keys_for(platform, identity, place, rules, &compact).await?;
        // Waiting for keys took time: revocations in the meantime count.
        let held = lease.hold(platform).await;
        let now = platform.now();
        check_signature(text, &compact, &keys, issuer, now)?;
        let identified = self.good(Placed { place, issuer }, &claims, &held, now, expires_at)?;
        Ok((identified, held))
    }

    /// Returns the caller of verified claims; it is remembered until they expire.
    fn good(
        &self,
        Placed { place, issuer }: Placed<'_>,
        claims: &Json<'_>,
        held: &EpochsView,
        from: Timestamp,
        ends_at: Timestamp,
    ) -> Result<Identified, Refusal> {
        let (caller, revocations) = claims::caller(claims, issuer)?;
        if revocations.iter().any(|name| held.epochs.revoked.contains(name)) {
            return Err(Refusal::new(RefusalKind::TokenRevoked));
        }
        let identified = Identified { caller: Rc::new(caller), key: issuer.id.clone() };
        if let Some(generation) = self.identity.tokens.generation(place) {
            let issuer = Some(IssuerKeys { place, generation });
            let validity = Some(Validity { revocation: held.epochs.revocation, from, ends_at, issuer });
            let known = KnownCredential { identified: identified.clone(), validity };
            self.identity.keyring.memory().remember(self.token.fingerprint, known);
        }
        Ok(identified)
    }

    /// Asks the issuer about an opaque token. The answer is trusted for a minute at most.
    async fn asked(&self, placed: Placed<'_>, rules: &AskRules) -> Result<(Identified, EpochsView), Refusal> {
        let Self { platform, identity, lease, token: PresentedToken { text, fingerprint } } = *self;
        let unavailable = |why: &'static str| Refusal::with(RefusalKind::TokenCheckUnavailable, why);
        let question = asking::question(rules, text).ok_or_else(|| unavailable("the client's secret is not set"))?;
        let asked_at = platform.now();
        if !identity.tokens.may_ask(placed.place, asked_at) {
            return Err(unavailable("too many questions at once"));
        }
        let sent = Origin::send(platform, question).await;
        let answer = sent.map_err(|error| unavailable(RefusalKind::from(error).name()))?;
        let held = lease.hold(platform).await;
        let now = platform.now();
        let checked = asking::answer(rules, &answer).and_then(|claims| {
            let expires_at = claims::check_asked(&claims, placed.issuer, now)?;
            // The answer is forgotten a minute after the question, however long it took.
            let kept_until = asked_at.after(limits::OPAQUE_KEPT);
            let ends_at = expires_at.map_or(kept_until, |expires_at| expires_at.min(kept_until));
            self.good(placed, &claims, &held, now, ends_at)
        });
        if let Err(refusal) = &checked
            && refusal.kind == RefusalKind::TokenInactive
        {
            identity.keyring.memory().refuse(fingerprint, refusal.kind, now);
        }
        Ok((checked?, held))
    }
}

/// Returns the issuer to ask about a token: the first with a matching prefix; else, if `or_any`, the one that takes
/// any.
fn asked_issuer<'c>(issuers: &'c [Issuer], text: &str, or_any: bool) -> Option<(Placed<'c>, &'c AskRules)> {
    let all = || {
        let places = issuers.iter().enumerate();
        places.filter_map(|(place, issuer)| Some((Placed { place, issuer }, issuer.asked()?)))
    };
    let begins = |rules: &AskRules| rules.prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()));
    let any = || all().find(|(_, rules)| or_any && rules.prefixes.is_empty());
    all().find(|(_, rules)| begins(rules)).or_else(any)
}

fn check_signature(
    token: &str,
    compact: &Compact,
    keys: &KeySet,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<(), Refusal> {
    let jwk::KeyLookup::Keys(keys) = keys.find(compact.kid.as_deref(), compact.algorithm) else {
        return Err(Refusal::new(RefusalKind::TokenKeyUnknown));
    };
    let mut checked = Err(Refusal::new(RefusalKind::TokenKeyUnknown));
    for key in keys {
        checked = signature::check(token, compact.algorithm, key, now, issuer.leeway);
        if checked.is_ok() {
            break;
        }
    }
    checked
}
