//! The operator's rules about the lease on the epochs.

use crate::words::modes::FailMode;
use crate::words::time::Millis;

/// The lease on the epochs.
#[derive(Clone, Copy, Debug)]
pub struct EpochRules {
    /// For how long the epochs are taken to be current after they were read.
    pub lease: Millis,
    /// What happens when they cannot be renewed.
    pub fail_mode: FailMode,
}
