//! One scripted story: a small document, three callers, and an isolate or more on a world of its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use serde_json::{Value, json};
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::ports::{Body, Clock, OriginError, OriginRequest, OriginResponse};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;
use toolgate_simulation::world::{Platform, World};

const DOCUMENT: &str = r#"
executors = [
  { id = "local", kind = "local" },
  { id = "engine", kind = "engine", base_url = "http://engine.test", credential_setting = "ENGINE_KEY" },
]
epochs = { lease = "2s" }
execute = { timeout = "8s" }

[[callers]]
id = "wide"
tenant = "a"
keys = [{ id = "wide-1", setting = "KEY_WIDE" }]
actions = ["*"]
tools = ["*"]
users = ["*"]
projects = ["*"]

[[callers]]
id = "narrow"
tenant = "a"
keys = [{ id = "narrow-1", setting = "KEY_NARROW" }]
actions = ["tools/call", "tools/authorize", "auth/*", "chat/*", "scheduled_tools/*"]
tools = ["Calc.*", "Mail.*"]
users = ["u1"]
projects = ["o/p"]

[[callers]]
id = "nothing"
tenant = "b"
keys = [{ id = "nothing-1", setting = "KEY_NOTHING" }]
actions = []
"#;

pub(crate) const WIDE: &str = "canary-key-wide-0123";
pub(crate) const NARROW: &str = "canary-key-narrow-0123";
pub(crate) const NOTHING: &str = "canary-key-nothing-0123";

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn log_line(line: &str) {
    LOG.with_borrow_mut(|log| log.push(line.to_owned()));
}

/// One isolate on a world of its own.
pub(crate) struct Story {
    pub(crate) world: Rc<World>,
    gateway: Rc<Gateway>,
    document: &'static str,
    pub(crate) settings: Rc<BTreeMap<String, String>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<&'static str, String>,
    pub(crate) body: String,
    pub(crate) took_ms: u64,
}

