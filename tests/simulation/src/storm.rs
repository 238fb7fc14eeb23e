//! Callers as the SDKs are, in front of executors that fail in every way, in simulated time: who was answered, how soon, and what
//! the executors were asked.

mod upstream;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::json;
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::{Body, Clock, OriginRequest};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

pub use upstream::{FAULTS, Fault, Service, Upstream};

use crate::world::{Platform, World};

/// Retries of the SDKs by themselves.
const SDK_RETRIES: u32 = 2;

/// Two executors, `a` and `b`, behind so many isolates.
pub struct Storm {
    /// The world.
    pub world: Rc<World>,
    /// `http://a`.
    pub a: Rc<Upstream>,
    /// `http://b`.
    pub b: Rc<Upstream>,
    isolates: Vec<Rc<Gateway>>,
    settings: Rc<BTreeMap<String, String>>,
    seen: Rc<RefCell<Vec<Seen>>>,
    under_way: Rc<Cell<usize>>,
    next: Cell<u64>,
    /// The numbers of the calls that may do harm if they are made twice.
    pub puts: RefCell<BTreeSet<u64>>,
}

/// A call as its caller saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its number.
    pub number: u64,
    /// Its caller.
    pub caller: &'static str,
    /// The times at which it was made, and answered for good, in milliseconds since 1970.
    pub span: (u64, u64),
    /// The last status.
    pub status: u16,
    /// The last refusal's name, or nothing.
    pub refusal: String,
    /// The words of the last refusal.
    pub detail: String,
    /// The value of an answer.
    pub value: Option<u64>,
    /// The number of its sendings to the gateway.
    pub sent: u32,
    /// The executor that answered, and the reason for its choice.
    pub route: String,
}

impl Seen {
    /// Returns the caller's wait.
    #[must_use]
    pub fn took(&self) -> u64 {
        self.span.1 - self.span.0
    }

    /// Returns true if it has the requested answer.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.status == 200 && self.value == Some(self.number)
    }
}

/// The callers of the document, each with the key `key-of-{id}-0123456789`.
pub const CALLERS: [&str; 3] = ["high", "normal", "low"];

/// The document, with these executors' own lines, and these besides.
#[must_use]
pub fn document(executors: &str, more: &str) -> &'static str {
    let executor = |id: &str| {
        format!(
            "[[executors]]\nid = \"{id}\"\nkind = \"worker\"\nbase_url = \"http://{id}\"\ncredential_setting = \"SECRET\"\n{executors}\n"
        )
    };
    let caller = |id: &str| {
        format!(
            "[[callers]]\nid = \"{id}\"\ntenant = \"acme\"\nkeys = [{{ id = \"{id}\", setting = \"KEY_{}\" }}]\n\
             actions = [\"*\"]\ntools = [\"*\"]\nusers = [\"*\"]\npriority = \"{id}\"\n",
            id.to_uppercase()
        )
    };
    let callers: String = CALLERS.into_iter().map(caller).collect();
    // One for each run of a test: a test may leak.
    Box::leak(
        format!(
            "{}{}{callers}[cache]\nstrategy = \"off\"\n[epochs]\nfail_mode = \"open\"\n{more}\n",
            executor("a"),
            executor("b")
        )
        .into_boxed_str(),
    )
}

impl Storm {
    /// A storm over `isolates` isolates with a document, whose executors have `slots` slots and take as long as `service` says.
    #[must_use]
    pub fn new(seed: u64, isolates: usize, document: &'static str, slots: usize, service: Service) -> Self {
        let world = World::new(seed);
        let (a, b) = (Upstream::new(&world, slots, service), Upstream::new(&world, slots, service));
        let (to_a, to_b) = (Rc::clone(&a), Rc::clone(&b));
        *world.script.borrow_mut() = Some(Rc::new(move |request: &OriginRequest| {
            let upstream = if request.url.starts_with("http://a/") { &to_a } else { &to_b };
            Some(upstream.answer(request))
        }));
        let mut settings = BTreeMap::from([("SECRET".to_owned(), "secret-0123456789".to_owned())]);
        settings.extend(CALLERS.map(|id| (format!("KEY_{}", id.to_uppercase()), key(id))));
        let isolates = (0..isolates).map(|_| Rc::new(Gateway::new(document))).collect();
        let (settings, seen) = (Rc::new(settings), Rc::default());
        Self {
            world,
            a,
            b,
            isolates,
            settings,
            seen,
            under_way: Rc::default(),
            next: Cell::new(1),
            puts: RefCell::default(),
        }
    }

    /// Every isolate knows the tools.
    pub fn warm(&self) {
        for isolate in 0..self.isolates.len() {
            self.call(isolate, "high", "Docs.Get");
            self.wait_for_all();
        }
        self.seen.borrow_mut().clear();
    }

