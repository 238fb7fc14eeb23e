//! Modes that several mechanisms share.

use super::choice::choice;

choice! {
    /// Fail mode of decisions while the epochs cannot be renewed.
    pub enum FailMode {
        /// Fail closed: refuse.
        Closed = "closed",
        /// Fail open: decide under the last known epochs.
        Open = "open",
    }
}

choice! {
    /// Priority of calls: at a full executor, calls of low priority wait and are shed before others.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Priority {
        /// First to be shed; also the priority of the gateway's own calls.
        Low = "low",
        /// The default.
        Normal = "normal",
        /// Last to be shed.
        High = "high",
    }
}
