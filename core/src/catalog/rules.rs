//! Holds the operator's rules about the catalogue of tools.

use crate::words::choice::choice;
use crate::words::time::Millis;

/// Says how the executors' tools become one registry.
#[derive(Clone, Copy, Debug)]
pub struct RegistryRules {
    /// The age that a list may get before it is fetched again.
    pub refresh: Millis,
    /// What happens when two executors offer the same tool in the same version.
    pub conflicts: ConflictRule,
}

choice! {
    /// Says what happens when two executors offer the same tool in the same version.
    pub enum ConflictRule {
        /// Serve neither, by name.
        Refuse = "refuse",
        /// Take the executor that stands first.
        First = "first",
    }
}
