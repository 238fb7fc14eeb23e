//! The licences of the npm and PyPI packages that are installed, by `licences.toml`: each package by name and version.

mod installed;

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::run::Run;
use crate::failure::Failure;
use crate::say;

/// The rules, relative to the repository.
const RULES: &str = "licences.toml";

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
    let faults: Vec<String> = packages.iter().filter_map(|package| rules.fault(package)).collect();
    if faults.is_empty() {
        say::step(&format!("{} packages of npm and PyPI have a licence of {RULES}", packages.len()));
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
        toml::from_str(&text).map_err(|error| Failure::new(format!("{RULES}: {error}")))
    }

    fn refuses(&self, name: &str) -> bool {
        self.refuse.iter().any(|refused| *refused == installed::normal(name))
    }

    /// Returns the fault of a package and its remedy, if it has one.
    fn fault(&self, package: &Package) -> Option<String> {
        let Package { name, version, licence, pinned } = package;
        if self.refuses(name) {
            return Some(format!("{name} {version}: is on the refusal list of {RULES}: take it out"));
        }
        if let Some(pinned) = pinned.as_ref().filter(|pinned| *pinned != version) {
            return Some(format!("{name} {version}: {pinned} is pinned: install what is pinned"));
        }
        if self.allows(name, licence) {
            return None;
        }
        let shown = if licence.is_empty() { "no licence" } else { licence };
        Some(format!("{name} {version}: {shown}, which {RULES} does not allow: read it, then allow it or leave it out"))
    }

    /// Returns true if one of the alternatives consists of allowed licences alone.
    fn allows(&self, name: &str, expression: &str) -> bool {
        let expression = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(expression);
        let is_allowed = |licence: &str| {
            let licence = self.spellings.get(licence).map_or(licence, String::as_str);
            let excepted = self.exceptions.iter().filter(|exception| exception.is_for(name));
            self.allow.iter().chain(excepted.flat_map(|exception| &exception.allow)).any(|allowed| allowed == licence)
        };
        let all = |alternative: &str| alternative.split(" AND ").all(|licence| is_allowed(licence.trim()));
        // A name with "or" in it is no choice: spellings are looked up whole first.
        is_allowed(expression) || expression.split(" OR ").any(all)
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
            ["MIT", "Apache-2.0 AND MIT", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0)", "Apache License, Version 2.0"]
        {
            assert_eq!(fault("any", licence), None, "{licence}");
        }
        for licence in ["", "GPL-3.0-or-later", "MIT AND GPL-3.0", "Proprietary", "MITX", "SEE LICENSE IN LICENSE.txt"]
        {
            let fault = fault("any", licence).unwrap_or_default();
            assert!(fault.starts_with("any 1.0: "), "{licence}: {fault:?}");
        }
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
