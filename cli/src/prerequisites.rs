//! What a person must have installed before anything else can be: each missing thing is named with how to get it.

use std::process::{Command, Stdio};

use crate::build::Platform;
use crate::failure::Failure;
use crate::workspace::RUSTUP_REMEDY;

/// How to get Node and npm.
pub const NODE_REMEDY: &str = "install Node 20 or later with npm (https://nodejs.org)";
/// How to get Python.
pub const PYTHON_REMEDY: &str = "install Python 3.11 or later with venv (https://www.python.org; on Debian and Ubuntu: \
                                 apt-get install python3 python3-venv)";
/// How to get valgrind.
pub(crate) const VALGRIND_REMEDY: &str = "install valgrind (on Debian and Ubuntu: apt-get install valgrind)";

/// A program that must be there, in a version that is recent enough.
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
// It has no option that ends well.
const WRK: Prerequisite = Prerequisite {
    program: "which",
    arguments: &["wrk"],
    least: None,
    remedy: "install wrk (on Debian and Ubuntu: apt-get install wrk)",
};

/// Checks what `cargo dev` needs on this platform.
///
/// # Errors
/// Everything that is missing or too old, a line each.
pub fn for_development(platform: Platform) -> Result<(), Failure> {
    match platform {
        Platform::Cloudflare => check(&[CARGO, NODE, NPM]),
        Platform::Spin => check(&[CARGO]),
    }
}

/// Checks what `cargo gate` needs.
///
/// # Errors
/// Everything that is missing or too old, a line each.
pub fn for_tests() -> Result<(), Failure> {
    check(&[CARGO, RUSTFMT, CLIPPY, NODE, NPM, PYTHON])
}

/// Checks what `cargo toolgate bench` needs.
///
/// # Errors
/// Everything that is missing or too old, a line each.
pub fn for_benchmarks() -> Result<(), Failure> {
    check(&[CARGO, NODE, NPM, PYTHON, VALGRIND, WRK])
}

fn check(prerequisites: &[Prerequisite]) -> Result<(), Failure> {
    let missing: Vec<String> = prerequisites.iter().filter_map(fault).collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::new(missing.join("\n       "))) }
}

/// What is wrong with a prerequisite, if anything.
fn fault(sought: &Prerequisite) -> Option<String> {
    let name = std::iter::once(sought.program).chain(sought.arguments.iter().copied()).collect::<Vec<_>>().join(" ");
    let mut command = Command::new(sought.program);
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

/// The first `MAJOR.MINOR` in `text`.
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
