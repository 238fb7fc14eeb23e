//! An executor with so many slots and a queue before them, and everything that can be wrong with it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::ports::{OriginError, OriginRequest, OriginResponse};
use toolgate::words::time::Millis;

use crate::world::World;

/// A fault of an executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Connections are refused.
    Refused,
    /// It takes calls, runs them, and never answers.
    Hung,
    /// Connections break, before or after it ran the call.
    Reset,
    /// Its answers drip: each takes ten times as long.
    SlowDrip,
    /// Its answers end early.
    Cut,
    /// Its answers are no JSON.
    Garbage,
    /// It limits how often it is called, and says for how long not to come.
    Throttled,
    /// It answers server errors, before or after it ran the call.
    Errors,
    /// It is down every other second.
    Flapping,
    /// It is five times as slow.
    BrownOut,
    /// So many of a hundred calls meet one of these.
    Random(u32),
}

/// Every fault.
pub const FAULTS: [Fault; 11] = [
    Fault::Refused,
    Fault::Hung,
    Fault::Reset,
    Fault::SlowDrip,
    Fault::Cut,
    Fault::Garbage,
    Fault::Throttled,
    Fault::Errors,
    Fault::Flapping,
    Fault::BrownOut,
    Fault::Random(20),
];

/// The duration of its tool, in milliseconds.
pub type Service = fn(&World) -> u64;

/// An executor.
pub struct Upstream {
    world: Rc<World>,
    /// The time at which each slot is free again.
    slots: RefCell<Vec<u64>>,
    service: Service,
    /// Its present fault.
    pub fault: Cell<Fault>,
    /// Calls that reached it.
    pub calls: Cell<u64>,
    /// The number of its health checks.
    pub probes: Cell<u64>,
    /// Milliseconds that its slots worked, and since when they are counted.
    busy: Cell<u64>,
    busy_from: Cell<u64>,
    /// The number of runs of the call with each number.
    pub runs: RefCell<BTreeMap<u64, u32>>,
}

type Answered = (Millis, Result<OriginResponse, OriginError>);

impl Upstream {
    /// An executor with `slots` slots.
    #[must_use]
    pub fn new(world: &Rc<World>, slots: usize, service: Service) -> Rc<Self> {
        Rc::new(Self {
            world: Rc::clone(world),
            slots: RefCell::new(vec![0; slots]),
            service,
            fault: Cell::new(Fault::None),
            calls: Cell::new(0),
            probes: Cell::new(0),
            busy: Cell::new(0),
            busy_from: Cell::new(0),
            runs: RefCell::default(),
        })
    }

    /// Counts the time of its slots from now on.
    pub fn count_from_now(&self) {
        self.busy.set(0);
        self.busy_from.set(self.world.now().as_millis());
    }

    /// The part of its slots' time that they worked, in percent.
    #[must_use]
    pub fn busy_percent(&self) -> u64 {
        let slots = self.slots.borrow();
        let all = (self.world.now().as_millis() - self.busy_from.get()) * slots.len() as u64;
        // What is not over yet is counted whole: less than one service for each slot.
        self.busy.get() * 100 / all.max(1)
    }

    /// Returns its answer, and the time that it takes.
    pub fn answer(&self, request: &OriginRequest) -> Answered {
        let now = self.world.now().as_millis();
        let fault = self.fault_now(now);
        if request.url.ends_with("/health") {
            self.probes.set(self.probes.get() + 1);
            return self.exchange(request, fault, 2, || ok(&json!({"status": "ok"})));
        }
        if request.url.ends_with("/worker/tools") {
            return (Millis::new(2), Ok(ok(&tools())));
        }
        self.calls.set(self.calls.get() + 1);
        if fault == Fault::Throttled {
            let headers = vec![("content-type", "application/json".to_owned()), ("retry-after-ms", "700".to_owned())];
            return (Millis::new(2), Ok(OriginResponse { status: 429, headers, body: b"{}".to_vec() }));
        }
        let is_before = self.world.chance(50);
        match fault {
            Fault::Refused => return (Millis::new(2), Err(OriginError::Unreachable)),
            Fault::Reset if is_before => return (Millis::new(2), Err(OriginError::Broken)),
            Fault::Errors if is_before => return (Millis::new(2), Ok(status(500))),
            _ => {}
        }
        let took = self.run(request, fault, now);
        self.exchange(request, fault, took, || {
            ok(&json!({
                "execution_id": "x", "finished_at": "2026-01-01T00:00:00", "duration": 1.5, "success": true,
                "output": {"value": number_of(request)},
            }))
        })
    }

