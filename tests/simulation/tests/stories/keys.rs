//! Issued keys: from their making to their end, on every isolate.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::Clock as _;
use toolgate::words::limits::{KEY_LOOKUPS_FAILED_PER_SECOND, KEY_LOOKUPS_PENDING};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;
use toolgate_simulation::world::{Faults, Platform};

use crate::story::{Answer, Story};

pub(crate) const DOCUMENT: &str = r#"
executors = [{ id = "local", kind = "local" }]
epochs = { lease = "2s" }
roles = [
  { id = "math", actions = ["tools/list", "tools/call"], tools = ["Calc.*"] },
  { id = "lead", actions = ["keys/read", "keys/write"] },
  { id = "other", actions = ["tools/call"], tools = ["*"] },
]

[[callers]]
id = "root"
tenant = "ops"
keys = [{ id = "root-1", setting = "KEY_ROOT" }]
actions = ["*"]
tools = ["*"]
users = ["*"]
projects = ["*"]

[[callers]]
id = "lead"
tenant = "a"
keys = [{ id = "lead-1", setting = "KEY_LEAD" }]
roles = ["math", "lead"]
actions = []
users = ["u1", "u2"]
projects = ["o/p"]
"#;

pub(crate) const ROOT: &str = "canary-key-root-0123";
pub(crate) const LEAD: &str = "canary-key-lead-0123";
pub(crate) const SECRET: &str = "canary: the first hashing secret of these";
const NEXT_SECRET: &str = "canary: the second hashing secret of these";
const LEASE_MS: u64 = 2_000;

/// A story with the hashing secret, or another, and one beside it.
pub(crate) fn story(secret: &'static str, other: &'static str) -> Story {
    let settings = [
        ("KEY_ROOT", ROOT),
        ("KEY_LEAD", LEAD),
        ("TOOLGATE_KEY_HASH_SECRET", secret),
        ("TOOLGATE_KEY_HASH_SECRET_PREVIOUS", other),
    ];
    let settings: Vec<_> = settings.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Story::of(DOCUMENT, &settings)
}

/// An isolate with other secrets on the same world.
fn with_secrets(of: &Story, secret: &'static str, other: &'static str) -> Story {
    story(secret, other).on(of)
}

pub(crate) fn pass(story: &Story, ms: u64) {
    let is_over = Rc::new(RefCell::new(false));
    let over = Rc::clone(&is_over);
    let platform = Platform { world: Rc::clone(&story.world), settings: Rc::clone(&story.settings), request: 0 };
    story.world.spawn(async move {
        platform.sleep(Millis::new(ms)).await;
        *over.borrow_mut() = true;
    });
    story.world.run(|| *is_over.borrow());
}

pub(crate) fn create(story: &Story, by: &str, more: &Value) -> Answer {
    let mut body = json!({"name": "bot", "roles": ["math"], "users": ["u1"]});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    story.ask(by, Method::Post, "/gate/v1/keys", &body, &[])
}

pub(crate) fn key_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["key"].as_str().unwrap().to_owned()
}

pub(crate) fn id_of(key: &str) -> String {
    key.split('_').nth(1).unwrap().to_owned()
}

fn rotate(story: &Story, by: &str, id: &str, body: &Value) -> Answer {
    story.ask(by, Method::Post, &format!("/gate/v1/keys/{id}/rotate"), body, &[])
}

fn revoke(story: &Story, by: &str, id: &str) -> Answer {
    story.ask(by, Method::Delete, &format!("/gate/v1/keys/{id}"), &Value::Null, &[])
}

fn get(story: &Story, id: &str) -> Value {
    story.ask(ROOT, Method::Get, &format!("/gate/v1/keys/{id}"), &Value::Null, &[]).json()
}

/// `ok`, or the refusal's name.
pub(crate) fn uses(story: &Story, key: &str) -> String {
    let answer = story.execute(key, "Calc.Plus", &json!({"a": "1", "b": "2"}));
    if answer.status == 200 { "ok".to_owned() } else { answer.refusal().to_owned() }
}

