//! The architecture's rules about who may know whom: see ARCHITECTURE.md.

use std::collections::BTreeSet;

use crate::{files, read};

/// Modules of values that cannot be wrong: they import nothing else of the core.
const WORDS: &[&str] = &["action", "cbor", "hex", "json", "limits", "names", "nearest", "schema", "secret", "time"];

/// All files of the core that wait for something. Everything else decides from what it is given, and can be tested as such.
const DRIVERS: &[&str] = &[
    "bulkhead",
    "cache/driver",
    "cache/flight/driver",
    "cache/inspect",
    "cache/reach",
    "cache/table",
    "circuits/driver",
    "config/prepared",
    "engine_call",
    "epochs",
    "execute",
    "execute/attempt",
    "execute/attempts",
    "execute/engine",
    "execute/pass",
    "execute/race",
    "execute/worker",
    "gateway",
    "idempotency",
    "identity/driver",
    "identity/keys/driver",
    "listing",
    "identity/issued",
    "own",
    "own/cache_route",
    "own/epochs_route",
    "own/keys_route",
    "own/worker_route",
    "rate",
    "record/explain",
    "record/metrics",
    "registry/discover",
    "registry/driver",
    "state",
    "tool_call",
    "tool_call/look",
    "tool_call/refresh",
    "tool_call/routing",
    "upstream/send",
    "warm",
    "ports",
];

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

/// The modules at the top of the crate that `text` names.
fn imports(text: &str) -> BTreeSet<&str> {
    let after = text.split("crate::").skip(1);
    after.map(|rest| rest.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next().unwrap()).collect()
}

#[test]
fn only_drivers_wait() {
    let waits = |text: &str| text.contains("async ") || text.contains(".await");
    let found: BTreeSet<String> = core().into_iter().filter(|(_, text)| waits(text)).map(|(name, _)| name).collect();
    let allowed = |name: &String| DRIVERS.contains(&name.as_str()) || name.starts_with("ports/");
    let surplus: Vec<&String> = found.iter().filter(|name| !allowed(name)).collect();
    assert!(surplus.is_empty(), "these wait and are no drivers: {surplus:?}");
    let idle: Vec<&&str> = DRIVERS.iter().filter(|name| !found.contains(**name) && **name != "ports").collect();
    assert!(idle.is_empty(), "these are called drivers and wait for nothing: {idle:?}");
}

#[test]
fn words_know_only_words() {
    for (name, text) in core() {
        let top = name.split('/').next().unwrap();
        if WORDS.contains(&top) {
            let others: Vec<&str> = imports(&text).into_iter().filter(|module| !WORDS.contains(module)).collect();
            assert!(others.is_empty(), "{name} imports {others:?}");
        }
    }
}

#[test]
fn tools_and_states_know_no_port() {
    for (name, text) in core() {
        let is_pure = name.starts_with("tools/") || name.starts_with("state/");
        assert!(!is_pure || !imports(&text).contains("ports"), "{name} names a port");
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
