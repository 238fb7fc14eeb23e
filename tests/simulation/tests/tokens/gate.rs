//! One isolate with issuers, on a world of its own; issuers answer what `vectors.json` says, until a test says otherwise.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::access::identity::{self, Identified};
use toolgate::config::{self, Prepared};
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::pipeline::runtime::Isolate;
use toolgate::ports::{Body, Clock, OriginError, OriginRequest, OriginResponse};
use toolgate::words::method::Method;
use toolgate::words::refusal::Refusal;
use toolgate::words::time::Millis;
use toolgate_simulation::world::{Platform, World};

pub(crate) const DOCUMENT: &str = include_str!("../../../tokens/issuers.toml");

pub(crate) const KEY: &str = "key-holder-0123456789";

/// The answer of an issuer, to whom a test gives the word.
pub(crate) type Issuer = Rc<dyn Fn(&OriginRequest) -> Option<Result<OriginResponse, OriginError>>>;

/// The vectors, read once for each test.
pub(crate) fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tokens/vectors.json")).unwrap()
}

/// One isolate on a world.
pub(crate) struct Gate {
    pub(crate) world: Rc<World>,
    settings: Rc<BTreeMap<String, String>>,
    isolate: Rc<Isolate>,
    gateway: Rc<Gateway>,
    /// The URLs that were asked of issuers, in order.
    pub(crate) asked: Rc<RefCell<Vec<String>>>,
    /// Their answers.
    issuers: Rc<RefCell<Issuer>>,
}

impl Gate {
    pub(crate) fn new(vectors: &Value) -> Self {
        let gate = Self::on(World::new(1), Rc::default());
        assert_eq!(gate.world.now().as_millis(), vectors["now"], "the world begins when the tokens were made");
        let published = published(vectors);
        let issuers = Rc::clone(&gate.issuers);
        *issuers.borrow_mut() = Rc::new(move |request| {
            let found = published.get(&request.url).map(|body| answer(200, body));
            Some(found.unwrap_or(Err(OriginError::Unreachable)))
        });
        let asked = Rc::clone(&gate.asked);
        *gate.world.script.borrow_mut() = Some(Rc::new(move |request| {
            asked.borrow_mut().push(request.url.clone());
            assert!(request.response_limit <= 256 * 1024 && request.timeout <= Millis::from_secs(3), "{request:?}");
            let says = Rc::clone(&issuers.borrow());
            says(request).map(|answer| (Millis::new(20), answer))
        }));
        gate
    }

    fn on(world: Rc<World>, asked: Rc<RefCell<Vec<String>>>) -> Self {
        let settings = [
            ("KEY_HOLDER", KEY),
            ("AS_SECRET", "pass:word"),
            ("GITHUB_SECRET", "github-secret"),
            ("TOOLGATE_KEY_HASH_SECRET", "0123456789abcdef0123456789abcdef"),
        ];
        let settings: Rc<BTreeMap<_, _>> =
            Rc::new(settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let platform = Platform { world: Rc::clone(&world), settings: Rc::clone(&settings), request: 0 };
        let isolate = run(&world, async move {
            let document = Prepared::read(DOCUMENT);
            let settings = config::ask(&document.setting_names(), &platform).await;
            Rc::new(Isolate::start(&platform, document, &settings))
        });
        assert!(isolate.running().is_ok(), "{:?}", isolate.running().err());
        let silent: Issuer = Rc::new(|_| None);
        Self {
            world,
            settings,
            isolate,
            gateway: Rc::new(Gateway::new(DOCUMENT)),
            asked,
            issuers: Rc::new(RefCell::new(silent)),
        }
    }

    /// Another isolate of the same world.
    pub(crate) fn isolate(&self) -> Self {
        let mut other = Self::on(Rc::clone(&self.world), Rc::clone(&self.asked));
        other.issuers = Rc::clone(&self.issuers);
        other
    }

    pub(crate) fn platform(&self) -> Platform {
        Platform { world: Rc::clone(&self.world), settings: Rc::clone(&self.settings), request: 0 }
    }

    /// From now on issuers answer this; what it leaves out, they answer as before.
    pub(crate) fn issuers(
        &self,
        says: impl Fn(&OriginRequest) -> Option<Result<OriginResponse, OriginError>> + 'static,
    ) {
        let before = Rc::clone(&self.issuers.borrow());
        *self.issuers.borrow_mut() = Rc::new(move |request| says(request).or_else(|| before(request)));
    }

    /// Identifies the caller by the headers.
    pub(crate) fn identify(&self, headers: &[(Header, &str)]) -> Result<Identified, Refusal> {
        let pending = self.begin(headers);
        self.world.run(|| pending.borrow().is_some());
        pending.take().expect("an answer")
    }

    /// The same, begun and not waited for.
    pub(crate) fn begin(&self, headers: &[(Header, &str)]) -> Rc<RefCell<Option<Result<Identified, Refusal>>>> {
        let mut values = RequestHeaders::default();
        for (header, value) in headers {
            values.0[*header as usize] = Some((*value).to_owned());
        }
        let (platform, isolate) = (self.platform(), Rc::clone(&self.isolate));
        let slot = Rc::new(RefCell::new(None));
        let answer = Rc::clone(&slot);
        self.world.spawn(async move {
            let running = isolate.running().expect("a configuration");
            let held = running.lease.hold(&platform).await;
            let found = identity::driver::identify(&platform, &running.identity, &running.lease, &values, held).await;
            *answer.borrow_mut() = Some(found.map(|(identified, _)| identified));
        });
        slot
    }

    /// The caller behind a token, or the refusal's name.
    pub(crate) fn token(&self, token: &str) -> Result<String, &'static str> {
        let found = self.identify(&[(Header::Authorization, &format!("Bearer {token}"))]);
        found.map(|found| found.caller.id.to_string()).map_err(|refusal| refusal.kind.name())
    }

