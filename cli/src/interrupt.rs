//! Ctrl-C, and the other ways in which a person or a supervisor asks the command to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// Notices SIGINT, SIGTERM and SIGHUP instead of dying of them, so that started programs can be ended first. A second
/// one does end the process at once.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Begins to notice signals.
    ///
    /// # Errors
    /// [`Failure`] when the operating system does not allow it.
    pub fn watch() -> Result<Self, Failure> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order, the first signal finds the flag down and raises it, and the second finds it up.
            flag::register_conditional_shutdown(signal, 130, Arc::clone(&asked))
                .and_then(|_| flag::register(signal, Arc::clone(&asked)))
                .map_err(|error| Failure::new(format!("signals cannot be handled: {error}")))?;
        }
        Ok(Self(asked))
    }

    /// Returns true if the command was asked to end.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
