//! The installed packages: npm's by the lock and each `package.json`, PyPI's by the virtual environment's metadata.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Package;
use crate::command;
use crate::failure::Failure;
use crate::gate::python::REQUIREMENTS;
use crate::workspace::{RUSTUP_REMEDY, Workspace};

/// The packages of a virtual environment that come with Python, in whatever version it has.
const OF_PYTHON: [&str; 2] = ["pip", "setuptools"];

/// Returns every package of `package-lock.json`: installed ones with their own metadata, those of other platforms with
/// the lock's.
pub(super) fn npm(root: &Path) -> Result<Vec<Package>, Failure> {
    let lock = json(&root.join("package-lock.json"))?;
    let packages = lock.get("packages").and_then(Value::as_object).into_iter().flatten();
    packages
        .filter(|(path, _)| !path.is_empty())
        .map(|(path, locked)| {
            let file = root.join(path).join("package.json");
            let found = if file.is_file() { json(&file)? } else { locked.clone() };
            let text =
                |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            Ok(Package {
                name: path.rsplit("node_modules/").next().unwrap_or(path).to_owned(),
                version: text(&found, "version"),
                licence: text(&found, "license"),
                pinned: Some(text(locked, "version")),
            })
        })
        .collect()
}

/// Returns every crate that cargo could compile here, on any platform. One that comes from no registry and is not ours has no
/// licence as far as we know.
pub(super) fn crates(workspace: &Workspace) -> Result<Vec<Package>, Failure> {
    let mut cargo = workspace.cargo();
    cargo.args(["metadata", "--format-version", "1"]);
    let text = command::output(&mut cargo, RUSTUP_REMEDY)?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("cargo metadata: {error}")))?;
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = |package: &Value| {
        let source = package.get("source").and_then(Value::as_str);
        let is_known = source.is_none_or(|source| source.starts_with("registry+"));
        if is_known { text(package, "license") } else { String::new() }
    };
    let package = |package: &Value| Package {
        name: text(package, "name"),
        version: text(package, "version"),
        licence: known(package),
        pinned: None,
    };
    Ok(packages.map(package).collect())
}

/// Returns every package of the virtual environment.
pub(super) fn pypi(root: &Path, venv: &Path) -> Result<Vec<Package>, Failure> {
    let mut pinned = BTreeMap::new();
    for file in REQUIREMENTS {
        let path = root.join(file);
        pinned.extend(pins(&fs::read_to_string(&path).map_err(Failure::file(&path))?));
    }
    let mut packages = Vec::new();
    for python in entries(&venv.join("lib"))? {
        for entry in entries(&python.join("site-packages"))? {
            let path = entry.join("METADATA");
            if entry.extension().is_some_and(|extension| extension == "dist-info") && path.is_file() {
                let metadata = fs::read(&path).map_err(Failure::file(&path))?;
                let mut package = of_metadata(&String::from_utf8_lossy(&metadata));
                let name = normal(&package.name);
                let pin = pinned.get(&name).cloned().unwrap_or_else(|| "no version".to_owned());
                package.pinned = (!OF_PYTHON.contains(&name.as_str())).then_some(pin);
                packages.push(package);
            }
        }
    }
    if packages.is_empty() {
        return Err(Failure::new(format!("no package is installed in {}", venv.display())));
    }
    Ok(packages)
}

/// Reads the head of a METADATA file: name, version, and the licence by its SPDX expression, its field or its
/// classifiers.
fn of_metadata(text: &str) -> Package {
    let head = text.split("\n\n").next().unwrap_or_default();
    let all = |field: &str| {
        let start = format!("{field}: ");
        head.lines().filter_map(move |line| line.strip_prefix(start.as_str()).map(|value| value.trim().to_owned()))
    };
    let one = |field: &str| all(field).next().filter(|value| !value.is_empty() && value != "UNKNOWN");
    let classified: Vec<String> = all("Classifier")
        .filter_map(|value| Some(value.strip_prefix("License :: ")?.rsplit(" :: ").next()?.to_owned()))
        .collect();
    Package {
        name: one("Name").unwrap_or_default(),
        version: one("Version").unwrap_or_default(),
        licence: one("License-Expression").or_else(|| one("License")).unwrap_or_else(|| classified.join(" AND ")),
        pinned: None,
    }
}

