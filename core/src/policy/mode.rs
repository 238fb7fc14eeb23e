//! Describes how policies are applied.

use crate::words::choice::choice;

choice! {
    /// Tells whether policies decide.
    pub enum Mode {
        /// They do.
        Enforce = "enforce",
        /// Records what they would decide.
        DryRun = "dry_run",
    }
}
