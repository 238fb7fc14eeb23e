//! The local Math tools against Arcade's own.
//!
//! `against_the_real_worker` needs a worker (see [`Worker::find`]) and fails without one; with `TOOLGATE_RECORD_GOLDEN=1` it
//! also writes `golden.json` and `tools.json`, which `golden` replays without one. `TOOLGATE_SEED` picks other calls.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it compared"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toolgate::tools;
use toolgate_differential::worker::Worker;
use toolgate_differential::{Answer, Case};

/// Calls sent to the worker.
const CALLS: u64 = 10_350;
/// Connections that send them; the worker answers one call at a time anyway.
const LANES: usize = 4;
/// The most calls in a hundred that our limits may refuse.
const REFUSED_PERCENT: usize = 1;

#[expect(clippy::disallowed_methods, reason = "a test takes its surroundings from the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn seed() -> u64 {
    setting("TOOLGATE_SEED").map_or(1, |seed| seed.parse().expect("TOOLGATE_SEED is a number"))
}

fn recorded(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

#[derive(Serialize, Deserialize)]
struct Recorded {
    #[serde(flatten)]
    case: Case,
    answer: Answer,
}

/// What came of a comparison.
#[derive(Default)]
struct Tally {
    equal: usize,
    refused: BTreeMap<String, usize>,
    different: Vec<String>,
}

impl Tally {
    fn add(&mut self, case: &Case, theirs: &Answer) {
        let ours = Answer::local(case);
        if let Some(limit) = ours.limit() {
            *self.refused.entry(limit.to_owned()).or_default() += 1;
        } else if ours.agrees_with(theirs, case) {
            self.equal += 1;
        } else {
            self.different.push(format!("{} {}\n  ours   {ours:?}\n  theirs {theirs:?}", case.tool, case.inputs));
        }
    }

    fn check(&self, calls: usize) {
        let refused: usize = self.refused.values().sum();
        println!("{} equal, {refused} refused by our limits {:?}", self.equal, self.refused);
        let shown: Vec<_> = self.different.iter().take(30).map(String::as_str).collect();
        assert!(self.different.is_empty(), "{} differ:\n{}", self.different.len(), shown.join("\n"));
        assert!(refused * 100 <= calls * REFUSED_PERCENT, "{refused} of {calls} refused: {:?}", self.refused);
        assert_eq!(self.equal + refused, calls);
    }
}

#[tokio::test]
async fn against_the_real_worker() {
    let worker = Worker::find().unwrap();
    worker.ready().await.unwrap();
    let tools = String::from_utf8(worker.tools().await.unwrap()).unwrap();
    assert_eq!(tools, definitions());

    // Random calls share the worker's one sequence: alone, or a seed would not fix what follows it.
    let cases: Vec<Case> = (0..CALLS).map(|index| Case::generate(seed(), index)).collect();
    let (random, rest): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(Case::is_random);
    let lanes: Vec<&[Case]> = rest.chunks(rest.len().div_ceil(LANES)).collect();
    let [a, b, c, d] = <[&[Case]; LANES]>::try_from(lanes).unwrap();
    let (a_, b_, c_, d_) = tokio::join!(worker.answers(a), worker.answers(b), worker.answers(c), worker.answers(d));
    let random_answers = worker.answers(&random).await.unwrap();
    let answers = [a_.unwrap(), b_.unwrap(), c_.unwrap(), d_.unwrap(), random_answers].concat();

    let cases = [rest, random].concat();
    let mut tally = Tally::default();
    for (case, theirs) in cases.iter().zip(&answers) {
        tally.add(case, theirs);
    }
    tally.check(cases.len());
    if setting("TOOLGATE_RECORD_GOLDEN").is_some() {
        record(&cases, &answers);
        std::fs::write(recorded("tools.json"), tools).unwrap();
    }
}

/// Writes some three hundred short cases, one a line.
fn record(cases: &[Case], answers: &[Answer]) {
    let short = |(case, answer): &(&Case, &Answer)| {
        case.inputs.len() < 300 && !case.is_unseeded_random() && Answer::local(case) == **answer
    };
    let lines: Vec<String> = cases
        .iter()
        .zip(answers)
        .filter(short)
        .step_by(31)
        .map(|(case, answer)| serde_json::to_string(&Recorded { case: case.clone(), answer: answer.clone() }).unwrap())
        .collect();
    std::fs::write(recorded("golden.json"), format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
}

fn definitions() -> String {
    let mut out = vec![b'['];
    for (index, tool) in tools::toolkits()[0].tools.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        tool.write_definition(&mut out);
    }
    out.push(b']');
    String::from_utf8(out).unwrap()
}

#[test]
fn golden() {
    assert_eq!(std::fs::read_to_string(recorded("tools.json")).unwrap(), definitions());
    let calls: Vec<Recorded> = serde_json::from_slice(&std::fs::read(recorded("golden.json")).unwrap()).unwrap();
    assert!(calls.len() >= 300, "{} recorded calls", calls.len());
    let mut tally = Tally::default();
    for Recorded { case, answer } in &calls {
        tally.add(case, answer);
    }
    tally.check(calls.len());
    let tools: BTreeSet<_> = calls.iter().map(|call| call.case.tool.as_str()).collect();
    assert_eq!(tools.len(), 23);
}

#[test]
fn no_input_panics() {
    for index in 0..40_000 {
        let case = Case::generate(seed() ^ 0x5eed, index);
        let answer = Answer::local(&case);
        if let Answer::Value { value } = answer {
            assert!(value.len() <= 20_000, "{case:?} has an answer of {} bytes", value.len());
        }
    }
}