/// Returns the versions that a file of requirements pins, by normal name.
pub(super) fn pins(requirements: &str) -> BTreeMap<String, String> {
    let lines = requirements.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let pins = lines.filter(|line| !line.is_empty()).map(|line| line.split_once("==").unwrap_or((line, "")));
    pins.map(|(name, version)| (normal(name), version.to_owned())).collect()
}

/// Writes a name as PyPI compares it: lower case, with one hyphen for each run of `-`, `_` and `.`.
pub(super) fn normal(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn json(path: &Path) -> Result<Value, Failure> {
    let text = fs::read(path).map_err(Failure::file(path))?;
    serde_json::from_slice(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Returns the entries of a directory, in the order of names.
fn entries(directory: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let read = fs::read_dir(directory).map_err(Failure::file(directory))?;
    let mut paths: Vec<_> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_tells_its_licence_in_three_ways() {
        let licence = |fields: &str| of_metadata(&format!("Name: A_b\nVersion: 1\n{fields}\n\nLicense: body")).licence;
        assert_eq!(licence("License: x\nLicense-Expression: MIT OR Apache-2.0"), "MIT OR Apache-2.0");
        assert_eq!(licence("License: BSD\nClassifier: License :: OSI Approved :: MIT License"), "BSD");
        assert_eq!(licence("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License"), "MIT License");
        assert_eq!(
            licence("Classifier: License :: A\nClassifier: License :: B :: C\nClassifier: Topic :: D"),
            "A AND C"
        );
        assert_eq!(licence("Summary: no licence"), "");
        let package = of_metadata("Name: A_b\nVersion: 1.2\n\nName: body");
        assert_eq!((package.name.as_str(), package.version.as_str()), ("A_b", "1.2"));
    }

    #[test]
    fn pins_are_read_by_normal_name() {
        let pins = pins("# a comment\narcade__Core==4.2  # why\n\nPyYAML==6.0\nloose\n");
        let read: Vec<_> = pins.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        assert_eq!(read, [("arcade-core", "4.2"), ("loose", ""), ("pyyaml", "6.0")]);
    }

    #[test]
    fn what_is_installed_is_told_by_the_lock_and_by_itself() {
        let root = std::env::temp_dir().join(format!("toolgate-licences-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "package-lock.json",
            r#"{"packages":{"":{"name":"root"},"node_modules/a":{"version":"1","license":"MIT"},"node_modules/a/node_modules/@b/c":{"version":"2","license":"ISC"}}}"#,
        );
        write("node_modules/a/package.json", r#"{"version":"1","license":"GPL-3.0"}"#);
        for file in REQUIREMENTS {
            write(file, "d==4\n");
        }
        write("venv/lib/python3/site-packages/d-5.dist-info/METADATA", "Name: d\nVersion: 5\nLicense: MIT\n\n");
        write("venv/lib/python3/site-packages/pip-9.dist-info/METADATA", "Name: pip\nVersion: 9\nLicense: MIT\n\n");
        let shown = |packages: Vec<Package>| -> Vec<String> {
            packages.iter().map(|p| format!("{} {} {} {:?}", p.name, p.version, p.licence, p.pinned)).collect()
        };
        assert_eq!(shown(npm(&root).unwrap()), ["a 1 GPL-3.0 Some(\"1\")", "@b/c 2 ISC Some(\"2\")"]);
        assert_eq!(shown(pypi(&root, &root.join("venv")).unwrap()), ["d 5 MIT Some(\"4\")", "pip 9 MIT None"]);
        fs::remove_dir_all(&root).unwrap();
    }
}
