//! What an isolate remembers of credentials that were presented to it: whose the valid ones are, and which were refused.
//!
//! A credential is known again by SipHash-1-3 with 128 bits (Aumasson and Bernstein, 2012) under a secret that nothing but
//! this isolate's memory holds: a keyed hash like that of the configuration, as impossible to hit by chance, for a tenth of
//! its price. The credential itself is not kept.

use std::cell::{Cell, RefCell};
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use subtle::ConstantTimeEq;

use super::Identified;
use crate::words::limits::{CREDENTIAL_REFUSAL_REMEMBERED, KEY_LOOKUPS_FAILED_PER_SECOND, KEY_LOOKUPS_PENDING};
use crate::words::refusal::RefusalKind;
use crate::words::time::Timestamp;

/// Sets of valid credentials, and refused credentials, that are remembered: one for each first byte of a digest.
const SETS: usize = 256;
/// Credentials in one set; another one pushes one of them out.
const WAYS: usize = 4;

/// The memory of one isolate.
pub struct Memory {
    secret: [u8; 16],
    valid: RefCell<Vec<Vec<(Digest, Known)>>>,
    refused: RefCell<Vec<Option<Refused>>>,
    lookups: Lookups,
}

/// By what a credential is known again.
#[derive(Clone, Copy)]
pub struct Digest([u8; 16]);

/// A valid credential: whose it is, and until when that may be believed; `None` for as long as the isolate lives.
#[derive(Clone, Debug)]
pub struct Known {
    /// Whose it is.
    pub identified: Identified,
    /// Until when.
    pub holds: Option<Holds>,
}

/// Until when something that was learnt of a credential may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holds {
    /// The version of the revocations under which it was asked for.
    pub revocation: u64,
    /// When it was asked for.
    pub from: Timestamp,
    /// From when on it must be asked for again.
    pub until: Timestamp,
    /// Of a token: its issuer.
    pub issuer: Option<Vouches>,
}

/// The issuer that a token was checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouches {
    /// Its place in the configuration.
    pub place: usize,
    /// How often keys of it had gone away by then. Once more, and what they signed is checked anew.
    pub generation: u32,
}

/// What is true now of all that a remembered credential rests on. Each is asked for only where something hangs on it.
pub trait Now {
    /// The version of the revocations.
    fn revocation(&self) -> u64;
    /// The time.
    fn time(&self) -> Timestamp;
    /// How often keys of the issuer at this place went away.
    fn generation(&self, place: usize) -> Option<u32>;
}

impl Holds {
    fn at(self, now: &impl Now) -> bool {
        let revocation = now.revocation();
        let is_vouched = |issuer: Vouches| now.generation(issuer.place) == Some(issuer.generation);
        let now = now.time();
        // A clock that went backwards says nothing of the age.
        self.revocation == revocation && self.from <= now && now < self.until && self.issuer.is_none_or(is_vouched)
    }
}

#[derive(Clone, Copy)]
struct Refused {
    digest: Digest,
    kind: RefusalKind,
    at: Timestamp,
}

/// What is remembered of a credential.
#[derive(Debug)]
pub enum Remembered {
    /// It is valid, and whose it is.
    Valid(Identified),
    /// It was valid; whether it still is must be asked.
    Stale,
    /// Nothing.
    Nothing,
}

impl Memory {
    /// An empty memory; `secret` must be random and of this isolate alone.
    #[must_use]
    pub fn new(secret: [u8; 16]) -> Self {
        let valid = RefCell::new(vec![Vec::new(); SETS]);
        Self { secret, valid, refused: RefCell::default(), lookups: Lookups::default() }
    }

    /// By what the credential is known again in this isolate.
    #[must_use]
    pub fn digest(&self, credential: &str) -> Digest {
        let mut digest = SipHasher13::new_with_key(&self.secret);
        digest.write(credential.as_bytes());
        Digest(digest.finish128().as_bytes())
    }

    /// What is remembered of a credential.
    #[must_use]
    pub fn recall(&self, digest: Digest, now: &impl Now) -> Remembered {
        let sets = self.valid.borrow();
        let known = sets.get(digest.slot()).into_iter().flatten().find(|(known, _)| known.is(digest));
        match known {
            None => Remembered::Nothing,
            Some((_, Known { identified, holds })) if holds.is_none_or(|holds| holds.at(now)) => {
                Remembered::Valid(identified.clone())
            }
            Some(_) => Remembered::Stale,
        }
    }

    /// Remembers whose a credential is.
    pub fn remember(&self, digest: Digest, known: Known) {
        let mut sets = self.valid.borrow_mut();
        let Some(set) = sets.get_mut(digest.slot()) else { return };
        if let Some((_, place)) = set.iter_mut().find(|(other, _)| other.is(digest)) {
            *place = known;
        } else if set.len() < WAYS {
            set.push((digest, known));
        } else if let Some(place) = set.get_mut(digest.way()) {
            *place = (digest, known);
        }
    }

    /// Why the credential was refused a moment ago, if it was.
    #[must_use]
    pub fn refusal(&self, digest: Digest, now: Timestamp) -> Option<RefusalKind> {
        let refused = self.refused.borrow();
        let refused = refused.get(digest.slot())?.as_ref().filter(|refused| refused.digest.is(digest))?;
        let is_recent = refused.at <= now && now.since(refused.at) < CREDENTIAL_REFUSAL_REMEMBERED;
        is_recent.then_some(refused.kind)
    }

    /// Remembers that a credential is refused, and forgets that it was valid.
    pub fn refuse(&self, digest: Digest, kind: RefusalKind, at: Timestamp) {
        if let Some(set) = self.valid.borrow_mut().get_mut(digest.slot()) {
            set.retain(|(known, _)| !known.is(digest));
        }
        let mut refused = self.refused.borrow_mut();
        refused.resize(SETS, None);
        if let Some(place) = refused.get_mut(digest.slot()) {
            *place = Some(Refused { digest, kind, at });
        }
    }

    /// What keeps a flood of unknown credentials from those who would have to be asked for each.
    #[must_use]
    pub const fn lookups(&self) -> &Lookups {
        &self.lookups
    }
}

impl Digest {
    /// In constant time: a guesser learns nothing of how near a guess is.
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

/// Look-ups of credentials that this isolate has never seen: how many are under way, and how many were in vain.
#[derive(Debug, Default)]
pub struct Lookups {
    pending: Cell<u32>,
    /// The second, and how many were in vain in it.
    failed: Cell<(u64, u32)>,
}

/// A look-up that is under way, until it is dropped.
#[derive(Debug)]
pub struct Lookup<'m>(&'m Lookups);

impl Lookups {
    /// Begins a look-up; `None` when too many are under way, or were in vain this second.
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
    /// Notes that it was in vain.
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
