//! The programs that a person must install first: each missing one is named with its remedy.

use std::process::{Command, Stdio};

use crate::build::Platform;
use crate::failure::Failure;
use crate::workspace::RUSTUP_REMEDY;

/// The remedy for missing Node and npm.
pub const NODE_REMEDY: &str = "install Node 20 or later with npm (https://nodejs.org)";
/// The remedy for a missing Node that the programs of `package-lock.json` need, if npm has none for this platform.
const PINNED_NODE_REMEDY: &str = "npm has no Node 22 that runs on this machine: install Node 22.12 or later \
                                  (https://nodejs.org)";
/// The remedy for missing Python.
pub const PYTHON_REMEDY: &str = "install Python 3.11 or later with venv (https://www.python.org; on Debian and Ubuntu: \
                                 apt-get install python3 python3-venv)";
/// The remedy for missing valgrind.
pub(crate) const VALGRIND_REMEDY: &str = "install valgrind (on Debian and Ubuntu: apt-get install valgrind)";

/// A required program, in a version that is recent enough.
struct Prerequisite {
    program: &'static str,
    arguments: &'static [&'static str],
    /// The least major and minor version; `None` takes any.
    least: Option<(u32, u32)>,
    remedy: &'static str,
}

const CARGO: Prerequisite =
    Prerequisite { program: "cargo", arguments: &["--version"], least: None, remedy: RUSTUP_REMEDY };
const RUSTFMT: Prerequisite = Prerequisite {
    program: "cargo",
    arguments: &["fmt", "--version"],
    least: None,
    remedy: "run `rustup component add rustfmt` in the repository",
};
const CLIPPY: Prerequisite = Prerequisite {
    program: "cargo",
    arguments: &["clippy", "--version"],
    least: None,
    remedy: "run `rustup component add clippy` in the repository",
};
const NODE: Prerequisite =
    Prerequisite { program: "node", arguments: &["--version"], least: Some((20, 0)), remedy: NODE_REMEDY };
const NPM: Prerequisite = Prerequisite { program: "npm", arguments: &["--version"], least: None, remedy: NODE_REMEDY };
const PYTHON: Prerequisite =
    Prerequisite { program: "python3", arguments: &["--version"], least: Some((3, 11)), remedy: PYTHON_REMEDY };
const VALGRIND: Prerequisite =
    Prerequisite { program: "valgrind", arguments: &["--version"], least: None, remedy: VALGRIND_REMEDY };
// wrk has no option that ends well.
const WRK: Prerequisite = Prerequisite {
    program: "which",
    arguments: &["wrk"],
    least: None,
    remedy: "install wrk (on Debian and Ubuntu: apt-get install wrk)",
};

/// Checks the prerequisites of `cargo dev` on this platform.
///
/// # Errors
/// Everything that is missing or too old, a line each.
pub fn for_development(platform: Platform) -> Result<(), Failure> {
    match platform {
        Platform::Cloudflare => check(&[CARGO, NODE, NPM]),
        Platform::Spin => check(&[CARGO]),
    }
}

/// Checks the prerequisites of `cargo gate`.
///
/// # Errors
/// Everything that is missing or too old, a line each.
pub fn for_tests() -> Result<(), Failure> {
    check(&[CARGO, RUSTFMT, CLIPPY, NODE, NPM, PYTHON])
}

/// Checks the prerequisites of `cargo toolgate bench`.
///
/// # Errors
/// Everything that is missing or too old, a line each.
pub fn for_benchmarks() -> Result<(), Failure> {
    check(&[CARGO, NODE, NPM, PYTHON, VALGRIND, WRK])
}

/// Checks the Node that runs the programs of `package-lock.json`: wrangler and miniflare need 22.12.
///
/// # Errors
/// The fault: it does not work, or is too old.
pub fn for_npm_programs(node: &mut Command) -> Result<(), Failure> {
    let sought =
        Prerequisite { program: "node", arguments: &["--version"], least: Some((22, 12)), remedy: PINNED_NODE_REMEDY };
    fault(node, &sought).map_or(Ok(()), |fault| Err(Failure::new(fault)))
}

fn check(prerequisites: &[Prerequisite]) -> Result<(), Failure> {
    let missing: Vec<String> = prerequisites.iter().filter_map(absence).collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::new(missing.join("\n       "))) }
}

/// Returns the fault of a prerequisite of the machine.
fn absence(sought: &Prerequisite) -> Option<String> {
    fault(&mut Command::new(sought.program), sought)
}

/// Returns the fault of a prerequisite, which `command` runs.
fn fault(command: &mut Command, sought: &Prerequisite) -> Option<String> {
    let name = std::iter::once(sought.program).chain(sought.arguments.iter().copied()).collect::<Vec<_>>().join(" ");
    command.args(sought.arguments).stdin(Stdio::null()).stderr(Stdio::null());
    let Some(output) = command.output().ok().filter(|output| output.status.success()) else {
        return Some(format!("`{name}` does not work: {}", sought.remedy));
    };
    let least = sought.least?;
    let text = String::from_utf8_lossy(&output.stdout);
    match version(&text) {
        Some(found) if found >= least => None,
        _ => Some(format!("`{name}` says {}, which is too old: {}", text.trim(), sought.remedy)),
    }
}

/// Returns the first `MAJOR.MINOR` in `text`.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("Python 3.9.1"), Some((3, 9)));
        assert!(version("Python 3.9.1") < Some((3, 11)));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn a_node_that_wrangler_refuses_is_refused_with_its_remedy() {
        let mut old = Command::new("sh");
        old.args(["-c", "echo v22.11.0"]);
        let told = for_npm_programs(&mut old).unwrap_err().to_string();
        assert!(told.contains("says v22.11.0, which is too old: npm has no Node 22"), "{told}");
        let mut recent = Command::new("sh");
        recent.args(["-c", "echo v24.1.0"]);
        for_npm_programs(&mut recent).unwrap();
    }

    #[test]
    fn everything_missing_is_told_at_once_with_its_remedy() {
        let absent = |program| Prerequisite { program, arguments: &["--version"], least: None, remedy: "get it" };
        let old = Prerequisite { program: "cargo", arguments: &["--version"], least: Some((9, 0)), remedy: "newer" };
        let told = check(&[absent("no-such-a"), absent("no-such-b"), old, CARGO]).unwrap_err().to_string();
        assert!(told.contains("`no-such-a --version` does not work: get it"), "{told}");
        assert!(told.contains("`no-such-b --version` does not work: get it"), "{told}");
        assert!(told.contains("which is too old: newer"), "{told}");
        assert_eq!(told.lines().count(), 3);
    }
}
