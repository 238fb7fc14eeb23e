//! Documents that repeat what the code knows say the same.

use std::collections::BTreeMap;

use toolgate_cli::{config, policy};

use crate::{files, read, root};

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
    for file in ["spin.toml", "spin.dev.toml"] {
        let manifest: toml::Table = read(file).parse().unwrap();
        let variables = manifest["variables"].as_table().unwrap();
        let passed = manifest["component"]["toolgate"]["variables"].as_table().unwrap();
        for setting in toolgate::config::SETTINGS {
            let name = setting.name.to_lowercase();
            // What has no effect on the edge is reported where it can be set, which is not on Spin.
            if !setting.became.starts_with("no effect") {
                assert!(variables.contains_key(&name) && passed.contains_key(&name), "{file} does not pass {name}");
            }
        }
    }
}

/// Removes the list of outbound hosts from a Spin manifest and returns both.
fn without_hosts(file: &str) -> (toml::Table, Vec<String>) {
    let mut manifest: toml::Table = read(file).parse().unwrap();
    let component = manifest["component"]["toolgate"].as_table_mut().unwrap();
    let hosts = component.remove("allowed_outbound_hosts").unwrap();
    (manifest, hosts.as_array().unwrap().iter().map(|host| host.as_str().unwrap().to_owned()).collect())
}

#[test]
fn only_the_development_manifest_allows_calls_to_localhost() {
    let (shipped, hosts) = without_hosts("spin.toml");
    let (development, more_hosts) = without_hosts("spin.dev.toml");
    assert_eq!(shipped, development, "spin.dev.toml differs from spin.toml in more than its hosts");
    assert!(hosts.iter().all(|host| !host.contains("127.0.0.1") && !host.contains("localhost")), "{hosts:?}");
    let of_the_machine = ["http://127.0.0.1:*", "http://localhost:*"].map(str::to_owned);
    assert_eq!(more_hosts, [hosts.as_slice(), &of_the_machine].concat());
}

/// Returns the names of all bindings of one environment of `wrangler.toml`: kind and name, without what differs by deployment.
fn bindings(environment: &toml::Table) -> Vec<String> {
    let stores = ["kv_namespaces", "d1_databases"].iter().filter_map(|kind| environment.get(*kind)?.as_array());
    let stores = stores.flatten().map(|store| store["binding"].as_str().unwrap().to_owned());
    let owners = environment["durable_objects"]["bindings"].as_array().unwrap();
    stores.chain(owners.iter().map(|owner| format!("{owner:?}"))).collect()
}

#[test]
fn every_worker_environment_has_all_bindings_and_its_secret() {
    let top: toml::Table = read("wrangler.toml").parse().unwrap();
    assert!(top.get("secrets").is_none(), "`wrangler dev` would read no other setting from .dev.vars");
    for (name, environment) in top["env"].as_table().unwrap() {
        let environment = environment.as_table().unwrap();
        assert_eq!(bindings(environment), bindings(&top), "env.{name}");
        let required = environment["secrets"]["required"].as_array().unwrap();
        assert_eq!(required, &[toml::Value::from("TOOLGATE_KEY_HASH_SECRET")], "env.{name}");
    }
}

#[test]
fn tests_run_under_the_compatibility_date_of_the_deployment() {
    let top: toml::Table = read("wrangler.toml").parse().unwrap();
    let date = top["compatibility_date"].as_str().unwrap();
    let mut naming = Vec::new();
    for file in files(".", &[".mjs", ".py"]) {
        let text = read(&file);
        for rest in text.split("ompatibilityDate").skip(1) {
            let Some((_, value)) = rest.lines().next().unwrap_or_default().split_once('"') else { continue };
            assert!(value.starts_with(date), "{file} has another compatibility date than wrangler.toml, {date}");
            naming.push(file.clone());
        }
    }
    assert!(naming.len() > 4, "{naming:?}");
}

#[test]
fn the_committed_schema_of_policies_is_the_generated_one() {
    assert!(
        read("docs/policy.cedarschema.json").trim_end() == policy::schema::schema(),
        "write it anew: cargo toolgate policy schema > docs/policy.cedarschema.json"
    );
}

#[test]
fn the_example_policies_are_valid_and_decide_as_documented() {
    let rules = policy::Rules::read(&root().join("docs/examples/policies.toml")).unwrap();
    rules.validate().unwrap();
    let cases = policy::case::Cases::read(&root().join("docs/examples/policy-tests.toml")).unwrap();
    assert!(cases.requests.len() > 15);
    for case in &cases.requests {
        assert_eq!(case.check(&rules).unwrap(), None, "{:?}", case.name);
    }
}

#[test]
fn what_policies_change_is_told_with_requests_that_show_it() {
    let folder = std::env::temp_dir();
    let file = |name: &str, text: &str| {
        let file = folder.join(format!("toolgate-policy-{}-{name}.cedar", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let rules = policy::Rules::read(&file);
        std::fs::remove_file(&file).unwrap();
        rules
    };
    let limit = |most: u32| {
        let text = "permit (principal, action == Action::\"tools/call\", resource == Tool::\"Bank.Pay\") when { context.arguments.amount <= ";
        file("limit", &format!("{text}{most} }};")).unwrap()
    };
    let (old, new) = (limit(100), limit(50));
    let changed = policy::diff::compare(&old, &new, &policy::diff::generate(&old, &new)).unwrap();
    assert!(!changed.requests.is_empty());
    for case in &changed.requests {
        assert_eq!(case.check(&new).unwrap(), None);
        assert!(case.check(&old).unwrap().is_some(), "{case:?}");
    }
    let same = policy::diff::compare(&old, &old, &policy::diff::generate(&old, &old)).unwrap();
    assert!(same.requests.is_empty());
    let told =
        file("fault", "permit (principal, action, resource)\n  when { context.amount < };").unwrap_err().to_string();
    assert!(told.contains(".cedar:2:27: expected an expression"), "{told}");
    let wrong = file("schema", "permit (principal, action, resource)\n  when { context.uesr == \"x\" };").unwrap();
    let told = wrong.validate().unwrap_err().to_string();
    assert!(told.contains(":2:10: ") && told.contains("uesr"), "{told}");
}
