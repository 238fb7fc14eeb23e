//! The `wasm-bindgen` program: the version that `Cargo.lock` pins, fetched once, and its output made fit for workerd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::BuildError;
use crate::command;
use crate::say;
use crate::workspace::{RUSTUP_REMEDY, Workspace};

/// How wasm-bindgen's module imports the WASM. workerd and esbuild know only the plain form, which gives the same
/// `WebAssembly.Module`.
const SOURCE_IMPORT: &str = "import source wasmModule from";
const PLAIN_IMPORT: &str = "import wasmModule from";

/// Writes `toolgate.js` and `toolgate_bg.wasm` into `directory`.
pub(super) fn run(workspace: &Workspace, module: &Path, directory: &Path) -> Result<(), BuildError> {
    let program = ensure(workspace)?;
    let mut bindgen = Command::new(program);
    bindgen.args(["--target", "module", "--no-typescript", "--out-name", "toolgate"]);
    // So that the entry can start afresh after a trap.
    bindgen.arg("--experimental-reset-state-function");
    bindgen.arg("--out-dir").arg(directory).arg(module);
    command::run(&mut bindgen, RUSTUP_REMEDY)?;

    let path = directory.join("toolgate.js");
    let script = fs::read_to_string(&path).map_err(BuildError::file(&path))?;
    if !script.contains(SOURCE_IMPORT) {
        return Err(BuildError::UnknownBindings(SOURCE_IMPORT));
    }
    fs::write(&path, script.replacen(SOURCE_IMPORT, PLAIN_IMPORT, 1)).map_err(BuildError::file(&path))
}

/// The program in the pinned version: from the `PATH`, from an earlier build, or installed now. The bindings' format
/// changes with every version, so no other will do.
fn ensure(workspace: &Workspace) -> Result<PathBuf, BuildError> {
    let version = workspace.locked_version("wasm-bindgen")?;
    let root = workspace.target.join("tools");
    let installed = root.join("bin/wasm-bindgen");
    for program in [installed.clone(), PathBuf::from("wasm-bindgen")] {
        if has_version(&program, &version) {
            return Ok(program);
        }
    }
    say::step(&format!("installing wasm-bindgen {version} into {} (once; some minutes)", root.display()));
    let mut cargo = workspace.cargo();
    cargo.args(["install", "wasm-bindgen-cli", "--bin", "wasm-bindgen", "--force", "--version", &version]);
    cargo.arg("--root").arg(&root);
    command::run(&mut cargo, RUSTUP_REMEDY)?;
    Ok(installed)
}

fn has_version(program: &Path, version: &str) -> bool {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == format!("wasm-bindgen {version}").as_bytes())
}
