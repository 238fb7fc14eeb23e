//! Two lanes of steps, side by side: those that only compile, in a build directory of cargo's that no other step uses, and
//! all others. A linker that optimises keeps one processor busy for minutes, and so do few tests; together they keep two.
#![expect(clippy::disallowed_types, reason = "the command line has threads")]

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::report::Report;
use super::run::Run;
use super::steps::Step;
use super::tally::Tally;
use crate::failure::Failure;
use crate::machine::{Stopwatch, spoken};
use crate::say;

/// The interval of checks for the user's wish to end the run, while a step waits for those that it needs.
const TICK: Duration = Duration::from_millis(200);
/// The niceness of the compiling lane: the other has tests with deadlines.
const NICE: i32 = 5;

/// The outcome of a step.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Passed,
    Failed(String),
    /// A step that it needs did not pass.
    Skipped(&'static str),
}

impl Outcome {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "FAILED",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// The results of a run.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) tally: Tally,
    /// The names of the steps that did not pass.
    pub(super) failed: Vec<&'static str>,
    pub(super) report: Report,
}

/// The outcomes so far, for steps of the other lane that wait for them.
#[derive(Default)]
struct Board {
    outcomes: Mutex<Vec<(&'static str, bool)>>,
    changed: Condvar,
}

/// Runs `steps`, each after those that it needs, in the order of the table within its lane. There is no circle to wait in:
/// what a step needs stands above it.
///
/// # Errors
/// [`Failure`] when the user ended the run.
pub(super) fn run(steps: &[&'static Step], mut front: Run, mut back: Run) -> Result<Results, Failure> {
    let board = Board::default();
    let (front_results, back_results) = thread::scope(|scope| {
        let back = scope.spawn(|| {
            let _as_before = rustix::process::nice(NICE);
            lane(steps, true, &mut back, &board)
        });
        let front = lane(steps, false, &mut front, &board);
        (front, back.join())
    });
    let back_results = back_results.map_err(|_| Failure::new("the compiling lane broke down"))?;
    let (mut results, more) = (front_results?, back_results?);
    results.tally.add(more.tally);
    results.failed.extend(more.failed);
    results.report.join(more.report);
    Ok(results)
}

fn lane(steps: &[&'static Step], is_ahead: bool, run: &mut Run, board: &Board) -> Result<Results, Failure> {
    let mut results = Results::default();
    let _left = Left { steps, is_ahead, board };
    for step in steps.iter().filter(|step| step.is_ahead == is_ahead) {
        let missing = board.wait(step, steps, run)?;
        say::text(&format!("\n=== {}: {}", step.name, step.about));
        run.begin(is_ahead.then_some(step.name));
        let (begun, before) = (Stopwatch::start(), run.tally);
        let outcome = match missing {
            Some(need) => Outcome::Skipped(need),
            None => (step.work)(run).map_or_else(|fault| Outcome::Failed(fault.to_string()), |()| Outcome::Passed),
        };
        let tests = run.tally.tests_since(before);
        conclude(step.name, &outcome, begun.elapsed(), &mut run.tally);
        results.report.add(step.name, outcome.name(), tests, begun.elapsed(), &run.build_times());
        if !matches!(outcome, Outcome::Passed) {
            results.failed.push(step.name);
        }
        board.note(step.name, matches!(outcome, Outcome::Passed));
        if run.interrupt.is_asked() {
            return Err(Failure::new("interrupted"));
        }
    }
    results.tally = run.tally;
    Ok(results)
}

fn conclude(name: &str, outcome: &Outcome, time: Duration, tally: &mut Tally) {
    let one_more = |count: &mut u64| *count = count.saturating_add(1);
    match outcome {
        Outcome::Passed => {
            one_more(&mut tally.passed);
            say::text(&format!("=== {name}: passed in {}", spoken(time)));
        }
        Outcome::Failed(fault) => {
            one_more(&mut tally.failed);
            say::text(&format!("=== {name}: FAILED in {}: {fault}", spoken(time)));
        }
        Outcome::Skipped(need) => {
            one_more(&mut tally.skipped);
            say::text(&format!("=== {name}: SKIPPED, as {need} did not pass"));
        }
    }
}

/// Notes, when a lane ends at whatever point, that the steps it left will not pass: nobody waits for them for ever.
struct Left<'l> {
    steps: &'l [&'static Step],
    is_ahead: bool,
    board: &'l Board,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        for step in self.steps.iter().filter(|step| step.is_ahead == self.is_ahead) {
            let is_noted = self.board.lock().iter().any(|(name, _)| *name == step.name);
            if !is_noted {
                self.board.note(step.name, false);
            }
        }
    }
}

