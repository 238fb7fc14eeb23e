//! Compiling one package for one WASM target, which is added to the pinned toolchain when it is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, Profile};
use crate::command::{self, CommandError};
use crate::workspace::{RUSTUP_REMEDY, Workspace};
use crate::{say, times};

/// Compiles `package` for `target`, with `flags` for cargo, and returns the module.
pub(super) fn compile(
    workspace: &Workspace,
    package: &str,
    target: &'static str,
    profile: Profile,
    flags: &[&str],
) -> Result<PathBuf, BuildError> {
    ensure(workspace, target)?;
    say::step(&format!("compiling {package} for {target} ({})", profile.cargo()));
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", package, "--target", target, "--profile", profile.cargo()]);
    let what = format!("{package} for {target} ({})", profile.cargo());
    times::timed(&what, || command::run(cargo.args(flags), RUSTUP_REMEDY))?;
    let module = format!("{}.wasm", package.replace('-', "_"));
    Ok(workspace.target.join(target).join(profile.cargo()).join(module))
}

/// Makes sure that the standard library for `target` is installed. Toolchains without rustup are asked too.
pub(crate) fn ensure(workspace: &Workspace, target: &'static str) -> Result<(), BuildError> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&workspace.root).args(["--print", "target-libdir", "--target", target]);
    let library = command::output(&mut rustc, RUSTUP_REMEDY)?;
    if Path::new(library.trim()).is_dir() {
        return Ok(());
    }
    // Under a toolchain that the user has chosen, the pinned one is not the one that lacks the target.
    let chosen = std::env::var_os("RUSTUP_TOOLCHAIN").map(|name| name.to_string_lossy().into_owned());
    let toolchain = chosen.map_or_else(|| workspace.toolchain(), Ok)?;
    say::step(&format!("adding the target {target} to Rust {toolchain}"));
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", "--toolchain", &toolchain, target]);
    command::run(&mut rustup, RUSTUP_REMEDY).map_err(|error| match error {
        CommandError::Missing { .. } => BuildError::NoTarget(target),
        other => BuildError::Command(other),
    })
}
