//! Issued keys by seed: who makes, uses, rotates and revokes which, on which isolate, while owners fail; and beside it a
//! model that knows only what was asked, what was answered, and when.

mod model;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::access::identity::key::{NewKey, RANDOM};
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::Body;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::world::{Faults, Platform, World};
use model::{Grants, Key, Maker, Model, Use};

/// The lease on the epochs, in milliseconds.
pub(crate) const LEASE_MS: u64 = 2_000;

const DOCUMENT: &str = r#"
executors = [{ id = "local", kind = "local" }]
epochs = { lease = "2s" }
roles = [
  { id = "add", actions = ["tools/call"], tools = ["Calc.Plus"] },
  { id = "math", actions = ["tools/*"], tools = ["Calc.*"] },
  { id = "lead", actions = ["keys/read", "keys/write"] },
]

[[callers]]
id = "root"
tenant = "ops"
keys = [{ id = "root", setting = "KEY_ROOT" }]
actions = ["keys/*"]

[[callers]]
id = "lead-a"
tenant = "a"
keys = [{ id = "lead-a", setting = "KEY_LEAD_A" }]
roles = ["add", "lead"]
actions = []
users = ["u1"]

[[callers]]
id = "lead-b"
tenant = "b"
keys = [{ id = "lead-b", setting = "KEY_LEAD_B" }]
roles = ["add", "math", "lead"]
actions = []
users = ["*"]
"#;

/// The configured callers: setting, key, and what each may give.
const CONFIGURED: [(&str, &str); 3] = [
    ("KEY_ROOT", "canary-key-of-root"),
    ("KEY_LEAD_A", "canary-key-of-lead-a"),
    ("KEY_LEAD_B", "canary-key-of-lead-b"),
];

/// The callers that may make keys by the configuration.
fn makers() -> [Maker; 3] {
    let of = |place: usize, grants: Option<Grants>| Maker { key: CONFIGURED[place].1.to_owned(), issued: None, grants };
    let grants = |tenant: &str, roles: &[&str], users: &[&str]| Grants::new(tenant, roles, users, &[]);
    [
        of(0, None),
        of(1, Some(grants("a", &["add", "lead"], &["u1"]))),
        of(2, Some(grants("b", &["add", "math", "lead"], &["*"]))),
    ]
}

/// The outcome of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Uses of keys.
    pub uses: u64,
    /// Those that were let in.
    pub accepted: u64,
    /// Keys that were made.
    pub made: u64,
    /// Attempts to give more than one holds, all refused.
    pub escalations: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.uses += other.uses;
        self.accepted += other.accepted;
        self.made += other.made;
        self.escalations += other.escalations;
    }
}

/// The outcome of one request.
pub(crate) struct Seen {
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) status: u16,
    pub(crate) refusal: String,
    pub(crate) body: String,
}

impl Seen {
    /// True if an owner that is away may be the reason.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self.refusal.as_str(), "durable_unavailable" | "epochs_unavailable" | "credential_unverifiable")
    }
}

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn log_line(line: &str) {
    LOG.with_borrow_mut(|log| log.push(line.to_owned()));
}

struct Run {
    world: Rc<World>,
    isolates: Vec<Rc<Gateway>>,
    settings: Rc<BTreeMap<String, String>>,
    model: Model,
    tally: Tally,
}

/// Runs a seed.
///
/// # Errors
/// What does not hold, with the seed and the step.
pub fn run(seed: u64, steps: usize) -> Result<Tally, String> {
    toolgate::telemetry::install(log_line);
    LOG.with_borrow_mut(Vec::clear);
    let world = World::new(seed);
    let away = [0, 0, 8, 25][world.below(4)];
    world.set_faults(Faults { durable_away: away, ..Faults::default() });
    let settings = CONFIGURED.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let secret = ("TOOLGATE_KEY_HASH_SECRET".to_owned(), "canary: a hashing secret of 32 bytes".to_owned());
    let mut run = Run {
        isolates: (0..3).map(|_| Rc::new(Gateway::new(DOCUMENT))).collect(),
        settings: Rc::new(settings.chain([secret]).collect()),
        model: Model { may_fail: away > 0, ..Model::default() },
        tally: Tally::default(),
        world,
    };
    for step in 0..steps {
        run.step().map_err(|what| format!("seed {seed} step {step}: {what}"))?;
    }
    run.nothing_is_told().map_err(|what| format!("seed {seed}: {what}"))?;
    Ok(run.tally)
}

impl Run {
    fn step(&mut self) -> Result<(), String> {
        match self.world.below(20) {
            0..=9 => self.use_key(),
            10..=12 => self.make(),
            13 => self.rotate(),
            14 => self.revoke(),
            15 => self.forge(),
            16 => self.pass(61_000),
            17 => self.pass(LEASE_MS),
            _ => self.pass(400),
        }
    }

    fn pass(&self, most: u64) -> Result<(), String> {
        let span = Millis::new(self.world.rng.borrow_mut().u64(0..most));
        let (world, over) = (Rc::clone(&self.world), Rc::new(RefCell::new(false)));
        let is_over = Rc::clone(&over);
        self.world.spawn(async move {
            world.wait(span).await;
            *is_over.borrow_mut() = true;
        });
        self.world.run(|| *over.borrow());
        Ok(())
    }

