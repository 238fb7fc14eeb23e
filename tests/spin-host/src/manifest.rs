//! The part of Spin's manifest (version 2) that this host serves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::StartError;

/// A manifest, checked for everything that can be known from the file alone.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The directory that relative paths start from.
    pub directory: PathBuf,
    /// The name of the application.
    pub application: Application,
    /// Application variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// HTTP triggers in file order.
    pub triggers: Vec<HttpTrigger>,
    /// Components by name.
    pub components: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    spin_manifest_version: u32,
    application: Application,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: Triggers,
    component: BTreeMap<String, Component>,
}

/// The application itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// For people.
    #[serde(default)]
    pub authors: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    http: Vec<HttpTrigger>,
}

/// A declaration of an application variable: required, or with a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// The value when nobody sets it.
    pub default: Option<String>,
    /// True if it must be set.
    #[serde(default)]
    pub required: bool,
    /// True if the value must not be shown.
    #[serde(default)]
    pub secret: bool,
}

/// A route and the component that serves it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTrigger {
    /// The path, exact or ending in `/...`.
    pub route: String,
    /// The name of a component.
    pub component: String,
}

/// A component and what it may reach.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The compiled component.
    pub source: PathBuf,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// The variables it sees, as templates over the application's.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Its environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Labels of key-value stores.
    #[serde(default)]
    pub key_value_stores: Vec<String>,
    /// Labels of SQLite databases.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    /// The permitted targets of its requests, as templates over the application's variables.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// Its build.
    #[serde(default)]
    pub build: Option<Build>,
}

/// The build of a component.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// A shell command.
    pub command: String,
    /// The working directory, relative to the manifest.
    #[serde(default)]
    pub workdir: Option<PathBuf>,
    /// Read by `spin watch` only.
    #[serde(default)]
    pub watch: Vec<String>,
}

/// The only label for which Spin has a store or database without further configuration.
const DEFAULT_LABEL: &str = "default";

impl Manifest {
    /// Reads and checks the manifest at `path`.
    ///
    /// # Errors
    /// [`StartError::Manifest`] with every fault found.
    pub fn read(path: &Path) -> Result<Self, StartError> {
        let fault = |problem: String| StartError::Manifest { path: path.to_owned(), problem };
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(&text, directory).map_err(fault)
    }

    fn parse(text: &str, directory: &Path) -> Result<Self, String> {
        let document: Document = toml::from_str(text).map_err(|error| error.to_string())?;
        let faults = document.faults();
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
        Ok(Self {
            directory: directory.to_owned(),
            application: document.application,
            variables: document.variables,
            triggers: document.trigger.http,
            components: document.component,
        })
    }
}

impl Document {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.spin_manifest_version != 2 {
            faults.push(format!("spin_manifest_version {} is not 2", self.spin_manifest_version));
        }
        for (name, variable) in &self.variables {
            if variable.required == variable.default.is_some() {
                faults.push(format!("variable `{name}` must be either required or have a default"));
            }
        }
        for trigger in &self.trigger.http {
            if !self.component.contains_key(&trigger.component) {
                faults.push(format!("route `{}` names the unknown component `{}`", trigger.route, trigger.component));
            }
        }
        for (name, component) in &self.component {
            for label in component.key_value_stores.iter().chain(&component.sqlite_databases) {
                if label != DEFAULT_LABEL {
                    faults.push(format!(
                        "component `{name}` uses the label `{label}`, which no runtime configuration binds"
                    ));
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "a"
        [variables]
        city = { default = "Berlin" }
        [[trigger.http]]
        route = "/..."
        component = "c"
        [component.c]
        source = "c.wasm"
        key_value_stores = ["default"]
    "#;

    #[test]
    fn a_small_manifest_is_read() {
        let manifest = Manifest::parse(SMALL, Path::new("/app")).expect("valid");
        assert_eq!(manifest.triggers[0].route, "/...");
        assert_eq!(manifest.components["c"].key_value_stores, ["default"]);
        assert_eq!(manifest.variables["city"].default.as_deref(), Some("Berlin"));
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (from, to, named) in [
            ("version = 2", "version = 1", "spin_manifest_version"),
            ("{ default = \"Berlin\" }", "{ secret = true }", "`city`"),
            ("component = \"c\"", "component = \"d\"", "`d`"),
            ("[\"default\"]", "[\"other\"]", "`other`"),
            ("key_value_stores", "key_value_store", "key_value_store"),
            ("source = \"c.wasm\"", "source = \"c.wasm\"\nfiles = [\"assets\"]", "files"),
        ] {
            let text = SMALL.replace(from, to);
            assert_ne!(text, SMALL, "{from}");
            let problem = Manifest::parse(&text, Path::new("/app")).expect_err(to);
            assert!(problem.contains(named), "{to}: {problem}");
        }
    }
}
