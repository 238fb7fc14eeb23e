//! The Worker: cargo, wasm-bindgen, wasm-opt for a release, the document, and esbuild, which makes one module of all
//! JavaScript.
//!
//! `build/cloudflare` then holds `index.js` and `toolgate_bg.wasm`, all that wrangler, miniflare or workerd load.

use std::path::{Path, PathBuf};

use super::{BuildError, Profile, bindgen, files, size, snapshot, target};
use crate::workspace::Workspace;
use crate::{command, say, times};

/// The target that it is compiled for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";
const MODULE: &str = "toolgate_bg.wasm";
const ENTRY: &str = "index.js";
const NPM_REMEDY: &str = "run `npm ci` in the repository (it needs Node 20 or later with npm)";

/// Keeps the list of WASM features, which wasm-bindgen reads and a full strip throws away; the later steps strip the
/// rest.
pub(super) const KEEP_FEATURES: [&str; 2] = ["--config", "profile.release.strip=\"debuginfo\""];

/// The features that rustc switches on for `wasm32-unknown-unknown`, and with it everything that workerd must know.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Optimises for size, and without putting large functions that are called once into their callers: V8 compiles a
/// function when it is called first, in a time that grows faster than its size. Functions of 100 KB cost a cold start
/// tens of milliseconds.
const OPTIMISE: [&str; 3] = ["-Oz", "--one-caller-inline-max-function-size", "300"];

/// Builds the Worker into `output` and returns its entry module.
pub(super) fn build(workspace: &Workspace, profile: Profile, output: &Path) -> Result<PathBuf, BuildError> {
    let compiled = target::compile(workspace, "toolgate-cloudflare", TARGET, profile, &KEEP_FEATURES)?;
    let stage = workspace.target.join("cloudflare").join(profile.cargo());
    files::directory(&stage)?;

    let module = stage.join(MODULE);
    files::once(&stage.join("bound"), &[&compiled], &module, || bindgen::run(&compiled, &stage))?;
    let module = match profile {
        Profile::Release => optimise(workspace, &stage, &module)?,
        Profile::Dev => module,
    };
    let started = start(workspace, profile, &stage, &module)?;
    bundle(workspace, &stage)?;

    files::directory(output)?;
    let (entry, shipped) = (output.join(ENTRY), output.join(MODULE));
    // The module first: a server that sees a new entry then finds the module that belongs to it.
    files::replace(&shipped, &files::read(&started)?)?;
    files::replace(&entry, &files::read(&stage.join(ENTRY))?)?;
    size::report(&[&shipped, &entry])?;
    Ok(entry)
}

/// Shrinks the module with wasm-opt and returns the result. This is the longest step after the compiler.
fn optimise(workspace: &Workspace, stage: &Path, module: &Path) -> Result<PathBuf, BuildError> {
    let optimised = stage.join("optimised.wasm");
    files::once(&stage.join("optimising"), &[module], &optimised, || {
        say::step("optimising the module with wasm-opt");
        let mut wasm_opt = workspace.npm_program("wasm-opt");
        wasm_opt.args(WASM_FEATURES).args(OPTIMISE).arg(module).arg("--output").arg(&optimised);
        times::timed("wasm-opt", || command::run(&mut wasm_opt, NPM_REMEDY).map_err(BuildError::Command))
    })?;
    Ok(optimised)
}

/// Reads the document in the module; a release then loses the code that only that needed. Returns the result.
fn start(workspace: &Workspace, profile: Profile, stage: &Path, module: &Path) -> Result<PathBuf, BuildError> {
    let (document, started, less) = (workspace.document(), stage.join("started.wasm"), stage.join("shipped.wasm"));
    let text = std::fs::read_to_string(&document).map_err(BuildError::file(&document))?;
    let result = if profile == Profile::Release { &less } else { &started };
    files::once(&stage.join("starting"), &[module, &document], result, || {
        files::replace(&started, &snapshot::take(&files::read(module)?, &text)?)?;
        if profile == Profile::Dev {
            return Ok(());
        }
        let mut wasm_opt = workspace.npm_program("wasm-opt");
        wasm_opt.args(WASM_FEATURES).arg("--remove-unused-module-elements").arg(&started).arg("--output").arg(&less);
        command::run(&mut wasm_opt, NPM_REMEDY).map_err(BuildError::Command)
    })?;
    Ok(result.clone())
}

/// Joins our entry, wasm-bindgen's bindings and their imports into one module beside the WASM.
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
