//! The architecture's rules about who may know whom: see ARCHITECTURE.md.

use crate::{files, read};

/// The SDKs of the platforms, and the only members that may name them.
const SDKS: [(&str, &[&str]); 2] =
    [("worker", &["functions/cloudflare"]), ("spin-sdk", &["functions/spin", "tests/spin-host/fixture"])];

/// The table of executor kinds: the only file of the product that tells kinds apart.
const KINDS: &str = "core/src/backends.rs";

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

/// Returns the places in a text where a kind of executor is named, or the type gets another name or methods.
fn kinds_named(text: &str) -> Vec<&str> {
    let forms = ["ExecutorKind::", "ExecutorKind as ", "impl ExecutorKind", "for ExecutorKind", "= ExecutorKind;"];
    text.lines().map(str::trim).filter(|line| forms.iter().any(|form| line.contains(form))).collect()
}

#[test]
fn only_the_table_tells_kinds_of_executors_apart() {
    let products = ["core/src", "cli/src", "functions/cloudflare/src", "functions/spin/src"];
    let files: Vec<String> = products.iter().flat_map(|product| files(product, &[".rs"])).collect();
    assert!(files.iter().any(|file| file == KINDS), "not all was looked at");
    for file in files.iter().filter(|file| *file != KINDS && !file.ends_with("_tests.rs")) {
        let text = code(&read(file));
        let found = kinds_named(&text);
        assert!(found.is_empty(), "{file} tells kinds apart: give it a trait in {KINDS} instead: {found:#?}");
    }
    assert!(!kinds_named(&code(&read(KINDS))).is_empty(), "{KINDS} names no kind");
}

#[test]
fn a_kind_that_is_named_is_found() {
    let text = "use crate::backends::ExecutorKind;\nmatch kind {\n    ExecutorKind::Engine => 1,\n}\n";
    assert_eq!(kinds_named(text), ["ExecutorKind::Engine => 1,"]);
    assert_eq!(
        kinds_named("use crate::backends::ExecutorKind as Kind;"),
        ["use crate::backends::ExecutorKind as Kind;"]
    );
}
