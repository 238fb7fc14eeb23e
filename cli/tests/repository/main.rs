//! Rules of the repository that the compiler does not know, one test binary.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a rule that cannot be looked at is a failed test"
)]

mod documents;
mod features;
mod layers;
mod names;
mod tidy;
mod walls;

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file below the root.
fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `directory` whose name ends with one of `endings`, relative to the root, without what tools have made.
fn files(directory: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(directory), endings, &mut found);
    found.sort();
    found
}

fn collect(directory: &Path, endings: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let is_made = name.starts_with('.')
            || ["target", "node_modules", "__pycache__"].contains(&name.as_str())
            || path == root().join("build");
        if path.is_dir() {
            if !is_made {
                collect(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}
