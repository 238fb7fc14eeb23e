//! Demands of callers on stored responses, and what clocks, tiers and entity tags add to them.

use std::collections::BTreeSet;

use serde_json::Value;
use toolgate::model::request::Header;
use toolgate::words::method::Method;

use super::{Does, SECOND, age, kept, status, value};
use crate::story::WIDE;

#[test]
fn no_store_and_no_cache_ask_and_only_one_of_them_keeps() {
    let kept = kept("");
    kept.ask("");
    let fresh = kept.ask("no-cache");
    assert_eq!((value(&fresh), status(&fresh)), (2, "toolgate; fwd=request; stored; detail=no_cache"));
    let hit = kept.ask("");
    assert_eq!((value(&hit), age(&hit)), (2, Some("0")));
    let unkept = kept.ask("no-store");
    assert_eq!((value(&unkept), status(&unkept)), (3, "toolgate; fwd=bypass; detail=asked"));
    assert_eq!(value(&kept.ask("")), 2);
}

#[test]
fn no_cache_is_not_covered_and_waits_for_nobody() {
    let kept = kept("stale_if_error = \"60s\"");
    kept.ask("");
    kept.does.set(Does::Runs(500));
    kept.run_for(101_000);
    let first = kept.begin(&kept.story, WIDE, "");
    kept.run_for(100);
    let second = kept.wait_for(&kept.begin(&kept.story, WIDE, "no-cache"));
    assert_eq!((value(&second), value(&kept.wait_for(&first))), (3, 2));
    kept.does.set(Does::Unreachable);
    assert_eq!(kept.ask("no-cache").refusal(), "upstream_unreachable");
}

#[test]
fn only_if_cached_never_asks() {
    let kept = kept("stale_while_revalidate = \"20s\"\nstale_if_error = \"60s\"");
    let cold = kept.ask("only-if-cached");
    assert_eq!((cold.status, cold.refusal()), (504, "not_cached"));
    assert_eq!((cold.headers["x-should-retry"].as_str(), cold.headers.get("retry-after")), ("false", None));
    assert_eq!(kept.runs(), 0);
    kept.ask("");
    assert_eq!(value(&kept.ask("only-if-cached")), 1);
    for refused in ["only-if-cached, no-cache", "only-if-cached, no-store", "only-if-cached, max-age=0"] {
        kept.run_for(10);
        assert_eq!(kept.ask(refused).refusal(), "not_cached", "{refused}");
    }
    kept.run_for(101_000);
    let stale = kept.ask("only-if-cached");
    assert!(status(&stale).contains("; hit; ttl=-"), "{stale:?}");
    kept.run_for(1_000);
    assert_eq!(kept.runs(), 1, "nor in the background");
    kept.run_for(20_000);
    assert_eq!(kept.ask("only-if-cached").refusal(), "not_cached", "the executor did not fail");
    // Nor does it wait for those who ask.
    kept.does.set(Does::Runs(500));
    let leader = kept.begin(&kept.story, WIDE, "");
    kept.run_for(100);
    assert_eq!(kept.ask("only-if-cached").refusal(), "not_cached");
    assert_eq!(value(&kept.wait_for(&leader)), 2);
}

#[test]
fn max_age_is_kept_to_down_to_the_operators_bound() {
    let kept = kept("max_age_min = \"10s\"");
    kept.ask("");
    kept.run_for(8_500);
    let bounded = kept.ask("max-age=0");
    assert_eq!((value(&bounded), status(&bounded)), (1, "toolgate; hit; ttl=91; detail=memory/max_age_bounded"));
    let line = kept.story.logged().pop().unwrap_or_default();
    assert!(line.contains("\"degraded\":\"max_age_bounded\""), "{line}");
    kept.run_for(11_000);
    assert_eq!(status(&kept.ask("max-age=20")), "toolgate; hit; ttl=80; detail=memory");
    // What is no number of seconds counts as none (RFC 9111, section 4.2.1), within the operator's bound.
    assert_eq!(status(&kept.ask("max-age=soon")), "toolgate; fwd=request; stored; detail=max_age");
    kept.run_for(19_500);
    let refreshed = kept.ask("max-age=15");
    assert_eq!((value(&refreshed), status(&refreshed)), (3, "toolgate; fwd=request; stored; detail=max_age"));
    kept.run_for(500);
    let nearly = kept.ask("min-fresh=101");
    assert_eq!(status(&nearly), "toolgate; hit; ttl=99; detail=memory/min_fresh_bounded");
    kept.run_for(11_000);
    assert_eq!(status(&kept.ask("min-fresh=95")), "toolgate; fwd=request; stored; detail=min_fresh");
}

