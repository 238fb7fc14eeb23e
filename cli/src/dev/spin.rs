//! The server for Spin: `spin up` where Spin is installed, else the repository's test host.

use std::fs;
use std::process::{Command, Stdio};

use super::Session;
use crate::failure::Failure;
use crate::group::Group;
use crate::workspace::{RUSTUP_REMEDY, Workspace};
use crate::{command, say};

/// The manifest that allows calls to this machine.
const MANIFEST: &str = "spin.dev.toml";
/// The one setting that the manifest also takes as an allowed host.
const BASE_URL: &str = "ARCADE_BASE_URL";

/// Starts the application of the manifest, its variables in the environment: an argument could be read by every user of
/// the machine.
pub(super) fn start(session: &Session) -> Result<Group, Failure> {
    let root = &session.workspace.root;
    let mut server = program(&session.workspace)?;
    server.args(["--from", MANIFEST, "--listen", &format!("127.0.0.1:{}", session.port)]);
    let declared = declared_variables(&session.workspace)?;
    for (name, value) in &session.checked.settings {
        let value = if name == BASE_URL { base_url(value) } else { value };
        if declared.contains(&name.to_lowercase()) {
            server.env(format!("SPIN_VARIABLE_{name}"), value);
        } else {
            say::step(&format!("{name} stays unseen: {MANIFEST} declares no variable {}", name.to_lowercase()));
        }
    }
    server.current_dir(root).stdin(Stdio::null());
    Ok(Group::start(&mut server, RUSTUP_REMEDY)?)
}

/// Returns `spin up`, or the test host, which is built first.
fn program(workspace: &Workspace) -> Result<Command, Failure> {
    if is_spin_installed() {
        let mut spin = Command::new("spin");
        spin.arg("up");
        return Ok(spin);
    }
    let host = workspace.target.join("host/toolgate-spin-host");
    if !host.is_file() {
        say::step("`spin` is not installed: building the repository's test host instead (once; some minutes)");
    }
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "toolgate-spin-host", "--profile", "host"]);
    command::run(&mut cargo, RUSTUP_REMEDY)?;
    Ok(Command::new(host))
}

/// Returns true if Spin is installed: another program has the same name, and only Spin's says `spin 4.1.0 (...)`.
fn is_spin_installed() -> bool {
    let output = Command::new("spin").arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"spin "))
}

/// Returns the address without the `/v1` that people paste with it, which the gateway ignores. Any other path is
/// reported as Spin would with the first call.
fn base_url(value: &str) -> &str {
    let value = value.trim_end_matches('/');
    let value = value.strip_suffix("/v1").unwrap_or(value);
    if value.split_once("://").is_some_and(|(_, rest)| rest.contains('/')) {
        say::failure(&format!(
            "{BASE_URL} has a path, and {MANIFEST} allows its value as an outbound host, which may have none: Spin will refuse \
             every outbound call. Unset it, and write the address as `base_url` into the configuration and its host into \
             `allowed_outbound_hosts`."
        ));
    }
    value
}

/// Returns the variables of the application; Spin gives a component no others.
fn declared_variables(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let path = workspace.root.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let manifest: toml::Table = text.parse().map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let variables = manifest.get("variables").and_then(toml::Value::as_table);
    Ok(variables.into_iter().flat_map(toml::Table::keys).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_without_what_people_paste_with_it() {
        for (value, expected) in [
            ("https://engine.example.com", "https://engine.example.com"),
            ("https://engine.example.com/", "https://engine.example.com"),
            ("http://127.0.0.1:9099/v1", "http://127.0.0.1:9099"),
            ("http://127.0.0.1:9099/v1/", "http://127.0.0.1:9099"),
            ("https://engine.example.com/arcade", "https://engine.example.com/arcade"),
        ] {
            assert_eq!(base_url(value), expected, "{value}");
        }
    }
}
