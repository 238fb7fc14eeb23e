//! Documents that repeat what the code knows say the same.

use std::collections::BTreeMap;

use toolgate_cli::config;

use crate::{read, root};

#[test]
fn the_committed_schema_is_the_generated_one() {
    assert!(
        read("docs/toolgate.schema.json").trim_end() == config::schema(),
        "write it anew: cargo toolgate config schema > docs/toolgate.schema.json"
    );
}

#[test]
fn the_documented_settings_are_those_that_are_read() {
    assert!(
        read("docs/configuration.md").contains(&config::settings_table()),
        "put the output of `cargo toolgate config settings` in place of the table in docs/configuration.md"
    );
}

#[test]
fn the_default_configuration_is_without_fault() {
    let checked = config::check(&root().join("toolgate.toml"), &BTreeMap::new());
    assert!(checked.is_ok(), "{}", checked.err().unwrap());
}

#[test]
fn both_platforms_take_the_same_document_and_every_setting() {
    let manifest: toml::Table = read("spin.toml").parse().unwrap();
    let variables = manifest["variables"].as_table().unwrap();
    let passed = manifest["component"]["toolgate"]["variables"].as_table().unwrap();
    for setting in toolgate::config::SETTINGS {
        let name = setting.name.to_lowercase();
        // What has no effect on the edge is reported where it can be set, which is not on Spin.
        if !setting.became.starts_with("no effect") {
            assert!(variables.contains_key(&name) && passed.contains_key(&name), "spin.toml does not pass {name}");
        }
    }
}