fn lookups(story: &Story) -> usize {
    story.world.commands.borrow().iter().filter(|owner| owner.starts_with("keys/")).count()
}

#[test]
fn a_key_is_valid_everywhere_until_overlap_end_or_revocation() {
    let one = story(SECRET, "");
    let two = one.isolate();
    let first = key_of(&create(&one, LEAD, &Value::Null));
    assert_eq!([uses(&one, &first), uses(&two, &first)], ["ok", "ok"]);
    let second = key_of(&rotate(&one, LEAD, &id_of(&first), &json!({"overlap": 120})));
    assert_eq!(id_of(&first).chars().next(), id_of(&second).chars().next(), "one owner changes both");
    for isolate in [&one, &two] {
        assert_eq!([uses(isolate, &first), uses(isolate, &second)], ["ok", "ok"]);
    }
    assert_eq!(get(&two, &id_of(&first))["state"], "rotated");
    pass(&one, 119_000);
    assert_eq!([uses(&one, &first), uses(&two, &first)], ["ok", "ok"]);
    pass(&one, 1_100);
    for isolate in [&one, &two] {
        assert_eq!([uses(isolate, &first).as_str(), &uses(isolate, &second)], ["credential_expired", "ok"]);
    }
    assert_eq!(revoke(&one, LEAD, &id_of(&second)).status, 200);
    assert_eq!(uses(&one, &second), "credential_revoked", "who revokes knows it at once");
    pass(&one, LEASE_MS);
    assert_eq!(uses(&two, &second), "credential_revoked");
    assert_eq!(revoke(&two, LEAD, &id_of(&second)).status, 200, "as often as one likes");
    let shown = get(&one, &id_of(&second));
    assert_eq!(
        (&shown["state"], &shown["revoked_by"], &shown["caller"]),
        (&json!("revoked"), &json!("lead"), &get(&one, &id_of(&first))["caller"])
    );
}

#[test]
fn a_warm_key_waits_for_nothing_and_asks_nobody() {
    let story = story(SECRET, "");
    let key = key_of(&create(&story, LEAD, &Value::Null));
    let add = || story.execute(&key, "Calc.Plus", &json!({"a": "1", "b": "2"}));
    assert!(add().took_ms > 0, "its owner is asked once");
    let asked = lookups(&story);
    for _ in 0..100 {
        let answer = add();
        assert_eq!((answer.status, answer.took_ms), (200, 0));
    }
    assert_eq!(lookups(&story), asked);
    pass(&story, 61_000);
    assert_eq!(add().status, 200);
    assert_eq!(lookups(&story), asked + 1, "once a minute it is asked again");
}

#[test]
fn a_short_overlap_ends_everywhere_within_the_lease() {
    let one = story(SECRET, "");
    let two = one.isolate();
    let first = key_of(&create(&one, LEAD, &Value::Null));
    assert_eq!(uses(&two, &first), "ok");
    let second = key_of(&rotate(&one, LEAD, &id_of(&first), &json!({"overlap": 0})));
    assert_eq!(uses(&one, &first), "credential_expired");
    pass(&one, LEASE_MS);
    assert_eq!([uses(&two, &first).as_str(), &uses(&two, &second)], ["credential_expired", "ok"]);
    assert_eq!(rotate(&one, LEAD, &id_of(&first), &Value::Null).refusal(), "key_ended");
    assert_eq!(rotate(&one, LEAD, "00000000000000000000", &Value::Null).refusal(), "key_unknown");
    assert_eq!(rotate(&one, LEAD, "no-id", &Value::Null).refusal(), "key_unknown");
}

