//! Holds the operator's rules about the catalogue of tools.

use crate::words::choice::choice;
use crate::words::time::Millis;

/// Rules for merging the executors' tools into one registry.
#[derive(Clone, Copy, Debug)]
pub struct RegistryRules {
    /// The age at which a list is refreshed.
    pub refresh: Millis,
    /// The resolution of a conflict: two executors that offer the same tool in the same version.
    pub conflicts: ConflictRule,
}

choice! {
    /// Names the resolution of a conflict: two executors that offer the same tool in the same version.
    pub enum ConflictRule {
        /// Serve neither, by name.
        Refuse = "refuse",
        /// Take the tool of the first executor.
        First = "first",
    }
}
