//! Adds up the counts of cargo's test runner.

use std::fmt;

/// Counts of tests and steps by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Tally {
    /// Adds the counts in a line of output, if it is one that `cargo test` ends a binary's tests with, or `node --test`
    /// a file's (`# pass 3`, in the TAP reporter).
    pub(super) fn note(&mut self, line: &str) {
        let add = |count: &mut u64, more: u64| *count = count.saturating_add(more);
        if let Some((_, counts)) = line.split_once("test result: ") {
            add(&mut self.passed, number_before(counts, " passed;"));
            add(&mut self.failed, number_before(counts, " failed;"));
        }
        let after = |what| line.strip_prefix(what).and_then(|number| number.parse().ok()).unwrap_or(0);
        add(&mut self.passed, after("# pass "));
        add(&mut self.failed, after("# fail "));
    }

    /// Adds the counts of another lane.
    pub(super) const fn add(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }

    /// Returns the number of tests that ended since `before`, of which no step has been counted meanwhile.
    pub(super) const fn tests_since(self, before: Self) -> u64 {
        let ended = self.passed.saturating_add(self.failed);
        ended.saturating_sub(before.passed).saturating_sub(before.failed)
    }
}

/// Returns the number right before `what`; 0 without one.
fn number_before(text: &str, what: &str) -> u64 {
    let before = text.split_once(what).map_or("", |(before, _)| before);
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Writes `N passed, N failed`, and the number of skipped ones if there are any.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_cargo_are_added_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s",
            "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "99 passed; somewhere else",
            "# pass 3",
            "# fail 1",
        ] {
            tally.note(line);
        }
        assert_eq!(tally, Tally { passed: 20, failed: 3, skipped: 0 });
        assert_eq!(tally.tests_since(Tally { passed: 12, ..Tally::default() }), 11);
        assert_eq!(tally.to_string(), "20 passed, 3 failed");
        assert_eq!(Tally { skipped: 1, ..tally }.to_string(), "20 passed, 3 failed, 1 skipped");
    }
}
