//! Remembers credentials that were presented to an isolate: the callers of valid ones, and the refusals of others.
//!
//! A credential is recognised by SipHash-1-3 with 128 bits (Aumasson and Bernstein, 2012) under a secret that exists
//! only in this isolate's memory: a keyed hash like that of the configuration, as impossible to hit by chance, for a
//! tenth of its price. The credential itself is not stored.

use std::cell::{Cell, RefCell};
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use subtle::ConstantTimeEq;

use super::Identified;
use crate::words::limits::{CREDENTIAL_REFUSAL_REMEMBERED, KEY_LOOKUPS_FAILED_PER_SECOND, KEY_LOOKUPS_PENDING};
use crate::words::refusal::RefusalKind;
use crate::words::time::Timestamp;

/// The number of sets of valid credentials, and of refused credentials: one for each first byte of a fingerprint.
const SETS: usize = 256;
/// The number of credentials in one set; another one evicts one of them.
const WAYS: usize = 4;

/// Remembers the credentials that were presented to one isolate.
pub struct CredentialMemory {
    secret: [u8; 16],
    valid: RefCell<Vec<Vec<(CredentialFingerprint, KnownCredential)>>>,
    refused: RefCell<Vec<Option<Refused>>>,
    lookups: Lookups,
}

/// Identifies a credential that was presented before.
#[derive(Clone, Copy)]
pub struct CredentialFingerprint([u8; 16]);

/// Holds the memory of a valid credential.
#[derive(Clone, Debug)]
pub struct KnownCredential {
    /// The caller.
    pub identified: Identified,
    /// The bounds of its validity; `None` for as long as the isolate lives.
    pub validity: Option<Validity>,
}

/// Bounds the validity of a remembered credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The version of the revocations at the question.
    pub revocation: u64,
    /// The time of the question.
    pub from: Timestamp,
    /// The time from which on the question must be asked again.
    pub ends_at: Timestamp,
    /// The issuer, of a token.
    pub issuer: Option<IssuerKeys>,
}

/// Names the issuer, and the generation of its keys, that a token was verified against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuerKeys {
    /// The issuer's index in the configuration.
    pub place: usize,
    /// The number of times that a key of it had been withdrawn by then. After another withdrawal, tokens are verified
    /// again.
    pub generation: u32,
}

/// Provides the current values that a remembered credential is validated against. Each is read only where it is needed.
pub trait ValidationContext {
    /// Returns the version of the revocations.
    fn revocation(&self) -> u64;
    /// Returns the time.
    fn time(&self) -> Timestamp;
    /// Returns the number of times that a key of the issuer at this index was withdrawn.
    fn generation(&self, place: usize) -> Option<u32>;
}

impl Validity {
    fn at(self, now: &impl ValidationContext) -> bool {
        let revocation = now.revocation();
        let is_vouched = |issuer: IssuerKeys| now.generation(issuer.place) == Some(issuer.generation);
        let now = now.time();
        // A clock that went backwards says nothing of the age.
        self.revocation == revocation && self.from <= now && now < self.ends_at && self.issuer.is_none_or(is_vouched)
    }
}

#[derive(Clone, Copy)]
struct Refused {
    fingerprint: CredentialFingerprint,
    kind: RefusalKind,
    at: Timestamp,
}

/// Names the result of recalling a credential.
#[derive(Debug)]
pub enum Remembered {
    /// A valid credential, with its caller.
    Valid(Identified),
    /// A formerly valid credential, which must be verified again.
    Stale,
    /// An unknown credential.
    Nothing,
}

impl CredentialMemory {
    /// Returns an empty memory; `secret` must be random and of this isolate alone.
    #[must_use]
    pub fn new(secret: [u8; 16]) -> Self {
        let valid = RefCell::new(vec![Vec::new(); SETS]);
        Self { secret, valid, refused: RefCell::default(), lookups: Lookups::default() }
    }

    /// Returns the fingerprint of the credential, under this isolate's secret.
    #[must_use]
    pub fn fingerprint(&self, credential: &str) -> CredentialFingerprint {
        let mut fingerprint = SipHasher13::new_with_key(&self.secret);
        fingerprint.write(credential.as_bytes());
        CredentialFingerprint(fingerprint.finish128().as_bytes())
    }

