//! The table at the end of a run: each step and each build with its seconds, the slowest first.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::times;

/// Builds that are shown one by one; all of them are in the sums.
const BUILDS_SHOWN: usize = 15;

/// The measurements so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: Vec<Row>,
    builds: Vec<(&'static str, String, Duration)>,
}

#[derive(Debug)]
struct Row {
    step: &'static str,
    outcome: &'static str,
    tests: u64,
    time: Duration,
    builds: Duration,
}

impl Report {
    /// Adds a step that has ended, and the builds that were noted meanwhile; removes their file.
    pub(super) fn add(&mut self, step: &'static str, outcome: &'static str, tests: u64, time: Duration, noted: &Path) {
        let text = fs::read_to_string(noted).unwrap_or_default();
        let _absent = fs::remove_file(noted);
        let builds = times::read(&text);
        let sum = builds.iter().map(|(_, time)| *time).sum();
        self.steps.push(Row { step, outcome, tests, time, builds: sum });
        self.builds.extend(builds.into_iter().map(|(what, time)| (step, what, time)));
    }

    /// Adds the measurements of another lane.
    pub(super) fn join(&mut self, other: Self) {
        self.steps.extend(other.steps);
        self.builds.extend(other.builds);
    }

    /// Writes the table.
    pub(super) fn table(mut self) -> String {
        self.steps.sort_by_key(|row| std::cmp::Reverse(row.time));
        self.builds.sort_by_key(|(_, _, time)| std::cmp::Reverse(*time));
        let all = self.steps.iter().map(|row| row.time).sum::<Duration>();
        let tests = self.steps.iter().map(|row| row.tests).sum::<u64>();
        let built = self.steps.iter().map(|row| row.builds).sum::<Duration>();
        let mut lines = vec![format!("{:<14} {:>7} {:>9} {:>9}", "step", "tests", "seconds", "building")];
        for row in &self.steps {
            let outcome = if row.outcome == "passed" { "" } else { row.outcome };
            let (time, builds) = (seconds(row.time), seconds(row.builds));
            lines.push(
                format!("{:<14} {:>7} {time:>9} {builds:>9}  {outcome}", row.step, row.tests).trim_end().to_owned(),
            );
        }
        lines.push(format!("{:<14} {tests:>7} {:>9} {:>9}", "together", seconds(all), seconds(built)));
        if !self.builds.is_empty() {
            lines.push(format!("\n{:>7}  {:<14} build", "seconds", "step"));
        }
        let shown = self.builds.iter().take(BUILDS_SHOWN);
        lines.extend(shown.map(|(step, what, time)| format!("{:>7}  {step:<14} {what}", seconds(*time))));
        lines.join("\n")
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_stands_first_and_builds_are_counted_apart() {
        let noted = std::env::temp_dir().join(format!("toolgate-report-{}", std::process::id()));
        let mut report = Report::default();
        report.add("quick", "passed", 3, Duration::from_secs(1), &noted);
        times::note(&noted, "a module", Duration::from_secs(40));
        times::note(&noted, "a program", Duration::from_secs(2));
        report.add("slow", "FAILED", 7, Duration::from_secs(60), &noted);
        report.add("none", "skipped", 0, Duration::ZERO, &noted);
        let table = report.table();
        let expected = [
            "step             tests   seconds  building",
            "slow                 7      60.0      42.0  FAILED",
            "quick                3       1.0       0.0",
            "none                 0       0.0       0.0  skipped",
            "together            10      61.0      42.0",
            "",
            "seconds  step           build",
            "   40.0  slow           a module",
            "    2.0  slow           a program",
        ];
        assert_eq!(table.lines().collect::<Vec<_>>(), expected);
    }
}
