//! Requests with one Idempotency-Key that come at the same time.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::OriginError;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::story::{Answer, Fate, Pending, Story, WIDE, answer};

/// The outcome of a run of the tool.
#[derive(Clone, Copy)]
enum Ends {
    /// It answers.
    Answers,
    /// Its connection cannot be made.
    NotSent,
    /// The engine wants the user's consent first.
    NeedsConsent,
}

struct Sends {
    story: Story,
    other: Story,
    runs: Rc<Cell<usize>>,
}

/// A tool that changes something, whose run takes `took` ms; the first run ends as said, later ones answer.
fn sends(took: u64, first: Ends) -> Sends {
    let document = r#"
executors = [{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }]
epochs = { lease = "1s" }
execute = { timeout = "8s", max_retries = 0 }

[[callers]]
id = "wide"
tenant = "a"
keys = [{ id = "wide-1", setting = "KEY_WIDE" }]
actions = ["*"]
tools = ["*"]
users = ["*"]
"#;
    let story = Story::of(document, &[("KEY_WIDE", WIDE), ("ENGINE_KEY", "account")]);
    let runs = Rc::new(Cell::new(0));
    let counted = Rc::clone(&runs);
    story.script(move |request| {
        request.url.ends_with("/tools/execute").then(|| {
            counted.set(counted.get() + 1);
            let ran = |output: Value| {
                let at = "2026-01-01T00:00:00Z";
                answer(200, &json!({"success": true, "duration": 1, "finished_at": at, "output": output}))
            };
            let ended = match first {
                Ends::NotSent if counted.get() == 1 => Err(OriginError::Unreachable),
                Ends::NeedsConsent if counted.get() == 1 => {
                    ran(json!({"authorization": {"id": "ac_1", "status": "pending", "url": "http://x.test"}}))
                }
                _ => ran(json!({"value": counted.get()})),
            };
            (Millis::new(took), ended)
        })
    });
    let other = story.isolate();
    Sends { story, other, runs }
}

impl Sends {
    fn begin(&self, isolate: &Story, subject: &str) -> Pending {
        let body = json!({"tool_name": "Mail.Send", "user_id": "u1", "input": {"n": subject}});
        isolate.begin(WIDE, Method::Post, "/v1/tools/execute", &body, &[(Header::IdempotencyKey, "k")])
    }

    /// A first request, which is left alone until the tool runs; and others with its key.
    fn begin_all(&self, others: usize) -> (Pending, Vec<Pending>) {
        let first = self.begin(&self.story, "hello");
        self.story.world.run(|| self.runs.get() == 1);
        (first, (0..others).map(|_| self.begin(&self.other, "hello")).collect())
    }

    fn answers(&self, pending: &[Pending]) -> Vec<Answer> {
        self.story.world.run(|| pending.iter().all(|pending| pending.0.borrow().is_some()));
        pending.iter().map(Pending::take).collect()
    }

    fn run_for(&self, ms: u64) {
        let until = self.story.world.now().as_millis() + ms;
        self.story.world.spawn(self.story.sleep(ms));
        self.story.world.run(|| self.story.world.now().as_millis() >= until);
    }
}

fn is_replay(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|said| said == "true")
}

#[test]
fn who_comes_while_it_runs_waits_and_has_the_same_answer() {
    let sends = sends(3_000, Ends::Answers);
    let (first, others) = sends.begin_all(5);
    let answers = sends.answers(&others);
    let first = first.take();
    assert_eq!((first.status, sends.runs.get()), (200, 1), "{first:?}");
    assert!(answers.iter().all(|answer| answer.body == first.body && is_replay(answer)), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.took_ms < 4_100), "{answers:?}");
}

#[test]
fn another_request_under_the_key_is_refused_at_once() {
    let sends = sends(3_000, Ends::Answers);
    let (_first, _) = sends.begin_all(0);
    let other = sends.begin(&sends.other, "bye");
    let answer = sends.answers(&[other]).remove(0);
    assert_eq!((answer.status, answer.refusal()), (422, "idempotency_key_reused"), "{answer:?}");
    assert!(answer.took_ms < 1_000, "{answer:?}");
}

#[test]
fn an_unexecuted_call_is_executed_once_by_one_waiter() {
    for first in [Ends::NotSent, Ends::NeedsConsent] {
        let sends = sends(2_000, first);
        let (_first, others) = sends.begin_all(4);
        let answers = sends.answers(&others);
        assert_eq!(sends.runs.get(), 2);
        assert_eq!(answers.iter().filter(|answer| is_replay(answer)).count(), 3, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.json()["output"]["value"] == json!(2)), "{answers:?}");
    }
}

#[test]
fn nobody_waits_longer_than_a_call_may_take() {
    let sends = sends(7_900, Ends::Answers);
    let (first, others) = sends.begin_all(1);
    first.end(Fate::Vanished);
    let answer = sends.answers(&others).remove(0);
    assert_eq!((answer.status, answer.refusal()), (409, "idempotency_in_flight"), "{answer:?}");
    assert!((7_900..=8_200).contains(&answer.took_ms), "{answer:?}");
    // Ten seconds later it counts as lost: nobody will ever know.
    sends.run_for(12_000);
    let later = sends.begin(&sends.other, "hello");
    assert_eq!(sends.answers(&[later]).remove(0).refusal(), "outcome_unknown");
    assert_eq!(sends.runs.get(), 1);
}

#[test]
fn who_waited_is_admitted_again_and_leaves_the_key_free() {
    let sends = sends(4_000, Ends::NotSent);
    let (_first, others) = sends.begin_all(1);
    // It is admitted, and waits.
    sends.run_for(300);
    let change = |change: Value| {
        let body = json!({"changes": [change]});
        let done = sends.story.ask(WIDE, Method::Post, "/gate/v1/epochs", &body, &[]);
        assert_eq!(done.status, 200, "{done:?}");
    };
    change(json!({"kill": "tool:Mail.Send"}));
    let answer = sends.answers(&others).remove(0);
    assert_eq!((answer.refusal(), sends.runs.get()), ("killed", 1), "{answer:?}");
    assert!(answer.took_ms > 3_000, "{answer:?}");
    change(json!({"revive": "tool:Mail.Send"}));
    sends.run_for(2_000);
    let later = sends.begin(&sends.other, "hello");
    let later = sends.answers(&[later]).remove(0);
    assert_eq!((later.status, sends.runs.get()), (200, 2), "{later:?}");
}
