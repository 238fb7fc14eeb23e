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
        Self::of(Commit::read(workspace).as_ref())
    }

    /// Returns true if it is all of the deep work.
    pub(super) fn is_deep(&self) -> bool {
        self.variable.0 == DEEP
    }

    /// Returns the share of the commit; the first without one, as in an unpacked archive.
    fn of(commit: Option<&Commit>) -> Self {
        let number = commit.and_then(Commit::number).and_then(|number| number.checked_rem(SHARES));
        let share = format!("{}/{SHARES}", number.unwrap_or(0));
        let from =
            commit.map_or("as there is no commit".to_owned(), |commit| format!("by the commit {:.8}", commit.hash));
        Self { told: format!("deep work: share {share}, {from}; --deep does all of it"), variable: (SHARE, share) }
    }
}

/// The commit that is checked out.
struct Commit {
    hash: String,
    /// The number of commits up to it, of the first parents; `None` where the history was not fetched.
    ordinal: Option<u64>,
}

impl Commit {
    /// Returns the number that its share follows from: ten commits in a row have ten shares. Without a history it is of the
    /// hash, and they have six or seven.
    fn number(&self) -> Option<u64> {
        self.ordinal.or_else(|| u64::from_str_radix(self.hash.get(..8)?, 16).ok())
    }

    /// Returns the commit that git has checked out.
    fn read(workspace: &Workspace) -> Option<Self> {
        let git = |arguments: &[&str]| {
            let output = Command::new("git").current_dir(&workspace.root).args(arguments).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let hash = git(&["rev-parse", "HEAD"])?;
        let is_whole = git(&["rev-parse", "--is-shallow-repository"])? == "false";
        let count = is_whole.then(|| git(&["rev-list", "--count", "--first-parent", "HEAD"])).flatten();
        Some(Self { hash, ordinal: count.and_then(|count| count.parse().ok()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn share(hash: u64, ordinal: Option<u64>) -> String {
        Share::of(Some(&Commit { hash: format!("{hash:08x}6a1f"), ordinal })).variable.1
    }

    #[test]
    fn ten_commits_in_a_row_have_all_ten_shares() {
        for first in [1, 7, 1_234] {
            let all: BTreeSet<_> = (first..first + 10).map(|ordinal| share(7 * ordinal, Some(ordinal))).collect();
            assert_eq!(all.len(), 10, "from {first} on");
        }
    }

    #[test]
    fn without_a_history_the_hash_decides() {
        assert_eq!((share(10, None), share(15, None)), ("0/10".to_owned(), "5/10".to_owned()));
        assert_eq!(Share::of(None).variable.1, "0/10");
        let here = Commit::read(&Workspace::find().unwrap());
        assert!(here.is_none_or(|commit| commit.number().is_some()));
    }
}
