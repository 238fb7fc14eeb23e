//! Modes that several mechanisms share.

use super::choice::choice;

choice! {
    /// Names what happens to decisions when the epochs cannot be renewed.
    pub enum FailMode {
        /// Refuse.
        Closed = "closed",
        /// Decide under the last known epochs.
        Open = "open",
    }
}

choice! {
    /// Ranks calls: those that wait, or are turned away, before others where an executor has more than it can do.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Priority {
        /// First to be turned away; what the gateway calls by itself.
        Low = "low",
        /// Stands where nothing else is said.
        Normal = "normal",
        /// Last to be turned away.
        High = "high",
    }
}
