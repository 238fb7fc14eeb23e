//! Modes that several mechanisms share.

use super::choice::choice;

choice! {
    /// What happens to decisions when the epochs cannot be renewed.
    pub enum FailMode {
        /// Refuse.
        Closed = "closed",
        /// Decide under the last known epochs.
        Open = "open",
    }
}

choice! {
    /// Whose calls wait, or are turned away, before others where an executor has more than it can do.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Priority {
        /// First to be turned away; what the gateway calls by itself.
        Low = "low",
        /// What is not said otherwise.
        Normal = "normal",
        /// Last to be turned away.
        High = "high",
    }
}