#[test]
fn a_caller_that_asks_for_freshness_is_served_nothing_stale() {
    let kept = kept("stale_while_revalidate = \"60s\"\nstale_if_error = \"60s\"");
    kept.ask("");
    kept.does.set(Does::Unreachable);
    kept.run_for(110_000);
    for asks in ["max-age=1000", "min-fresh=1", "max-stale=5", "max-age=soon", "max-age=105, max-stale"] {
        assert_eq!(kept.ask(asks).refusal(), "upstream_unreachable", "{asks}");
    }
    for asks in ["", "max-stale", "max-stale=15", "max-age=1000, max-stale"] {
        assert_eq!(value(&kept.ask(asks)), 1, "{asks}");
    }
}

#[test]
fn a_hot_answer_is_fetched_anew_before_its_time_is_over() {
    let kept = kept("refresh_ahead = true");
    kept.ask("");
    for _ in 0..5 {
        kept.run_for(1_000);
        assert_eq!(value(&kept.ask("")), 1);
    }
    kept.run_for(84_000);
    kept.ask("");
    kept.run_for(500);
    assert_eq!(kept.runs(), 1, "its last tenth has not begun");
    kept.run_for(2_000);
    for _ in 0..5 {
        assert_eq!(value(&kept.ask("")), 1, "who asks does not wait");
    }
    kept.run_for(100);
    let renewed = kept.ask("");
    assert_eq!((value(&renewed), kept.runs(), age(&renewed)), (2, 2, Some("0")));
    // One that nobody asks for is let go.
    kept.run_for(95_000);
    kept.ask("");
    kept.run_for(100);
    assert_eq!(kept.runs(), 2);
}

#[test]
fn a_clock_that_jumps_serves_nothing_too_old() {
    let kept = kept("stale_while_revalidate = \"60s\"");
    kept.ask("");
    let began = kept.story.world.now().as_millis();
    // Forward, beyond every window.
    kept.story.world.set_clock(began + 1_000_000);
    assert_eq!(value(&kept.ask("")), 2);
    // Back, by more than clocks may differ: what was kept later is not trusted.
    kept.story.world.set_clock(began + 200_000);
    let earlier = kept.ask("");
    assert_eq!(value(&earlier), 3, "{earlier:?}");
    // Back a little: it is served, and its age is not below zero.
    kept.story.world.set_clock(began + 190_000);
    let young = kept.ask("");
    assert_eq!((value(&young), age(&young)), (3, Some("0")));
    assert!(kept.story.world.now().as_millis() < began + 201_000);
}

#[test]
fn a_list_that_did_not_change_is_not_sent_twice() {
    let kept = kept("");
    let mut tags = BTreeSet::new();
    for target in ["/v1/tools", "/v1/formatted_tools?format=openai", "/v1/tools/Docs.Get", "/openapi.json"] {
        let first = kept.story.ask(WIDE, Method::Get, target, &Value::Null, &[]);
        let tag = first.headers["etag"].clone();
        assert_eq!((first.status, first.headers["cache-control"].as_str()), (200, "private, no-cache"), "{target}");
        assert!(tags.insert(tag.clone()), "{target}: the tag of another body");
        let again = [(Header::IfNoneMatch, tag.as_str())];
        let second = kept.story.ask(SECOND, Method::Get, target, &Value::Null, &again);
        assert_eq!((second.status, second.body.as_str(), &second.headers["etag"]), (304, "", &tag), "{target}");
        assert!(!second.headers.contains_key("content-type"), "{target}");
        let stranger = kept.story.ask("a-key-that-nobody-has", Method::Get, target, &Value::Null, &again);
        assert!(stranger.status == 401 || target == "/openapi.json", "{target}: {stranger:?}");
        let other = [(Header::IfNoneMatch, "\"0\"")];
        assert_eq!(kept.story.ask(WIDE, Method::Get, target, &Value::Null, &other).status, 200, "{target}");
    }
}

#[test]
fn an_older_answer_of_a_farther_tier_stands_in_for_nothing() {
    let kept = kept("stale_if_error = \"1h\"");
    for run in [1, 2] {
        assert_eq!(value(&kept.ask("")), run);
        kept.run_for(101_000);
    }
    // The data centre has the first one again, and the store has forgotten both.
    let world = &kept.story.world;
    world.edge.borrow_mut().values_mut().for_each(|versions| versions.truncate(1));
    world.kv.borrow_mut().retain(|name, _| !name.starts_with("cache/"));
    kept.does.set(Does::Unreachable);
    assert_eq!(value(&kept.ask("")), 2, "what memory has is newer");
    let elsewhere = kept.story.isolate();
    let answer = kept.wait_for(&kept.begin(&elsewhere, WIDE, ""));
    assert_eq!((value(&answer), status(&answer).contains("detail=stale_if_error")), (1, true), "{answer:?}");
}
