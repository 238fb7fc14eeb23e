//! The local Calc tools against the same tools on a real worker, which calculate with Python's `decimal`.
//!
//! `against_the_real_worker` needs a worker (see [`Worker::find`]) and fails without one. `TOOLGATE_SEED` picks other calls.
#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking, and says what it compared"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toolgate::tools;
use toolgate_differential::worker::Worker;
use toolgate_differential::{Answer, Case};

/// Calls sent to the worker.
const CALLS: u64 = 12_000;
/// Connections that send them; the worker answers one call at a time anyway.
const LANES: usize = 4;
/// The least share of calls that must have a value, in a hundred: or the generator only tests refusals.
const VALUES_PERCENT: usize = 55;

#[expect(clippy::disallowed_methods, reason = "a test takes its surroundings from the environment")]
fn seed() -> u64 {
    std::env::var("TOOLGATE_SEED").map_or(1, |seed| seed.parse().expect("TOOLGATE_SEED is a number"))
}

#[tokio::test]
async fn against_the_real_worker() {
    let worker = Worker::find().unwrap();
    worker.ready().await.unwrap();
    let cases: Vec<Case> = (0..CALLS).map(|index| Case::generate(seed(), index)).collect();
    let lanes: Vec<&[Case]> = cases.chunks(cases.len().div_ceil(LANES)).collect();
    let [a, b, c, d] = <[&[Case]; LANES]>::try_from(lanes).unwrap();
    let (a, b, c, d) = tokio::join!(worker.answers(a), worker.answers(b), worker.answers(c), worker.answers(d));
    let answers = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()].concat();

    let (mut values, mut faults, mut different) = (0, BTreeMap::<String, usize>::new(), Vec::new());
    for (case, theirs) in cases.iter().zip(&answers) {
        let ours = Answer::local(case);
        match ours.fault() {
            Some(fault) => *faults.entry(fault.to_owned()).or_default() += 1,
            None => values += 1,
        }
        if !ours.agrees_with(theirs, case) {
            different.push(format!("{} {}\n  ours   {ours:?}\n  theirs {theirs:?}", case.tool, case.inputs));
        }
    }
    println!("{} calls: {values} values, faults {faults:?}", answers.len());
    let shown: Vec<_> = different.iter().take(30).map(String::as_str).collect();
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), shown.join("\n"));
    assert_eq!(answers.len(), cases.len());
    assert!(values * 100 >= cases.len() * VALUES_PERCENT, "{values} of {} calls have a value", cases.len());
    // Every fault there is, and the input that does not fit.
    assert_eq!(faults.len(), 25, "{faults:?}");
}

#[tokio::test]
async fn the_worker_lists_the_same_definitions() {
    let worker = Worker::find().unwrap();
    worker.ready().await.unwrap();
    let listed: Vec<Value> = serde_json::from_slice(&worker.tools().await.unwrap()).unwrap();
    let theirs: Vec<String> =
        listed.iter().filter(|tool| tool["toolkit"]["name"] == "Calc").map(Value::to_string).collect();
    let ours: Vec<String> = tools::toolkits()[0]
        .tools
        .iter()
        .map(|tool| {
            let mut out = Vec::new();
            tool.write_definition(&mut out);
            String::from_utf8(out).unwrap()
        })
        .collect();
    assert_eq!(ours, theirs);
    let generated: BTreeSet<String> = (0..20).map(|index| Case::generate(1, index).tool).collect();
    assert_eq!(generated.len(), ours.len(), "calls are generated for every tool");
}

#[test]
fn no_input_panics() {
    for index in 0..40_000 {
        let case = Case::generate(seed() ^ 0x5eed, index);
        if let Answer::Value(value) = Answer::local(&case) {
            assert!(value.len() <= 3_000, "{case:?} has an answer of {} bytes", value.len());
        }
    }
}