impl Board {
    /// Waits for all that `step` needs and that this run has; returns the first that did not pass.
    fn wait(&self, step: &Step, steps: &[&'static Step], run: &Run) -> Result<Option<&'static str>, Failure> {
        let mut outcomes = self.lock();
        loop {
            let of = |name: &str| outcomes.iter().find(|(other, _)| *other == name).map(|(_, passed)| *passed);
            let mut needs = step.needs.iter().filter(|need| steps.iter().any(|other| other.name == **need));
            if let Some(failed) = step.needs.iter().find(|need| of(need) == Some(false)) {
                return Ok(Some(failed));
            }
            if needs.all(|need| of(need).is_some()) {
                return Ok(None);
            }
            if run.interrupt.is_asked() {
                return Err(Failure::new("interrupted"));
            }
            let waited = self.changed.wait_timeout(outcomes, TICK);
            outcomes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn note(&self, name: &'static str, is_passed: bool) {
        self.lock().push((name, is_passed));
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(&'static str, bool)>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::share::Share;
    use crate::interrupt::Interrupt;
    use crate::workspace::Workspace;

    const fn step(name: &'static str, needs: &'static [&'static str], is_ahead: bool) -> Step {
        Step { name, about: "", needs, is_ahead, work: |_| Ok(()) }
    }

    fn slow(_: &mut Run) -> Result<(), Failure> {
        crate::machine::pause(TICK);
        Ok(())
    }

    static GOOD: Step = Step { work: slow, ..step("good", &[], true) };
    static BAD: Step = Step { work: |_| Err(Failure::new("no")), ..step("bad", &[], true) };
    static AFTER_GOOD: Step = step("after-good", &["good"], false);
    static AFTER_BAD: Step = step("after-bad", &["good", "bad"], false);
    static LAST: Step = step("last", &["after-bad"], true);

    fn a_run(name: &'static str) -> Run {
        let workspace = Workspace::find().unwrap();
        let share = Share::choose(&workspace, false);
        Run::new(workspace, Interrupt::watch().unwrap(), share, name).unwrap()
    }

    #[test]
    fn a_lane_that_breaks_down_is_not_waited_for() {
        static BROKEN: Step = Step { work: |_| panic!("on purpose"), ..step("broken", &[], true) };
        static AFTER: Step = step("after", &["broken"], false);
        let fault = run(&[&BROKEN, &AFTER], a_run("five"), a_run("six")).map(|results| results.failed).unwrap_err();
        assert!(fault.to_string().contains("broke down"), "{fault}");
    }

    #[test]
    fn a_step_waits_for_its_needs_in_the_other_lane() {
        let results = run(&[&GOOD, &AFTER_GOOD, &BAD, &AFTER_BAD, &LAST], a_run("one"), a_run("two")).unwrap();
        assert_eq!(results.tally, Tally { passed: 2, failed: 1, skipped: 2 });
        assert_eq!(results.failed, ["after-bad", "bad", "last"]);
        // A need that this run does not have is not waited for.
        let results = run(&[&AFTER_GOOD], a_run("three"), a_run("four")).unwrap();
        assert_eq!(results.tally, Tally { passed: 1, failed: 0, skipped: 0 });
    }
}
