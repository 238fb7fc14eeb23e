//! Holds the operator's rules about the lease on the epochs.

use crate::words::modes::FailMode;
use crate::words::time::Millis;

/// Rules the lease on the epochs.
#[derive(Clone, Copy, Debug)]
pub struct EpochRules {
    /// The time for which the epochs are taken to be current after they were read.
    pub lease: Millis,
    /// The decision when they cannot be renewed.
    pub fail_mode: FailMode,
}
