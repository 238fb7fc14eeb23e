//! The architecture's rules about who may know whom: see ARCHITECTURE.md.

use crate::{files, read};

/// The SDKs of the platforms, and the only members that may name them.
const SDKS: [(&str, &[&str]); 2] =
    [("worker", &["functions/cloudflare"]), ("spin-sdk", &["functions/spin", "tests/spin-host/fixture"])];

/// The modules of the core, without their tests: name and text.
fn core() -> Vec<(String, String)> {
    let name = |file: &String| file.strip_prefix("core/src/").unwrap().strip_suffix(".rs").unwrap().to_owned();
    let modules = files("core/src", &[".rs"]).into_iter().filter(|file| !file.ends_with("_tests.rs"));
    modules.map(|file| (name(&file), code(&read(&file)))).collect()
}

/// The text without comments.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn tools_and_states_know_no_port() {
    for (name, text) in core() {
        let is_pure = name.starts_with("tools/") || name.starts_with("state/");
        assert!(!is_pure || !text.contains("crate::ports"), "{name} names a port");
    }
}

#[test]
fn a_port_has_the_same_file_everywhere() {
    for file in files("core/src/ports", &[".rs"]) {
        let port = file.strip_prefix("core/src/ports/").unwrap();
        for place in ["functions/cloudflare/src", "functions/spin/src", "tests/simulation/src/world"] {
            assert!(crate::root().join(place).join(port).is_file(), "{place}/{port} is missing");
        }
    }
}

#[test]
fn a_platforms_sdk_stays_in_its_function() {
    for manifest in files(".", &["Cargo.toml"]) {
        let table: toml::Table = read(&manifest).parse().unwrap();
        let dependencies =
            table.get("dependencies").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        for dependency in dependencies {
            if let Some((_, homes)) = SDKS.iter().find(|(sdk, _)| sdk == dependency) {
                let home = manifest.trim_end_matches("/Cargo.toml");
                assert!(homes.contains(&home), "{manifest} depends on {dependency}");
            }
        }
    }
}
