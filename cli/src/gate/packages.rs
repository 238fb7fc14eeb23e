//! The members of the workspace, and the machine that each is compiled for.

use std::path::Path;

use serde_json::Value;

use crate::command;
use crate::failure::Failure;
use crate::workspace::{RUSTUP_REMEDY, Workspace};

/// The Spin test host, compiled in a profile of its own: it embeds a WASM engine.
pub(super) const SPIN_HOST: &str = "toolgate-spin-host";

/// One member.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its folder, relative to the root.
    pub(super) folder: String,
    /// The WASM target it is compiled for; `None` for this machine.
    pub(super) target: Option<&'static str>,
    /// Its integration tests.
    pub(super) tests: Vec<String>,
}

/// The simulated world, compiled in a profile of its own: what it runs for minutes is optimised.
pub(super) const SIMULATION: &str = "toolgate-simulation";

impl Package {
    /// Returns true if it is compiled for this machine together with others, so that shared dependencies are compiled
    /// once.
    pub(super) fn is_built_with_others(&self) -> bool {
        self.target.is_none() && ![SPIN_HOST, SIMULATION].contains(&self.name.as_str())
    }
}

/// Reads the members from cargo.
pub(super) fn read(workspace: &Workspace) -> Result<Vec<Package>, Failure> {
    let mut cargo = workspace.cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let text = command::output(&mut cargo, RUSTUP_REMEDY)?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("cargo metadata: {error}")))?;
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    Ok(packages.filter_map(|of| package(of, &workspace.root)).collect())
}

fn package(package: &Value, root: &Path) -> Option<Package> {
    let name = package.get("name")?.as_str()?.to_owned();
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    let folder = manifest.parent()?.strip_prefix(root).ok()?.to_str()?.to_owned();
    let targets = package.get("targets")?.as_array()?;
    let is_wasm = targets
        .iter()
        .filter_map(|target| target.get("crate_types")?.as_array())
        .flatten()
        .any(|kind| kind == "cdylib");
    let is_test = |target: &&Value| target.get("kind").and_then(|kind| kind.get(0)).is_some_and(|kind| kind == "test");
    let test_name = |target: &Value| Some(target.get("name")?.as_str()?.to_owned());
    let tests = targets.iter().filter(is_test).filter_map(test_name).collect();
    let target = is_wasm.then(|| wasm_target(&name));
    Some(Package { name, folder, target, tests })
}

/// Returns the target of a `cdylib`, which is a WASM module here. Only the Workers run in a JavaScript engine.
fn wasm_target(name: &str) -> &'static str {
    match name {
        "toolgate-cloudflare" | "toolgate-bench-hello" => "wasm32-unknown-unknown",
        _ => "wasm32-wasip2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_its_machine_and_its_tests() {
        let packages = read(&Workspace::find().unwrap()).unwrap();
        let tests = |name: &str| &packages.iter().find(|package| package.name == name).unwrap().tests;
        assert_eq!((tests("toolgate-e2e"), tests("toolgate-bench-core")), (&vec!["e2e".to_owned()], &Vec::new()));
        let target = |name: &str| packages.iter().find(|package| package.name == name).unwrap().target;
        assert_eq!(target("toolgate"), None);
        assert_eq!(target("toolgate-cli"), None);
        assert_eq!(target("toolgate-cloudflare"), Some("wasm32-unknown-unknown"));
        assert_eq!(target("toolgate-spin"), Some("wasm32-wasip2"));
    }
}
