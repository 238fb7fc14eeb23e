//! The modules under test, built with the tests' own configuration document.
//!
//! Both are the release, compiled once: the build writes each document into what the compiler made.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A configuration document under test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Document {
    /// `toolgate.toml`: everything as most deployments have it.
    Usual,
    /// `routing.toml`: two workers that do the same, and circuits that open as they do by default.
    Routing,
}

/// The ports that stand in the documents, chosen when there was first something to build.
pub(crate) struct Ports {
    /// Of the Arcade worker.
    pub worker: u16,
    /// Of the issuer of tokens.
    pub issuer: u16,
    /// Of the two workers that do the same.
    pub near: u16,
    pub far: u16,
}

pub(crate) static PORTS: LazyLock<Ports> = LazyLock::new(|| {
    fs::create_dir_all(directory()).unwrap();
    Ports { worker: kept_port("worker"), issuer: kept_port("issuer"), near: kept_port("near"), far: kept_port("far") }
});

/// Built once for each run of the tests; takes seconds when nothing has changed.
static USUAL: LazyLock<()> = LazyLock::new(|| build(Document::Usual, include_str!("../../toolgate.toml")));
static ROUTING: LazyLock<()> = LazyLock::new(|| build(Document::Routing, include_str!("../../routing.toml")));

impl Document {
    /// Builds both modules with it, unless that was done.
    pub(crate) fn ensure(self) {
        match self {
            Self::Usual => *USUAL,
            Self::Routing => *ROUTING,
        }
    }

    /// Returns the directory of the Worker.
    pub(crate) fn worker(self) -> PathBuf {
        self.directory().join("cloudflare")
    }

    /// Returns the path of the Spin component.
    fn component(self) -> PathBuf {
        self.directory().join("spin")
    }

    fn directory(self) -> PathBuf {
        directory().join(format!("{self:?}"))
    }
}

/// Returns the directory for everything of these tests.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e")
}

fn build(which: Document, text: &str) {
    let ports = &*PORTS;
    let places = [
        ("WORKER_PORT", ports.worker),
        ("ISSUER_PORT", ports.issuer),
        ("NEAR_PORT", ports.near),
        ("FAR_PORT", ports.far),
    ];
    let text = places.into_iter().fold(text.to_owned(), |text, (place, port)| text.replace(place, &port.to_string()));
    fs::create_dir_all(which.directory()).unwrap();
    let path = which.directory().join("toolgate.toml");
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::write(&path, text).unwrap();
    }
    run_build(&path, "cloudflare", &which.worker());
    run_build(&path, "spin", &which.component());
}

/// Runs the command line's build: of the program that the gate names, else by cargo.
fn run_build(document: &Path, platform: &str, output: &Path) {
    let program = std::env::var_os("TOOLGATE_PROGRAM");
    let by_cargo = ["run", "--quiet", "--package", "toolgate-cli", "--bin", "toolgate", "--"];
    let mut build = Command::new(program.as_deref().unwrap_or(env!("CARGO").as_ref()));
    build.args(by_cargo.iter().filter(|_| program.is_none())).args(["build", platform, "--release", "--output"]);
    build.arg(output).env("TOOLGATE_CONFIG", document).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = build.output().unwrap();
    assert!(output.status.success(), "{platform} is not built: {}", String::from_utf8_lossy(&output.stderr));
}

/// The port of an earlier run while it is free: another would mean another document, and so another build.
fn kept_port(of: &str) -> u16 {
    let file = directory().join(format!("{of}-port"));
    let kept = fs::read_to_string(&file).ok().and_then(|text| text.parse().ok());
    let port = kept.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap_or_else(free_port);
    fs::write(file, port.to_string()).unwrap();
    port
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}

/// The variables that the document names.
const VARIABLES: [&str; 2] = ["e2e_worker_secret", "e2e_issuer_secret"];

/// The repository's `spin.dev.toml` with the component under test and the variables that its document names.
pub(crate) fn spin_manifest(document: Document, has_sqlite: bool) -> String {
    let original = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.dev.toml")).unwrap();
    let component = document.component().join("toolgate.wasm");
    let mut manifest = String::new();
    for line in original.lines().filter(|line| has_sqlite || !line.starts_with("sqlite_databases")) {
        match line {
            "[variables]" => {
                manifest.push_str(line);
                VARIABLES.iter().for_each(|name| {
                    manifest.push_str(&format!("\n{name} = {{ default = \"\", secret = true }}"));
                });
            }
            "[component.toolgate.variables]" => {
                manifest.push_str(line);
                VARIABLES.iter().for_each(|name| manifest.push_str(&format!("\n{name} = \"{{{{ {name} }}}}\"")));
            }
            _ if line.starts_with("source = ") => manifest.push_str(&format!("source = \"{}\"", component.display())),
            _ => manifest.push_str(line),
        }
        manifest.push('\n');
    }
    assert_eq!(manifest.contains("sqlite_databases"), has_sqlite, "spin.dev.toml has another shape now");
    for name in VARIABLES {
        assert_eq!(manifest.matches(name).count(), 3, "spin.dev.toml has another shape now");
    }
    manifest
}
