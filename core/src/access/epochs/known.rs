//! Decides on the use of the epochs known to an isolate: `epochs.rs` carries the decisions out.

use std::rc::Rc;

use crate::state::epochs::Epochs;
use crate::words::time::{Millis, Timestamp};

/// Bounds one renewal in the background before another may start.
const RENEWAL: Millis = Millis::from_secs(2);

/// Holds the epochs last read.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownEpochs {
    pub(super) epochs: Rc<Epochs>,
    /// The time of the question behind them; `None` before the first, and when the known epochs must not be used any
    /// more.
    read_at: Option<Timestamp>,
    /// The end of the renewal under way in the background; another may start after it.
    renewing_until: Option<Timestamp>,
    /// The number of times that they had to be forgotten: the answer to an earlier question may predate a change of our
    /// own.
    forgotten: u64,
}

/// Holds the time of a question to the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EpochsQuestion {
    at: Timestamp,
    forgotten: u64,
}

/// Names the states of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseState {
    /// Valid. `renew`: its second half has begun, and no renewal is under way.
    Current { renew: bool },
    /// Expired: the owner has to be asked first.
    Over,
}

impl KnownEpochs {
    /// Returns the state of a lease of this length.
    pub(super) fn state(&self, lease: Millis, now: Timestamp) -> LeaseState {
        // A clock that went backwards makes the lease's age unknown: it is over.
        let age = self.read_at.filter(|read_at| *read_at <= now).map(|read_at| now.since(read_at));
        match age {
            Some(age) if age < lease => {
                let may_renew = self.renewing_until.is_none_or(|until| now >= until);
                LeaseState::Current { renew: age >= lease.half() && may_renew }
            }
            _ => LeaseState::Over,
        }
    }

    /// Returns a question to the owner, asked now.
    pub(super) const fn question(&self, now: Timestamp) -> EpochsQuestion {
        EpochsQuestion { at: now, forgotten: self.forgotten }
    }

    /// Returns the question of a renewal that begins now.
    pub(super) fn renews(&mut self, now: Timestamp) -> EpochsQuestion {
        self.renewing_until = Some(now.after(RENEWAL));
        self.question(now)
    }

    /// Takes the owner's answer to a question, unless newer epochs are known already. The lease begins at the time of
    /// the question.
    pub(super) fn adopt(&mut self, epochs: Epochs, question: EpochsQuestion) {
        if epochs.version < self.epochs.version {
            return;
        }
        if epochs.version != self.epochs.version {
            self.epochs = Rc::new(epochs);
        }
        self.renewing_until = None;
        if question.forgotten == self.forgotten {
            self.read_at = Some(self.read_at.map_or(question.at, |read_at| read_at.max(question.at)));
        }
    }

    /// Ends the lease: a change may have been applied without this isolate's knowledge.
    pub(super) fn forget(&mut self) {
        self.read_at = None;
        self.forgotten = self.forgotten.wrapping_add(1);
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod model;
