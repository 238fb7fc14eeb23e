//! One run of the gate: the programs that its steps start, whose output is passed on, counted, and watched for silence.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::packages::{self, Package};
use super::share::Share;
use super::tally::Tally;
use crate::command::{self, CommandError};
use crate::failure::Failure;
use crate::group::Group;
use crate::interrupt::Interrupt;
use crate::machine::{Stopwatch, spoken};
use crate::workspace::{RUSTUP_REMEDY, Workspace};
use crate::{say, times};

/// The interval of checks for the user's wish to end the run.
const TICK: Duration = Duration::from_millis(200);
/// Silence after which a line says that the program still runs.
const SILENCE: Duration = Duration::from_secs(20);
/// Deadline of one program. The longest, on two slow cores, takes a third of it.
const BOUND: Duration = Duration::from_mins(30);

/// The environment variable in which clippy's compiler takes its arguments, and they: as `cargo clippy` writes them.
const CLIPPY_ARGS: &str = "CLIPPY_ARGS";
const DENY_WARNINGS: &str = "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__";

/// The state that the steps share.
pub(super) struct Run {
    pub(super) workspace: Workspace,
    pub(super) interrupt: Interrupt,
    /// The members of the workspace.
    pub(super) packages: Vec<Package>,
    /// The tests and steps counted so far.
    pub(super) tally: Tally,
    /// The tests' share of the deep work.
    pub(super) share: Share,
    /// The name of the lane, for its file of build times.
    lane: &'static str,
    /// The step that each line of output is marked with, in the lane that runs beside the other.
    mark: Option<&'static str>,
}

impl Run {
    pub(super) fn new(
        workspace: Workspace,
        interrupt: Interrupt,
        share: Share,
        lane: &'static str,
    ) -> Result<Self, Failure> {
        let packages = packages::read(&workspace)?;
        let run = Self { workspace, interrupt, packages, tally: Tally::default(), share, lane, mark: None };
        let _absent = std::fs::remove_file(run.build_times());
        Ok(run)
    }

    /// Marks the lines of output that follow.
    pub(super) const fn begin(&mut self, mark: Option<&'static str>) {
        self.mark = mark;
    }

    /// Returns the path of the file for build times.
    pub(super) fn build_times(&self) -> PathBuf {
        self.workspace.target.join(format!("build-times-{}.txt", self.lane))
    }

    /// Runs cargo with these arguments.
    pub(super) fn cargo<S: Into<OsString>>(&mut self, arguments: impl IntoIterator<Item = S>) -> Result<(), Failure> {
        let mut cargo = self.workspace.cargo();
        cargo.args(arguments.into_iter().map(Into::into)).env("PATH", self.workspace.search_path());
        self.start(&mut cargo, RUSTUP_REMEDY)
    }

    /// Runs cargo, which builds and runs nothing, and notes its time as `what`.
    pub(super) fn build(&mut self, what: &str, cargo: &mut Command) -> Result<(), Failure> {
        let begun = Stopwatch::start();
        let outcome = self.start(cargo, RUSTUP_REMEDY);
        times::note(&self.build_times(), what, begun.elapsed());
        outcome
    }

    /// Builds the tests that `cargo test` selects by these arguments, and lints our own code in it.
    pub(super) fn build_tests(&mut self, what: &str, selected: &[String]) -> Result<(), Failure> {
        let mut build = self.linting_cargo()?;
        build.args(["test", "--no-run"]).args(selected);
        self.build(what, &mut build)
    }

    /// Runs the tests that `cargo test` selects by these arguments. They are built first, so that the build is counted
    /// apart.
    pub(super) fn test(&mut self, what: &str, selected: &[String]) -> Result<(), Failure> {
        self.build_tests(what, selected)?;
        let mut run = self.linting_cargo()?;
        run.args(["test", "--no-fail-fast"]).args(selected).env("PATH", self.workspace.search_path());
        self.start(&mut run, RUSTUP_REMEDY)
    }

    /// Returns a cargo that compiles the workspace's packages with clippy's compiler, and denies what it warns of. A pass of
    /// its own would read every dependency once more (decision 0047). Programs below this cargo do not inherit it.
    fn linting_cargo(&self) -> Result<Command, Failure> {
        let mut rustc = Command::new("rustc");
        let root =
            command::output(rustc.current_dir(&self.workspace.root).args(["--print", "sysroot"]), RUSTUP_REMEDY)?;
        let driver = Path::new(root.trim()).join("bin/clippy-driver");
        // A string of TOML is escaped like one of Rust.
        let wrapper = format!("build.rustc-workspace-wrapper={:?}", driver.to_string_lossy());
        let mut cargo = self.workspace.cargo();
        cargo.arg("--config").arg(wrapper).env(CLIPPY_ARGS, DENY_WARNINGS);
        Ok(cargo)
    }

    /// Runs some tests of the packages that are built together: `choice` names them in cargo's words. All these
    /// packages are selected each time, because cargo unifies the features of the selected ones' dependencies: so it
    /// does it once.
    pub(super) fn native_tests(&mut self, what: &str, choice: Vec<String>) -> Result<(), Failure> {
        let selected = self.packages.iter().filter(|package| package.is_built_with_others());
        let selected = selected.flat_map(|package| ["--package".to_owned(), package.name.clone()]);
        let arguments: Vec<String> = selected.chain(choice).collect();
        self.test(what, &arguments)
    }

