//! A run from a seed: who asks what, of which isolate, when, and what goes wrong meanwhile.

mod plan;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::Body;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::facts::TOOLS;
use crate::world::{Faults, Platform, World};

/// The lease on the epochs of each isolate, in milliseconds.
pub const LEASE_MS: u64 = 5_000;
/// The time after which a list of tools is fetched again, in milliseconds.
pub const REFRESH_MS: u64 = 10_000;

/// A caller as the configuration has it.
#[derive(Clone, Copy, Debug)]
pub struct SimCaller {
    /// Its name, which is also its key's.
    pub id: &'static str,
    /// Its tenant.
    pub tenant: &'static str,
    /// Its actions.
    pub actions: &'static [&'static str],
    /// Its tools.
    pub tools: &'static [&'static str],
    /// Its users.
    pub users: &'static [&'static str],
    /// Its projects.
    pub projects: &'static [&'static str],
}

/// Two tenants, wide and narrow callers, one that may only list, one that operates.
pub const CALLERS: &[SimCaller] = &[
    SimCaller {
        id: "wide-a",
        tenant: "a",
        actions: &["tools/*", "auth/*"],
        tools: &["*"],
        users: &["u1", "u2"],
        projects: &["o/p"],
    },
    SimCaller {
        id: "narrow-a",
        tenant: "a",
        actions: &["tools/call", "auth/*"],
        tools: &["Mail.*", "Docs.Get"],
        users: &["u1"],
        projects: &[],
    },
    SimCaller {
        id: "wide-b",
        tenant: "b",
        actions: &["tools/*", "auth/*"],
        tools: &["*"],
        users: &["*"],
        projects: &["*"],
    },
    SimCaller { id: "lister-b", tenant: "b", actions: &["tools/list"], tools: &["*"], users: &["*"], projects: &[] },
    SimCaller { id: "operator", tenant: "ops", actions: &["epochs/*"], tools: &[], users: &[], projects: &[] },
];

/// The operator's place in [`CALLERS`].
pub const OPERATOR: usize = 4;

/// Arguments: pairs that are equal in another order, and ones that differ only in type or spelling.
pub const INPUTS: &[&str] = &[
    r#"{"q":{"a":1,"b":[2,3]}}"#,
    r#"{"q":{"b":[2,3],"a":1}}"#,
    r#"{"n":1}"#,
    r#"{"n":1.0}"#,
    r#"{"n":100000000000000000000000001}"#,
    r#"{"n":100000000000000000000000002}"#,
    "{}",
];

/// The differences of one isolate's configuration from the others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// An engine, with the account's old key.
    Plain,
    /// The same engine with another account's key: a rotation under way.
    OtherAccount,
    /// A worker at the same address with the same secret.
    Worker,
    /// The engine's other project.
    OtherProject,
    /// Shorter lives.
    ShortLived,
    /// Lives too short for the edge store.
    Fleeting,
    /// Lives that are over soon, and windows behind them.
    Windowed,
}

/// The life of kept answers in this variant, in milliseconds.
#[must_use]
pub const fn ttl_ms(variant: Variant) -> u64 {
    match variant {
        Variant::Windowed => 15_000,
        Variant::Fleeting => 25_000,
        Variant::ShortLived => 61_000,
        // Long enough for every tier.
        _ => 900_000,
    }
}

/// Returns the time past its life for which an answer may be served in this variant, in milliseconds: while it is fetched anew, and where its
/// executor fails; and up to which age it is served whatever callers ask.
#[must_use]
pub const fn windows_ms(variant: Variant) -> (u64, u64, u64) {
    match variant {
        Variant::ShortLived => (10_000, 0, 5_000),
        Variant::Windowed => (8_000, 72_000, 0),
        _ => (0, 0, 0),
    }
}

/// Directives that callers send to the cache.
pub const ASKS: &[&str] = &[
    "no-store",
    "no-cache",
    "only-if-cached",
    "max-age=0",
    "max-age=20",
    "max-age=1000, max-stale=5",
    "max-stale",
    "min-fresh=30",
    "only-if-cached, max-stale=3",
];

