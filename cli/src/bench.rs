//! `toolgate bench`: builds the benchmarked programs, and measures them. docs/benchmarks.md explains the figures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::build::{self, Platform, Profile, target};
use crate::failure::Failure;
use crate::prerequisites::{self, NODE_REMEDY, PYTHON_REMEDY, VALGRIND_REMEDY};
use crate::workspace::{RUSTUP_REMEDY, Workspace};
use crate::{command, gate, npm, say};

/// Calls of the two counted runs. Their difference leaves out the start and the first, uncached calls.
const COUNTED_CALLS: [u64; 2] = [100, 1_100];

/// The `bench` subcommand.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Interleaved rounds of each comparison.
    #[arg(long, default_value_t = 5)]
    rounds: u32,

    /// Seconds of load in each round.
    #[arg(long, default_value_t = 3)]
    seconds: u32,

    /// Count the instructions of the core, and measure nothing else.
    #[arg(long)]
    core: bool,

    /// Measure what the cache does under load, and nothing else.
    #[arg(long, conflicts_with = "core")]
    cache: bool,

    /// Measure cold starts, and nothing else.
    #[arg(long, conflicts_with_all = ["core", "cache"])]
    cold: bool,
}

/// Builds and measures; the figures go to stdout as Markdown.
///
/// # Errors
/// [`Failure`] when something is missing, does not build, or answers wrongly under load.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    prerequisites::for_benchmarks()?;
    let workspace = Workspace::find()?;
    let programs = build_programs(&workspace)?;
    if !arguments.cache && !arguments.cold {
        count_instructions(&programs.core)?;
    }
    if arguments.core {
        return Ok(());
    }
    npm::ensure(&workspace)?;
    let python = gate::ensure_python(&workspace)?;
    let built = build_modules(&workspace)?;
    let mut measure = Command::new("python3");
    measure.arg(workspace.root.join("tests/bench/run.py"));
    measure.arg("--workerd").arg(workerd(&workspace)?);
    measure.arg("--spin-host").arg(&programs.spin_host).arg("--engine").arg(&programs.engine);
    measure.arg("--worker").arg(&built.worker).arg("--hello").arg(&built.hello);
    measure.arg("--spin").arg(&built.spin).arg("--spin-hello").arg(&built.spin_hello);
    measure.arg("--python").arg(&python).args(arguments.cache.then_some("--cache"));
    measure.args(arguments.cold.then_some("--cold"));
    measure.args(["--rounds", &arguments.rounds.to_string(), "--seconds", &arguments.seconds.to_string()]);
    // Not through `command::run`, which keeps our stdout for ourselves: the figures are the requested output.
    say::output(command::output(&mut measure, PYTHON_REMEDY)?.trim_end());
    Ok(())
}

struct Programs {
    core: PathBuf,
    engine: PathBuf,
    spin_host: PathBuf,
}

/// Builds the native programs, one package at a time: together, cargo would unify the features of their dependencies.
fn build_programs(workspace: &Workspace) -> Result<Programs, Failure> {
    let build = |package: &str, profile: &str, more: &[&str]| {
        say::step(&format!("compiling {package}"));
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--profile", profile, "--package", package]).args(more);
        command::run(&mut cargo, RUSTUP_REMEDY).map(|()| workspace.target.join(profile).join(package))
    };
    Ok(Programs {
        // Its instructions are counted: optimised as the Spin component is.
        core: build("toolgate-bench-core", "release", &build::spin::FOR_SPEED)?,
        engine: build("toolgate-engine", "host", &[])?,
        spin_host: build("toolgate-spin-host", "host", &[])?,
    })
}

/// The modules that the hosts load: each a directory, or a manifest.
struct Modules {
    worker: PathBuf,
    hello: PathBuf,
    spin: PathBuf,
    spin_hello: PathBuf,
}

fn build_modules(workspace: &Workspace) -> Result<Modules, Failure> {
    let bench = workspace.target.join("bench");
    let document = workspace.root.join("tests/bench/toolgate.toml");
    let measured = workspace.clone().with_document(&document);
    let (worker, hello, spin) = (bench.join("cloudflare"), bench.join("hello"), bench.join("spin"));

    build::build_into(&measured, Platform::Cloudflare, Profile::Release, &worker)?;
    build::bindings_of(workspace, "toolgate-bench-hello", &hello)?;
    let entry = workspace.root.join("tests/bench/hello/entry.js");
    fs::copy(&entry, hello.join("entry.js")).map_err(Failure::file(&entry))?;
    let component = build::build_into(&measured, Platform::Spin, Profile::Release, &spin)?;
    let manifest = workspace.root.join("spin.dev.toml");
    let manifest = fs::read_to_string(&manifest).map_err(Failure::file(&manifest))?;
    let spin = write_manifest(&spin, &manifest, &component)?;
    let spin_hello = build_spin_hello(workspace, &bench.join("spin-hello"))?;
    Ok(Modules { worker, hello, spin, spin_hello })
}