    /// Returns the memory of a credential.
    #[must_use]
    pub fn recall(&self, fingerprint: CredentialFingerprint, now: &impl ValidationContext) -> Remembered {
        let sets = self.valid.borrow();
        let known = sets.get(fingerprint.slot()).into_iter().flatten().find(|(known, _)| known.is(fingerprint));
        match known {
            None => Remembered::Nothing,
            Some((_, KnownCredential { identified, validity })) if validity.is_none_or(|validity| validity.at(now)) => {
                Remembered::Valid(identified.clone())
            }
            Some(_) => Remembered::Stale,
        }
    }

    /// Remembers the caller of a credential.
    pub fn remember(&self, fingerprint: CredentialFingerprint, known: KnownCredential) {
        let mut sets = self.valid.borrow_mut();
        let Some(set) = sets.get_mut(fingerprint.slot()) else { return };
        if let Some((_, place)) = set.iter_mut().find(|(other, _)| other.is(fingerprint)) {
            *place = known;
        } else if set.len() < WAYS {
            set.push((fingerprint, known));
        } else if let Some(place) = set.get_mut(fingerprint.way()) {
            *place = (fingerprint, known);
        }
    }

    /// Returns the recent refusal of the credential, if there was one.
    #[must_use]
    pub fn refusal(&self, fingerprint: CredentialFingerprint, now: Timestamp) -> Option<RefusalKind> {
        let refused = self.refused.borrow();
        let refused =
            refused.get(fingerprint.slot())?.as_ref().filter(|refused| refused.fingerprint.is(fingerprint))?;
        let is_recent = refused.at <= now && now.since(refused.at) < CREDENTIAL_REFUSAL_REMEMBERED;
        is_recent.then_some(refused.kind)
    }

    /// Remembers that a credential is refused, and forgets that it was valid.
    pub fn refuse(&self, fingerprint: CredentialFingerprint, kind: RefusalKind, at: Timestamp) {
        if let Some(set) = self.valid.borrow_mut().get_mut(fingerprint.slot()) {
            set.retain(|(known, _)| !known.is(fingerprint));
        }
        let mut refused = self.refused.borrow_mut();
        refused.resize(SETS, None);
        if let Some(place) = refused.get_mut(fingerprint.slot()) {
            *place = Some(Refused { fingerprint, kind, at });
        }
    }

    /// Returns the limiter of look-ups, which keeps a flood of unknown credentials from their owners.
    #[must_use]
    pub const fn lookups(&self) -> &Lookups {
        &self.lookups
    }
}

impl CredentialFingerprint {
    /// Compares in constant time, so that a guesser learns nothing of how near a guess is.
    fn is(&self, other: Self) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }

    const fn slot(self) -> usize {
        let Self([first, ..]) = self;
        first as usize
    }

    const fn way(self) -> usize {
        let Self([_, second, ..]) = self;
        second as usize % WAYS
    }
}

/// Limits the look-ups of credentials unknown to this isolate, by those under way and those that failed.
#[derive(Debug, Default)]
pub struct Lookups {
    pending: Cell<u32>,
    /// The second, and the number of failed look-ups in it.
    failed: Cell<(u64, u32)>,
}

/// Counts as a look-up under way, until it is dropped.
#[derive(Debug)]
pub struct Lookup<'m>(&'m Lookups);

impl Lookups {
    /// Begins a look-up; `None` when too many are under way, or failed in this second.
    #[must_use]
    pub fn begin(&self, now: Timestamp) -> Option<Lookup<'_>> {
        let pending = self.pending.get();
        let (second, failed) = self.failed.get();
        let is_flood = second == now.as_millis() / 1000 && failed >= KEY_LOOKUPS_FAILED_PER_SECOND;
        if is_flood || pending >= KEY_LOOKUPS_PENDING {
            return None;
        }
        self.pending.set(pending.saturating_add(1));
        Some(Lookup(self))
    }
}

impl Lookup<'_> {
    /// Notes a failed look-up.
    pub fn fail(&self, now: Timestamp) {
        let second = now.as_millis() / 1000;
        let (of, failed) = self.0.failed.get();
        let failed = if of == second { failed } else { 0 };
        self.0.failed.set((second, failed.saturating_add(1)));
    }
}

impl Drop for Lookup<'_> {
    fn drop(&mut self) {
        self.0.pending.set(self.0.pending.get().saturating_sub(1));
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
