//! Many isolates under one rate limit, in simulated time: who was admitted when, and how often the owner was asked.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::words::method::Method;

use crate::world::{Faults, Platform, World};

/// A limit, and how long its leases are.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Requests in each window.
    pub requests: u64,
    /// The window, in seconds.
    pub window: u64,
    /// Requests at once.
    pub burst: u64,
    /// The life of a lease, in milliseconds.
    pub lease: u64,
}

impl Limit {
    /// Requests in each millisecond.
    #[must_use]
    pub fn per_ms(&self) -> f64 {
        self.requests as f64 / (self.window * 1_000) as f64
    }

    /// Most tokens in leases, beside those of waiting requests: the documented bound.
    #[must_use]
    pub fn most_out(&self) -> f64 {
        (self.per_ms() * self.lease as f64).floor()
    }
}

/// A run to be made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Its seed.
    pub seed: u64,
    /// The number of isolates.
    pub isolates: usize,
    /// The limit.
    pub limit: Limit,
    /// The duration, in seconds.
    pub seconds: u64,
    /// Requests a second at an isolate at a time in milliseconds.
    pub demand: fn(usize, u64) -> f64,
    /// The fault.
    pub faults: Faults,
    /// True if a lost limiter admits.
    pub fails_open: bool,
}

/// A request and what came of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The times of sending and answering, in milliseconds from the start.
    pub span: (u64, u64),
    /// Its status.
    pub status: u16,
    /// The refusal's name, or nothing.
    pub refusal: String,
    /// The wait that the refusal asks for, in milliseconds.
    pub wait: Option<u64>,
    /// Admitted although the limit's owner could not be asked, which its record names.
    pub is_unlimited: bool,
}

/// A run that was made.
#[derive(Debug)]
pub struct Crowd {
    /// Every request.
    pub seen: Vec<Seen>,
    /// The number of questions to the limit's owner.
    pub owner_calls: usize,
    /// Most requests that waited at the same time.
    pub most_waiting: usize,
}

thread_local! {
    static DEGRADED: RefCell<String> = const { RefCell::new(String::new()) };
}

fn log_line(line: &str) {
    if line.contains("\"degraded\":") && line.contains("limiter_unavailable") {
        DEGRADED.set(line.to_owned());
    }
}

const KEY: &str = "crowd-key-0123456789";

fn document(plan: &Plan) -> String {
    let Limit { requests, window, burst, lease } = plan.limit;
    let fail_mode = if plan.fails_open { "open" } else { "closed" };
    format!(
        "[[executors]]\nid = \"local\"\nkind = \"local\"\n[epochs]\nfail_mode = \"open\"\n\
         [[callers]]\nid = \"agent\"\ntenant = \"acme\"\nkeys = [{{ id = \"k\", setting = \"AGENT_KEY\" }}]\n\
         actions = [\"tools/*\"]\ntools = [\"*\"]\nusers = [\"*\"]\n\
         [rate]\nlease = \"{lease}ms\"\nfail_mode = \"{fail_mode}\"\n\
         [[rate.limits]]\nid = \"all\"\nper = []\nrequests = {requests}\nwindow = \"{window}s\"\nburst = {burst}\n"
    )
}

fn request() -> Request {
    let mut headers = RequestHeaders::default();
    headers.0[Header::Authorization as usize] = Some(format!("Bearer {KEY}"));
    Request {
        method: Method::Get,
        target: "/v1/tools/Calc.Plus".to_owned(),
        headers,
        body: RequestBody::Whole(Vec::new()),
    }
}

/// Returns the arrivals at an isolate: at random, as often as the demand says.
fn arrivals(world: &World, plan: &Plan, isolate: usize) -> Vec<u64> {
    let mut arrivals = Vec::new();
    for ms in 0..plan.seconds * 1_000 {
        let mut expected = (plan.demand)(isolate, ms) / 1_000.0;
        while expected > 0.0 {
            if (world.below(1_000_000) as f64) < expected * 1_000_000.0 {
                arrivals.push(ms);
            }
            expected -= 1.0;
        }
    }
    arrivals
}

struct Shared {
    seen: RefCell<Vec<Seen>>,
    waiting: Cell<usize>,
    most_waiting: Cell<usize>,
}

