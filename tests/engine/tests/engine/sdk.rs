//! The official SDKs against the stand-in alone; and the drivers themselves against answers that are wrong on purpose.

use serde_json::{Value, json};
use toolgate_engine::Options;

use crate::support::{SECRET, ask, drive, engine, spoil};

#[test]
fn both_sdks_pass_all_their_calls_alone() {
    let served = Options {
        replay: true,
        prefix: Some("/arcade".to_owned()),
        serve_worker_secret: Some(SECRET.to_owned()),
        ..Options::default()
    };
    let engine = engine(served);
    let base = engine.base_url();
    let arguments = ["--prefix", "/arcade", "--worker-url", base, "--worker-secret", SECRET];
    for (sdk, report) in drive(base, &arguments) {
        assert!(report.failed.is_empty(), "{sdk}: {:#?}", report.failed);
        assert!(report.passed >= 120, "{sdk}: only {} checks ran", report.passed);
    }
}

/// A forged answer, and the checks that must notice it.
#[derive(serde::Deserialize)]
struct Forgery {
    rule: Value,
    noticed: Vec<String>,
}

#[test]
fn the_drivers_notice_wrong_answers() {
    let engine = engine(Options::default());
    let forgeries: Vec<Forgery> = serde_json::from_str(include_str!("forgeries.json")).unwrap();
    let rules = forgeries.iter().map(|forgery| forgery.rule.clone());
    spoil(engine.base_url(), &rules.collect());
    for (sdk, report) in drive(engine.base_url(), &[]) {
        let failed: Vec<&str> = report.failed.iter().map(|(name, _)| name.as_str()).collect();
        for name in forgeries.iter().flat_map(|forgery| &forgery.noticed) {
            assert!(failed.contains(&name.as_str()), "{sdk}: a wrong answer passes {name:?}");
        }
        assert!(report.passed >= 60, "{sdk}: what was not forged fails too: {failed:?}");
    }
}

#[test]
fn the_drivers_notice_gateway_headers_and_a_buffered_stream() {
    let engine = engine(Options::default());
    let changed = ask(engine.base_url(), "PATCH", "/_control/settings", Some(&json!({"chat_chunk_ms": 0})));
    assert_eq!(changed.status, 200, "{changed:?}");
    for (sdk, report) in drive(engine.base_url(), &["--mode", "gateway"]) {
        let failed: Vec<&str> = report.failed.iter().map(|(name, _)| name.as_str()).collect();
        for name in [
            "raw response",
            "wrong key",
            "execute headers",
            "the gateway's own errors name their request",
            "chat streamed",
            "execute once for one idempotency key",
        ] {
            assert!(failed.contains(&name), "{sdk}: {name:?} passes without a gateway");
        }
    }
}
