//! `toolgate gate`: the whole test. Steps in two lanes, each with its name, its progress and its time, and a count at the
//! end.

mod budget;
mod deny;
mod lanes;
mod licences;
mod module;
mod packages;
mod programs;
mod python;
mod report;
mod run;
mod share;
mod steps;
mod tally;

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::machine::{Stopwatch, spoken};
use crate::workspace::Workspace;
use crate::{prerequisites, say};

use run::Run;
use share::Share;
use steps::{STEPS, Step};
use tally::Tally;

/// The `gate` subcommand.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Run this step and what it needs. May be given several times.
    #[arg(long, value_name = "STEP", conflicts_with = "from")]
    only: Vec<String>,

    /// Run from this step on.
    #[arg(long, value_name = "STEP")]
    from: Option<String>,

    /// Do all of the deep work: every seed, every deliberate defect, every model, every load.
    #[arg(long)]
    deep: bool,

    /// List the steps, and run none.
    #[arg(long)]
    list: bool,
}

/// Runs the steps and prints `N passed, N failed` as the last line of stdout, which counts tests and steps.
///
/// # Errors
/// [`Failure`] when a step failed.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let chosen = choose(arguments)?;
    if arguments.list {
        for step in STEPS {
            say::output(&format!("{:<14} {}", step.name, step.about));
        }
        return Ok(());
    }
    let (tally, failed) = match prerequisites::for_tests() {
        Ok(()) => run_all(&chosen, arguments.deep)?,
        Err(failure) => {
            say::failure(&failure.to_string());
            (Tally { passed: 0, failed: 1, skipped: 0 }, vec!["prerequisites"])
        }
    };
    // The two streams often end in one place, and the count comes last there.
    let verdict = if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("failed: {}", failed.join(", ")))) };
    if let Err(failure) = &verdict {
        say::failure(&failure.to_string());
    }
    say::output(&tally.to_string());
    if verdict.is_ok() { Ok(()) } else { Err(Failure::already_told()) }
}

/// Makes the tests' virtual environment if it is missing, and returns the path of its Python.
///
/// # Errors
/// [`Failure`] when it cannot be made.
pub fn ensure_python(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let share = Share::choose(workspace, false);
    let mut run = Run::new(workspace.clone(), Interrupt::watch()?, share, "python")?;
    python::ensure(&mut run)?;
    Ok(run.python())
}

/// Returns the steps that the command line selects, in their order.
fn choose(arguments: &Arguments) -> Result<Vec<&'static Step>, Failure> {
    for name in arguments.only.iter().chain(&arguments.from) {
        if steps::find(name).is_none() {
            let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            return Err(Failure::new(format!("there is no step {name:?}; there are {}", known.join(", "))));
        }
    }
    if let Some(from) = &arguments.from {
        return Ok(with_needs(STEPS.iter().skip_while(|step| step.name != from).map(|step| step.name).collect()));
    }
    if arguments.only.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    Ok(with_needs(arguments.only.iter().map(String::as_str).collect()))
}

/// Returns the steps with these names and those that they need, in the order of the table: a step's needs stand above
/// it.
fn with_needs(mut names: Vec<&str>) -> Vec<&'static Step> {
    for step in STEPS.iter().rev() {
        if names.contains(&step.name) {
            names.extend(step.needs);
        }
    }
    STEPS.iter().filter(|step| names.contains(&step.name)).collect()
}

/// Runs the steps; returns the count of tests and steps, and the names of the steps that did not pass.
fn run_all(steps: &[&'static Step], deep: bool) -> Result<(Tally, Vec<&'static str>), Failure> {
    let workspace = Workspace::find()?;
    let share = Share::choose(&workspace, deep);
    say::text(&format!("=== {}", share.told));
    let (begun, interrupt) = (Stopwatch::start(), Interrupt::watch()?);
    let run = |lane| Run::new(workspace.clone(), interrupt.clone(), share.clone(), lane);
    let (front, back) = (run("front")?, run("back")?);
    front.keep_program()?;
    let results = lanes::run(steps, front, back)?;
    let told = format!("{}\n{}", share.told, results.report.table());
    say::text(&format!("\n=== {told}\n=== all steps in {}", spoken(begun.elapsed())));
    Ok((results.tally, results.failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], from: Option<&str>) -> Vec<&'static str> {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        let arguments = Arguments { only, from: from.map(str::to_owned), list: false, deep: false };
        choose(&arguments).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn what_a_step_needs_stands_above_it_and_runs_before_it() {
        for (index, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                assert!(STEPS[..index].iter().any(|above| above.name == *need), "{} needs {need}", step.name);
            }
        }
        assert_eq!(names(&["format"], None), ["format"]);
        assert_eq!(names(&["differential"], None), ["python", "differential"]);
        assert_eq!(names(&[], None).len(), STEPS.len());
    }

    #[test]
    fn from_a_step_on_means_it_and_all_below() {
        let from = names(&[], Some("differential"));
        assert!(from.contains(&"python") && from.contains(&"differential"));
        assert_eq!(from.last(), STEPS.last().map(|step| &step.name));
        assert!(!from.contains(&"format"));
        let arguments = Arguments { only: vec!["no-such".to_owned()], from: None, list: false, deep: false };
        assert!(choose(&arguments).err().unwrap().to_string().contains("there are format"));
    }
}
