//! The share of the deep work in a run: `tests/share` gives it its meaning for a test.

use std::process::Command;

use crate::machine::variable;
use crate::workspace::Workspace;

/// The number of shares; as many as `toolgate-share` has.
const SHARES: u64 = 10;

/// The environment variables of `toolgate-share`.
const SHARE: &str = "TOOLGATE_SHARE";
const DEEP: &str = "TOOLGATE_DEEP";

/// A share of the deep work, in words for tests and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// The variable for the environment of tests.
    pub(super) variable: (&'static str, String),
    /// One line for people.
    pub(super) told: String,
}

impl Share {
    /// Returns all of it if `deep` asks for it, else the share that the environment names, else the commit's.
    pub(super) fn choose(workspace: &Workspace, deep: bool) -> Self {
        if deep || variable(DEEP).as_deref() == Some("1") {
            return Self { variable: (DEEP, "1".to_owned()), told: "deep work: all of it".to_owned() };
        }
        if let Some(share) = variable(SHARE) {
            let told = format!("deep work: share {share}, by {SHARE}");
            return Self { variable: (SHARE, share), told };
        }
        Self::of(commit(workspace).as_deref())
    }

    /// Returns true if it is all of the deep work.
    pub(super) fn is_deep(&self) -> bool {
        self.variable.0 == DEEP
    }

    /// Returns the share of the commit with this hash; the first without one, as in an unpacked archive.
    fn of(hash: Option<&str>) -> Self {
        let number = hash.and_then(|hash| u64::from_str_radix(hash.get(..8)?, 16).ok());
        let share = format!("{}/{SHARES}", number.and_then(|number| number.checked_rem(SHARES)).unwrap_or(0));
        let from = hash.map_or_else(|| "as there is no commit".to_owned(), |hash| format!("by the commit {hash:.8}"));
        Self { told: format!("deep work: share {share}, {from}; --deep does all of it"), variable: (SHARE, share) }
    }
}

/// Returns the hash of the commit that is checked out.
fn commit(workspace: &Workspace) -> Option<String> {
    let output = Command::new("git").current_dir(&workspace.root).args(["rev-parse", "HEAD"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_follows_from_the_commit() {
        let share = |hash: Option<&str>| Share::of(hash).variable.1;
        assert_eq!(share(Some("0000000a6a1f")), "0/10");
        assert_eq!(share(Some("0000000f6a1f")), "5/10");
        assert_eq!(share(Some("70d4107c6a1f")), share(Some("70d4107c0000")));
        assert_eq!(share(None), "0/10");
        let all: std::collections::BTreeSet<_> = (0..10).map(|hash| share(Some(&format!("{hash:08x}")))).collect();
        assert_eq!(all.len(), 10, "each share is some commit's");
    }
}
