//! `cargo deny`: licences, banned crates and sources, by `deny.toml`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::run::Run;
use crate::failure::Failure;
use crate::say;
use crate::workspace::RUSTUP_REMEDY;

/// The version that `deny.toml` is written for; it builds with the pinned toolchain.
const VERSION: &str = "0.20.2";

/// Runs the checks that need no database from outside: CONTRIBUTING.md has the command for advisories. A plain run does not
/// compile cargo-deny, which takes minutes: it leaves the step to deep ones, and licences to the step of that name.
pub(super) fn check(run: &mut Run) -> Result<(), Failure> {
    let program = match at_hand(run) {
        Some(program) => program,
        None if run.share.is_deep() => install(run)?,
        None => {
            say::step(&format!("cargo-deny {VERSION} is not installed: left to --deep, which installs it"));
            return Ok(());
        }
    };
    let mut deny = Command::new(program);
    deny.current_dir(&run.workspace.root).args(["--log-level", "warn", "check", "licenses", "bans", "sources"]);
    run.start(&mut deny, RUSTUP_REMEDY)
}

/// Returns the directory that the program is installed in.
fn directory(run: &Run) -> PathBuf {
    run.workspace.tools().join(format!("cargo-deny-{VERSION}"))
}

/// Returns the program of the user's cache or the `PATH`.
fn at_hand(run: &Run) -> Option<PathBuf> {
    let is_it = |program: &PathBuf| {
        let output = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
        output.is_ok_and(|output| output.stdout.trim_ascii() == format!("cargo-deny {VERSION}").as_bytes())
    };
    [directory(run).join("bin/cargo-deny"), PathBuf::from("cargo-deny")].into_iter().find(is_it)
}

/// Installs the program, unoptimised as it runs for a second.
fn install(run: &mut Run) -> Result<PathBuf, Failure> {
    let tools = directory(run);
    say::step(&format!("installing cargo-deny {VERSION} into {} (once; some minutes)", tools.display()));
    let mut cargo = run.workspace.cargo();
    cargo.args(["install", "cargo-deny", "--version", VERSION, "--locked", "--debug", "--force", "--root"]).arg(&tools);
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "false");
    run.build(&format!("cargo-deny {VERSION}"), &mut cargo)?;
    Ok(tools.join("bin/cargo-deny"))
}
