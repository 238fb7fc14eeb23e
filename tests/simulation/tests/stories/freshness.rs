//! The life of a kept answer: fresh, stale within the operator's windows, gone; what callers ask; and what goes wrong meanwhile.

mod asked;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::OriginError;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::story::{Answer, Pending, Story, WIDE, answer};

const SECOND: &str = "canary-key-second-0123";

/// The act of the executor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It runs the tool, which takes so many milliseconds.
    Runs(u64),
    /// It cannot be reached.
    Unreachable,
    /// It answers with this status.
    Status(u16),
    /// It does not answer in time.
    Hangs,
    /// The tool fails.
    ToolError,
}

struct Kept {
    story: Story,
    does: Rc<Cell<Does>>,
    /// Returns the times at which the executor was asked, and their number.
    asked: Rc<RefCell<Vec<u64>>>,
}

/// An executor whose answers are numbered, answers that are fresh for 100 s, and `cache` besides.
fn kept(cache: &str) -> Kept {
    let document = format!(
        r#"
executors = [{{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }}]
epochs = {{ lease = "2s", fail_mode = "open" }}
execute = {{ timeout = "8s", max_retries = 0 }}

[registry]
refresh = "1d"

[cache]
ttl = "100s"
{cache}

[[callers]]
id = "wide"
tenant = "a"
keys = [{{ id = "wide-1", setting = "KEY_WIDE" }}]
actions = ["*"]
tools = ["*"]
users = ["*"]

[[callers]]
id = "second"
tenant = "a"
keys = [{{ id = "second-1", setting = "KEY_SECOND" }}]
actions = ["*"]
tools = ["*"]
users = ["*"]
"#
    );
    let settings = [("KEY_WIDE", WIDE), ("KEY_SECOND", SECOND), ("ENGINE_KEY", "account")];
    let story = Story::of(Box::leak(document.into_boxed_str()), &settings);
    let does = Rc::new(Cell::new(Does::Runs(5)));
    let asked = Rc::new(RefCell::new(Vec::new()));
    let (world, does_, times) = (Rc::downgrade(&story.world), Rc::clone(&does), Rc::clone(&asked));
    story.script(move |request| {
        request.url.ends_with("/tools/execute").then(|| {
            times.borrow_mut().push(world.upgrade().unwrap().now().as_millis());
            let ran = |success: bool, output: &Value| {
                let at = "2026-01-01T00:00:00Z";
                answer(200, &json!({"success": success, "duration": 1, "finished_at": at, "output": output}))
            };
            match does_.get() {
                Does::Runs(took) => (Millis::new(took), ran(true, &json!({"value": times.borrow().len()}))),
                Does::Unreachable => (Millis::new(5), Err(OriginError::Unreachable)),
                Does::Status(status) => (Millis::new(5), answer(status, &json!({"name": "x", "message": "x"}))),
                Does::Hangs => (request.timeout, Err(OriginError::Timeout)),
                Does::ToolError => {
                    let error = json!({"error": {"message": "no", "kind": "TOOL_RUNTIME_FATAL", "can_retry": false}});
                    (Millis::new(5), ran(false, &error))
                }
            }
        })
    });
    Kept { story, does, asked }
}

impl Kept {
    fn begin(&self, isolate: &Story, key: &str, cache_control: &str) -> Pending {
        let body = json!({"tool_name": "Docs.Get", "user_id": "u1", "input": {}});
        let headers = [(Header::CacheControl, cache_control)];
        isolate.begin(key, Method::Post, "/v1/tools/execute", &body, &headers)
    }

    fn wait_for(&self, pending: &Pending) -> Answer {
        self.story.world.run(|| pending.0.borrow().is_some());
        pending.take()
    }

    fn ask(&self, cache_control: &str) -> Answer {
        self.wait_for(&self.begin(&self.story, WIDE, cache_control))
    }

    fn run_for(&self, ms: u64) {
        let until = self.story.world.now().as_millis().saturating_add(ms);
        self.story.world.spawn(self.story.sleep(ms));
        self.story.world.run(|| self.story.world.now().as_millis() >= until);
    }

    fn runs(&self) -> usize {
        self.asked.borrow().len()
    }

