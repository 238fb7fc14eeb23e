//! The licences of all that is installed: the packages of npm and PyPI by `licences.toml`, Rust's by `deny.toml`, each by
//! name and version.

mod installed;

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::run::Run;
use crate::failure::Failure;
use crate::say;

/// The rules of npm and PyPI, relative to the repository.
const RULES: &str = "licences.toml";
/// Those of Rust, which cargo-deny reads as well.
const RUST_RULES: &str = "deny.toml";

/// A package that is installed, or that a lock would install elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    /// The words of its metadata; empty where it has none.
    licence: String,
    /// The version that the repository pins; `None` where it pins none.
    pinned: Option<String>,
}

/// The content of `licences.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// The file that they stand in.
    #[serde(skip)]
    file: &'static str,
    allow: Vec<String>,
    refuse: Vec<String>,
    exceptions: Vec<Exception>,
    spellings: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    packages: Vec<String>,
    allow: Vec<String>,
    reason: String,
}

/// Checks every installed package.
pub(super) fn check(run: &mut Run) -> Result<(), Failure> {
    let rules = Rules::read(run)?;
    let root = &run.workspace.root;
    let mut packages = installed::npm(root)?;
    packages.extend(installed::pypi(root, &run.workspace.target.join("venv"))?);
    let (crates, rust) = (installed::crates(&run.workspace)?, Rules::of_rust(run)?);
    let mut faults: Vec<String> = packages.iter().filter_map(|package| rules.fault(package)).collect();
    faults.extend(crates.iter().filter_map(|package| rust.fault(package)));
    if faults.is_empty() {
        let (of_rust, others) = (crates.len(), packages.len());
        say::step(&format!("{of_rust} packages of Rust and {others} of npm and PyPI have a licence that is allowed"));
        return Ok(());
    }
    Err(Failure::new(faults.join("\n")))
}

/// Refuses a file of requirements that names a package of the refusal list: before anything is installed.
pub(super) fn check_requirements(run: &Run, requirements: &str) -> Result<(), Failure> {
    let rules = Rules::read(run)?;
    match installed::pins(requirements).keys().find(|name| rules.refuses(name)) {
        Some(name) => Err(Failure::new(format!("{name} is on the refusal list of {RULES}: take it out"))),
        None => Ok(()),
    }
}

impl Rules {
    fn read(run: &Run) -> Result<Self, Failure> {
        let path = run.workspace.root.join(RULES);
        let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
        let rules = toml::from_str(&text).map_err(|error| Failure::new(format!("{RULES}: {error}")))?;
        Ok(Self { file: RULES, ..rules })
    }

    /// Reads the licences that cargo-deny allows.
    fn of_rust(run: &Run) -> Result<Self, Failure> {
        let path = run.workspace.root.join(RUST_RULES);
        let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
        Self::of_deny(&text).map_err(|error| Failure::new(format!("{RUST_RULES}: {error}")))
    }

    fn of_deny(text: &str) -> Result<Self, toml::de::Error> {
        #[derive(Deserialize)]
        struct Deny {
            licenses: Licenses,
        }
        #[derive(Deserialize)]
        struct Licenses {
            allow: Vec<String>,
        }
        let Deny { licenses: Licenses { allow } } = toml::from_str(text)?;
        Ok(Self { file: RUST_RULES, allow, refuse: Vec::new(), exceptions: Vec::new(), spellings: BTreeMap::new() })
    }

    fn refuses(&self, name: &str) -> bool {
        self.refuse.iter().any(|refused| *refused == installed::normal(name))
    }

    /// Returns the fault of a package and its remedy, if it has one.
    fn fault(&self, package: &Package) -> Option<String> {
        let (Package { name, version, licence, pinned }, file) = (package, self.file);
        if self.refuses(name) {
            return Some(format!("{name} {version}: is on the refusal list of {file}: take it out"));
        }
        if let Some(pinned) = pinned.as_ref().filter(|pinned| *pinned != version) {
            return Some(format!("{name} {version}: {pinned} is pinned: install what is pinned"));
        }
        if self.allows(name, licence) {
            return None;
        }
        let shown = if licence.is_empty() { "no licence" } else { licence };
        Some(format!("{name} {version}: {shown}, which {file} does not allow: read it, then allow it or leave it out"))
    }

