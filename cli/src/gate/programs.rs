//! The test programs of the repository, and those that no step runs.

use std::fs;
use std::path::Path;

use super::packages::Package;
use super::steps::{self, OWN_ROW};

/// JavaScript tests that need the build of another step: the steps `panic` and `rate` name them. The step `entry` runs
/// all others.
pub(super) const JAVASCRIPT_WITH_STEP: [&str; 2] =
    ["functions/cloudflare/tests/panic.test.mjs", "tests/rate/rate.test.mjs"];

/// The ending of a JavaScript test's name.
const JAVASCRIPT_TEST: &str = ".test.mjs";

/// Marks of a test program: the harnesses of Node, Python and Rust. In pieces, as this file is read too.
const HARNESSES: [&str; 4] =
    [concat!("node:", "test"), concat!("import unit", "test"), concat!("import py", "test"), concat!("#[", "test]")];

/// Returns the JavaScript tests below `root`, in order.
pub(super) fn javascript_tests(root: &Path) -> Vec<String> {
    files(root).into_iter().filter(|file| file.ends_with(JAVASCRIPT_TEST)).collect()
}

/// Returns the test files that no step of the gate runs, and the steps' tests that are missing.
pub(super) fn without_step(root: &Path, packages: &[Package]) -> Vec<String> {
    let files = files(root);
    let absent = JAVASCRIPT_WITH_STEP.into_iter().filter(|test| !files.iter().any(|file| file == test));
    let mut found: Vec<String> = absent.map(|test| format!("{test}: is not there")).collect();
    for file in files {
        let Ok(text) = fs::read_to_string(root.join(&file)) else { continue };
        let is_test = HARNESSES.iter().any(|harness| text.contains(harness));
        if is_test && !is_run(&file, packages) {
            found.push(file);
        }
    }
    found
}

/// Returns true if a step runs the tests of this file.
fn is_run(file: &str, packages: &[Package]) -> bool {
    if !has_ending(file, "rs") {
        return file.ends_with(JAVASCRIPT_TEST);
    }
    // The package whose folder holds it most closely: members lie within others' folders.
    let holds = |package: &&Package| file.strip_prefix(&package.folder).is_some_and(|rest| rest.starts_with('/'));
    let owner = packages.iter().filter(holds).max_by_key(|package| package.folder.len());
    owner.is_some_and(|package| {
        let has_row = !OWN_ROW.contains(&package.name.as_str())
            || steps::STEPS.iter().any(|step| package.name.strip_prefix("toolgate-") == Some(step.name));
        // A module has no tests: nothing runs it natively.
        package.target.is_none() && has_row
    })
}

/// Returns the source files below `root` that git would see, relative to it, in order.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    collect(root, "", &mut found);
    found.sort();
    found
}

fn collect(root: &Path, folder: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_made = name.starts_with('.') || ["target", "node_modules", "build"].contains(&name.as_str());
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if entry.path().is_dir() {
            if !is_made {
                collect(root, &path, found);
            }
        } else if ["rs", "mjs", "js", "cjs", "ts", "py"].iter().any(|ending| has_ending(&path, ending)) {
            found.push(path);
        }
    }
}

fn has_ending(file: &str, ending: &str) -> bool {
    Path::new(file).extension().is_some_and(|own| own == ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::packages;
    use crate::workspace::Workspace;

    #[test]
    fn a_step_runs_every_test_of_the_repository() {
        let workspace = Workspace::find().unwrap();
        let packages = packages::read(&workspace).unwrap();
        let found = without_step(&workspace.root, &packages);
        assert!(found.is_empty(), "no step of `cargo gate` runs: {found:#?}");
        assert!(javascript_tests(&workspace.root).len() > JAVASCRIPT_WITH_STEP.len());
    }

    #[test]
    fn a_test_that_no_step_runs_is_found() {
        let root = std::env::temp_dir().join(format!("toolgate-programs-{}", std::process::id()));
        let package =
            |name: &str, target| Package { name: name.to_owned(), folder: name.to_owned(), target, tests: Vec::new() };
        let packages = [package("core", None), package("module", Some("wasm32-wasip2"))];
        let tests = [
            ("core/src/a.rs", HARNESSES[3]),
            ("core/src/b.rs", ""),
            ("module/src/a.rs", HARNESSES[3]),
            ("elsewhere/a.rs", HARNESSES[3]),
            ("js/one.test.mjs", HARNESSES[0]),
            ("js/other.mjs", HARNESSES[0]),
            ("py/one.py", HARNESSES[1]),
            ("node_modules/a.mjs", HARNESSES[0]),
        ];
        let own = JAVASCRIPT_WITH_STEP.map(|file| (file, HARNESSES[0]));
        for (file, text) in tests.into_iter().chain(own) {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let expected = ["elsewhere/a.rs", "js/other.mjs", "module/src/a.rs", "py/one.py"];
        assert_eq!(without_step(&root, &packages), expected);
        fs::remove_file(root.join(JAVASCRIPT_WITH_STEP[0])).unwrap();
        assert_eq!(without_step(&root, &packages).len(), expected.len() + 1);
        fs::remove_dir_all(&root).unwrap();
    }
}