impl Answer {
    pub(crate) fn refusal(&self) -> &str {
        self.headers.get("toolgate-refusal").map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Story {
    pub(crate) fn new() -> Self {
        let settings =
            [("KEY_WIDE", WIDE), ("KEY_NARROW", NARROW), ("KEY_NOTHING", NOTHING), ("ENGINE_KEY", "account")];
        Self::of(DOCUMENT, &settings)
    }

    /// The usual document under other settings.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Self::of(DOCUMENT, settings)
    }

    /// A story under another document.
    pub(crate) fn of(document: &'static str, settings: &[(&str, &str)]) -> Self {
        toolgate::telemetry::install(log_line);
        LOG.with_borrow_mut(Vec::clear);
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = Rc::new(settings.collect());
        Self { world: World::new(1), gateway: Rc::new(Gateway::new(document)), document, settings }
    }

    /// The same world from another isolate.
    pub(crate) fn isolate(&self) -> Self {
        Self {
            world: Rc::clone(&self.world),
            gateway: Rc::new(Gateway::new(self.document)),
            document: self.document,
            settings: Rc::clone(&self.settings),
        }
    }

    /// The same isolate on the world of another.
    pub(crate) fn on(self, other: &Self) -> Self {
        Self { world: Rc::clone(&other.world), ..self }
    }

    pub(crate) fn script(
        &self,
        script: impl Fn(&OriginRequest) -> Option<(Millis, Result<OriginResponse, OriginError>)> + 'static,
    ) {
        *self.world.script.borrow_mut() = Some(Rc::new(script));
    }

    /// Starts a request without waiting for its answer.
    pub(crate) fn begin(
        &self,
        key: &str,
        method: Method,
        target: &str,
        body: &Value,
        more: &[(Header, &str)],
    ) -> Pending {
        let body = if *body == Value::Null { Vec::new() } else { body.to_string().into_bytes() };
        self.begin_bytes(key, method, target, body, more)
    }

    /// The same with a body of any bytes.
    pub(crate) fn begin_bytes(
        &self,
        key: &str,
        method: Method,
        target: &str,
        body: Vec<u8>,
        more: &[(Header, &str)],
    ) -> Pending {
        let mut headers = RequestHeaders::default();
        headers.0[Header::Authorization as usize] = Some(format!("Bearer {key}"));
        headers.0[Header::ContentType as usize] = Some("application/json".to_owned());
        for (header, value) in more {
            headers.0[*header as usize] = Some((*value).to_owned());
        }
        let request = Request { method, target: target.to_owned(), headers, body: RequestBody::Whole(body) };
        let platform = Platform { world: Rc::clone(&self.world), settings: Rc::clone(&self.settings), request: 0 };
        let answer = Rc::new(RefCell::new(None));
        let (gateway, slot) = (Rc::clone(&self.gateway), Rc::clone(&answer));
        let mut task = Some(Box::pin(async move {
            let sent = platform.world.now();
            let response = gateway.handle(&platform, request).await;
            let body = match response.body {
                Body::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
                Body::Empty | Body::Stream(()) => String::new(),
            };
            let headers = response.headers.into_iter().map(|(name, value)| (name, value.into_owned())).collect();
            let took_ms = platform.world.now().since(sent).get();
            *slot.borrow_mut() = Some(Answer { status: response.status, headers, body, took_ms });
        }));
        let fate = Rc::new(Cell::new(Fate::Lives));
        let spun = Rc::clone(&fate);
        self.world.spawn(poll_fn(move |context| match (spun.get(), &mut task) {
            (Fate::Lives, Some(task)) => task.as_mut().poll(context),
            (Fate::Vanished, _) => {
                std::mem::forget(task.take());
                Poll::Ready(())
            }
            (Fate::Lives | Fate::Dropped, _) => {
                task = None;
                Poll::Ready(())
            }
        }));
        Pending(answer, fate)
    }

    pub(crate) fn ask(&self, key: &str, method: Method, target: &str, body: &Value, more: &[(Header, &str)]) -> Answer {
        let pending = self.begin(key, method, target, body, more);
        self.world.run(|| pending.0.borrow().is_some());
        pending.take()
    }

    pub(crate) fn execute(&self, key: &str, tool: &str, input: &Value) -> Answer {
        let body = json!({"tool_name": tool, "user_id": "u1", "input": input});
        self.ask(key, Method::Post, "/v1/tools/execute", &body, &[])
    }

    /// Runs the scheduled job.
    pub(crate) fn scheduled(&self) {
        let platform = Platform { world: Rc::clone(&self.world), settings: Rc::clone(&self.settings), request: 0 };
        let (gateway, is_over) = (Rc::clone(&self.gateway), Rc::new(Cell::new(false)));
        let over = Rc::clone(&is_over);
        self.world.spawn(async move {
            gateway.scheduled(&platform).await;
            over.set(true);
        });
        self.world.run(|| is_over.get());
    }

    /// Lets so much of the world's time go by.
    pub(crate) fn pass(&self, ms: u64) {
        let until = self.world.now().as_millis().saturating_add(ms);
        // Something must wake up then.
        self.world.spawn(self.sleep(ms));
        self.world.run(|| self.world.now().as_millis() >= until);
    }

    /// A while of the world's time.
    pub(crate) fn sleep(&self, ms: u64) -> impl Future<Output = ()> + use<> {
        let platform = Platform { world: Rc::clone(&self.world), settings: Rc::clone(&self.settings), request: 0 };
        async move { Clock::sleep(&platform, Millis::new(ms)).await }
    }

    /// Everything that was logged since this was asked last.
    pub(crate) fn logged(&self) -> Vec<String> {
        LOG.with_borrow_mut(std::mem::take)
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        self.world.sent.borrow().clone()
    }
}

pub(crate) struct Pending(pub Rc<RefCell<Option<Answer>>>, Rc<Cell<Fate>>);

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on.
    Lives,
    /// Its future is dropped.
    Dropped,
    /// Its future is never polled again, and never dropped: as a host does that ends a request.
    Vanished,
}

impl Pending {
    /// Ends the request without an answer, as soon as the world goes on.
    pub(crate) fn end(&self, fate: Fate) {
        self.1.set(fate);
    }

    pub(crate) fn take(&self) -> Answer {
        self.0.borrow_mut().take().expect("an answer")
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Result<OriginResponse, OriginError> {
    let headers = vec![("content-type", "application/json".to_owned())];
    Ok(OriginResponse { status, headers, body: body.to_string().into_bytes() })
}