#[test]
fn a_key_that_has_an_end_ends_there_also_where_it_is_remembered() {
    let one = story(SECRET, "");
    let two = one.isolate();
    let key = key_of(&create(&one, LEAD, &json!({"expires_in": 30})));
    assert_eq!([uses(&one, &key), uses(&two, &key)], ["ok", "ok"]);
    pass(&one, 29_000);
    assert_eq!([uses(&one, &key), uses(&two, &key)], ["ok", "ok"]);
    pass(&one, 1_000);
    assert_eq!([uses(&one, &key), uses(&two, &key)], ["credential_expired", "credential_expired"]);
    let later = key_of(&create(&one, LEAD, &json!({"expires_in": 30})));
    let prolonged = key_of(&rotate(&one, LEAD, &id_of(&later), &json!({"expires_in": 300})));
    pass(&one, 31_000);
    assert_eq!([uses(&one, &later).as_str(), &uses(&two, &prolonged)], ["credential_expired", "ok"]);
}

#[test]
fn nobody_is_let_in_on_an_owner_that_does_not_answer() {
    let one = story(SECRET, "");
    let two = one.isolate();
    let key = key_of(&create(&one, LEAD, &Value::Null));
    assert_eq!(uses(&one, &key), "ok");
    one.world.lost_owners.borrow_mut().push("keys/");
    let cold = two.execute(&key, "Calc.Plus", &json!({"a": "1", "b": "2"}));
    assert_eq!((cold.status, cold.refusal()), (503, "credential_unverifiable"), "{cold:?}");
    assert_eq!(cold.headers["x-should-retry"], "true");
    assert_eq!(uses(&one, &key), "ok", "it is remembered here");
    assert_eq!(uses(&two, ROOT), "ok", "configured keys need no owner");
    let change = json!({"changes": [{"revoke": id_of(&key)}]});
    assert_eq!(one.ask(ROOT, Method::Post, "/gate/v1/epochs", &change, &[]).status, 200);
    assert_eq!(uses(&one, &key), "credential_unverifiable", "after any revocation it must be asked anew");
    one.world.lost_owners.borrow_mut().clear();
    pass(&one, LEASE_MS);
    assert_eq!(
        [uses(&one, &key), uses(&two, &key)],
        ["credential_revoked", "credential_revoked"],
        "by its id, in the epochs"
    );
}

#[test]
fn a_revocation_that_is_not_known_to_hold_is_no_success() {
    let one = story(SECRET, "");
    let two = one.isolate();
    let key = key_of(&create(&one, LEAD, &Value::Null));
    assert_eq!(uses(&two, &key), "ok");
    one.world.lost_owners.borrow_mut().push("epochs");
    assert_eq!(revoke(&one, LEAD, &id_of(&key)).refusal(), "durable_unavailable");
    one.world.lost_owners.borrow_mut().clear();
    pass(&one, LEASE_MS);
    pass(&one, 61_000);
    assert_eq!(uses(&two, &key), "credential_revoked", "a minute later it holds all the same");
    assert_eq!(revoke(&one, LEAD, &id_of(&key)).status, 200);
}

#[test]
fn the_hashing_secret_is_rotated_and_no_key_stops() {
    let old = story(SECRET, "");
    let [used, unused] = [(); 2].map(|()| key_of(&create(&old, LEAD, &Value::Null)));
    let state = |story: &Story, key: &str| get(story, &id_of(key))["hash_secret"].clone();
    // Both secrets everywhere first, then the other way round.
    let both = with_secrets(&old, SECRET, NEXT_SECRET);
    let swapped = with_secrets(&old, NEXT_SECRET, SECRET);
    assert_eq!([uses(&old, &used), uses(&both, &used), uses(&swapped, &used)], ["ok", "ok", "ok"]);
    old.world.run(|| false);
    assert_eq!(
        [state(&swapped, &used), state(&swapped, &unused)],
        ["current", "previous"],
        "a used key is hashed anew"
    );
    assert_eq!(uses(&both, &used), "ok", "an isolate with both secrets follows");
    assert_eq!(
        with_secrets(&old, NEXT_SECRET, SECRET)
            .ask(ROOT, Method::Get, "/gate/v1/keys?tenant=a", &Value::Null, &[])
            .status,
        200
    );
    let third = key_of(&rotate(&swapped, LEAD, &id_of(&unused), &Value::Null));
    let last = with_secrets(&old, NEXT_SECRET, "");
    assert_eq!([state(&last, &used), state(&last, &third), state(&last, &unused)], ["current", "current", "unknown"]);
    assert_eq!([uses(&last, &used), uses(&last, &third), uses(&last, &unused)], ["ok", "ok", "credential_unknown"]);
    let without = with_secrets(&old, "", "");
    assert_eq!(uses(&without, &used), "key_hash_secret_missing");
    assert_eq!(create(&without, LEAD, &Value::Null).refusal(), "key_hash_secret_missing");
}

