//! How policies are applied.

use crate::words::choice::choice;

choice! {
    /// Whether policies decide.
    pub enum Mode {
        /// They do.
        Enforce = "enforce",
        /// What they would decide is recorded.
        DryRun = "dry_run",
    }
}
