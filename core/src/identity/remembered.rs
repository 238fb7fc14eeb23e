//! Tokens that were checked lately, so that the next call with one costs neither a signature nor a question.

use std::cell::RefCell;
use std::fmt;
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};
use subtle::ConstantTimeEq as _;

use super::Identified;
use crate::refusal::RefusalKind;
use crate::time::Timestamp;

/// How many tokens an isolate remembers at most; another with the same slot pushes one out.
const SLOTS: usize = 1_024;

/// What a check came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The token is good.
    Good(Identified),
    /// Its issuer said that it is not.
    Refused(RefusalKind),
}

/// Tokens by a digest of this isolate's own: SipHash-2-4 with 128 bits under a secret that nothing but its memory holds. The
/// tokens themselves are not kept.
pub struct TokenMemory {
    secret: [u8; 16],
    slots: RefCell<Vec<Option<Entry>>>,
}

#[derive(Clone, Debug)]
struct Entry {
    digest: [u8; 16],
    outcome: Outcome,
    from: Timestamp,
    until: Timestamp,
    basis: Basis,
}

/// What a check rested on besides the token: when one of these is another, the token is checked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The epoch of revocations.
    pub revocation: u64,
    /// How often keys of its issuer went away.
    pub generation: u32,
    /// The issuer, by its place.
    pub issuer: usize,
}

impl fmt::Debug for TokenMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With its secret, digests of tokens could be made anywhere.
        f.write_str("TokenMemory(..)")
    }
}

impl TokenMemory {
    /// An empty memory; `secret` must be random and of this isolate alone.
    #[must_use]
    pub const fn new(secret: [u8; 16]) -> Self {
        Self { secret, slots: RefCell::new(Vec::new()) }
    }

    /// What the check of this token came to, if that still holds. `generation` says how often keys of an issuer went away.
    #[must_use]
    pub fn get(
        &self,
        token: &str,
        now: Timestamp,
        revocation: u64,
        generation: impl Fn(usize) -> Option<u32>,
    ) -> Option<Outcome> {
        let digest = self.digest(token);
        let slots = self.slots.borrow();
        let entry = slots.get(slot_of(&digest))?.as_ref()?;
        // A clock that went backwards says nothing of how old a check is.
        let holds = entry.from <= now
            && now < entry.until
            && entry.basis.revocation == revocation
            && generation(entry.basis.issuer) == Some(entry.basis.generation);
        (holds && bool::from(entry.digest.ct_eq(&digest))).then(|| entry.outcome.clone())
    }

    /// Remembers what the check of this token came to, until then.
    pub fn put(&self, token: &str, outcome: Outcome, now: Timestamp, until: Timestamp, basis: Basis) {
        let digest = self.digest(token);
        let mut slots = self.slots.borrow_mut();
        if slots.is_empty() {
            slots.resize(SLOTS, None);
        }
        if let Some(slot) = slots.get_mut(slot_of(&digest)) {
            *slot = Some(Entry { digest, outcome, from: now, until, basis });
        }
    }

    fn digest(&self, token: &str) -> [u8; 16] {
        let mut digest = SipHasher24::new_with_key(&self.secret);
        digest.write(token.as_bytes());
        digest.finish128().as_bytes()
    }
}

fn slot_of(digest: &[u8; 16]) -> usize {
    let [first, second, ..] = *digest;
    usize::from(u16::from_be_bytes([first, second])) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_000);
    const UNTIL: Timestamp = Timestamp::from_millis(2_000);
    const BASIS: Basis = Basis { revocation: 7, generation: 3, issuer: 0 };

    #[test]
    fn a_token_is_pushed_out_by_others_without_being_taken_for_them() {
        let memory = TokenMemory::new([7; 16]);
        let known = |token: &str| memory.get(token, AT, 7, |_| Some(3)).is_some();
        for number in 0..4_000 {
            let token = format!("token-{number}");
            assert!(!known(&token), "{token} is another");
            memory.put(&token, Outcome::Refused(RefusalKind::TokenInactive), AT, UNTIL, BASIS);
            assert!(known(&token) && !known(&format!("{token}x")));
        }
        let kept = (0..4_000).filter(|number| known(&format!("token-{number}"))).count();
        assert!((SLOTS / 2..=SLOTS).contains(&kept), "{kept}");
        assert_eq!(format!("{memory:?}"), "TokenMemory(..)");
    }

    #[test]
    fn what_it_rested_on_must_be_as_it_was() {
        let memory = TokenMemory::new([7; 16]);
        memory.put("t", Outcome::Refused(RefusalKind::TokenInactive), AT, UNTIL, BASIS);
        let at = |ms: u64, revocation: u64, generation: Option<u32>| {
            memory.get("t", Timestamp::from_millis(ms), revocation, |_| generation).is_some()
        };
        assert!(at(1_000, 7, Some(3)) && at(1_999, 7, Some(3)));
        assert!(!at(2_000, 7, Some(3)), "its time is over");
        assert!(!at(999, 7, Some(3)), "the clock went backwards");
        assert!(!at(1_500, 8, Some(3)) && !at(1_500, 7, Some(4)) && !at(1_500, 7, None));
    }
}
