//! The same requests on workerd and on Spin give the same bytes, ids and times apart.

use std::collections::BTreeMap;

use serde_json::Value;
use toolgate_e2e::vectors::{self, Caller, Vector};
use toolgate_engine::Options;

use crate::http::{Answer, Ask};
use crate::normal::{Normal, normal};
use crate::world::{DEVELOPER, GOVERNED, KEYS_BEGIN, LISTER, NARROW, OPERATOR, Platform, STRANGER, THROTTLED, World};

/// One instance for the whole run, as workerd keeps one isolate: else what is in memory would differ.
const ONE_INSTANCE: [&str; 4] = ["--max-instance-reuse-count", "1000000", "--idle-instance-timeout", "900s"];

/// Consents that complete by themselves would make answers depend on time.
const NEVER_MS: u64 = 86_400_000;

#[test]
fn the_same_requests_give_the_same_bytes_on_both_platforms() {
    let vectors = vectors::all();
    let runs = [Platform::Workerd, Platform::Spin].map(|platform| Run::new(platform, &vectors));
    let mut faults = Vec::new();
    let mut successes = 0;
    for (place, vector) in vectors.iter().enumerate() {
        let [workerd, spin] = runs.each_ref().map(|run| normal(&run.answers[place], vector.counts));
        if workerd != spin {
            faults.push(difference(vector, &workerd, &spin));
        }
        if let Some(expected) = vector.outcome {
            for run in &runs {
                let fault = unexpected(expected, &run.answers[place]);
                faults.extend(fault.map(|fault| format!("{:?}: {}: {fault}", run.world.platform, vector.name)));
            }
        }
        successes += usize::from((200..300).contains(&workerd.status));
    }
    println!("{} vectors, {successes} successes, {} faults", vectors.len(), faults.len());
    runs.iter().for_each(|run| faults.extend(run.recorded()));
    runs.iter().for_each(|run| faults.extend(run.leaked()));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(60)].join("\n"));
    assert!(vectors.len() >= 1_000 && successes * 2 >= vectors.len(), "{successes} of {} are successes", vectors.len());
}

struct Run {
    world: World,
    answers: Vec<Answer>,
}

impl Run {
    fn new(platform: Platform, vectors: &[Vector]) -> Self {
        let engine = Options { authorize_after_ms: NEVER_MS, chat_chunk_ms: 1, ..Options::default() };
        let world = World::with(platform, "vectors", engine, &ONE_INSTANCE);
        let mut kept: BTreeMap<&str, String> = BTreeMap::new();
        let answers = vectors.iter().map(|vector| {
            let answer = ask(vector, &kept).try_send(world.url());
            let answer = answer.unwrap_or_else(|fault| panic!("{platform:?}: {}: {fault}", vector.name));
            if let Some((name, pointer)) = vector.keep {
                let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let value = body.pointer(pointer).and_then(Value::as_str);
                kept.insert(name, value.unwrap_or_else(|| panic!("{}: {}", vector.name, answer.text())).to_owned());
            }
            answer
        });
        let answers = answers.collect();
        Self { world, answers }
    }

    /// Every answer carries a request id that exactly one record has.
    fn recorded(&self) -> Vec<String> {
        self.world.record_of(self.answers.last().unwrap());
        let mut records: BTreeMap<String, u64> = BTreeMap::new();
        for record in self.world.records() {
            *records.entry(record["request_id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let wrong = self.answers.iter().filter(|answer| records.get(answer.request_id()) != Some(&1));
        let count = |answer: &Answer| records.get(answer.request_id()).copied().unwrap_or(0);
        let platform = self.world.platform;
        wrong.map(|answer| format!("{platform:?}: {} records of {:?}", count(answer), answer.outcome())).collect()
    }

    /// No key of a caller reached the engine, nor a log.
    fn leaked(&self) -> Vec<String> {
        let requests = self.world.control("GET", "requests", None).to_string();
        let log = self.world.log();
        let places = [("a request to the engine", requests), ("the log", log)];
        let leaks = places.into_iter().filter(|(_, text)| text.contains(KEYS_BEGIN));
        leaks.map(|(place, _)| format!("{:?}: a caller's key is in {place}", self.world.platform)).collect()
    }
}

fn ask(vector: &Vector, kept: &BTreeMap<&str, String>) -> Ask {
    let mut target = vector.target.clone();
    for (name, value) in kept {
        target = target.replace(&format!("{{{{{name}}}}}"), value);
    }
    let key = match vector.caller {
        Caller::Nobody => None,
        Caller::Developer => Some(DEVELOPER),
        Caller::Narrow => Some(NARROW),
        Caller::Lister => Some(LISTER),
        Caller::Operator => Some(OPERATOR),
        Caller::Stranger => Some(STRANGER),
        Caller::Governed => Some(GOVERNED),
        Caller::Throttled => Some(THROTTLED),
    };
    let mut ask = Ask::new(&vector.method, &target);
    if let Some(key) = key {
        ask = ask.key(key);
    }
    ask.headers.extend(vector.headers.iter().cloned());
    ask.body.clone_from(&vector.body);
    ask
}

fn unexpected(expected: &str, answer: &Answer) -> Option<String> {
    // An answer without a body, to HEAD, has its refusal in the header alone.
    let (status, refusal) = answer.outcome();
    let right = match expected {
        "ok" => (200..300).contains(&status),
        "not_modified" => status == 304,
        _ => refusal == expected,
    };
    let text: String = answer.text().chars().take(300).collect();
    (!right).then(|| format!("{status} {refusal} instead of {expected}: {text}"))
}

fn difference(vector: &Vector, workerd: &Normal, spin: &Normal) -> String {
    let body = vector.body.as_deref().map(|body| String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned());
    let request = format!("{} {} by {:?} {:?} {body:?}", vector.method, vector.target, vector.caller, vector.headers);
    format!(
        "{}: differs\n  {request}\n  workerd: {}\n  spin:    {}",
        vector.name,
        workerd.beside(spin),
        spin.beside(workerd)
    )
}
