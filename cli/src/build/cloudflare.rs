//! The Worker: cargo, wasm-bindgen, wasm-opt for a release, the document, and esbuild, which makes one module of all JavaScript.
//!
//! `build/cloudflare` then holds `index.js` and `toolgate_bg.wasm`, all that wrangler, miniflare or workerd load.

use std::path::{Path, PathBuf};

use super::{BuildError, Profile, bindgen, files, size, snapshot, target};
use crate::command;
use crate::say;
use crate::workspace::Workspace;

/// What it is compiled for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";
const MODULE: &str = "toolgate_bg.wasm";
const ENTRY: &str = "index.js";
const NPM_REMEDY: &str = "run `npm ci` in the repository (it needs Node 20 or later with npm)";

/// wasm-bindgen reads the list of WASM features that a full strip throws away; the later steps strip the rest.
pub(super) const KEEP_FEATURES: [&str; 2] = ["--config", "profile.release.strip=\"debuginfo\""];

/// What rustc switches on for `wasm32-unknown-unknown`, and with it everything that workerd must know.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// For size, and without putting large functions that are called once into their callers: V8 compiles a function when it is
/// called first, in a time that grows faster than its size. Functions of 100 KB cost a cold start tens of milliseconds.
const OPTIMISE: [&str; 3] = ["-Oz", "--one-caller-inline-max-function-size", "300"];

/// Builds the Worker into `output` and returns its entry module.
pub(super) fn build(workspace: &Workspace, profile: Profile, output: &Path) -> Result<PathBuf, BuildError> {
    let compiled = target::compile(workspace, "toolgate-cloudflare", TARGET, profile, &KEEP_FEATURES)?;
    let stage = workspace.target.join("cloudflare").join(profile.cargo());
    files::directory(&stage)?;

    bindgen::run(workspace, &compiled, &stage)?;
    let module = match profile {
        Profile::Release => optimise(workspace, &stage)?,
        Profile::Dev => stage.join(MODULE),
    };
    let path = workspace.document();
    let document = std::fs::read_to_string(&path).map_err(BuildError::file(&path))?;
    let started = snapshot::take(&files::read(&module)?, &document)?;
    let started = match profile {
        Profile::Release => without_unused(workspace, &stage, &started)?,
        Profile::Dev => started,
    };
    bundle(workspace, &stage)?;

    files::directory(output)?;
    let (entry, shipped) = (output.join(ENTRY), output.join(MODULE));
    // The module first: a server that sees a new entry then finds the module that belongs to it.
    files::replace(&shipped, &started)?;
    files::replace(&entry, &files::read(&stage.join(ENTRY))?)?;
    size::report(&[&shipped, &entry])?;
    Ok(entry)
}

/// Shrinks the module with wasm-opt and returns the result: the earlier one if the module has not changed since, because
/// this is the longest step after the compiler.
fn optimise(workspace: &Workspace, stage: &Path) -> Result<PathBuf, BuildError> {
    let (module, seen, optimised) = (stage.join(MODULE), stage.join("seen.wasm"), stage.join("optimised.wasm"));
    let bytes = files::read(&module)?;
    if optimised.is_file() && files::read(&seen).is_ok_and(|old| old == bytes) {
        return Ok(optimised);
    }
    say::step("optimising the module with wasm-opt");
    let mut wasm_opt = workspace.npm_program("wasm-opt");
    wasm_opt.args(WASM_FEATURES).args(OPTIMISE).arg(&module).arg("--output").arg(&optimised);
    command::run(&mut wasm_opt, NPM_REMEDY)?;
    files::replace(&seen, &bytes)?;
    Ok(optimised)
}

/// The module without what only the reading of its document needed.
fn without_unused(workspace: &Workspace, stage: &Path, started: &[u8]) -> Result<Vec<u8>, BuildError> {
    let (whole, less) = (stage.join("started.wasm"), stage.join("shipped.wasm"));
    files::replace(&whole, started)?;
    let mut wasm_opt = workspace.npm_program("wasm-opt");
    wasm_opt.args(WASM_FEATURES).arg("--remove-unused-module-elements").arg(&whole).arg("--output").arg(&less);
    command::run(&mut wasm_opt, NPM_REMEDY)?;
    files::read(&less)
}

/// Joins our entry, wasm-bindgen's bindings and what they import into one module beside the
/// WASM.
fn bundle(workspace: &Workspace, stage: &Path) -> Result<(), BuildError> {
    let scripts = workspace.root.join("functions/cloudflare/js");
    let mut esbuild = workspace.npm_program("esbuild");
    esbuild.arg(scripts.join("entry.js"));
    esbuild.args(["--bundle", "--format=esm", "--target=es2022"]);
    esbuild.args(["--log-level=warning", "--legal-comments=none"]);
    esbuild.args(["--minify-whitespace", "--minify-syntax"]);
    esbuild.args(["--external:*.wasm", "--external:cloudflare:*"]);
    let mut alias = |name: &str, path: PathBuf| {
        esbuild.arg(format!("--alias:toolgate-{name}={}", path.display()));
    };
    alias("bindings", stage.join("toolgate.js"));
    alias("glue", scripts.join("glue.js"));
    alias("origin", scripts.join("origin.js"));
    esbuild.arg(format!("--outfile={}", stage.join(ENTRY).display()));
    command::run(&mut esbuild, NPM_REMEDY).map_err(BuildError::Command)
}