    fn pick<T: Clone>(&self, items: &[T]) -> Option<T> {
        if items.is_empty() { None } else { Some(items[self.world.below(items.len())].clone()) }
    }

    /// Someone who may try to make, rotate or revoke keys: configured, or by a key that was issued.
    fn maker(&self) -> Maker {
        let issued: Vec<&Key> = self.model.keys.iter().filter(|key| key.grants.has("lead")).collect();
        match self.pick(&issued) {
            Some(key) if self.world.chance(40) => Maker::of(key),
            _ => makers()[self.world.below(3)].clone(),
        }
    }

    fn make(&mut self) -> Result<(), String> {
        let maker = self.maker();
        let some = |all: &[&'static str], least: usize| {
            let most = all.len() + 1 - least;
            let from = self.world.below(all.len());
            all.iter().cycle().skip(from).take(least + self.world.below(most)).copied().collect::<Vec<_>>()
        };
        let tenant = self.pick(&["a", "a", "b"]).unwrap_or_default();
        let users = some(&["u1", "u2", "*"], 0);
        let scopes =
            if self.world.chance(40) { some(&["tools/call", "keys/*", "tools/*", "*"], 1) } else { Vec::new() };
        let grants = Grants::new(tenant, &some(&["add", "math", "lead"], 1), &users, &scopes);
        let lives = self.pick(&[None, None, Some(5), Some(90)]).flatten();
        let mut body = json!({"name": "bot", "tenant": tenant, "roles": grants.roles, "users": grants.users, "scopes": grants.scopes});
        if let Some(seconds) = lives {
            body["expires_in"] = json!(seconds);
        }
        let seen = self.ask(&maker.key, Method::Post, "/gate/v1/keys", &body);
        let right = self.model.may_make(&maker, &grants, &seen);
        self.made(&seen, right, grants, lives, &maker)
    }

    /// Judges the answer to a request for a key, and notes the key.
    fn made(
        &mut self,
        seen: &Seen,
        right: Use,
        grants: Grants,
        lives: Option<u64>,
        maker: &Maker,
    ) -> Result<(), String> {
        match (seen.status, right) {
            (201, Use::MustNot(why)) => return Err(format!("a key was made though {why}: {maker:?} {grants:?}")),
            (201, _) => {}
            (_, Use::Must) if !(self.model.may_fail && seen.is_outage()) => {
                return Err(format!("no key was made: {} {maker:?} {grants:?}", seen.refusal));
            }
            (_, right) => {
                self.tally.escalations +=
                    u64::from(right == Use::MustNot("more than held") && seen.refusal == "grant_not_permitted");
                return Ok(());
            }
        }
        let answer: Value = serde_json::from_str(&seen.body).map_err(|fault| fault.to_string())?;
        let text = answer["key"].as_str().ok_or("no key in the answer")?.to_owned();
        let id = answer["id"].as_str().ok_or("no id in the answer")?.to_owned();
        self.tally.made += 1;
        self.model.keys.push(Key::new(text, id, grants, seen, lives.map(|seconds| seconds * 1000)));
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), String> {
        let maker = self.maker();
        if self.model.keys.is_empty() {
            return Ok(());
        }
        let place = self.world.below(self.model.keys.len());
        let earlier = self.model.keys[place].clone();
        let overlap = self.pick(&[0, 3, 70]).unwrap_or_default();
        let target = format!("/gate/v1/keys/{}/rotate", earlier.id);
        let seen = self.ask(&maker.key, Method::Post, &target, &json!({"overlap": overlap}));
        let right = self.model.may_rotate(&maker, &earlier, &seen);
        let made = seen.status == 201;
        let lives = earlier.lives_ms;
        if made || seen.is_outage() {
            // Whether it was done where the answer was lost, nobody knows.
            self.model.keys[place].rotated(&seen, overlap * 1000, made, self.model.may_fail);
        }
        self.made(&seen, right, earlier.grants.clone(), None, &maker)?;
        if made && let (Some(key), Some(_)) = (self.model.keys.last_mut(), lives) {
            key.inherit(&earlier);
        }
        Ok(())
    }

    fn revoke(&mut self) -> Result<(), String> {
        let maker = self.maker();
        if self.model.keys.is_empty() {
            return Ok(());
        }
        let place = self.world.below(self.model.keys.len());
        let key = self.model.keys[place].clone();
        let seen = self.ask(&maker.key, Method::Delete, &format!("/gate/v1/keys/{}", key.id), &Value::Null);
        match (seen.status, self.model.may_revoke(&maker, &key, &seen)) {
            (200, Use::MustNot(why)) => return Err(format!("a key was revoked though {why}")),
            (200, _) => self.model.keys[place].revoked(&seen, true),
            (_, Use::Must) if !(self.model.may_fail && seen.is_outage()) => {
                return Err(format!("no key was revoked: {}", seen.refusal));
            }
            _ if seen.is_outage() => self.model.keys[place].revoked(&seen, false),
            _ => {}
        }
        Ok(())
    }

