//! Holds the isolate's lease on the epochs: while it is valid, a decision waits for nothing.

mod known;
mod rules;

use std::cell::RefCell;
use std::rc::Rc;

use crate::ports::{DurableError, Platform};
use crate::state::epochs::{Change, Command, Epochs, Reply};
use crate::state::{self, StateCommand, StateReply};
use crate::words::time::Timestamp;
pub use rules::EpochRules;

use known::{EpochsQuestion, KnownEpochs, LeaseState};

/// Names the durable owner of the epochs.
const OWNER: &str = "epochs";

/// Holds an isolate's lease on the epochs: its rules, and the epochs last read.
#[derive(Debug)]
pub struct EpochLease {
    pub(crate) rules: EpochRules,
    known: RefCell<KnownEpochs>,
}

/// Shows the epochs to a decision.
#[derive(Clone, Debug)]
pub struct EpochsView {
    /// The epochs.
    pub epochs: Rc<Epochs>,
    /// The fault that prevented the renewal of an expired lease. Then these are the last known epochs: the cache is
    /// bypassed, and decisions follow the fail mode.
    pub fault: Option<DurableError>,
}

impl EpochsView {
    /// Returns whether the lease is valid.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.fault.is_none()
    }
}

impl EpochLease {
    /// Makes an expired lease: the epochs are read when first needed.
    #[must_use]
    pub fn new(rules: EpochRules) -> Self {
        Self { rules, known: RefCell::default() }
    }

    /// Returns the current epochs. Waits only when the lease has expired; in its second half it is renewed in the
    /// background.
    ///
    /// INVARIANT (lease): epochs are used as current only within `epochs.lease` of the moment before they were asked
    /// for, so a change holds everywhere within that time.
    pub async fn hold<P: Platform>(self: &Rc<Self>, platform: &P) -> EpochsView {
        let now = platform.now();
        let known = self.known.borrow().clone();
        match known.state(self.rules.lease, now) {
            LeaseState::Current { renew } => {
                if renew {
                    self.renew_in_background(platform, now);
                }
                EpochsView { epochs: known.epochs, fault: None }
            }
            LeaseState::Over => match ask(platform, Command::Read).await {
                Ok(epochs) => EpochsView { epochs: self.adopt(epochs, known.question(now)), fault: None },
                Err(fault) => EpochsView { epochs: known.epochs, fault: Some(fault) },
            },
        }
    }

    fn renew_in_background<P: Platform>(self: &Rc<Self>, platform: &P, now: Timestamp) {
        let question = self.known.borrow_mut().renews(now);
        let (platform_, lease) = (platform.clone(), Rc::clone(self));
        platform.spawn(async move {
            if let Ok(epochs) = ask(&platform_, Command::Read).await {
                lease.adopt(epochs, question);
            }
        });
    }

    fn adopt(&self, epochs: Epochs, question: EpochsQuestion) -> Rc<Epochs> {
        let mut known = self.known.borrow_mut();
        known.adopt(epochs, question);
        Rc::clone(&known.epochs)
    }

    /// Applies changes at the owner and adopts the result as this isolate's own epochs.
    ///
    /// # Errors
    /// [`AdvanceError`].
    pub async fn advance<P: Platform>(&self, platform: &P, changes: Vec<Change>) -> Result<Rc<Epochs>, AdvanceError> {
        let question = self.known.borrow().question(platform.now());
        let command = StateCommand::Epochs(Command::Advance(changes));
        match state::apply(platform, OWNER, &command).await {
            Ok(StateReply::Epochs(Reply::Now(epochs))) => Ok(self.adopt(epochs, question)),
            Ok(StateReply::Epochs(Reply::Full)) => Err(AdvanceError::Full),
            Ok(_) => Err(AdvanceError::Durable(DurableError::Unavailable)),
            Err(error) => {
                // It may have been applied: this isolate's epochs must not be used any more.
                self.known.borrow_mut().forget();
                Err(AdvanceError::Durable(error))
            }
        }
    }
}

/// Reads the epochs from their owner.
///
/// # Errors
/// [`DurableError`] when the owner could not be asked.
pub async fn read<P: Platform>(platform: &P) -> Result<Epochs, DurableError> {
    ask(platform, Command::Read).await
}

/// Names the reason of a failed change of the epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceError {
    /// A bound of [`crate::words::limits`] would be exceeded.
    Full,
    /// The owner could not be asked; the changes may have been applied.
    Durable(DurableError),
}

async fn ask<P: Platform>(platform: &P, command: Command) -> Result<Epochs, DurableError> {
    match state::apply(platform, OWNER, &StateCommand::Epochs(command)).await? {
        StateReply::Epochs(Reply::Now(epochs)) => Ok(epochs),
        _ => Err(DurableError::Unavailable),
    }
}
