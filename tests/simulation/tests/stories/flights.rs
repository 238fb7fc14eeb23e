//! Single flight: many calls that miss one key at the same time, over many isolates, and what goes wrong meanwhile.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::ports::OriginError;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::story::{Answer, Fate, Pending, Story, WIDE, answer};

const CALLS: usize = 100;
const ISOLATES: usize = 16;
const DOOMED: &str = "canary-key-doomed-0123";

/// The runs that the executor is asked for, and their times.
struct Crowd {
    isolates: Vec<Story>,
    asked: Rc<RefCell<Vec<u64>>>,
}

/// Isolates under one document, and an executor that takes `took` ms and answers `output` with the number of the run.
fn crowd(single_flight: &str, took: u64, output: impl Fn(usize) -> Value + 'static) -> Crowd {
    let document = format!(
        r#"
executors = [{{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }}]
epochs = {{ lease = "2s" }}
execute = {{ timeout = "8s", max_retries = 0 }}
cache = {{ single_flight = "{single_flight}" }}

[[callers]]
id = "wide"
tenant = "a"
keys = [{{ id = "wide-1", setting = "KEY_WIDE" }}]
actions = ["*"]
tools = ["*"]
users = ["*"]
projects = ["*"]

[[callers]]
id = "doomed"
tenant = "a"
keys = [{{ id = "doomed-1", setting = "KEY_DOOMED" }}]
actions = ["tools/*"]
tools = ["*"]
users = ["*"]
"#
    );
    let first = Story::of(
        Box::leak(document.into_boxed_str()),
        &[("KEY_WIDE", WIDE), ("KEY_DOOMED", DOOMED), ("ENGINE_KEY", "account")],
    );
    let asked = Rc::new(RefCell::new(Vec::new()));
    let (world, times) = (Rc::downgrade(&first.world), Rc::clone(&asked));
    first.script(move |request| {
        request.url.ends_with("/tools/execute").then(|| {
            times.borrow_mut().push(world.upgrade().unwrap().now().as_millis());
            let output = output(times.borrow().len());
            let success = output.get("value").is_some();
            let whole =
                json!({"success": success, "duration": 1, "finished_at": "2026-01-01T00:00:00Z", "output": output});
            let is_late = Millis::new(took) > request.timeout;
            let ended = if is_late { Err(OriginError::Timeout) } else { answer(200, &whole) };
            (Millis::new(took).min(request.timeout), ended)
        })
    });
    let mut isolates: Vec<Story> = (1..ISOLATES).map(|_| first.isolate()).collect();
    isolates.insert(0, first);
    Crowd { isolates, asked }
}

fn number(run: usize) -> Value {
    json!({"value": run})
}

impl Crowd {
    fn begin(&self, isolate: usize, input: &Value) -> Pending {
        self.begin_by(WIDE, isolate, input)
    }

    fn begin_by(&self, key: &str, isolate: usize, input: &Value) -> Pending {
        let body = json!({"tool_name": "Docs.Get", "user_id": "u1", "input": {"n": input}});
        self.isolates[isolate].begin(key, Method::Post, "/v1/tools/execute", &body, &[])
    }

    fn begin_all(&self, calls: usize) -> Vec<Pending> {
        (0..calls).map(|call| self.begin(call % ISOLATES, &json!(1))).collect()
    }

    fn answers(&self, pending: Vec<Pending>) -> Vec<Answer> {
        self.isolates[0].world.run(|| pending.iter().all(|pending| pending.0.borrow().is_some()));
        pending.iter().map(Pending::take).collect()
    }

    fn now(&self) -> u64 {
        self.isolates[0].world.now().as_millis()
    }

    fn run_for(&self, ms: u64) {
        let until = self.now().saturating_add(ms);
        // Something must wake up then.
        self.isolates[0].world.spawn(self.isolates[0].sleep(ms));
        self.isolates[0].world.run(|| self.now() >= until);
    }

    /// Returns the number of questions to the executor.
    fn runs(&self) -> usize {
        self.asked.borrow().len()
    }

    /// Returns the number of questions to durable owners of flights.
    fn questions(&self) -> usize {
        let asked = self.isolates[0].world.asked.borrow();
        asked.iter().filter(|(key, _)| key.starts_with("flight/")).map(|(_, times)| times).sum()
    }

    /// A first call, which is left alone until it has asked the executor.
    fn leader(&self) -> Pending {
        let leader = self.begin(0, &json!(1));
        self.isolates[0].world.run(|| self.runs() == 1);
        leader
    }
}

fn statuses(answers: &[Answer], part: &str) -> usize {
    answers.iter().filter(|answer| answer.headers["cache-status"].contains(part)).count()
}

fn value(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["output"]["value"].clone()
}