    /// Runs the tool in the slot that is free first; the time until it is done.
    fn run(&self, request: &OriginRequest, fault: Fault, now: u64) -> u64 {
        let factor = match fault {
            Fault::SlowDrip => 10,
            Fault::BrownOut => 5,
            _ => 1,
        };
        let service = (self.service)(&self.world) * factor;
        let mut slots = self.slots.borrow_mut();
        let slot = slots.iter_mut().min().expect("a slot");
        let done = now.max(*slot) + service;
        *slot = done;
        self.busy.set(self.busy.get() + service);
        *self.runs.borrow_mut().entry(number_of(request)).or_default() += 1;
        done - now
    }

    fn exchange(
        &self,
        request: &OriginRequest,
        fault: Fault,
        took: u64,
        answer: impl Fn() -> OriginResponse,
    ) -> Answered {
        let late = (request.timeout, Err(OriginError::Timeout));
        let took = Millis::new(took);
        match fault {
            Fault::Hung => late,
            _ if took > request.timeout => late,
            Fault::Refused => (took, Err(OriginError::Unreachable)),
            Fault::Reset => (took, Err(OriginError::Broken)),
            Fault::Cut => (took, Err(OriginError::BodyCut)),
            Fault::Errors => (took, Ok(status(500))),
            Fault::Garbage => (took, Ok(OriginResponse { body: b"<html>oops</html>".to_vec(), ..ok(&Value::Null) })),
            _ => (took, Ok(answer())),
        }
    }

    fn fault_now(&self, now: u64) -> Fault {
        match self.fault.get() {
            Fault::Flapping if (now / 1_000).is_multiple_of(2) => Fault::Refused,
            Fault::Flapping => Fault::None,
            Fault::Random(percent) if self.world.chance(percent) => {
                [Fault::Refused, Fault::Reset, Fault::Cut, Fault::Garbage, Fault::Errors][self.world.below(5)]
            }
            Fault::Random(_) => Fault::None,
            fault => fault,
        }
    }
}

/// The number that a call carries.
fn number_of(request: &OriginRequest) -> u64 {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    body["inputs"]["n"].as_u64().unwrap_or(0)
}

fn ok(body: &Value) -> OriginResponse {
    let headers = vec![("content-type", "application/json".to_owned())];
    OriginResponse { status: 200, headers, body: body.to_string().into_bytes() }
}

fn status(status: u16) -> OriginResponse {
    OriginResponse { status, headers: Vec::new(), body: b"Internal Server Error".to_vec() }
}

/// `Docs.Get` only reads; nothing is known of `Docs.Put`.
fn tools() -> Value {
    let tool = |name: &str, behavior: Value| {
        json!({
            "name": name, "fully_qualified_name": format!("Docs.{name}"), "description": "d",
            "toolkit": {"name": "Docs", "version": "1.0.0"},
            "input": {"parameters": [{"name": "n", "required": true, "value_schema": {"val_type": "integer"}}]},
            "output": {"available_modes": ["value"], "value_schema": {"val_type": "integer"}},
            "requirements": {}, "metadata": behavior,
        })
    };
    let reads = json!({"behavior": {"read_only": true, "destructive": false, "operations": ["read"]}});
    json!([tool("Get", reads), tool("Put", Value::Null)])
}
