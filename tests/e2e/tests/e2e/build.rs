//! The modules under test, built with the tests' own configuration document.
//!
//! The Worker is the release module, whose document is bundled beside it; the Spin component has its document compiled in
//! and is built with the profile `dev-wasm`, so that the release component of the build stays what it is.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// What was built.
pub(crate) struct Built {
    /// The port of the Arcade worker, which stands in the document.
    pub worker_port: u16,
    /// The port of the issuer of tokens, which stands there too.
    pub issuer_port: u16,
}

/// Built once for each run of the tests; takes seconds when nothing has changed.
pub(crate) static BUILT: LazyLock<Built> = LazyLock::new(|| {
    let directory = Built::directory();
    fs::create_dir_all(&directory).unwrap();
    let worker_port = kept_port(&directory.join("worker-port"));
    let issuer_port = kept_port(&directory.join("issuer-port"));
    let document = include_str!("../../toolgate.toml")
        .replace("WORKER_PORT", &worker_port.to_string())
        .replace("ISSUER_PORT", &issuer_port.to_string());
    let path = directory.join("toolgate.toml");
    if fs::read_to_string(&path).ok().as_ref() != Some(&document) {
        fs::write(&path, document).unwrap();
    }
    build(&path, &["cloudflare", "--release"], &directory.join("cloudflare"));
    build(&path, &["spin", "--dev"], &directory.join("spin"));
    Built { worker_port, issuer_port }
});

impl Built {
    /// Where everything of these tests lies.
    pub(crate) fn directory() -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e")
    }
}

fn build(document: &Path, what: &[&str], output: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "toolgate-cli", "--bin", "toolgate", "--", "build"]).args(what);
    cargo.arg("--output").arg(output).env("TOOLGATE_CONFIG", document).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{what:?} is not built: {}", String::from_utf8_lossy(&output.stderr));
}

/// The port of an earlier run while it is free: another would mean another document, and so another build.
fn kept_port(file: &Path) -> u16 {
    let kept = fs::read_to_string(file).ok().and_then(|text| text.parse().ok());
    let port = kept.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap_or_else(free_port);
    fs::write(file, port.to_string()).unwrap();
    port
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}

/// The variables that the document names.
const VARIABLES: [&str; 2] = ["e2e_worker_secret", "e2e_issuer_secret"];

/// The repository's `spin.toml` with the component under test and the variables that its document names.
pub(crate) fn spin_manifest(has_sqlite: bool) -> String {
    let original = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml")).unwrap();
    let component = Built::directory().join("spin/toolgate.wasm");
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
    assert_eq!(manifest.contains("sqlite_databases"), has_sqlite, "spin.toml has another shape now");
    for name in VARIABLES {
        assert_eq!(manifest.matches(name).count(), 3, "spin.toml has another shape now");
    }
    manifest
}
