//! Both official SDKs make all their calls through the gateway, on both platforms.

use std::process::Command;

use serde_json::Value;
use toolgate_engine::Options;

use crate::clock::setting;
use crate::world::{BOTH, DEVELOPER, World, in_tests};

#[test]
fn both_sdks_make_all_their_calls_on_both_platforms() {
    let mut faults = Vec::new();
    for platform in BOTH {
        let world = World::with(platform, "sdk", Options::default(), &[]);
        let mut python = Command::new(setting("TOOLGATE_PYTHON"));
        python.arg(in_tests("sdk/python/drive.py"));
        let mut node = Command::new("node");
        node.arg(in_tests("sdk/js/drive.mjs"));
        for (sdk, command) in [("arcadepy", python), ("arcadejs", node)] {
            let (passed, failed) = drive(command, world.url());
            println!("{sdk} on {platform:?}: {passed} passed, {} failed", failed.len());
            if passed < 120 {
                faults.push(format!("{sdk} on {platform:?}: only {passed} checks passed"));
            }
            faults.extend(failed.into_iter().map(|fault| format!("{sdk} on {platform:?}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Returns the number of checks that passed, and the reasons of those that failed.
fn drive(mut command: Command, base: &str) -> (usize, Vec<String>) {
    command.args([base, DEVELOPER, "--mode", "gateway", "--calc"]);
    let output = command.output().unwrap_or_else(|fault| panic!("{command:?} does not start: {fault}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let (passed, failed): (Vec<Value>, Vec<Value>) = lines.partition(|line| line["ok"] == true);
    let closing = format!("{} passed, {} failed", passed.len(), failed.len());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.lines().last(), Some(closing.as_str()), "the driver ended early: {errors}");
    (passed.len(), failed.iter().map(|line| format!("{}: {}", line["check"], line["detail"])).collect())
}
