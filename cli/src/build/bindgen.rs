//! wasm-bindgen, called as a library: the resolver gives it the version of the `wasm-bindgen` that is compiled into the
//! module. Its output is made fit for workerd.

use std::fs;
use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;

use super::BuildError;

/// The import of the WASM in wasm-bindgen's module. workerd and esbuild know only the plain form, which gives the same
/// `WebAssembly.Module`.
const SOURCE_IMPORT: &str = "import source wasmModule from";
const PLAIN_IMPORT: &str = "import wasmModule from";

/// Writes `toolgate.js` and `toolgate_bg.wasm` into `directory`.
pub(super) fn run(module: &Path, directory: &Path) -> Result<(), BuildError> {
    let generate = || {
        let mut bindgen = Bindgen::new();
        bindgen.module(true)?.input_path(module).typescript(false).out_name("toolgate");
        // Lets the entry restart after a trap.
        bindgen.reset_state_function(true).generate(directory)
    };
    generate().map_err(|error| BuildError::Bindings(format!("{error:#}")))?;

    let path = directory.join("toolgate.js");
    let script = fs::read_to_string(&path).map_err(BuildError::file(&path))?;
    if !script.contains(SOURCE_IMPORT) {
        return Err(BuildError::UnknownBindings(SOURCE_IMPORT));
    }
    fs::write(&path, script.replacen(SOURCE_IMPORT, PLAIN_IMPORT, 1)).map_err(BuildError::file(&path))
}
