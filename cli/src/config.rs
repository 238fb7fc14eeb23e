//! `toolgate config`: checks a configuration, and prints the core's schema and settings.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use clap::{Args, Subcommand};
use toolgate::access::identity::KeyHasher;
use toolgate::config::{Config, SETTINGS, json_schema, load};
use toolgate::ports::Settings;

use crate::failure::Failure;
use crate::workspace::Workspace;
use crate::{machine, say};

/// The `config` subcommand.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Report every fault of a configuration, with its line. The environment supplies the settings.
    Check {
        /// The document; the repository's `toolgate.toml` unless given.
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of `toolgate.toml`.
    Schema,
    /// Print the table of settings that the documentation shows.
    Settings,
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure`]; for `check`, every fault found.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Check { file } => {
            let file = file.clone().map_or_else(default_document, Ok)?;
            let checked = check(&file, &BTreeMap::new())?;
            report_notices(&checked);
            say::step(&format!("{} is without fault", file.display()));
            Ok(())
        }
        Command::Schema => {
            say::output(&schema());
            Ok(())
        }
        Command::Settings => {
            say::output(&settings_table());
            Ok(())
        }
    }
}

fn default_document() -> Result<PathBuf, Failure> {
    Ok(Workspace::find()?.root.join("toolgate.toml"))
}

/// A configuration without faults, and the settings that it took. No `Debug`: they hold secrets.
pub struct Checked {
    /// The configuration.
    pub config: Config,
    /// Hashes keys as the configuration's are.
    pub hasher: KeyHasher,
    /// Every setting that the configuration asked for and that is set.
    pub settings: BTreeMap<String, String>,
}

/// Reads the document in `file` as the gateway will, with settings from the environment, else from `defaults`.
///
/// # Errors
/// Every fault, a line each.
pub fn check(file: &Path, defaults: &BTreeMap<String, String>) -> Result<Checked, Failure> {
    let document = fs::read_to_string(file).map_err(Failure::file(file))?;
    let host = Here { defaults, taken: RefCell::default() };
    // The hashes of a check are compared with nothing that outlives it, so nothing depends on this key.
    let loaded = ready(load(&document, &host, [0; 32])).map_err(|faults| {
        let mut text = format!("{} has {} fault(s):", file.display(), faults.len());
        for fault in faults {
            text.push_str("\n  ");
            text.push_str(&fault.to_string());
        }
        Failure::new(text)
    })?;
    Ok(Checked { config: loaded.config, hasher: loaded.hashers.current().clone(), settings: host.taken.into_inner() })
}

/// Prints the notices: settings that were clamped or have no effect.
pub fn report_notices(checked: &Checked) {
    for notice in &checked.config.notices {
        say::step(&format!("{}: {} ({})", notice.setting, notice.message, notice.name));
    }
}

/// The settings of this machine, with a note of those that were taken.
struct Here<'d> {
    defaults: &'d BTreeMap<String, String>,
    taken: RefCell<BTreeMap<String, String>>,
}

impl Settings for Here<'_> {
    async fn get(&self, name: &str) -> Option<String> {
        let value = machine::variable(name).or_else(|| self.defaults.get(name).cloned())?;
        self.taken.borrow_mut().insert(name.to_owned(), value.clone());
        Some(value)
    }
}

/// Runs a future that waits for nothing: [`Here`] always has its answer.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Returns the JSON Schema of `toolgate.toml`, as it is committed.
#[must_use]
pub fn schema() -> String {
    format!("{:#}", json_schema())
}

/// Returns the table of settings, in Markdown.
#[must_use]
pub fn settings_table() -> String {
    let mut table = "| setting | what it became |\n|---|---|".to_owned();
    for setting in SETTINGS {
        // Writing to a string cannot fail.
        let _ok = write!(table, "\n| `{}` | {} |", setting.name, setting.became);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("toolgate-config-{}-{name}.toml", std::process::id()));
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let path = document("faults", "[cache]\nttl = \"soon\"\nmemroy = \"1MiB\"\n\n[execute]\ntimeout = \"2h\"\n");
        let told = check(&path, &BTreeMap::new()).err().unwrap().to_string();
        fs::remove_file(&path).unwrap();
        for part in [
            "5 fault(s)",
            "executors: is missing",
            "line 2: cache.ttl",
            "line 3: cache.memroy",
            "line 6: execute.timeout",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn settings_that_the_document_names_are_taken_and_no_others() {
        let path = document(
            "settings",
            "callers = []\n[[executors]]\nid = \"e\"\nkind = \"engine\"\nbase_url = \"https://e.example\"\n\
             credential_setting = \"TOOLGATE_TEST_CREDENTIAL\"\n",
        );
        let given = ["TOOLGATE_TEST_CREDENTIAL", "TOOLGATE_TEST_OTHER"].map(|name| (name.to_owned(), "x".to_owned()));
        let checked = check(&path, &BTreeMap::from(given)).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(checked.settings.contains_key("TOOLGATE_TEST_CREDENTIAL"));
        assert!(!checked.settings.contains_key("TOOLGATE_TEST_OTHER"));
    }
}
