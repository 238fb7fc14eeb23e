//! The mode of policies: enforced, or in dry run.

use crate::words::choice::choice;

choice! {
    /// Mode in which policies are applied.
    pub enum PolicyMode {
        /// Their decisions are enforced.
        Enforce = "enforce",
        /// Their decisions are recorded only.
        DryRun = "dry_run",
    }
}
