//! Holds the operator's rules about the lease on the epochs.

use crate::words::modes::FailMode;
use crate::words::time::Millis;

/// Rules of the lease on the epochs.
#[derive(Clone, Copy, Debug)]
pub struct EpochRules {
    /// The time for which the epochs count as current after a read.
    pub lease: Millis,
    /// The decision when they cannot be renewed.
    pub fail_mode: FailMode,
}
