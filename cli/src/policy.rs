//! `toolgate policy`: policies checked, tested, and compared, before they decide anything. See docs/policy.md.

pub mod case;
pub mod diff;
mod rules;
pub mod schema;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::say;
use case::Cases;
pub use rules::Rules;

/// The `policy` subcommand.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Report every fault of policies, by our reader, by the official one, and by the official validator.
    Check {
        /// A configuration (`.toml`), or Cedar text.
        file: PathBuf,
    },
    /// Put requests to policies, and compare what comes of each with what is expected.
    Test {
        /// A configuration (`.toml`), or Cedar text.
        file: PathBuf,
        /// Requests and what is expected, in TOML or JSON.
        #[arg(required = true)]
        requests: Vec<PathBuf>,
    },
    /// Tell what would change, each with a request that shows it, in the form that `test` takes.
    Diff {
        /// The policies that decide now.
        old: PathBuf,
        /// Those that would.
        new: PathBuf,
        /// Requests to compare on; generated from what the policies speak of unless given.
        #[arg(long)]
        requests: Option<PathBuf>,
    },
    /// Print the Cedar schema of the requests, in JSON.
    Schema,
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure`]: the faults of `check`, the unexpected outcomes of `test`.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Check { file } => {
            let rules = Rules::read(file)?;
            rules.validate()?;
            say::step(&format!("{}: {} policies without fault", file.display(), rules.policies.len()));
            Ok(())
        }
        Command::Test { file, requests } => {
            let rules = Rules::read(file)?;
            let mut cases = 0_usize;
            let mut wrong = Vec::new();
            for file in requests {
                let read = Cases::read(file)?;
                cases = cases.saturating_add(read.requests.len());
                for (index, case) in read.requests.iter().enumerate() {
                    let name = case.name.clone().unwrap_or_else(|| format!("requests[{index}]"));
                    if let Some(difference) = case.check(&rules)? {
                        wrong.push(format!("{}: {name}: {difference}", file.display()));
                    }
                }
            }
            if wrong.is_empty() {
                say::step(&format!("{cases} requests came out as expected"));
                return Ok(());
            }
            Err(Failure::new(format!("{} of {cases} came out otherwise:\n  {}", wrong.len(), wrong.join("\n  "))))
        }
        Command::Diff { old, new, requests } => {
            let (old, new) = (Rules::read(old)?, Rules::read(new)?);
            let cases = match requests {
                Some(file) => Cases::read(file)?,
                None => diff::generate(&old, &new),
            };
            let changed = diff::compare(&old, &new, &cases)?;
            say::step(&format!("{} of {} requests come out otherwise", changed.requests.len(), cases.requests.len()));
            say::output(&changed.to_json());
            Ok(())
        }
        Command::Schema => {
            say::output(&schema::schema());
            Ok(())
        }
    }
}
