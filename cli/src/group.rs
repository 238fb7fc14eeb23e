//! A program together with everything that it starts: ended as one.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::command::{self, CommandError};
use crate::machine::pause;

/// The interval of checks for a group's end.
const TICK: Duration = Duration::from_millis(50);
/// Ticks that a group may take to end before it is killed: five seconds.
const PATIENCE: usize = 100;

/// A running program in a process group of its own. Dropped, it is stopped.
#[derive(Debug)]
pub struct Group {
    /// The program itself.
    pub child: Child,
    id: Option<Pid>,
}

impl Group {
    /// Starts `command`. The terminal's Ctrl-C does not reach the group: its holder ends it.
    ///
    /// # Errors
    /// [`CommandError`]; it carries `remedy` when the program is missing.
    pub fn start(command: &mut Command, remedy: &'static str) -> Result<Self, CommandError> {
        let child = command.process_group(0).spawn().map_err(|error| command::not_started(command, error, remedy))?;
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Self { child, id })
    }

    /// Returns the program's status once it has ended; processes that it started may still run.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends the program and all that it started: asked first, killed after five seconds.
    pub fn stop(&mut self) {
        let Some(id) = self.id.take() else {
            return;
        };
        // An error means that there is nobody left to signal.
        let _gone = kill_process_group(id, Signal::TERM);
        for _ in 0..PATIENCE {
            let program_ended = self.ended().is_some();
            if program_ended && test_kill_process_group(id).is_err() {
                return;
            }
            pause(TICK);
        }
        let _gone = kill_process_group(id, Signal::KILL);
        let _status = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::Stdio;

    use super::*;

    #[test]
    fn what_a_program_started_ends_with_it() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 60 & echo started; wait"]).stdout(Stdio::piped());
        let mut group = Group::start(&mut shell, "").unwrap();
        let mut output = group.child.stdout.take().unwrap();
        let mut line = [0; 8];
        output.read_exact(&mut line).unwrap();
        assert_eq!(&line, b"started\n");
        assert!(group.ended().is_none());
        group.stop();
        // The sleeper holds the pipe too: it only ends when both are gone.
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }

    #[test]
    fn a_program_that_ignores_the_request_is_killed() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' TERM; echo started; while :; do sleep 1; done"]).stdout(Stdio::piped());
        let mut group = Group::start(&mut shell, "").unwrap();
        let mut output = group.child.stdout.take().unwrap();
        output.read_exact(&mut [0; 8]).unwrap();
        group.stop();
        assert!(group.ended().is_some());
    }
}
