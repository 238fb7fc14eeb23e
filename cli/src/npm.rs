//! The npm packages of builds and tests: pinned by `package-lock.json`, installed when missing or out of date.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::prerequisites::{self, NODE_REMEDY};
use crate::workspace::Workspace;
use crate::{command, say};

/// Runs `npm ci` unless the installed packages are those of the lock, and checks the Node that will run them.
///
/// # Errors
/// [`Failure`] when npm is missing or fails, or no Node of this machine or of npm is recent enough.
pub fn ensure(workspace: &Workspace) -> Result<(), Failure> {
    if is_current(&workspace.root) {
        return Ok(());
    }
    say::step("installing the npm packages of package-lock.json (npm ci)");
    let mut npm = Command::new("npm");
    npm.current_dir(&workspace.root).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    command::run(&mut npm, NODE_REMEDY)?;
    prerequisites::for_npm_programs(&mut workspace.node())
}

/// Returns true if npm has installed since the lock was last written. The file in `node_modules` is the last that npm
/// writes.
fn is_current(root: &Path) -> bool {
    let written = |file: &str| fs::metadata(root.join(file)).and_then(|metadata| metadata.modified());
    let times = (written("package-lock.json"), written("node_modules/.package-lock.json"));
    matches!(times, (Ok(locked), Ok(installed)) if locked <= installed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_newer_than_the_packages_asks_for_an_installation() {
        let root = std::env::temp_dir().join(format!("toolgate-npm-{}", std::process::id()));
        fs::create_dir_all(root.join("node_modules")).unwrap();
        fs::write(root.join("package-lock.json"), "{}").unwrap();
        assert!(!is_current(&root), "nothing is installed");
        fs::write(root.join("node_modules/.package-lock.json"), "{}").unwrap();
        assert!(is_current(&root));
        let installed = fs::metadata(root.join("node_modules/.package-lock.json")).unwrap().modified().unwrap();
        let lock = fs::File::options().write(true).open(root.join("package-lock.json")).unwrap();
        lock.set_modified(installed + std::time::Duration::from_secs(5)).unwrap();
        assert!(!is_current(&root), "the lock has changed");
        fs::remove_dir_all(&root).unwrap();
    }
}