#[test]
fn an_owner_makes_one_call_of_a_hundred_over_all_isolates() {
    let crowd = crowd("owner", 800, number);
    let answers = crowd.answers(crowd.begin_all(CALLS));
    println!("{} calls to the executor, {} questions to owners", crowd.runs(), crowd.questions());
    assert_eq!(crowd.runs(), 1);
    assert!(answers.iter().all(|answer| value(answer) == json!(1)));
    assert_eq!((statuses(&answers, "; stored"), statuses(&answers, "; collapsed; ")), (1, CALLS - 1));
    let slowest = answers.iter().map(|answer| answer.took_ms).max().unwrap();
    assert!(slowest < 800 + 700, "{slowest}");
    let logged = crowd.isolates[0].logged();
    let with = |text: &str| logged.iter().filter(|line| line.contains(text)).count();
    assert_eq!((with(r#""flight":"leader""#), with(r#""flight":"waited""#)), (1, CALLS - 1));
    // Whoever comes after finds it in memory.
    let after = crowd.answers(crowd.begin_all(ISOLATES));
    assert_eq!((statuses(&after, "; hit; "), crowd.runs()), (ISOLATES, 1));
}

#[test]
fn an_isolate_makes_one_call_of_its_own() {
    for (single_flight, runs) in [("isolate", ISOLATES), ("off", CALLS)] {
        let crowd = crowd(single_flight, 800, number);
        let answers = crowd.answers(crowd.begin_all(CALLS));
        assert_eq!((crowd.runs(), crowd.questions()), (runs, 0), "{single_flight}");
        assert_eq!(statuses(&answers, "; collapsed; detail=isolate"), CALLS - runs);
    }
}

#[test]
fn a_look_into_the_store_while_a_flight_lands_asks_nobody() {
    let crowd = crowd("isolate", 1, number);
    let pending = (0..CALLS).map(|_| crowd.begin(0, &json!(1))).collect();
    let answers = crowd.answers(pending);
    assert!(answers.iter().all(|answer| value(answer) == json!(1)));
    assert_eq!(crowd.runs(), 1);
}

#[test]
fn who_waits_for_a_leader_that_dies_is_free_within_five_seconds() {
    for fate in [Fate::Dropped, Fate::Vanished] {
        for place in ["owner", "isolate"] {
            let crowd = crowd(place, 1_500, number);
            let leader = crowd.leader();
            let others: Vec<Pending> = (1..CALLS)
                .map(|call| crowd.begin(if place == "owner" { call % ISOLATES } else { 0 }, &json!(1)))
                .collect();
            crowd.run_for(700);
            assert_eq!(crowd.runs(), 1);
            let died = crowd.now();
            leader.end(fate);
            let answers = crowd.answers(others);
            let freed = crowd.asked.borrow().last().unwrap() - died;
            println!("{place}, {fate:?}: {} calls to the executor, the second after {freed} ms", crowd.runs());
            assert_eq!(crowd.runs(), 2);
            assert!(freed <= 5_000, "{freed}");
            assert!(answers.iter().all(|answer| value(answer) == json!(2)));
        }
    }
}

#[test]
fn a_slow_leader_that_lives_is_not_replaced() {
    for place in ["owner", "isolate"] {
        let crowd = crowd(place, 7_500, number);
        let leader = crowd.leader();
        let others: Vec<Pending> =
            (0..10).map(|call| crowd.begin(if place == "owner" { call } else { 0 }, &json!(1))).collect();
        let answers = crowd.answers(others);
        assert_eq!(crowd.runs(), 1, "{place}");
        assert!(answers.iter().all(|answer| value(answer) == json!(1)) && value(&leader.take()) == json!(1));
    }
}

#[test]
fn nobody_waits_longer_than_a_call_may_take() {
    let crowd = crowd("owner", 7_900, number);
    let leader = crowd.leader();
    let waits = crowd.begin(1, &json!(1));
    leader.end(Fate::Vanished);
    // What is left when the leader is found to be lost is too little for its own call.
    let answer = crowd.answers(vec![waits]).remove(0);
    assert_eq!(answer.refusal(), "upstream_timeout");
    assert!(answer.took_ms <= 8_100, "{answer:?}");
}

#[test]
fn an_answer_that_nobody_else_may_have_releases_all_at_once() {
    let failed = |_| json!({"error": {"message": "no", "kind": "TOOL_RUNTIME_FATAL", "can_retry": false}});
    let crowd = crowd("owner", 1_000, failed);
    let answers = crowd.answers(crowd.begin_all(CALLS));
    assert_eq!(crowd.runs(), CALLS);
    assert_eq!(statuses(&answers, "; collapsed=?0; detail=not_storable"), CALLS - 1);
    let slowest = answers.iter().map(|answer| answer.took_ms).max().unwrap();
    assert!(slowest < 2 * 1_000 + 700, "not one after the other: {slowest}");
}

#[test]
fn without_the_owner_each_isolate_is_one_flight_and_says_so() {
    let crowd = crowd("owner", 800, number);
    crowd.isolates[0].world.lost_owners.borrow_mut().push("flight/");
    let answers = crowd.answers(crowd.begin_all(CALLS));
    assert_eq!(crowd.runs(), ISOLATES);
    assert!(answers.iter().all(|answer| answer.status == 200));
    let logged = crowd.isolates[0].logged();
    let said = logged.iter().filter(|line| line.contains(r#""degraded":"single_flight_unavailable""#)).count();
    assert_eq!(said, ISOLATES);
}

#[test]
fn a_call_after_an_invalidation_joins_no_earlier_flight() {
    for place in ["owner", "isolate"] {
        let crowd = crowd(place, 1_500, number);
        let leader = crowd.leader();
        let before = crowd.begin(0, &json!(1));
        crowd.run_for(100);
        let other = if place == "owner" { 1 } else { 0 };
        let change = json!({"changes": [{"invalidate": "all"}]});
        let done = crowd.isolates[other].ask(WIDE, Method::Post, "/gate/v1/epochs", &change, &[]);
        assert_eq!(done.status, 200, "{done:?}");
        let after: Vec<Pending> = (0..5).map(|_| crowd.begin(other, &json!(1))).collect();
        let answers = crowd.answers(after);
        assert_eq!(crowd.runs(), 2, "{place}");
        assert!(answers.iter().all(|answer| value(answer) == json!(2)));
        // Who came before may have either.
        assert!(crowd.answers(vec![leader, before]).iter().all(|answer| answer.status == 200));
        assert_eq!(crowd.runs(), 2, "{place}");
    }
}

#[test]
fn who_waited_in_vain_is_admitted_again() {
    let failed = |_| json!({"error": {"message": "no", "kind": "TOOL_RUNTIME_FATAL", "can_retry": false}});
    for place in ["owner", "isolate"] {
        let crowd = crowd(place, 5_000, failed);
        let leader = crowd.leader();
        let waits: Vec<Pending> =
            (1..10).map(|call| crowd.begin(if place == "owner" { call } else { 0 }, &json!(1))).collect();
        crowd.run_for(100);
        let change = json!({"changes": [{"kill": "tool:Docs.Get"}]});
        let done = crowd.isolates[0].ask(WIDE, Method::Post, "/gate/v1/epochs", &change, &[]);
        assert_eq!(done.status, 200, "{done:?}");
        let answers = crowd.answers(waits);
        assert!(answers.iter().all(|answer| answer.refusal() == "killed"), "{place}: {answers:?}");
        assert_eq!((crowd.runs(), leader.take().status), (1, 200), "{place}");
    }
}

#[test]
fn a_refused_leader_leaves_its_flight_to_one_other() {
    let mut refused = 0;
    // Who asks first when the leader is lost depends on when it began to wait.
    for later in [20, 60, 130, 210, 290, 370, 450] {
        let crowd = crowd("owner", 1_500, number);
        let leader = crowd.leader();
        let others: Vec<Pending> = (1..4).map(|isolate| crowd.begin(isolate, &json!(1))).collect();
        crowd.run_for(later);
        let doomed: Vec<Pending> = (4..ISOLATES).map(|isolate| crowd.begin_by(DOOMED, isolate, &json!(1))).collect();
        crowd.run_for(100);
        let change = json!({"changes": [{"revoke": "doomed-1"}]});
        let done = crowd.isolates[0].ask(WIDE, Method::Post, "/gate/v1/epochs", &change, &[]);
        assert_eq!(done.status, 200, "{done:?}");
        leader.end(Fate::Vanished);
        let doomed = crowd.answers(doomed);
        refused += doomed.iter().filter(|answer| answer.refusal() == "credential_revoked").count();
        let answers = crowd.answers(others);
        assert!(answers.iter().all(|answer| value(answer) == json!(2)), "{answers:?}");
        assert_eq!(crowd.runs(), 2, "{later}");
    }
    println!("{refused} were to lead and were refused");
    assert!(refused > 0);
}

#[test]
fn a_value_too_large_for_the_owner_is_found_in_the_store() {
    let crowd = crowd("owner", 800, |_| json!({"value": "x".repeat(100_000)}));
    let answers = crowd.answers(crowd.begin_all(CALLS));
    assert!(answers.iter().all(|answer| answer.status == 200));
    // The store is written in the background, so that the first to look may be too early.
    assert!((1..=2).contains(&crowd.runs()), "{}", crowd.runs());
}

#[test]
fn an_owner_is_chosen_where_it_is_worth_it() {
    for (took, others, expected) in [(900, 3, true), (20, 3, false), (900, 0, false)] {
        let crowd = crowd("adaptive", took, number);
        let mut place = String::new();
        for round in 0..6 {
            let pending = (0..=others).map(|_| crowd.begin(0, &json!(round))).collect();
            crowd.answers(pending);
            let logged = crowd.isolates[0].logged();
            let leader = logged.iter().find(|line| line.contains(r#""flight":"leader""#)).unwrap();
            place = serde_json::from_str::<Value>(leader).unwrap()["flight_at"].as_str().unwrap().to_owned();
        }
        assert_eq!(place == "owner", expected, "{took} ms, {others} others: {place}");
        assert_eq!(crowd.questions() > 0, expected);
    }
}