    /// Returns true if the licences allowed here satisfy this SPDX expression, or this other spelling of one.
    fn allows(&self, name: &str, expression: &str) -> bool {
        let expression = self.spellings.get(expression).map_or(expression, String::as_str);
        let excepted = self.exceptions.iter().filter(|exception| exception.is_for(name));
        let allowed: Vec<&String> = self.allow.iter().chain(excepted.flat_map(|exception| &exception.allow)).collect();
        Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|parsed| {
            parsed.evaluate(|licence| allowed.iter().any(|allowed| **allowed == licence.to_string()))
        })
    }
}

impl Exception {
    fn is_for(&self, name: &str) -> bool {
        !self.reason.is_empty()
            && self.packages.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => pattern == name,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        toml::from_str(include_str!("../../../licences.toml")).unwrap()
    }

    fn fault(name: &str, licence: &str) -> Option<String> {
        let package = Package { name: name.into(), version: "1.0".into(), licence: licence.into(), pinned: None };
        rules().fault(&package)
    }

    #[test]
    fn a_licence_of_the_list_passes_and_no_other() {
        for licence in
            ["MIT", "Apache-2.0 AND MIT", "GPL-3.0-only OR MIT", "(MIT OR Apache-2.0)", "Apache License, Version 2.0"]
        {
            assert_eq!(fault("any", licence), None, "{licence}");
        }
        for licence in
            ["", "GPL-3.0-or-later", "MIT AND GPL-3.0-only", "Proprietary", "MITX", "SEE LICENSE IN LICENSE.txt"]
        {
            let fault = fault("any", licence).unwrap_or_default();
            assert!(fault.starts_with("any 1.0: "), "{licence}: {fault:?}");
        }
    }

    #[test]
    fn a_crate_has_a_licence_of_the_rules_of_rust() {
        let rules = Rules::of_deny(include_str!("../../../deny.toml")).unwrap();
        for (licence, is_allowed) in [
            ("MIT/Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", true),
            ("MIT AND Apache-2.0 WITH Classpath-exception-2.0", false),
            ("MPL-2.0", false),
        ] {
            assert_eq!(rules.allows("any", licence), is_allowed, "{licence}");
        }
        let package = Package { name: "any".into(), version: "1.0".into(), licence: "MPL-2.0".into(), pinned: None };
        let fault = rules.fault(&package).unwrap();
        assert!(fault.contains("which deny.toml does not allow"), "{fault}");
    }

    #[test]
    fn an_exception_holds_for_its_packages_alone() {
        assert_eq!(fault("@img/sharp-libvips-linux-x64", "LGPL-3.0-or-later"), None);
        assert!(fault("@other/sharp", "LGPL-3.0-or-later").is_some());
        assert_eq!(fault("certifi", "MPL-2.0"), None);
        assert!(fault("certifix", "MPL-2.0").is_some());
    }

    #[test]
    fn a_refused_package_is_refused_in_any_spelling_and_licence() {
        for name in ["arcade-math", "arcade_math", "Arcade.Math", "arcade-slack"] {
            assert!(fault(name, "MIT").is_some_and(|fault| fault.contains("refusal list")), "{name}");
        }
        assert_eq!(fault("arcade-core", "MIT"), None);
    }

    #[test]
    fn a_version_that_is_not_pinned_is_a_fault() {
        let package =
            Package { name: "a".into(), version: "1.1".into(), licence: "MIT".into(), pinned: Some("1.0".into()) };
        assert_eq!(rules().fault(&package).as_deref(), Some("a 1.1: 1.0 is pinned: install what is pinned"));
    }
}
