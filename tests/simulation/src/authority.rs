//! Permissions over very many requests: random roles, callers, revocations, switches and faults of two tenants, and
//! beside them a model that knows nothing but the rules as the documentation states them.
//!
//! Requests come one after the other, so that there are many: what happens at the same time is [`crate::scenario`]'s.

mod model;
mod setup;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::rc::Rc;

use serde_json::Value;
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::Body;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::scenario::LEASE_MS;
use crate::world::{Faults, Platform, World};
use model::{Switches, Verdict};
use setup::{Ask, Setup};

/// The outcomes of many requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// All requests of callers.
    pub requests: u64,
    /// Those that were let through.
    pub allowed: u64,
    /// Those that were denied.
    pub denied: u64,
    /// Those that ended otherwise: a store that was away, a list that could not be fetched.
    pub other: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.other += other.other;
    }
}

/// The outcome of one request.
struct Seen {
    status: u16,
    refusal: String,
    body: String,
}

/// One run: a world, two isolates of the same configuration, and what the model knows.
struct Run {
    seed: u64,
    world: Rc<World>,
    isolates: [Rc<Gateway>; 2],
    settings: Rc<BTreeMap<String, String>>,
    setup: Setup,
    switches: Switches,
    tally: Tally,
}

thread_local! {
    static LEAKED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Nothing that is recorded may hold a key.
fn look_for_keys(line: &str) {
    if line.contains("canary") {
        LEAKED.with_borrow_mut(|leaked| *leaked = Some(line.to_owned()));
    }
}

/// Makes the requests of `seed`, and holds each answer against the model.
///
/// # Panics
/// With the seed, when an answer is not what the model allows.
#[must_use]
pub fn run(seed: u64, requests: u64) -> Tally {
    toolgate::telemetry::install(look_for_keys);
    let world = World::new(seed);
    let setup = Setup::random(&world);
    let document: &'static str = Box::leak(setup.document().into_boxed_str());
    if world.below(3) == 0 {
        world.faults.set(Faults {
            durable_away: 4,
            kv_stale: 5,
            kv_lost: 10,
            kv_broken: 2,
            origin: 5,
            ..Faults::default()
        });
    }
    let isolates = [Rc::new(Gateway::new(document)), Rc::new(Gateway::new(document))];
    let settings = Rc::new(setup.settings());
    let mut run =
        Run { seed, world, isolates, settings, setup, switches: Switches::default(), tally: Tally::default() };
    for _ in 0..requests {
        run.step();
    }
    run.tally
}

impl Run {
    fn step(&mut self) {
        let pause = self.world.below(if self.world.chance(2) { 8_000 } else { 60 });
        self.world.now.set(self.world.now.get() + u64::try_from(pause).expect("small"));
        if self.world.chance(2) {
            self.change();
        }
        let caller = self.setup.any_caller(&self.world);
        let ask = Ask::random(&self.world);
        let at = self.world.now.get();
        let verdict = model::judge(&self.setup, &self.switches, caller, &ask, at);
        let seen = self.send(caller, &ask);
        self.tally.requests += 1;
        let denied = model::is_denial(&seen.refusal);
        let allowed = seen.status == 200 || seen.refusal.starts_with("upstream_");
        match (allowed, denied) {
            (true, _) => self.tally.allowed += 1,
            (_, true) => self.tally.denied += 1,
            _ => self.tally.other += 1,
        }
        let is_right = match verdict {
            Verdict::Deny => !allowed,
            Verdict::Allow => !denied,
            Verdict::Either => true,
        };
        assert!(
            is_right,
            "seed {}: the model says {verdict:?}, the gateway {} {:?} to {caller:?} asking {ask:?}\n{}",
            self.seed,
            seen.status,
            seen.refusal,
            self.setup.document()
        );
        if let (Ask::List, 200, Some(caller)) = (&ask, seen.status, caller) {
            self.check_list(caller, &seen.body, at);
        }
        if let Some(line) = LEAKED.take() {
            panic!("seed {}: a record holds a key: {line}", self.seed);
        }
        assert!(!seen.body.contains("canary"), "seed {}: an answer holds a key: {}", self.seed, seen.body);
    }

    /// Callable implies listed; and nothing is listed that the caller has nothing to do with.
    fn check_list(&self, caller: usize, body: &str, at: u64) {
        let list: Value = serde_json::from_str(body).expect("a list is JSON");
        let listed: Vec<&str> = list["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|item| item["qualified_name"].as_str())
            .collect();
        for tool in setup::TOOLS {
            let call = |user| Ask::Execute { tool, user, project: None, arguments: 0 };
            let verdicts =
                setup::USERS.map(|user| model::judge(&self.setup, &self.switches, Some(caller), &call(user), at));
            let is_listed = listed.contains(tool);
            let is_remote = !tool.starts_with("Calc.");
            if verdicts.contains(&Verdict::Allow) && !is_remote {
                assert!(is_listed, "seed {}: {tool} may be called and is not listed: {listed:?}", self.seed);
            }
            if is_listed {
                let may_see = model::may_see(&self.setup, caller, tool);
                assert!(may_see, "seed {}: {tool} is listed to {caller}\n{}", self.seed, self.setup.document());
            }
        }
    }

    /// The operator changes what is revoked or switched off.
    fn change(&mut self) {
        let (verb, subject, is_on) = self.setup.any_switch(&self.world);
        let body = format!("{{\"changes\":[{{\"{verb}\":\"{subject}\"}}]}}");
        let seen = self.exchange("operator", Method::Post, "/gate/v1/epochs", body);
        let ended = self.world.now.get();
        assert!(seen.status == 200 || seen.status == 503, "seed {}: {} {}", self.seed, seen.status, seen.body);
        self.switches.note(&subject, is_on, ended, seen.status == 200);
    }

    fn send(&self, caller: Option<usize>, ask: &Ask) -> Seen {
        let (method, target, body) = ask.http();
        let name = caller.map_or("nobody", |caller| &self.setup.callers[caller].id);
        self.exchange(name, method, &target, body)
    }

    fn exchange(&self, caller: &str, method: Method, target: &str, body: String) -> Seen {
        let mut headers = RequestHeaders::default();
        headers.0[Header::Authorization as usize] = Some(format!("Bearer {}", setup::key_of(caller)));
        headers.0[Header::ContentType as usize] = Some("application/json".to_owned());
        let request =
            Request { method, target: target.to_owned(), headers, body: RequestBody::Whole(body.into_bytes()) };
        let platform = Platform { world: Rc::clone(&self.world), settings: Rc::clone(&self.settings), request: 0 };
        let gateway = Rc::clone(&self.isolates[self.world.below(2)]);
        let seen = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&seen);
        self.world.spawn(async move {
            let response = gateway.handle(&platform, request).await;
            let refusal = response.headers.iter().find(|(name, _)| *name == "toolgate-refusal");
            let refusal = refusal.map_or_else(String::new, |(_, name)| name.clone().into_owned());
            let body = match response.body {
                Body::Bytes(bytes) => String::from_utf8(bytes).expect("answers are text"),
                Body::Empty | Body::Stream(()) => String::new(),
            };
            *slot.borrow_mut() = Some(Seen { status: response.status, refusal, body });
        });
        self.world.run(|| seen.borrow().is_some());
        // What executors were sent is not looked at here.
        self.world.sent.borrow_mut().clear();
        self.world.executions.borrow_mut().clear();
        seen.take().expect("every request is answered")
    }
}

/// After this time a change that was acknowledged holds everywhere.
const HOLDS_AFTER: Millis = Millis::new(LEASE_MS);