    fn change(&self, change: &Value) {
        let body = json!({"changes": [change]});
        let answer = self.story.isolate().ask(SECOND, Method::Post, "/gate/v1/epochs", &body, &[]);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

fn value(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["output"]["value"].as_u64().expect("a number")
}

fn status(answer: &Answer) -> &str {
    answer.headers.get("cache-status").map_or("", String::as_str)
}

fn age(answer: &Answer) -> Option<&str> {
    answer.headers.get("age").map(String::as_str)
}

#[test]
fn a_fresh_answer_says_its_age_and_what_is_left() {
    let kept = kept("");
    let first = kept.ask("");
    assert_eq!((status(&first), age(&first)), ("toolgate; fwd=uri-miss; stored", None));
    kept.run_for(39_500);
    let second = kept.ask("");
    assert_eq!((value(&second), age(&second)), (1, Some("39")));
    assert_eq!(status(&second), "toolgate; hit; ttl=60; detail=memory");
    kept.run_for(60_500);
    // Without a window nothing is served past its time.
    let third = kept.ask("");
    assert_eq!((value(&third), status(&third)), (2, "toolgate; fwd=uri-miss; stored"));
}

#[test]
fn a_stale_answer_is_served_at_once_and_fetched_anew_once() {
    let kept = kept("stale_while_revalidate = \"20s\"");
    kept.ask("");
    kept.does.set(Does::Runs(400));
    kept.run_for(101_000);
    let crowd: Vec<_> = (0..20).map(|_| kept.begin(&kept.story, WIDE, "")).collect();
    for pending in &crowd {
        let stale = kept.wait_for(pending);
        assert_eq!((value(&stale), age(&stale)), (1, Some("101")));
        assert!(status(&stale).starts_with("toolgate; hit; ttl=-"), "{}", status(&stale));
        assert!(stale.took_ms < 100, "{stale:?}");
    }
    kept.run_for(1_000);
    assert_eq!(kept.runs(), 2);
    let renewed = kept.ask("");
    assert_eq!((value(&renewed), age(&renewed)), (2, Some("0")));
}

#[test]
fn a_refresh_asks_the_store_and_the_owner_first() {
    let kept = kept("stale_while_revalidate = \"50s\"\nsingle_flight = \"owner\"");
    let others: Vec<Story> = (0..6).map(|_| kept.story.isolate()).collect();
    kept.ask("");
    kept.run_for(1_000);
    for other in &others {
        let warm = kept.wait_for(&kept.begin(other, WIDE, ""));
        assert_eq!(value(&warm), 1, "{warm:?}");
    }
    kept.does.set(Does::Runs(300));
    kept.run_for(105_000);
    let crowd: Vec<_> = others.iter().map(|other| kept.begin(other, WIDE, "")).collect();
    for pending in &crowd {
        assert_eq!(value(&kept.wait_for(pending)), 1);
    }
    kept.run_for(5_000);
    assert_eq!(kept.runs(), 2, "one refresh over all isolates");
    // The others find it in the store.
    kept.wait_for(&kept.begin(&others[3], WIDE, ""));
    kept.run_for(1_000);
    assert_eq!(value(&kept.wait_for(&kept.begin(&others[3], WIDE, ""))), 2);
    assert_eq!(kept.runs(), 2);
}

#[test]
fn nothing_is_served_beyond_its_window() {
    let kept = kept("stale_while_revalidate = \"20s\"\nstale_if_error = \"40s\"");
    kept.ask("");
    kept.does.set(Does::Unreachable);
    kept.run_for(119_000);
    assert_eq!(value(&kept.ask("")), 1);
    kept.run_for(2_000);
    let spare = kept.ask("");
    assert_eq!(status(&spare), "toolgate; fwd=stale; ttl=-22; detail=stale_if_error", "{spare:?}");
    kept.run_for(20_000);
    let gone = kept.ask("");
    assert_eq!((gone.status, gone.refusal()), (502, "upstream_unreachable"));
}

#[test]
fn a_refresh_that_fails_is_not_repeated_at_once() {
    let kept = kept("stale_while_revalidate = \"1000s\"");
    kept.ask("");
    for does in [Does::Unreachable, Does::ToolError] {
        kept.does.set(does);
        kept.run_for(101_000);
        let before = kept.runs();
        for _ in 0..40 {
            assert_eq!(value(&kept.ask("")), 1);
            kept.run_for(250);
        }
        let runs = kept.runs() - before;
        assert!((2..=3).contains(&runs), "{runs} in ten seconds");
    }
}

#[test]
fn only_failures_of_the_executor_are_covered() {
    for (does, covered) in [
        (Does::Unreachable, Some("toolgate; fwd=stale; ttl=-1; detail=stale_if_error")),
        (Does::Status(500), Some("toolgate; fwd=stale; fwd-status=500; ttl=-1; detail=stale_if_error")),
        (Does::Status(503), Some("toolgate; fwd=stale; fwd-status=503; ttl=-1; detail=stale_if_error")),
        (Does::Status(429), Some("toolgate; fwd=stale; fwd-status=429; ttl=-1; detail=stale_if_error")),
        (Does::Hangs, Some("toolgate; fwd=stale; ttl=-9; detail=stale_if_error")),
        (Does::Status(400), None),
        (Does::Status(401), None),
        (Does::Status(403), None),
        (Does::Status(404), None),
        (Does::ToolError, None),
    ] {
        let kept = kept("stale_if_error = \"60s\"");
        kept.ask("");
        kept.run_for(100_500);
        kept.does.set(does);
        let answer = kept.ask("");
        match covered {
            Some(expected) => {
                assert_eq!((value(&answer), status(&answer)), (1, expected));
                assert!(age(&answer).is_some() && !answer.headers.contains_key("warning"), "{answer:?}");
            }
            None => assert!(answer.status != 200 || answer.json()["success"] == false, "{answer:?}"),
        }
    }
}

#[test]
fn a_key_revoked_while_the_executor_fails_is_given_nothing() {
    let kept = kept("stale_if_error = \"60s\"");
    kept.ask("");
    kept.run_for(101_000);
    kept.does.set(Does::Hangs);
    let slow = kept.begin(&kept.story, WIDE, "");
    kept.run_for(1_000);
    kept.change(&json!({"revoke": "wide-1"}));
    let answer = kept.wait_for(&slow);
    assert_eq!(answer.refusal(), "upstream_timeout", "{answer:?}");
}

#[test]
fn what_was_invalidated_while_the_executor_fails_is_not_served() {
    let kept = kept("stale_if_error = \"60s\"");
    kept.ask("");
    kept.run_for(101_000);
    kept.does.set(Does::Hangs);
    let slow = kept.begin(&kept.story, WIDE, "");
    kept.run_for(1_000);
    kept.change(&json!({"invalidate": "all"}));
    assert_eq!(kept.wait_for(&slow).refusal(), "upstream_timeout");
}

#[test]
fn nothing_invalidated_is_served_stale() {
    let kept = kept("stale_while_revalidate = \"60s\"\nstale_if_error = \"60s\"");
    kept.ask("");
    kept.run_for(101_000);
    kept.change(&json!({"invalidate": "all"}));
    kept.run_for(2_100);
    kept.does.set(Does::Unreachable);
    assert_eq!(kept.ask("").refusal(), "upstream_unreachable");
}

#[test]
fn nothing_fetched_before_an_invalidation_is_served_after_it() {
    let kept = kept("stale_while_revalidate = \"60s\"");
    kept.ask("");
    kept.run_for(101_000);
    kept.does.set(Does::Runs(4_000));
    assert_eq!(value(&kept.ask("")), 1);
    kept.run_for(500);
    assert_eq!(kept.runs(), 2, "it is being fetched");
    kept.change(&json!({"invalidate": "all"}));
    kept.run_for(6_000);
    let after = kept.ask("");
    assert_eq!(value(&after), 3, "the refresh began before: {after:?}");
}

#[test]
fn a_key_revoked_during_its_refresh_is_refused_others_served() {
    let kept = kept("stale_while_revalidate = \"60s\"");
    kept.ask("");
    kept.run_for(101_000);
    kept.does.set(Does::Runs(4_000));
    assert_eq!(value(&kept.ask("")), 1);
    kept.run_for(500);
    kept.change(&json!({"revoke": "wide-1"}));
    kept.run_for(6_000);
    assert_eq!(kept.ask("").refusal(), "credential_revoked");
    let other = kept.wait_for(&kept.begin(&kept.story, SECOND, ""));
    assert_eq!((value(&other), kept.runs()), (2, 2), "{other:?}");
}

#[test]
fn a_killed_tool_has_no_fallback_while_its_executor_fails() {
    let kept = kept("stale_if_error = \"60s\"");
    kept.ask("");
    kept.run_for(101_000);
    kept.does.set(Does::Hangs);
    let slow = kept.begin(&kept.story, WIDE, "");
    kept.run_for(1_000);
    kept.change(&json!({"kill": "tool:Docs.Get"}));
    assert_eq!(kept.wait_for(&slow).refusal(), "upstream_timeout");
}

#[test]
fn a_call_that_may_run_once_is_not_run_besides() {
    let rule = "[[cache.rules]]\ntools = [\"Weather.*\"]\nttl = \"100s\"\nstale_while_revalidate = \"60s\"\n";
    let kept = kept(rule);
    let body = json!({"tool_name": "Weather.Today", "user_id": "u1", "input": {}});
    let call = |headers: &[(Header, &str)]| {
        kept.wait_for(&kept.story.begin(WIDE, Method::Post, "/v1/tools/execute", &body, headers))
    };
    call(&[]);
    kept.run_for(101_000);
    assert_eq!(value(&call(&[(Header::IdempotencyKey, "once")])), 1);
    kept.run_for(1_000);
    assert_eq!(kept.runs(), 1);
    assert_eq!(value(&call(&[])), 1);
    kept.run_for(1_000);
    assert_eq!(kept.runs(), 2);
}

#[test]
fn epochs_that_nobody_knows_cover_nothing() {
    let kept = kept("stale_if_error = \"60s\"");
    kept.ask("");
    kept.run_for(101_000);
    kept.does.set(Does::Hangs);
    let slow = kept.begin(&kept.story, WIDE, "");
    kept.run_for(100);
    kept.story.world.lost_owners.borrow_mut().push("epochs");
    assert_eq!(kept.wait_for(&slow).refusal(), "upstream_timeout");
}