/// Makes the run.
#[must_use]
pub fn run(plan: &Plan) -> Crowd {
    toolgate::telemetry::install(log_line);
    let world = World::new(plan.seed);
    let start = world.now().as_millis();
    let settings = Rc::new(BTreeMap::from([("AGENT_KEY".to_owned(), KEY.to_owned())]));
    let document: &'static str = Box::leak(document(plan).into_boxed_str());
    let shared = Rc::new(Shared { seen: RefCell::default(), waiting: Cell::new(0), most_waiting: Cell::new(0) });
    let all: Vec<Vec<u64>> = (0..plan.isolates).map(|isolate| arrivals(&world, plan, isolate)).collect();
    world.faults.set(plan.faults);
    for arrivals in all {
        let platform = Platform { world: Rc::clone(&world), settings: Rc::clone(&settings), request: 0 };
        world.spawn(isolate(platform, document, arrivals, start, Rc::clone(&shared)));
    }
    world.run(|| false);
    let owner_calls = world.asked.borrow().iter().filter(|(key, _)| key.starts_with("rate/")).map(|(_, n)| n).sum();
    Crowd { seen: shared.seen.take(), owner_calls, most_waiting: shared.most_waiting.get() }
}

/// One isolate: starts a request at each arrival, whatever became of those before.
fn isolate(
    platform: Platform,
    document: &'static str,
    arrivals: Vec<u64>,
    start: u64,
    shared: Rc<Shared>,
) -> impl Future<Output = ()> {
    let gateway = Rc::new(Gateway::new(document));
    let mut arrivals = arrivals.into_iter().peekable();
    let mut under_way: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    platform.world.wakes.borrow_mut().extend(arrivals.peek().map(|first| start + first));
    poll_fn(move |context| {
        let now = platform.world.now().as_millis();
        while arrivals.next_if(|at| start + at <= now).is_some() {
            under_way.push(Box::pin(one(platform.clone(), Rc::clone(&gateway), start, Rc::clone(&shared))));
        }
        under_way.retain_mut(|request| request.as_mut().poll(context).is_pending());
        if let Some(next) = arrivals.peek() {
            platform.world.wakes.borrow_mut().push(start + next);
        }
        if under_way.is_empty() && arrivals.peek().is_none() { Poll::Ready(()) } else { Poll::Pending }
    })
}

async fn one(platform: Platform, gateway: Rc<Gateway>, start: u64, shared: Rc<Shared>) {
    let sent = platform.world.now().as_millis() - start;
    shared.waiting.set(shared.waiting.get() + 1);
    shared.most_waiting.set(shared.most_waiting.get().max(shared.waiting.get()));
    let response = gateway.handle(&platform, request()).await;
    shared.waiting.set(shared.waiting.get() - 1);
    let header =
        |name: &str| response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
    let id = header("x-request-id").expect("an id");
    // The record is written just before the answer is given.
    let is_unlimited = DEGRADED.with_borrow(|line| line.contains(&id));
    shared.seen.borrow_mut().push(Seen {
        span: (sent, platform.world.now().as_millis() - start),
        status: response.status,
        refusal: header("toolgate-refusal").unwrap_or_default(),
        wait: header("retry-after-ms").and_then(|text| text.parse().ok()),
        is_unlimited,
    });
}

impl Crowd {
    /// The greatest number of requests by which those admitted in any span were more than `per_ms` times its length: what the
    /// bound on burst, leases and waiting requests must be above.
    #[must_use]
    pub fn excess(&self, per_ms: f64) -> f64 {
        let limited = self.seen.iter().filter(|seen| seen.status == 200 && !seen.is_unlimited);
        let mut admitted: Vec<u64> = limited.map(|seen| seen.span.1).collect();
        admitted.sort_unstable();
        let (mut excess, mut most, mut last) = (0.0_f64, 0.0_f64, 0);
        for at in admitted {
            excess = (excess - (at - last) as f64 * per_ms).max(0.0) + 1.0;
            most = most.max(excess);
            last = at;
        }
        most
    }

    /// Returns the number of requests that one counter in the middle, asked for each request as it is sent, would have admitted.
    #[must_use]
    pub fn ideal(&self, limit: &Limit) -> usize {
        let mut sent: Vec<u64> = self.seen.iter().map(|seen| seen.span.0).collect();
        sent.sort_unstable();
        let (mut level, mut last, mut admitted) = (0.0_f64, 0, 0);
        for at in sent {
            level = (level - (at - last) as f64 * limit.per_ms()).max(0.0);
            last = at;
            if level + 1.0 <= limit.burst as f64 {
                level += 1.0;
                admitted += 1;
            }
        }
        admitted
    }

    /// Returns the number of admitted requests.
    #[must_use]
    pub fn admitted(&self) -> usize {
        self.admitted_since(0)
    }

    /// Returns the number of requests admitted from this time on.
    #[must_use]
    pub fn admitted_since(&self, ms: u64) -> usize {
        self.seen.iter().filter(|seen| seen.status == 200 && seen.span.1 >= ms).count()
    }
}
