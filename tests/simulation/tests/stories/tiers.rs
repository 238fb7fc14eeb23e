//! The cache's tiers: which of them an entry reaches, who answers from where, and what each fault comes to.

mod past;

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::cache::{Entry, table};
use toolgate::model::request::Header;
use toolgate::ports::{Sql, SqlValue};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;
use toolgate_simulation::world::{Faults, Platform};

use crate::story::{Answer, Story, WIDE, answer};

/// The time that the executor takes.
const RUN_MS: u64 = 40;

/// Isolates on one world, and an executor that answers with the number of the run.
struct Tiers {
    first: Story,
    runs: Rc<Cell<usize>>,
}

fn tiers(cache: &str) -> Tiers {
    let document = format!(
        r#"
executors = [{{ id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" }}]
epochs = {{ lease = "2s" }}
cache = {{ single_flight = "off", {cache} }}

[[callers]]
id = "wide"
tenant = "a"
keys = [{{ id = "wide-1", setting = "KEY_WIDE" }}]
actions = ["*"]
tools = ["*"]
users = ["*"]
projects = ["*"]
"#
    );
    let first = Story::of(Box::leak(document.into_boxed_str()), &[("KEY_WIDE", WIDE), ("ENGINE_KEY", "account")]);
    let runs = Rc::new(Cell::new(0));
    let counted = Rc::clone(&runs);
    first.script(move |request| {
        request.url.ends_with("/tools/execute").then(|| {
            counted.set(usize::saturating_add(counted.get(), 1));
            let output = json!({"value": counted.get()});
            let whole =
                json!({"success": true, "duration": 1, "finished_at": "2026-01-01T00:00:00Z", "output": output});
            (Millis::new(RUN_MS), answer(200, &whole))
        })
    });
    Tiers { first, runs }
}

/// Everything is used, and entries live for an hour.
fn persistent() -> Tiers {
    tiers("strategy = \"persistent\", ttl = \"1h\"")
}

/// The outcome of a call: the value, the tier it came from, and what the record calls degraded.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    value: Value,
    tier: String,
    degraded: String,
}

impl Tiers {
    /// A call of an isolate, and everything that it leaves to be done.
    fn call_of(&self, isolate: &Story, input: u64) -> (Answer, Seen) {
        isolate.logged();
        let answer = isolate.execute(WIDE, "Docs.Get", &json!({"n": input}));
        assert_eq!(answer.status, 200, "{answer:?}");
        isolate.world.run(|| false);
        let detail = answer.headers["cache-status"].split("; detail=").nth(1).unwrap_or_default();
        let lines = isolate.logged();
        let records = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let record = records.into_iter().find(|record| record["request_id"] == answer.headers["x-request-id"].as_str());
        let degraded = record.expect("a record")["degraded"].as_str().unwrap_or_default().to_owned();
        let seen = Seen { value: answer.json()["output"]["value"].clone(), tier: detail.to_owned(), degraded };
        (answer, seen)
    }

    /// The same of an isolate that remembers nothing.
    fn call(&self) -> Seen {
        self.call_of(&self.first.isolate(), 1).1
    }

    fn forget(&self, data_centre: bool, store: bool, sql: bool) {
        let world = &self.first.world;
        if data_centre {
            world.edge.borrow_mut().clear();
        }
        if store {
            world.kv.borrow_mut().retain(|name, _| !name.starts_with("cache/"));
        }
        if sql {
            world.sql.borrow_mut().values_mut().for_each(std::collections::BTreeMap::clear);
        }
    }

    /// Returns the number of entries in the data centre, the store and the database.
    fn held(&self) -> (usize, usize, usize) {
        let world = &self.first.world;
        let kept = world.stored().keys().filter(|name| name.starts_with("cache/")).count();
        (world.edge.borrow().len(), kept, world.sql.borrow().values().map(|table| table.len()).sum())
    }

    /// Does something to what every tier below memory holds.
    fn change_all(&self, change: impl Fn(&mut Vec<u8>)) {
        let world = &self.first.world;
        world.edge.borrow_mut().values_mut().flatten().for_each(|(_, bytes)| change(bytes));
        let mut kv = world.kv.borrow_mut();
        kv.iter_mut().filter(|(name, _)| name.starts_with("cache/")).flat_map(|(_, all)| all).for_each(&change);
        for row in world.sql.borrow_mut().values_mut().flat_map(|table| table.values_mut()).flatten() {
            if let Some(SqlValue::Blob(bytes)) = row.get_mut(2) {
                change(bytes);
            }
        }
    }

    fn invalidate(&self, isolate: &Story) {
        let all = json!({"changes": [{"invalidate": "all"}]});
        assert_eq!(isolate.ask(WIDE, Method::Post, "/gate/v1/epochs", &all, &[]).status, 200);
    }

    fn faults(&self, faults: Faults) {
        self.first.world.set_faults(faults);
    }

    fn asked(&self, port: &str) -> usize {
        self.first.world.asked.borrow().get(port).copied().unwrap_or_default()
    }

    fn wait(&self, ms: u64) {
        self.first.world.spawn(self.first.sleep(ms));
        self.first.world.run(|| false);
    }
}

fn seen(value: u64, tier: &str, degraded: &str) -> Seen {
    Seen { value: json!(value), tier: tier.to_owned(), degraded: degraded.to_owned() }
}

#[test]
fn the_nearest_tier_answers_and_those_above_it_are_filled() {
    let tiers = persistent();
    let first = tiers.first.isolate();
    assert_eq!(tiers.call_of(&first, 1).1, seen(1, "", "tier_away"), "there is no table before the first write");
    assert_eq!(tiers.call_of(&first, 1).1, seen(1, "memory", ""));
    assert_eq!(tiers.call(), seen(1, "data_centre", ""));
    for (data_centre, store, tier) in [(true, false, "store"), (true, true, "sql")] {
        tiers.forget(data_centre, store, false);
        let isolate = tiers.first.isolate();
        assert_eq!(tiers.call_of(&isolate, 1).1, seen(1, tier, ""));
        assert_eq!(tiers.call_of(&isolate, 1).1, seen(1, "memory", ""));
        assert_eq!(tiers.held(), (1, 1, 1), "filled after a hit in {tier}");
    }
    tiers.forget(true, true, true);
    assert_eq!(tiers.call(), seen(2, "", ""));
}

#[test]
fn an_entry_goes_as_far_as_its_life_and_its_strategy_say() {
    for (cache, held) in [
        (r#"strategy = "memory", ttl = "1h""#, (0, 0, 0)),
        (r#"strategy = "off", ttl = "1h""#, (0, 0, 0)),
        (r#"strategy = "hybrid", ttl = "59s""#, (1, 0, 0)),
        (r#"strategy = "hybrid", ttl = "60s""#, (1, 1, 0)),
        (r#"strategy = "hybrid", ttl = "1h""#, (1, 1, 0)),
        (r#"strategy = "persistent", ttl = "59s""#, (1, 0, 0)),
        (r#"strategy = "persistent", ttl = "599s""#, (1, 1, 0)),
        (r#"strategy = "persistent", ttl = "600s""#, (1, 1, 1)),
        (r#"rules = [{ tools = ["Docs.*"], ttl = "1h", strategy = "memory" }]"#, (0, 0, 0)),
        (r#"rules = [{ tools = ["Docs.*"], ttl = "1h", strategy = "off" }]"#, (0, 0, 0)),
        (r#"rules = [{ tools = ["Docs.*"], ttl = "1h", strategy = "persistent" }]"#, (1, 1, 1)),
        (r#"strategy = "memory", rules = [{ tools = ["Docs.*"], ttl = "1h", strategy = "hybrid" }]"#, (1, 1, 0)),
        (r#"strategy = "off", rules = [{ tools = ["Docs.*"], ttl = "1h", strategy = "hybrid" }]"#, (0, 0, 0)),
    ] {
        for moving in [false, true] {
            let tiers = tiers(cache);
            tiers.first.world.moving.set(moving);
            tiers.call();
            assert_eq!(tiers.held(), held, "{cache}, the clock moves: {moving}");
            let again = tiers.call();
            assert_eq!(again.value, json!(if held.0 > 0 { 1 } else { 2 }), "{cache}");
            let is_far = tiers.asked("sql") > 0;
            assert_eq!(is_far, held.2 > 0, "{cache}: who has nothing there does not ask");
        }
    }
}

#[test]
fn a_one_second_entry_is_stored_a_second_in_the_data_centre() {
    let tiers = tiers("ttl = \"1s\"");
    tiers.first.world.moving.set(true);
    tiers.call();
    assert_eq!(tiers.held(), (1, 0, 0));
}

#[test]
fn nothing_that_a_tier_breaks_is_served() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(Change, &str); 7] = [
        (|bytes| bytes.truncate(bytes.len() / 2), "tier_truncated"),
        (|bytes| bytes.clear(), "tier_truncated"),
        (|bytes| bytes[0] = 9, "tier_format"),
        (|bytes| bytes[1] = 0x80, "tier_format"),
        (|bytes| bytes[2..].fill(0xc1), "tier_damaged"),
        // A compressed entry of 4 GiB.
        (|bytes| *bytes = Entry::forged(1, &[&[0xff; 4][..], &[0x1f; 64]].concat()), "tier_too_large"),
        // One bit of its epoch, the last byte before the check sum.
        (|bytes| *bytes.iter_mut().nth_back(8).unwrap() ^= 1, "tier_damaged"),
    ];
    for (change, name) in changes {
        let tiers = persistent();
        tiers.call();
        tiers.change_all(change);
        assert_eq!(tiers.call(), seen(2, "", name));
    }
}

#[test]
fn an_entry_under_the_name_of_another_key_is_a_miss() {
    let tiers = persistent();
    let isolate = tiers.first.isolate();
    tiers.call_of(&isolate, 1);
    tiers.call_of(&isolate, 2);
    let edge = tiers.first.world.edge.borrow().clone();
    let ours: Vec<Vec<u8>> = edge.values().map(|versions| versions[0].1.clone()).collect();
    tiers.change_all(|bytes| *bytes = if *bytes == ours[0] { ours[1].clone() } else { ours[0].clone() });
    assert_eq!(tiers.call(), seen(3, "", "tier_other_key"));
}

#[test]
fn what_is_stale_is_served_by_no_tier() {
    let tiers = persistent();
    tiers.call();
    tiers.invalidate(&tiers.first);
    assert_eq!(tiers.call(), seen(2, "", "tier_stale"));
    // An old value that comes back where the new one was.
    let world = &tiers.first.world;
    world.edge.borrow_mut().values_mut().for_each(|versions| versions.truncate(1));
    assert_eq!(tiers.call(), seen(2, "store", "tier_stale"));
    tiers.wait(3_601_000);
    assert_eq!(tiers.call(), seen(3, "", "tier_stale"), "its life is over");
}

#[test]
fn slow_tiers_cost_a_miss_a_third_of_a_second_and_then_rest() {
    let tiers = persistent();
    tiers.call();
    tiers.faults(Faults { tier_slow: 100, ..Faults::default() });
    let isolate = tiers.first.isolate();
    let before = isolate.world.now().as_millis();
    let mut took = Vec::new();
    for (input, degraded) in [(1, "tier_slow"), (2, "tier_slow"), (3, "tier_resting")] {
        let began = isolate.world.now().as_millis();
        let pending = isolate.begin(
            WIDE,
            Method::Post,
            "/v1/tools/execute",
            &json!({"tool_name": "Docs.Get", "user_id": "u1", "input": {"n": input}}),
            &[],
        );
        isolate.logged();
        isolate.world.run(|| pending.0.borrow().is_some());
        assert!(isolate.logged().iter().any(|line| line.contains(&format!("\"degraded\":\"{degraded}\""))), "{input}");
        assert_eq!(pending.take().json()["output"]["value"], json!(input + 1));
        took.push(isolate.world.now().as_millis() - began);
    }
    println!("{took:?}");
    assert!(took[1] >= 300 && took[1] <= 300 + RUN_MS + 10, "{took:?}");
    assert!(took[2] <= RUN_MS + 10, "{took:?}");
    tiers.faults(Faults::default());
    tiers.wait(10_000);
    assert_eq!(tiers.call_of(&isolate, 7).1, seen(5, "", ""), "and then they are asked again, {before}");
}

#[test]
fn tiers_that_are_away_are_misses_and_lost_writes_are_told() {
    let tiers = tiers("strategy = \"hybrid\", ttl = \"1h\"");
    let isolate = tiers.first.isolate();
    tiers.call_of(&isolate, 1);
    tiers.faults(Faults { edge_away: 100, ..Faults::default() });
    assert_eq!(tiers.call_of(&isolate, 2).1, seen(2, "", "tier_away"));
    tiers.faults(Faults::default());
    assert_eq!(tiers.call_of(&isolate, 3).1, seen(3, "", "tier_write_lost"));
    assert_eq!(tiers.call_of(&isolate, 4).1, seen(4, "", ""), "told once");
    assert_eq!(tiers.held(), (3, 4, 0));
    tiers.faults(Faults { edge_missing: 100, kv_lost: 100, ..Faults::default() });
    tiers.call_of(&isolate, 5);
    assert_eq!(tiers.held(), (3, 4, 0), "a write that is lost without a word is a later miss");
}

#[test]
fn the_store_is_written_once_a_second_under_one_key() {
    let tiers = tiers("strategy = \"hybrid\", ttl = \"1h\"");
    let isolate = tiers.first.isolate();
    let call = || isolate.execute(WIDE, "Docs.Get", &json!({"n": 1}));
    call();
    tiers.invalidate(&isolate);
    isolate.logged();
    call();
    let lines = isolate.logged();
    assert!(
        lines.iter().any(|line| line.contains("\"degraded\":\"tier_stale,tier_write_skipped\"")
            || line.contains("\"degraded\":\"tier_write_skipped\"")),
        "{lines:?}"
    );
    isolate.world.run(|| false);
    let versions = |name_begins: &str| -> Vec<usize> {
        let kv = isolate.world.kv.borrow();
        kv.iter().filter(|(name, _)| name.starts_with(name_begins)).map(|(_, versions)| versions.len()).collect()
    };
    assert_eq!(versions("cache/"), [1]);
    // What the store has now is stale, and nobody is given it.
    tiers.forget(true, false, false);
    assert_eq!(tiers.call(), seen(3, "", "tier_stale"));
    tiers.wait(2_000);
    assert_eq!(versions("cache/"), [2]);
}

#[test]
fn a_missing_database_is_reported_once_a_data_centre_never() {
    let tiers = persistent();
    tiers.first.world.no_sql.set(true);
    tiers.first.world.no_edge_cache.set(true);
    let isolate = tiers.first.isolate();
    assert_eq!(tiers.call_of(&isolate, 1).1, seen(1, "", "sql_unsupported"));
    for input in 2..5 {
        assert_eq!(tiers.call_of(&isolate, input).1, seen(input, "", ""));
    }
    assert_eq!((tiers.asked("sql"), tiers.asked("edge_cache"), tiers.held()), (1, 1, (0, 4, 0)));
    assert_eq!(tiers.call(), seen(1, "store", ""));
}

#[test]
fn what_a_tier_tells_late_takes_the_place_of_nothing_newer() {
    for later in 25..50 {
        let tiers = persistent();
        let isolate = tiers.first.isolate();
        tiers.call_of(&tiers.first, 1);
        // It knows the tools, and nothing of this call.
        tiers.call_of(&isolate, 2);
        tiers.forget(true, false, false);
        let begin = |headers: &[(Header, &str)]| {
            let body = json!({"tool_name": "Docs.Get", "user_id": "u1", "input": {"n": 1}});
            isolate.begin(WIDE, Method::Post, "/v1/tools/execute", &body, headers)
        };
        let asks_anew = begin(&[(Header::CacheControl, "no-cache")]);
        let until = isolate.world.now().as_millis().saturating_add(later);
        isolate.world.spawn(isolate.sleep(later));
        isolate.world.run(|| isolate.world.now().as_millis() >= until);
        let asks = begin(&[]);
        isolate.world.run(|| asks_anew.0.borrow().is_some() && asks.0.borrow().is_some());
        assert_eq!(asks_anew.take().json()["output"]["value"], json!(3));
        assert_eq!(tiers.call_of(&isolate, 1).1.value, json!(3), "{later}");
    }
}

#[test]
fn the_scheduled_job_deletes_what_is_over() {
    let tiers = persistent();
    tiers.call();
    tiers.wait(1_800_000);
    tiers.call_of(&tiers.first.isolate(), 2);
    assert_eq!(tiers.held().2, 2);
    tiers.wait(1_900_000);
    tiers.first.scheduled();
    assert_eq!(tiers.held().2, 1);
    // Who reads it by hand finds what the core wrote.
    let (world, settings) = (Rc::clone(&tiers.first.world), Rc::clone(&tiers.first.settings));
    let platform = Platform { world, settings, request: 0 };
    tiers.first.world.spawn(async move {
        let name = SqlValue::Text("cache/1/nobody".to_owned());
        assert_eq!(platform.query(table::SELECT, vec![name]).await, Ok(Vec::new()));
    });
    tiers.first.world.run(|| false);
    assert_eq!(tiers.runs.get(), 2);
}
