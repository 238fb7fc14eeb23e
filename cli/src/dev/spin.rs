//! The server for Spin: `spin up` where Spin is installed, else the repository's test host.

use std::fs;
use std::process::{Command, Stdio};

use super::Session;
use crate::command;
use crate::failure::Failure;
use crate::group::Group;
use crate::say;
use crate::workspace::{RUSTUP_REMEDY, Workspace};

const MANIFEST: &str = "spin.toml";

/// Starts the application of `spin.toml`, its variables in the environment: an argument could be read by every user of the
/// machine.
pub(super) fn start(session: &Session) -> Result<Group, Failure> {
    let root = &session.workspace.root;
    let mut server = program(&session.workspace)?;
    server.args(["--from", MANIFEST, "--listen", &format!("127.0.0.1:{}", session.port)]);
    let declared = declared_variables(&session.workspace)?;
    for (name, value) in &session.checked.settings {
        if declared.contains(&name.to_lowercase()) {
            server.env(format!("SPIN_VARIABLE_{name}"), value);
        } else {
            say::step(&format!("{name} stays unseen: {MANIFEST} declares no variable {}", name.to_lowercase()));
        }
    }
    server.current_dir(root).stdin(Stdio::null());
    Ok(Group::start(&mut server, RUSTUP_REMEDY)?)
}

/// `spin up`, or the test host, which is built first.
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

/// Another program has the same name: only Spin's says `spin 4.1.0 (...)`.
fn is_spin_installed() -> bool {
    let output = Command::new("spin").arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"spin "))
}

/// The variables of the application; Spin gives a component no others.
fn declared_variables(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let path = workspace.root.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let manifest: toml::Table = text.parse().map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let variables = manifest.get("variables").and_then(toml::Value::as_table);
    Ok(variables.into_iter().flat_map(toml::Table::keys).cloned().collect())
}