    /// Begins a call at an isolate; its number.
    pub fn call(&self, isolate: usize, caller: &'static str, tool: &'static str) -> u64 {
        let number = self.next.get();
        self.next.set(number + 1);
        if tool == "Docs.Put" {
            self.puts.borrow_mut().insert(number);
        }
        let gateway = Rc::clone(&self.isolates[isolate]);
        let platform = Platform {
            world: Rc::clone(&self.world),
            settings: Rc::clone(&self.settings),
            request: usize::try_from(number).unwrap_or(0),
        };
        let (seen, under_way) = (Rc::clone(&self.seen), Rc::clone(&self.under_way));
        under_way.set(under_way.get() + 1);
        self.world.spawn(async move {
            let ended = as_an_sdk_does(&platform, &gateway, number, caller, tool).await;
            seen.borrow_mut().push(ended);
            under_way.set(under_way.get() - 1);
        });
        number
    }

    /// Calls arrive at random, `per_second` of them, at isolates and of callers as `whose` says, for so many milliseconds; then
    /// whatever is under way goes on.
    pub fn rain(
        &self,
        per_second: f64,
        millis: u64,
        tool: &'static str,
        whose: impl Fn(&World) -> (usize, &'static str),
    ) {
        let until = self.world.now().as_millis() + millis;
        while self.world.now().as_millis() < until {
            // Exponential gaps, to the millisecond.
            let uniform = (self.world.below(1_000_000) as f64 + 1.0) / 1_000_001.0;
            let gap = (-uniform.ln() * 1_000.0 / per_second).round() as u64;
            self.pass(gap);
            let (isolate, caller) = whose(&self.world);
            self.call(isolate, caller, tool);
        }
    }

    /// Lets time pass.
    pub fn pass(&self, millis: u64) {
        if millis > 0 {
            let until = self.world.now().as_millis() + millis;
            let platform = Platform { world: Rc::clone(&self.world), settings: Rc::clone(&self.settings), request: 0 };
            self.world.spawn(async move { platform.sleep(Millis::new(millis)).await });
            self.world.run(|| self.world.now().as_millis() >= until);
        }
    }

    /// Until every call has ended.
    pub fn wait_for_all(&self) {
        self.world.run(|| self.under_way.get() == 0);
    }

    /// Takes the observations: returns them and forgets them.
    #[must_use]
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.borrow_mut())
    }

    /// Returns the number of runs of each call, at both executors together.
    #[must_use]
    pub fn runs(&self) -> BTreeMap<u64, u32> {
        let mut runs = self.a.runs.borrow().clone();
        for (number, times) in self.b.runs.borrow().iter() {
            *runs.entry(*number).or_default() += times;
        }
        runs
    }
}

fn key(caller: &str) -> String {
    format!("key-of-{caller}-0123456789")
}

/// Sends a call, and again as the official SDKs do: where the answer says so, or does not say anything and has one of their
/// statuses, after the time that it says.
async fn as_an_sdk_does(platform: &Platform, gateway: &Gateway, number: u64, caller: &'static str, tool: &str) -> Seen {
    let began = platform.now().as_millis();
    let mut sent = 0;
    loop {
        sent += 1;
        let response = gateway.handle(platform, request(number, caller, tool)).await;
        let header = |name: &str| {
            response.headers.iter().find(|(header, _)| *header == name).map_or("", |(_, value)| value.as_ref())
        };
        let should_retry = match header("x-should-retry") {
            "true" => true,
            "false" => false,
            _ => matches!(response.status, 408 | 409 | 429 | 500..),
        };
        if should_retry && sent <= SDK_RETRIES {
            let wait = header("retry-after-ms").parse().unwrap_or(500_u64 << sent);
            platform.sleep(Millis::new(wait.min(60_000))).await;
            continue;
        }
        let value = match &response.body {
            Body::Bytes(body) => serde_json::from_slice::<serde_json::Value>(body).ok(),
            _ => None,
        };
        return Seen {
            number,
            caller,
            span: (began, platform.now().as_millis()),
            status: response.status,
            refusal: header("toolgate-refusal").to_owned(),
            detail: value.as_ref().and_then(|value| Some(value["message"].as_str()?.to_owned())).unwrap_or_default(),
            value: value.and_then(|value| value["output"]["value"].as_u64()),
            sent,
            route: header("toolgate-route").to_owned(),
        };
    }
}

fn request(number: u64, caller: &str, tool: &str) -> Request {
    let mut headers = RequestHeaders::default();
    headers.0[Header::Authorization as usize] = Some(format!("Bearer {}", key(caller)));
    headers.0[Header::ContentType as usize] = Some("application/json".to_owned());
    let body = json!({"tool_name": tool, "user_id": "u", "input": {"n": number}}).to_string().into_bytes();
    Request { method: Method::Post, target: "/v1/tools/execute".to_owned(), headers, body: RequestBody::Whole(body) }
}

/// Returns a percentile of these numbers, by nearest rank.
#[must_use]
pub fn percentile(numbers: impl IntoIterator<Item = u64>, percent: usize) -> u64 {
    let mut numbers: Vec<u64> = numbers.into_iter().collect();
    numbers.sort_unstable();
    let rank = (numbers.len() * percent).div_ceil(100).max(1);
    numbers.get(rank - 1).copied().unwrap_or(0)
}