    /// Returns the integration tests of the selected packages, in cargo's words.
    pub(super) fn integration_tests(&self, is_meant: impl Fn(&Package) -> bool) -> Vec<String> {
        let meant = self.packages.iter().filter(|package| package.is_built_with_others() && is_meant(package));
        meant.flat_map(|package| &package.tests).flat_map(|name| ["--test".to_owned(), name.clone()]).collect()
    }

    /// Returns the environment of tests: the paths of other steps' output, their share of the deep work, and the file
    /// for build times.
    fn surroundings(&self) -> [(&'static str, OsString); 7] {
        let (share, part) = &self.share.variable;
        [
            ("TOOLGATE_PYTHON", self.python().into()),
            ("TOOLGATE_NODE_MODULES", self.workspace.root.join("node_modules").into()),
            ("TOOLGATE_PROGRAM", self.program().into()),
            ("TOOLGATE_ENGINE", self.workspace.target.join("debug/toolgate-engine").into()),
            ("TOOLGATE_SPIN_HOST", self.workspace.target.join("host/toolgate-spin-host").into()),
            (*share, part.into()),
            (times::FILE, self.build_times().into()),
        ]
    }

    /// Returns the path of this program by a name of its own: cargo may put another one at its first.
    pub(super) fn program(&self) -> PathBuf {
        self.workspace.target.join("gate/toolgate")
    }

    /// Gives this program a name of its own.
    pub(super) fn keep_program(&self) -> Result<(), Failure> {
        let (program, kept) = (std::env::current_exe().map_err(Failure::file(Path::new("toolgate")))?, self.program());
        let directory = self.workspace.target.join("gate");
        std::fs::create_dir_all(&directory).map_err(Failure::file(&directory))?;
        let _absent = std::fs::remove_file(&kept);
        std::fs::hard_link(&program, &kept)
            .or_else(|_| std::fs::copy(&program, &kept).map(drop))
            .map_err(Failure::file(&kept))
    }

    /// Returns the Python of the tests' virtual environment.
    pub(super) fn python(&self) -> PathBuf {
        self.workspace.target.join("venv/bin/python")
    }

    /// Runs `command` to its end; its output is shown, and results of tests in it are counted.
    pub(super) fn start(&mut self, command: &mut Command, remedy: &'static str) -> Result<(), Failure> {
        if std::io::stderr().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        command.envs(self.surroundings());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::start(command, remedy)?;
        let (sender, lines) = mpsc::channel();
        let status = thread::scope(|scope| {
            let streams: [Option<Box<dyn Read + Send>>; 2] = [
                group.child.stdout.take().map(|out| Box::new(out) as _),
                group.child.stderr.take().map(|err| Box::new(err) as _),
            ];
            for stream in streams.into_iter().flatten() {
                let sender = sender.clone();
                scope.spawn(move || pass_lines(stream, &sender));
            }
            drop(sender);
            let status = self.follow(&mut group, &lines);
            // Processes that the program left behind would keep the streams, and so this scope, open.
            group.stop();
            lines.iter().for_each(|line| self.show(&line));
            status
        })?;
        if status.success() {
            return Ok(());
        }
        Err(CommandError::Failed { call: command::call(command), code: status.code() }.into())
    }

    /// Shows the output until the program ends.
    fn follow(&mut self, group: &mut Group, lines: &Receiver<String>) -> Result<ExitStatus, Failure> {
        let begun = Stopwatch::start();
        let mut silent = Stopwatch::start();
        loop {
            match lines.recv_timeout(TICK) {
                Ok(line) => {
                    self.show(&line);
                    silent = Stopwatch::start();
                }
                // Both streams are closed: only the status is still to come.
                Err(RecvTimeoutError::Disconnected) => crate::machine::pause(TICK),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = group.ended() {
                return Ok(status);
            }
            if self.interrupt.is_asked() {
                return Err(Failure::new("interrupted"));
            }
            if begun.elapsed() > BOUND {
                return Err(Failure::new(format!("still running after {}: ended", spoken(BOUND))));
            }
            if silent.elapsed() > SILENCE {
                self.say(&format!("toolgate: still running, for {} now", spoken(begun.elapsed())));
                silent = Stopwatch::start();
            }
        }
    }

    fn show(&mut self, line: &str) {
        self.tally.note(line);
        self.say(line);
    }

    fn say(&self, line: &str) {
        match self.mark {
            Some(mark) => say::text(&format!("[{mark}] {line}")),
            None => say::text(line),
        }
    }
}

/// Sends every line of `stream` until it ends or nobody listens.
fn pass_lines(stream: impl Read, sender: &Sender<String>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        if sender.send(text).is_err() {
            return;
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        let workspace = Workspace::find().unwrap();
        let share = Share::choose(&workspace, false);
        Run::new(workspace, Interrupt::watch().unwrap(), share, "test").unwrap()
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn results_on_both_streams_are_counted_and_failures_told() {
        let mut run = run();
        let script = "echo 'test result: ok. 3 passed; 0 failed;'; echo 'test result: FAILED. 1 passed; 1 failed;' >&2";
        run.start(&mut shell(script), "").unwrap();
        assert_eq!(run.tally, Tally { passed: 4, failed: 1, skipped: 0 });
        let failure = run.start(&mut shell("exit 7"), "").unwrap_err();
        assert!(failure.to_string().contains("exit code 7"), "{failure}");
    }

    #[test]
    fn a_program_left_behind_does_not_hold_the_gate_up() {
        let begun = Stopwatch::start();
        run().start(&mut shell("sleep 60 & echo done"), "").unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