#[test]
fn a_flood_of_keys_that_nobody_has_stays_in_its_isolate() {
    let story = story(SECRET, "");
    let good = key_of(&create(&story, LEAD, &Value::Null));
    assert_eq!(uses(&story, &good), "ok");
    pass(&story, 1_000);
    let before = lookups(&story);
    let random = |number: u32| {
        let digits: Vec<u8> =
            (0..34_u32).map(|at| (number.wrapping_mul(2_654_435_761) >> (at % 4 * 8)) as u8).collect();
        toolgate::access::identity::key::NewKey::new(&digits.try_into().unwrap(), None).text
    };
    let begun: Vec<_> = (0..4_000)
        .map(|number| story.begin(random(number).expose(), Method::Get, "/v1/tools", &Value::Null, &[]))
        .collect();
    story.world.run(|| begun.iter().all(|answer| answer.0.borrow().is_some()));
    let refusals: Vec<String> = begun.iter().map(|answer| answer.take().refusal().to_owned()).collect();
    let count = |name: &str| refusals.iter().filter(|refusal| *refusal == name).count();
    assert_eq!(count("credential_unknown") + count("credential_throttled"), 4_000, "{refusals:?}");
    let most = (KEY_LOOKUPS_PENDING + KEY_LOOKUPS_FAILED_PER_SECOND) as usize;
    let asked = lookups(&story) - before;
    assert!(asked <= most && count("credential_unknown") == asked, "{asked} look-ups");
    assert_eq!(uses(&story, &good), "ok", "who is known is not held up");
    pass(&story, 1_000);
    let one_more = random(9_999);
    let before = lookups(&story);
    assert_eq!(
        [uses(&story, one_more.expose()), uses(&story, one_more.expose())],
        ["credential_unknown", "credential_unknown"]
    );
    assert_eq!(lookups(&story), before + 1, "what was refused a moment ago is not asked again");
}

#[test]
fn a_request_that_is_repeated_leaves_one_live_key() {
    let story = story(SECRET, "");
    let body = json!({"name": "bot", "roles": ["math"], "users": ["u1"]});
    let post =
        |by: &str, body: &Value| story.ask(by, Method::Post, "/gate/v1/keys", body, &[(Header::IdempotencyKey, "k")]);
    let [first, again, of_another] =
        [post(LEAD, &body), post(LEAD, &body), post(ROOT, &body)].map(|answer| key_of(&answer));
    assert_eq!(
        [uses(&story, &first).as_str(), &uses(&story, &again), &uses(&story, &of_another)],
        ["credential_revoked", "ok", "ok"]
    );
    assert_eq!(post(LEAD, &json!({"name": "bot", "roles": ["lead"]})).refusal(), "idempotency_key_reused");
}

#[test]
fn owner_faults_make_no_second_key_and_lose_no_revocation() {
    for seed in 0..20 {
        let one = story(SECRET, "");
        let two = one.isolate();
        let key = key_of(&create(&one, LEAD, &Value::Null));
        assert_eq!(uses(&two, &key), "ok");
        for _ in 0..seed {
            one.world.chance(50);
        }
        one.world.set_faults(Faults { durable_away: 30, ..Faults::default() });
        let revoked = (0..50).any(|_| revoke(&one, LEAD, &id_of(&key)).status == 200);
        assert!(revoked, "seed {seed}");
        pass(&one, LEASE_MS);
        for _ in 0..10 {
            let outcome = uses(&two, &key);
            assert!(
                outcome == "credential_revoked"
                    || outcome.ends_with("unavailable")
                    || outcome.ends_with("unverifiable"),
                "{outcome}"
            );
        }
    }
}