    /// The status and the refusal of a whole request.
    pub(crate) fn ask(
        &self,
        headers: &[(Header, &str)],
        method: Method,
        target: &str,
        body: &Value,
    ) -> (u16, String, String) {
        let mut values = RequestHeaders::default();
        for (header, value) in headers {
            values.0[*header as usize] = Some((*value).to_owned());
        }
        values.0[Header::ContentType as usize] = Some("application/json".to_owned());
        let body = if *body == Value::Null { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request { method, target: target.to_owned(), headers: values, body: RequestBody::Whole(body) };
        let (platform, gateway) = (self.platform(), Rc::clone(&self.gateway));
        run(&self.world, async move {
            let response = gateway.handle(&platform, request).await;
            let refusal = response.headers.iter().find(|(name, _)| *name == "toolgate-refusal");
            let refusal = refusal.map_or_else(String::new, |(_, value)| value.to_string());
            let body = match response.body {
                Body::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
                Body::Empty | Body::Stream(()) => String::new(),
            };
            (response.status, refusal, body)
        })
    }

    /// Changes the epochs, and lets every lease run out.
    pub(crate) fn advance(&self, changes: &Value) {
        let key = format!("Bearer {KEY}");
        let (status, ..) =
            self.ask(&[(Header::Authorization, &key)], Method::Post, "/gate/v1/epochs", &json!({"changes": changes}));
        assert_eq!(status, 200);
        self.wait(Millis::from_secs(2));
    }

    /// Lets time pass, and everything happen that was left for later.
    pub(crate) fn wait(&self, span: Millis) {
        let platform = self.platform();
        run(&self.world, async move { platform.sleep(span).await });
    }

    /// Returns the number of questions to a URL.
    pub(crate) fn times(&self, url: &str) -> usize {
        self.asked.borrow().iter().filter(|asked| asked.as_str() == url).count()
    }
}

/// The answers of issuers that `vectors.json` has.
fn published(vectors: &Value) -> BTreeMap<String, Value> {
    let parts = ["jwks", "metadata"].map(|part| vectors[part].as_object().unwrap().clone());
    parts.into_iter().flatten().collect()
}

pub(crate) fn answer(status: u16, body: &Value) -> Result<OriginResponse, OriginError> {
    let headers = vec![("content-type", "application/json".to_owned()), ("cache-control", "max-age=600".to_owned())];
    Ok(OriginResponse { status, headers, body: body.to_string().into_bytes() })
}

/// Drives the world until this has ended.
fn run<T: 'static>(world: &Rc<World>, task: impl Future<Output = T> + 'static) -> T {
    let slot = Rc::new(Cell::new(None));
    let answer = Rc::clone(&slot);
    let is_over = Rc::new(Cell::new(false));
    let over = Rc::clone(&is_over);
    world.spawn(async move {
        answer.set(Some(task.await));
        over.set(true);
    });
    world.run(|| is_over.get());
    slot.take().expect("an answer")
}
