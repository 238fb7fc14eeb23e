//! The isolate's lease on the epochs: while it holds, a decision waits for nothing.

mod known;
mod rules;

use std::cell::RefCell;
use std::rc::Rc;

use crate::pipeline::runtime::{Isolate, Running};
use crate::ports::{DurableError, Platform};
use crate::state::epochs::{Change, Command, Epochs, Reply};
use crate::state::{self, Command as AnyCommand, Reply as AnyReply};
use crate::words::time::Timestamp;
pub use rules::EpochRules;

use known::{Known, Question, Standing};

/// The key of the epochs' owner.
const OWNER: &str = "epochs";

/// What an isolate knows of the epochs.
#[derive(Debug, Default)]
pub struct Lease(RefCell<Known>);

/// The epochs as a decision may use them.
#[derive(Clone, Debug)]
pub struct Held {
    /// The epochs.
    pub epochs: Rc<Epochs>,
    /// Why the lease could not be renewed, if it has run out. Then these are the last known ones: the cache is bypassed, and
    /// decisions follow the fail mode.
    pub fault: Option<DurableError>,
}

impl Held {
    /// Whether the lease holds.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.fault.is_none()
    }
}

/// The epochs, now. Waits only when the lease has run out; in its second half it is renewed in the background.
///
/// INVARIANT (lease): epochs are used as current only within `epochs.lease` of the moment before they were asked for, so a
/// change holds everywhere within that time.
pub async fn hold<P: Platform>(platform: &P, isolate: &Rc<Isolate>, running: &Running) -> Held {
    let now = platform.now();
    let known = running.lease.0.borrow().clone();
    match known.standing(running.config.epochs.lease, now) {
        Standing::Current { renew } => {
            if renew {
                renew_in_background(platform, isolate, running, now);
            }
            Held { epochs: known.epochs, fault: None }
        }
        Standing::Over => match ask(platform, Command::Read).await {
            Ok(epochs) => Held { epochs: adopt(running, epochs, known.question(now)), fault: None },
            Err(fault) => Held { epochs: known.epochs, fault: Some(fault) },
        },
    }
}

fn renew_in_background<P: Platform>(platform: &P, isolate: &Rc<Isolate>, running: &Running, now: Timestamp) {
    let question = running.lease.0.borrow_mut().renews(now);
    let (platform_, isolate) = (platform.clone(), Rc::clone(isolate));
    platform.spawn(async move {
        if let (Ok(running), Ok(epochs)) = (isolate.running(), ask(&platform_, Command::Read).await) {
            adopt(running, epochs, question);
        }
    });
}

fn adopt(running: &Running, epochs: Epochs, question: Question) -> Rc<Epochs> {
    let mut known = running.lease.0.borrow_mut();
    known.adopt(epochs, question);
    Rc::clone(&known.epochs)
}

/// The epochs as their owner has them.
///
/// # Errors
/// [`DurableError`] when the owner could not be asked.
pub async fn read<P: Platform>(platform: &P) -> Result<Epochs, DurableError> {
    ask(platform, Command::Read).await
}

/// Applies changes at the owner and takes the result as this isolate's own epochs.
///
/// # Errors
/// [`AdvanceError`].
pub async fn advance<P: Platform>(
    platform: &P,
    running: &Running,
    changes: Vec<Change>,
) -> Result<Rc<Epochs>, AdvanceError> {
    let question = running.lease.0.borrow().question(platform.now());
    let command = AnyCommand::Epochs(Command::Advance(changes));
    match state::apply(platform, OWNER, &command).await {
        Ok(AnyReply::Epochs(Reply::Now(epochs))) => Ok(adopt(running, epochs, question)),
        Ok(AnyReply::Epochs(Reply::Full)) => Err(AdvanceError::Full),
        Ok(_) => Err(AdvanceError::Durable(DurableError::Unavailable)),
        Err(error) => {
            // It may have been applied: what this isolate knows is not to be used any more.
            running.lease.0.borrow_mut().forget();
            Err(AdvanceError::Durable(error))
        }
    }
}

/// Why the epochs could not be advanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceError {
    /// A bound of [`crate::words::limits`] would be passed.
    Full,
    /// The owner could not be asked; the changes may have been applied.
    Durable(DurableError),
}

async fn ask<P: Platform>(platform: &P, command: Command) -> Result<Epochs, DurableError> {
    match state::apply(platform, OWNER, &AnyCommand::Epochs(command)).await? {
        AnyReply::Epochs(Reply::Now(epochs)) => Ok(epochs),
        _ => Err(DurableError::Unavailable),
    }
}
