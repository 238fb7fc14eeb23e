//! Holds an isolate's knowledge of issuers.

use std::cell::{Cell, RefCell};

use super::Takes;
use super::keys::KnownKeys;
use crate::access::identity::rules::Issuer;
use crate::words::limits;
use crate::words::time::{Millis, Timestamp};

/// Holds the keys of each issuer, and counts the questions to issuers.
#[derive(Debug)]
pub struct Tokens {
    issuers: Vec<IssuerState>,
    takes: Takes,
}

#[derive(Debug, Default)]
struct IssuerState {
    keys: RefCell<KnownKeys>,
    /// The start of the current second, and the number of questions about tokens in it.
    questions: Cell<(Timestamp, u32)>,
}

impl Tokens {
    /// Makes an empty store for the keys of these issuers.
    #[must_use]
    pub fn new(issuers: &[Issuer]) -> Self {
        let assertions = issuers.iter().filter_map(Issuer::signed).any(|rules| rules.asserts);
        let takes = Takes { tokens: !issuers.is_empty(), assertions };
        Self { issuers: issuers.iter().map(|_| IssuerState::default()).collect(), takes }
    }

    /// Returns the kinds of credentials that are accepted because of these issuers.
    #[must_use]
    pub const fn takes(&self) -> Takes {
        self.takes
    }

    /// Returns the keys of an issuer, by its place in the configuration.
    #[must_use]
    pub fn keys(&self, place: usize) -> Option<&RefCell<KnownKeys>> {
        self.issuers.get(place).map(|known| &known.keys)
    }

    /// Returns the number of times that a key of an issuer was withdrawn.
    pub(super) fn generation(&self, place: usize) -> Option<u32> {
        self.keys(place).map(|keys| keys.borrow().generation())
    }

    /// Returns whether an issuer may be asked about one more token now; counts the question.
    pub(super) fn may_ask(&self, place: usize, now: Timestamp) -> bool {
        let Some(questions) = self.issuers.get(place).map(|known| &known.questions) else {
            return false;
        };
        let (begun, asked) = questions.get();
        let (begun, asked) =
            if begun <= now && now < begun.after(Millis::from_secs(1)) { (begun, asked) } else { (now, 0) };
        let may = asked < limits::OPAQUE_CHECKS_PER_SECOND;
        questions.set((begun, asked.saturating_add(u32::from(may))));
        may
    }
}