    fn use_key(&mut self) -> Result<(), String> {
        // Mostly keys that were made lately: the others have ended.
        let from = self.model.keys.len().saturating_sub(6);
        let Some(key) = self.pick(&self.model.keys[from..]) else { return Ok(()) };
        let tool = self.pick(&["Calc.Plus", "Calc.Plus", "Calc.Minus"]).unwrap_or_default();
        let user = self.pick(&["u1", "u1", "u2"]).unwrap_or_default();
        let body = json!({"tool_name": tool, "user_id": user, "input": {"a": "1", "b": "2"}});
        let before = LOG.with_borrow(Vec::len);
        let seen = self.ask(&key.text, Method::Post, "/v1/tools/execute", &body);
        self.tally.uses += 1;
        self.tally.accepted += u64::from(seen.status == 200);
        match (seen.status, self.model.may_use(&key, tool, user, &seen)) {
            (200, Use::MustNot(why)) => return Err(format!("let in though {why}: {key:?} at {}", seen.sent)),
            (status, Use::Must) if status != 200 && !(self.model.may_fail && seen.is_outage()) => {
                return Err(format!("not let in: {} {key:?} at {}", seen.refusal, seen.sent));
            }
            _ => {}
        }
        let lines = LOG.with_borrow(|log| log[before..].join("\n"));
        let names = [format!("\"key\":\"{}\"", key.id), format!("\"tenant\":\"{}\"", key.grants.tenant)];
        if seen.status == 200 && !names.iter().all(|name| lines.contains(name)) {
            return Err(format!("recorded as another: {lines}"));
        }
        Ok(())
    }

    /// A whole key that nobody has, sometimes with the id of one that somebody has.
    fn forge(&mut self) -> Result<(), String> {
        let mut random = [0; RANDOM];
        self.world.rng.borrow_mut().fill(&mut random);
        if let Some(key) = self.pick(&self.model.keys) {
            for (byte, pair) in random.iter_mut().zip(key.id.as_bytes().chunks(2)) {
                let digits = std::str::from_utf8(pair).map_err(|fault| fault.to_string())?;
                *byte = u8::from_str_radix(digits, 16).map_err(|fault| fault.to_string())?;
            }
        }
        let forged = NewKey::new(&random, None);
        let seen = self.ask(forged.text.expose(), Method::Get, "/v1/tools", &Value::Null);
        let is_right = seen.refusal == "credential_unknown" || (self.model.may_fail && seen.is_outage());
        if is_right { Ok(()) } else { Err(format!("a forged key: {} {}", seen.status, seen.refusal)) }
    }

    fn ask(&self, key: &str, method: Method, target: &str, body: &Value) -> Seen {
        let mut headers = RequestHeaders::default();
        headers.0[Header::Authorization as usize] = Some(format!("Bearer {key}"));
        headers.0[Header::ContentType as usize] = Some("application/json".to_owned());
        let body = if *body == Value::Null { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request { method, target: target.to_owned(), headers, body: RequestBody::Whole(body) };
        let gateway = Rc::clone(&self.isolates[self.world.below(self.isolates.len())]);
        let platform = Platform { world: Rc::clone(&self.world), settings: Rc::clone(&self.settings), request: 0 };
        let seen = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&seen);
        self.world.spawn(async move {
            let sent = platform.world.now().as_millis();
            let response = gateway.handle(&platform, request).await;
            let body = match response.body {
                Body::Bytes(bytes) => String::from_utf8(bytes).expect("answers are text"),
                Body::Empty | Body::Stream(()) => String::new(),
            };
            let refusal = response.headers.into_iter().find(|(name, _)| *name == "toolgate-refusal");
            *slot.borrow_mut() = Some(Seen {
                sent,
                answered: platform.world.now().as_millis(),
                status: response.status,
                refusal: refusal.map(|(_, value)| value.into_owned()).unwrap_or_default(),
                body,
            });
        });
        self.world.run(|| seen.borrow().is_some());
        seen.take().expect("an answer")
    }

    /// No secret is in a log, in what owners hold, or in an answer that did not issue the key.
    fn nothing_is_told(&self) -> Result<(), String> {
        let log = LOG.with_borrow(|log| log.join("\n"));
        let owned: String =
            self.world.owned().values().map(|state| String::from_utf8_lossy(state).into_owned()).collect();
        let list = self.ask(CONFIGURED[0].1, Method::Get, "/gate/v1/keys?tenant=*&limit=100", &Value::Null).body;
        for key in &self.model.keys {
            let secret = key.text.rsplit('_').next().unwrap_or_default();
            let secret = secret.get(..48).ok_or("a key without a secret")?;
            for (place, text) in [("the log", &log), ("an owner's state", &owned), ("a list", &list)] {
                if text.contains(secret) {
                    return Err(format!("a key is in {place}"));
                }
            }
        }
        let canary = [&log, &owned, &list].into_iter().any(|text| text.contains("canary"));
        if canary { Err("a canary is told".to_owned()) } else { Ok(()) }
    }
}
