//! Shared crates have one set of features, whichever of our packages cargo is asked for: `tests/unify` switches on what is
//! missing.

use std::collections::BTreeSet;
use std::process::Command;

use crate::root;

/// Packages that have builds of their own: for WASM, or in a profile of their own.
const APART: [&str; 6] = [
    "toolgate-bench-hello",
    "toolgate-cloudflare",
    "toolgate-simulation",
    "toolgate-spin",
    "toolgate-spin-fixture",
    "toolgate-spin-host",
];

/// The crates of a selection, each with its features, in cargo's words.
fn crates(selected: &[&str], edges: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--offline", "--prefix", "none", "--format", "{p} {f}", "--edges", edges]);
    let output = cargo.args(selected).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)").trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn a_shared_crate_has_one_set_of_features() {
    let exclude = APART.iter().flat_map(|name| ["--exclude", name]);
    let all: Vec<&str> = std::iter::once("--workspace").chain(exclude).collect();
    let together = crates(&all, "normal,build,dev");
    for (package, edges) in [("toolgate-cli", "normal,build"), ("toolgate", "normal,build,dev")] {
        let alone = crates(&["--package", package], edges);
        let other: Vec<&String> = alone.difference(&together).collect();
        assert!(
            other.is_empty(),
            "{package} alone has these with fewer features than all packages together have, so they are compiled twice: \
             add what is missing to tests/unify/Cargo.toml: {other:#?}"
        );
    }
}
