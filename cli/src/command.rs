//! Runs other programs: shows their progress, and reports a missing one with its remedy.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fmt, io};

/// The failure of another program.
#[derive(Debug)]
pub enum CommandError {
    /// It is not installed; `remedy` is the way to get it.
    Missing {
        /// The program.
        program: String,
        /// The remedy.
        remedy: &'static str,
    },
    /// It could not be started.
    NotStarted {
        /// The program.
        program: String,
        /// The reason.
        error: io::Error,
    },
    /// It ended with a failure that it has already explained on its stderr.
    Failed {
        /// The program with its first arguments.
        call: String,
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
    },
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program, remedy } => write!(f, "`{program}` is missing: {remedy}"),
            Self::NotStarted { program, error } => {
                write!(f, "`{program}` could not be started: {error}")
            }
            Self::Failed { call, code: Some(code) } => write!(f, "`{call}` failed with exit code {code}"),
            Self::Failed { call, code: None } => write!(f, "`{call}` was ended by a signal"),
        }
    }
}

impl std::error::Error for CommandError {}

/// Runs `command` to its end with its output shown. Its stdout joins our stderr, so that ours stays clean.
///
/// # Errors
/// [`CommandError`]; it carries `remedy` when the program is missing.
pub fn run(command: &mut Command, remedy: &'static str) -> Result<(), CommandError> {
    let status = command
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .map_err(|error| not_started(command, error, remedy))?;
    if status.success() { Ok(()) } else { Err(CommandError::Failed { call: call(command), code: status.code() }) }
}

/// Runs `command` to its end and returns its stdout; its stderr is shown.
///
/// # Errors
/// [`CommandError`]; it carries `remedy` when the program is missing.
pub fn output(command: &mut Command, remedy: &'static str) -> Result<String, CommandError> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, error, remedy))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(CommandError::Failed { call: call(command), code: output.status.code() })
    }
}

/// Returns the error of a `command` that could not be started.
pub(crate) fn not_started(command: &Command, error: io::Error, remedy: &'static str) -> CommandError {
    let program = command.get_program().to_string_lossy().into_owned();
    if error.kind() == io::ErrorKind::NotFound {
        CommandError::Missing { program, remedy }
    } else {
        CommandError::NotStarted { program, error }
    }
}

/// Returns the program and its first two arguments: enough to know which step failed.
pub(crate) fn call(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args().take(2));
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_reported_with_its_remedy() {
        let error = run(&mut Command::new("toolgate-no-such-program"), "install it").unwrap_err();
        assert_eq!(error.to_string(), "`toolgate-no-such-program` is missing: install it");
    }

    #[test]
    fn a_failure_names_the_call_and_its_code() {
        let error = run(Command::new("sh").args(["-c", "exit 3"]), "").unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed with exit code 3");
    }

    #[test]
    fn output_is_what_the_program_wrote() {
        assert_eq!(output(Command::new("echo").arg("42"), "").unwrap(), "42\n");
    }
}
