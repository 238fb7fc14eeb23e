//! `cargo deny`: licences, banned crates and sources, by `deny.toml`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::run::Run;
use crate::failure::Failure;
use crate::say;
use crate::workspace::RUSTUP_REMEDY;

/// The version that `deny.toml` is written for; it builds with the pinned toolchain.
const VERSION: &str = "0.20.2";

/// Runs the checks that need no database from outside: CONTRIBUTING.md has the command for advisories.
pub(super) fn check(run: &mut Run) -> Result<(), Failure> {
    let program = ensure(run)?;
    let mut deny = Command::new(program);
    deny.current_dir(&run.workspace.root).args(["--log-level", "warn", "check", "licenses", "bans", "sources"]);
    run.start(&mut deny, RUSTUP_REMEDY)
}

/// Returns the program: from the user's cache or the `PATH`, or installed now, unoptimised as it runs for a second.
fn ensure(run: &mut Run) -> Result<PathBuf, Failure> {
    let tools = run.workspace.tools().join(format!("cargo-deny-{VERSION}"));
    let installed = tools.join("bin/cargo-deny");
    for program in [installed.clone(), PathBuf::from("cargo-deny")] {
        let output = Command::new(&program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
        if output.is_ok_and(|output| output.stdout.trim_ascii() == format!("cargo-deny {VERSION}").as_bytes()) {
            return Ok(program);
        }
    }
    say::step(&format!("installing cargo-deny {VERSION} into {} (once; some minutes)", tools.display()));
    let mut cargo = run.workspace.cargo();
    cargo.args(["install", "cargo-deny", "--version", VERSION, "--locked", "--debug", "--force", "--root"]).arg(tools);
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "false");
    run.build(&format!("cargo-deny {VERSION}"), &mut cargo)?;
    Ok(installed)
}