/// The request.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A tool call.
    Execute(Box<Execute>),
    /// A change of the epochs.
    Change(String),
    /// Beginning an authorisation.
    AuthBegin(Option<&'static str>),
    /// Asking for the authorisation that an earlier request began.
    AuthStatus(usize),
    /// Something that is no request.
    Nonsense(&'static str),
}

/// A tool call.
#[derive(Clone, Debug)]
pub struct Execute {
    /// The tool's place in [`TOOLS`].
    pub tool: usize,
    /// True if the version is asked for.
    pub with_version: bool,
    /// The user.
    pub user: Option<&'static str>,
    /// The arguments' place in [`INPUTS`].
    pub input: usize,
    /// The project in the path.
    pub project: Option<&'static str>,
    /// The idempotency key.
    pub idempotency_key: Option<String>,
    /// Its directives for the cache: one of [`ASKS`], or nothing.
    pub cache_control: Option<&'static str>,
}

/// A request of the run.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The time after the start.
    pub at_ms: u64,
    /// The isolate.
    pub isolate: usize,
    /// The caller, by its place in [`CALLERS`]; `None` has a key that nobody knows.
    pub caller: Option<usize>,
    /// The step.
    pub ask: Ask,
}

/// The outcome of a request.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The times of its sending and its answer.
    pub span: (u64, u64),
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: BTreeMap<&'static str, String>,
    /// The body.
    pub body: String,
}

/// A finished run.
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// Its isolates.
    pub variants: Vec<Variant>,
    /// Its faults.
    pub faults: Faults,
    /// Its requests.
    pub planned: Vec<Planned>,
    /// The outcome of each.
    pub observed: Vec<Observed>,
    /// The world afterwards.
    pub world: Rc<World>,
    /// Everything that was logged.
    pub log: Vec<String>,
    /// The time at which the executors' schema changed.
    pub schema_changed_at: Option<u64>,
}

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn log_line(line: &str) {
    LOG.with_borrow_mut(|log| log.push(line.to_owned()));
}

/// The key of a caller: what must never be seen outside its own requests.
#[must_use]
pub fn key_of(caller: &str) -> String {
    format!("canary-key-of-{caller}")
}

fn document(variant: Variant, strategies: (&str, &str)) -> String {
    let executor = match variant {
        Variant::Worker => "id = \"remote-worker\"\nkind = \"worker\"",
        Variant::OtherProject => "id = \"remote\"\nkind = \"engine\"\nproject = \"o/q\"",
        _ => "id = \"remote\"\nkind = \"engine\"",
    };
    // Where calls that miss find each other, so that every invariant meets each way.
    let single_flight = match variant {
        Variant::Plain | Variant::OtherAccount | Variant::Windowed => "owner",
        Variant::Worker => "isolate",
        Variant::OtherProject => "off",
        Variant::ShortLived | Variant::Fleeting => "adaptive",
    };
    let (strategy, ruled) = strategies;
    let ttl = ttl_ms(variant);
    let (revalidate, error, young) = windows_ms(variant);
    let ahead = variant == Variant::Windowed;
    let mut text = format!(
        "[[executors]]\n{executor}\nbase_url = \"http://upstream.test\"\ncredential_setting = \"ENGINE_KEY\"\n\
         [registry]\nrefresh = \"{REFRESH_MS}ms\"\n[epochs]\nlease = \"{LEASE_MS}ms\"\n\
         [cache]\nttl = \"{ttl}ms\"\nstrategy = \"{strategy}\"\nsingle_flight = \"{single_flight}\"\n\
         stale_while_revalidate = \"{revalidate}ms\"\nstale_if_error = \"{error}ms\"\nmax_age_min = \"{young}ms\"\n\
         refresh_ahead = {ahead}\n[[cache.rules]]\ntools = [\"Weather.*\"]\nttl = \"{ttl}ms\"\nscope = \"shared\"\n\
         strategy = \"{ruled}\"\n"
    );
    for SimCaller { id, tenant, actions, tools, users, projects } in CALLERS {
        let setting = setting_of(id);
        text.push_str(&format!(
            "[[callers]]\nid = \"{id}\"\ntenant = \"{tenant}\"\nkeys = [{{ id = \"{id}\", setting = \"{setting}\" }}]\n\
             actions = {actions:?}\ntools = {tools:?}\nusers = {users:?}\nprojects = {projects:?}\n"
        ));
    }
    text
}

fn setting_of(caller: &str) -> String {
    format!("KEY_{}", caller.to_ascii_uppercase().replace('-', "_"))
}

fn settings(variant: Variant) -> BTreeMap<String, String> {
    let account = if variant == Variant::OtherAccount { "canary-account-2" } else { "canary-account-1" };
    let keys = CALLERS.iter().map(|caller| (setting_of(caller.id), key_of(caller.id)));
    keys.chain([("ENGINE_KEY".to_owned(), account.to_owned())]).collect()
}

