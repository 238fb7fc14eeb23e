//! Two principals on shared isolates, and the question whether one ever learns of the other: non-interference (Goguen and
//! Meseguer, 1982) of what the cache serves.
//!
//! An executor's answer here says everything that it was sent. So each answer is compared with what this principal's own call
//! would have sent, and with nothing else: if they are equal at every step, whatever the other one did, nothing that one asked
//! for, or was allowed, reaches the other. The two differ in one thing only, drawn by seed: the tenant, the user, the project,
//! what a policy forbids, what they ask for. Isolates differ in account, executor and project.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::AddAssign;
use std::rc::Rc;

use serde_json::Value;
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::Body;
use toolgate::words::method::Method;

use crate::facts::{TOOLS, Via};
use crate::world::{Faults, Platform, World};

/// The outcomes of many steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// All of them.
    pub steps: u64,
    /// Calls that were answered with success.
    pub answered: u64,
    /// Of these, those served from a tier of the cache.
    pub hits: u64,
    /// Calls that were denied.
    pub denied: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.answered += other.answered;
        self.hits += other.hits;
        self.denied += other.denied;
    }
}

/// Arguments that are easily taken for one another.
const INPUTS: [&str; 6] =
    [r#"{"q":"x"}"#, r#"{"q":"y"}"#, r#"{"n":1}"#, r#"{"n":1.0}"#, r#"{"n":100000000000000000000000001}"#, "{}"];

/// Tools that are asked for, by their place in [`TOOLS`]: two kept for each user, one in two versions, one that is shared.
const ASKED: [usize; 4] = [0, 2, 3, 5];

/// One that changes what the first one reads.
const WRITES: usize = 1;

/// A principal.
#[derive(Clone, Debug)]
struct Principal {
    id: &'static str,
    tenant: &'static str,
    user: Option<&'static str>,
    project: Option<&'static str>,
    /// The policies that forbid it.
    forbidden: Vec<Forbidden>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forbidden {
    /// This tool.
    Tool(&'static str),
    /// These arguments.
    Query(&'static str),
    /// Calls for a user.
    User(&'static str),
}

/// A kind of isolate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    OtherAccount,
    OtherProject,
    Worker,
}

/// Its kind, its gateway and its settings.
type Isolate = (Kind, Rc<Gateway>, Rc<BTreeMap<String, String>>);

struct Run {
    seed: u64,
    world: Rc<World>,
    isolates: Vec<Isolate>,
    principals: [Principal; 2],
    /// The principal of each step.
    asked: Vec<usize>,
    tally: Tally,
}

struct Call {
    tool: usize,
    input: &'static str,
    with_version: bool,
}

/// Makes the steps of `seed`.
///
/// # Panics
/// With the seed, when a principal is told what its own call did not ask for.
#[must_use]
pub fn run(seed: u64, steps: u64) -> Tally {
    toolgate::telemetry::install(|_| ());
    let world = World::new(seed);
    let principals = principals(&world);
    if world.chance(60) {
        let tiers = Faults { tier_slow: 2, tier_damaged: 10, edge_away: 5, edge_missing: 20, ..Faults::default() };
        world.faults.set(Faults {
            kv_stale: 20,
            kv_lost: 10,
            kv_broken: 5,
            sql_away: 5,
            sql_stale: 20,
            sql_lost: 5,
            durable_away: 3,
            origin: 5,
            ..tiers
        });
    }
    let kinds = [
        [Kind::Plain, Kind::Plain, Kind::OtherAccount],
        [Kind::Plain, Kind::Worker, Kind::OtherProject],
        [Kind::Plain, Kind::Plain, Kind::Plain],
    ][world.below(3)];
    let strategy = ["memory", "hybrid", "persistent"][world.below(3)];
    let isolate = |kind| {
        let document: &'static str = Box::leak(document(kind, &principals, strategy).into_boxed_str());
        (kind, Rc::new(Gateway::new(document)), Rc::new(settings(kind, &principals)))
    };
    let isolates = kinds.into_iter().map(isolate).collect();
    let mut run = Run { seed, world, isolates, principals, asked: Vec::new(), tally: Tally::default() };
    for _ in 0..steps {
        run.step();
    }
    run.tally
}

/// Two principals that differ in one thing.
fn principals(world: &World) -> [Principal; 2] {
    let first = Principal { id: "one", tenant: "a", user: Some("u1"), project: None, forbidden: Vec::new() };
    let mut second = Principal { id: "two", ..first.clone() };
    match world.below(5) {
        0 => second.tenant = "b",
        1 => second.user = Some("u2"),
        2 => second.user = None,
        3 => second.project = Some("o/p"),
        _ => {}
    }
    for _ in 0..world.below(3) {
        let what = match world.below(4) {
            0 | 1 => Forbidden::Tool(TOOLS[ASKED[world.below(ASKED.len())]].name),
            2 => Forbidden::Query(["x", "y"][world.below(2)]),
            _ => Forbidden::User(["u1", "u2"][world.below(2)]),
        };
        second.forbidden.push(what);
    }
    [first, second]
}

fn document(kind: Kind, principals: &[Principal], strategy: &str) -> String {
    let executor = match kind {
        Kind::Worker => "id = \"remote-worker\"\nkind = \"worker\"",
        Kind::OtherProject => "id = \"remote\"\nkind = \"engine\"\nproject = \"o/q\"",
        Kind::Plain | Kind::OtherAccount => "id = \"remote\"\nkind = \"engine\"",
    };
    let mut text = format!(
        "[[executors]]\n{executor}\nbase_url = \"http://upstream.test\"\ncredential_setting = \"ENGINE_KEY\"\n\
         [execute]\nmax_retries = 0\n[cache]\nttl = \"15m\"\nstrategy = \"{strategy}\"\nsingle_flight = \"isolate\"\n\
         stale_while_revalidate = \"60s\"\nstale_if_error = \"60s\"\n\
         [[cache.rules]]\ntools = [\"Weather.*\"]\nttl = \"15m\"\nscope = \"shared\"\n"
    );
    let mut cedar = String::new();
    for Principal { id, tenant, forbidden, .. } in principals {
        let _ = write!(
            text,
            "[[callers]]\nid = \"{id}\"\ntenant = \"{tenant}\"\nkeys = [{{ id = \"{id}\", setting = \"KEY_{}\" }}]\n\
             actions = [\"tools/call\"]\ntools = [\"*\"]\nusers = [\"*\"]\nprojects = [\"*\"]\n",
            id.to_ascii_uppercase()
        );
        for (index, what) in forbidden.iter().enumerate() {
            let (resource, when) = match what {
                Forbidden::Tool(tool) => (format!("resource == Tool::\"{tool}\""), String::new()),
                Forbidden::Query(query) => (
                    "resource".to_owned(),
                    format!("when {{ context.arguments has q && context.arguments.q == \"{query}\" }}"),
                ),
                Forbidden::User(user) => {
                    ("resource".to_owned(), format!("when {{ context has user && context.user == \"{user}\" }}"))
                }
            };
            let _ = writeln!(
                cedar,
                "@id(\"{id}-{index}\") forbid (principal == Caller::\"{id}\", action == Action::\"tools/call\", {resource}) \
                 {when};"
            );
        }
    }
    if !cedar.is_empty() {
        let _ = write!(text, "[[policies]]\nid = \"all\"\ntext = '''\n{cedar}'''\n");
    }
    text
}

fn account_of(kind: Kind) -> &'static str {
    if kind == Kind::OtherAccount { "account-2" } else { "account-1" }
}

fn key_of(principal: &Principal) -> String {
    format!("key-of-{}-0123456789", principal.id)
}

fn settings(kind: Kind, principals: &[Principal]) -> BTreeMap<String, String> {
    let keys = principals.iter().map(|of| (format!("KEY_{}", of.id.to_ascii_uppercase()), key_of(of)));
    keys.chain([("ENGINE_KEY".to_owned(), account_of(kind).to_owned())]).collect()
}

impl Principal {
    fn may(&self, call: &Call) -> bool {
        !self.forbidden.iter().any(|what| match what {
            Forbidden::Tool(tool) => *tool == TOOLS[call.tool].name,
            Forbidden::Query(query) => call.input == format!("{{\"q\":\"{query}\"}}"),
            Forbidden::User(user) => self.user == Some(user),
        })
    }
}

impl Run {
    fn step(&mut self) {
        let pause = if self.world.chance(1) { self.world.below(400_000) } else { self.world.below(50) };
        self.world.now.set(self.world.now.get() + u64::try_from(pause).expect("small"));
        if self.world.chance(1) {
            // A clock that is set back is a fault, too.
            self.world.now.set(self.world.now.get() - 3_000);
        }
        let who = self.world.below(2);
        let at = self.world.below(self.isolates.len());
        let tool = if self.world.chance(1) { WRITES } else { ASKED[self.world.below(ASKED.len())] };
        let input = INPUTS[self.world.below(INPUTS.len())];
        let call = Call { tool, input, with_version: self.world.chance(50) };
        self.asked.push(who);
        self.tally.steps += 1;
        let (status, cache, body) = self.exchange(who, at, &call);
        let principal = &self.principals[who];
        let told = || format!("seed {} step {}: {principal:?} {status} {cache} {body}", self.seed, self.asked.len());
        let answer: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {}", told()));
        if !principal.may(&call) {
            assert!(status >= 400, "a denied call was answered: {}", told());
            self.tally.denied += u64::from(status == 403);
        } else if status == 200 && answer["success"] == true {
            let crossing = self.crossing(who, self.isolates[at].0, &call, &answer["output"]["value"]);
            assert!(crossing.is_empty(), "{crossing}: {}", told());
            let is_hit = cache.contains("; hit");
            assert!(!is_hit || call.tool != WRITES, "a write was kept: {}", told());
            self.tally.answered += 1;
            self.tally.hits += u64::from(is_hit);
        }
        self.world.sent.borrow_mut().clear();
    }

    /// In what the answer is not that of the principal's own call; nothing if it is.
    fn crossing(&self, who: usize, kind: Kind, call: &Call, value: &Value) -> &'static str {
        let principal = &self.principals[who];
        let number = value["number"].as_u64().and_then(|number| usize::try_from(number).ok());
        let executions = self.world.executions.borrow();
        let Some(execution) = number.and_then(|number| executions.get(number)) else { return "of no execution" };
        let facts = &execution.facts;
        let asked_by = &self.principals[self.asked[execution.request]];
        let is_worker = kind == Kind::Worker;
        let default_project = if kind == Kind::OtherProject { Some("o/q") } else { None };
        let project = if is_worker { None } else { principal.project.or(default_project) };
        let is_shared = TOOLS[call.tool].name.starts_with("Weather.");
        let is_version = |known: &str| {
            let same_tool = |tool: &&crate::facts::SimTool| tool.name == TOOLS[call.tool].name;
            if call.with_version {
                known == TOOLS[call.tool].version
            } else {
                TOOLS.iter().filter(same_tool).any(|tool| tool.version == known)
            }
        };
        let checks = [
            (asked_by.tenant == principal.tenant, "another tenant's"),
            (facts.account == account_of(kind), "another account's"),
            ((facts.via == Via::Worker) == is_worker, "another executor's"),
            (facts.project.as_deref() == project, "another project's"),
            (facts.tool == TOOLS[call.tool].name, "another tool's"),
            (is_version(&facts.version), "another version's"),
            (is_shared || facts.user.as_deref() == principal.user, "another user's"),
            (facts.input == call.input, "other arguments'"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or("", |(_, what)| what)
    }

    fn exchange(&self, who: usize, at: usize, call: &Call) -> (u16, String, String) {
        let principal = &self.principals[who];
        let mut headers = RequestHeaders::default();
        headers.0[Header::Authorization as usize] = Some(format!("Bearer {}", key_of(principal)));
        headers.0[Header::ContentType as usize] = Some("application/json".to_owned());
        let version = if call.with_version {
            format!(",\"tool_version\":\"{}\"", TOOLS[call.tool].version)
        } else {
            String::new()
        };
        let user = principal.user.map_or_else(String::new, |user| format!(",\"user_id\":\"{user}\""));
        let body = format!("{{\"tool_name\":\"{}\"{version}{user},\"input\":{}}}", TOOLS[call.tool].name, call.input);
        let target = match principal.project.and_then(|project| project.split_once('/')) {
            Some((org, project)) => format!("/v1/orgs/{org}/projects/{project}/tools/execute"),
            None => "/v1/tools/execute".to_owned(),
        };
        let request = Request { method: Method::Post, target, headers, body: RequestBody::Whole(body.into_bytes()) };
        let (_, gateway, settings) = &self.isolates[at];
        let step = self.asked.len() - 1;
        let platform = Platform { world: Rc::clone(&self.world), settings: Rc::clone(settings), request: step };
        let (gateway, seen) = (Rc::clone(gateway), Rc::new(RefCell::new(None)));
        let slot = Rc::clone(&seen);
        self.world.spawn(async move {
            let response = gateway.handle(&platform, request).await;
            let cache = response.headers.iter().find(|(name, _)| *name == "cache-status");
            let cache = cache.map_or_else(String::new, |(_, value)| value.clone().into_owned());
            let body = match response.body {
                Body::Bytes(bytes) => String::from_utf8(bytes).expect("answers are text"),
                Body::Empty | Body::Stream(()) => String::new(),
            };
            *slot.borrow_mut() = Some((response.status, cache, body));
        });
        self.world.run(|| seen.borrow().is_some());
        seen.take().expect("every request is answered")
    }
}
