//! Names the configuration document that is compiled in: `toolgate.toml`, or the file that `TOOLGATE_CONFIG` names.

use std::env;
use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "this is how cargo and a build script talk")]
fn main() {
    println!("cargo::rerun-if-env-changed=TOOLGATE_CONFIG");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let document = root.join(env::var("TOOLGATE_CONFIG").unwrap_or_else(|_| "toolgate.toml".to_owned()));
    println!("cargo::rerun-if-changed={}", document.display());
    println!("cargo::rustc-env=TOOLGATE_DOCUMENT={}", document.display());
}