fn build_spin_hello(workspace: &Workspace, directory: &Path) -> Result<PathBuf, Failure> {
    const MANIFEST: &str = "spin_manifest_version = 2\n[application]\nname = \"hello\"\nversion = \"0.1.0\"\n\
        [[trigger.http]]\nroute = \"/...\"\ncomponent = \"hello\"\n[component.hello]\nsource = \"\"\n";
    const TARGET: &str = "wasm32-wasip2";
    target::ensure(workspace, TARGET)?;
    say::step("compiling the hello-world of spin-sdk");
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "toolgate-spin-fixture", "--example", "hello", "--target", TARGET, "--release"]);
    command::run(&mut cargo, RUSTUP_REMEDY)?;
    fs::create_dir_all(directory).map_err(Failure::file(directory))?;
    write_manifest(directory, MANIFEST, &workspace.target.join(TARGET).join("release/examples/hello.wasm"))
}

/// Writes `manifest` with another component into `directory`.
fn write_manifest(directory: &Path, manifest: &str, component: &Path) -> Result<PathBuf, Failure> {
    let source = format!("source = \"{}\"", component.display());
    let lines: Vec<&str> =
        manifest.lines().map(|line| if line.starts_with("source = ") { source.as_str() } else { line }).collect();
    let path = directory.join("spin.toml");
    fs::write(&path, lines.join("\n")).map_err(Failure::file(&path))?;
    Ok(path)
}

/// Returns the workerd program itself: the one on npm's path may be a script that starts it.
fn workerd(workspace: &Workspace) -> Result<String, Failure> {
    let mut node = workspace.node();
    node.args(["--print", "require('workerd').default"]);
    Ok(command::output(&mut node, NODE_REMEDY)?.trim().to_owned())
}

/// The counted calls: the name of each, and its additions to the configuration.
const COUNTED: [(&str, &[&str]); 9] = [
    ("one cached execute, all stages", &[]),
    ("by a remembered token", &["token"]),
    ("under ten policies", &["policies"]),
    ("under four limits", &["limits"]),
    ("under a schema of the operator's", &["schema"]),
    ("under all of these", &["guarded"]),
    ("with a route", &["route"]),
    ("one execute that asks a worker", &["miss"]),
    ("one of two workers", &["miss", "route"]),
];

/// Prints the instructions of one cached call of the core, every stage and the record included, and those that guards
/// add to it.
fn count_instructions(program: &Path) -> Result<(), Failure> {
    let [few_calls, many_calls] = COUNTED_CALLS;
    let mut first = None;
    for (what, words) in COUNTED {
        let (few, many) = (collected(program, few_calls, words)?, collected(program, many_calls, words)?);
        let each = many.saturating_sub(few).checked_div(many_calls.saturating_sub(few_calls)).unwrap_or(0);
        let more = each.saturating_sub(*first.get_or_insert(each));
        say::output(&format!("Core, {what}: {each} instructions (callgrind), {more} more"));
    }
    Ok(())
}

fn collected(program: &Path, calls: u64, words: &[&str]) -> Result<u64, Failure> {
    let log = program.with_extension("callgrind");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(format!("--log-file={}", log.display())).arg(program).arg(calls.to_string()).args(words);
    command::run(&mut valgrind, VALGRIND_REMEDY)?;
    let text = fs::read_to_string(&log).map_err(Failure::file(&log))?;
    instructions(&text).ok_or_else(|| Failure::new(format!("{} tells no count", log.display())))
}

/// Returns the number in callgrind's line `Collected : N`.
fn instructions(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrind_is_understood() {
        assert_eq!(instructions("==7== Events    : Ir\n==7== Collected : 48123456\n==7==\n"), Some(48_123_456));
        assert_eq!(instructions("==7== nothing"), None);
    }

    #[test]
    fn a_manifest_gets_another_component_and_nothing_else_changes() {
        let directory = std::env::temp_dir().join(format!("toolgate-bench-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = write_manifest(&directory, "a = 1\nsource = \"x\"\nb = 2", Path::new("/c.wasm")).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "a = 1\nsource = \"/c.wasm\"\nb = 2");
        fs::remove_dir_all(&directory).unwrap();
    }
}