/// Plans and runs the scenario of `seed` with `requests` requests.
#[must_use]
pub fn run(seed: u64, requests: usize) -> Run {
    toolgate::telemetry::install(log_line);
    LOG.with_borrow_mut(Vec::clear);
    let world = World::new(seed);
    world.moving.set(seed % 2 == 1);
    let variants = plan::isolates(&world);
    let faults = plan::faults(&world);
    let strategies = plan::strategies(&world);
    let mut planned = Vec::with_capacity(requests);
    for _ in 0..requests {
        planned.push(plan::next(&world, variants.len(), &planned));
    }
    let schema_changed_at = (world.below(3) == 0).then(|| world.now().as_millis() + 40_000);
    let gateways: Vec<Rc<Gateway>> = variants
        .iter()
        .map(|variant| Rc::new(Gateway::new(Box::leak(document(*variant, strategies).into_boxed_str()))))
        .collect();
    let all_settings: Vec<_> = variants.iter().map(|variant| Rc::new(settings(*variant))).collect();
    world.faults.set(faults);
    if schema_changed_at.is_some() {
        let changing = Rc::clone(&world);
        world.spawn(async move {
            changing.wait(Millis::new(40_000)).await;
            changing.schema.set(1);
        });
    }
    let observed: Rc<RefCell<Vec<Option<Observed>>>> = Rc::new(RefCell::new(vec![None; requests]));
    for (index, request) in planned.iter().enumerate() {
        let platform =
            Platform { world: Rc::clone(&world), settings: Rc::clone(&all_settings[request.isolate]), request: index };
        let (gateway, observed, planned) =
            (Rc::clone(&gateways[request.isolate]), Rc::clone(&observed), request.clone());
        world.spawn(async move {
            platform.world.wait(Millis::new(planned.at_ms)).await;
            let sent = platform.world.now().as_millis();
            let response = gateway.handle(&platform, http(&planned)).await;
            let body = match response.body {
                Body::Bytes(bytes) => String::from_utf8(bytes).expect("answers are text"),
                Body::Empty | Body::Stream(()) => String::new(),
            };
            let headers = response.headers.into_iter().map(|(name, value)| (name, value.into_owned())).collect();
            let span = (sent, platform.world.now().as_millis());
            observed.borrow_mut()[index] = Some(Observed { span, status: response.status, headers, body });
        });
    }
    world.run(|| false);
    let observed = observed.borrow_mut().drain(..).map(|seen| seen.expect("every request is answered")).collect();
    Run {
        seed,
        variants,
        faults,
        planned,
        observed,
        world,
        log: LOG.with_borrow_mut(std::mem::take),
        schema_changed_at,
    }
}

/// The request as a host would hand it over.
#[must_use]
pub fn http(planned: &Planned) -> Request {
    let mut headers = RequestHeaders::default();
    let key = key_of(planned.caller.map_or("nobody", |caller| CALLERS[caller].id));
    headers.0[Header::Authorization as usize] = Some(format!("Bearer {key}"));
    headers.0[Header::ContentType as usize] = Some("application/json".to_owned());
    let (method, target, body) = match &planned.ask {
        Ask::Execute(call) => {
            headers.0[Header::IdempotencyKey as usize] = call.idempotency_key.clone();
            headers.0[Header::CacheControl as usize] = call.cache_control.map(str::to_owned);
            let version = if call.with_version {
                format!(",\"tool_version\":\"{}\"", TOOLS[call.tool].version)
            } else {
                String::new()
            };
            let user = call.user.map_or_else(String::new, |user| format!(",\"user_id\":\"{user}\""));
            let body = format!(
                "{{\"tool_name\":\"{}\"{version}{user},\"input\":{}}}",
                TOOLS[call.tool].name, INPUTS[call.input]
            );
            let target = match call.project {
                None => "/v1/tools/execute".to_owned(),
                Some(project) => {
                    let (org, project) = project.split_once('/').expect("org/project");
                    format!("/v1/orgs/{org}/projects/{project}/tools/execute")
                }
            };
            (Method::Post, target, body)
        }
        Ask::Change(change) => (Method::Post, "/gate/v1/epochs".to_owned(), format!("{{\"changes\":[{change}]}}")),
        Ask::AuthBegin(user) => {
            let user = user.map_or_else(String::new, |user| format!("\"user_id\":\"{user}\","));
            (
                Method::Post,
                "/v1/auth/authorize".to_owned(),
                format!("{{{user}\"auth_requirement\":{{\"provider_id\":\"x\"}}}}"),
            )
        }
        Ask::AuthStatus(of) => (Method::Get, format!("/v1/auth/status?id=auth-{of}&wait=45"), String::new()),
        Ask::Nonsense(body) => (Method::Post, "/v1/tools/execute".to_owned(), (*body).to_owned()),
    };
    Request { method, target, headers, body: RequestBody::Whole(body.into_bytes()) }
}
