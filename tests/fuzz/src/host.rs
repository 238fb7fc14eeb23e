//! The smallest host: a clock that a test can read, two maps for stores, and executors that answer what an input says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use serde::de::IgnoredAny;
use toolgate::ports::{
    Background, Clock, Durable, DurableError, EdgeCache, EdgeCacheError, Entropy, Kv, KvError, Origin, OriginError,
    OriginRequest, OriginResponse, OriginStream, Settings, Sql, SqlError, SqlRow, SqlValue,
};
use toolgate::state;
use toolgate::words::method::Method;
use toolgate::words::time::{Millis, Timestamp};

/// The caller's key.
pub(crate) const KEY: &str = "tg_fuzz_0123456789abcdef";

/// The secret that no answer and no line may ever tell.
pub(crate) const CREDENTIALS: [&str; 3] =
    ["engine-credential-0123456789", "worker-credential-0123456789abcdef", "own-worker-credential-0123456789"];

/// Under which keys are hashed.
const HASH_SECRET: &str = "a hashing secret of the fuzz targets";

/// The answer of an executor.
pub(crate) type Answer = Result<OriginResponse, OriginError>;

/// A host. A clone is a handle on the same one.
#[derive(Clone)]
pub(crate) struct Host(Rc<World>);

struct World {
    now: Cell<u64>,
    drawn: Cell<u64>,
    kept: RefCell<BTreeMap<String, Vec<u8>>>,
    owned: RefCell<BTreeMap<String, Vec<u8>>>,
    jobs: RefCell<Vec<Pin<Box<dyn Future<Output = ()>>>>>,
    sent: RefCell<Vec<String>>,
    answers: Box<dyn Fn(&OriginRequest) -> Answer>,
}

impl Host {
    /// A host whose executors answer so.
    pub(crate) fn new(answers: impl Fn(&OriginRequest) -> Answer + 'static) -> Self {
        Self(Rc::new(World {
            now: Cell::new(1_790_000_000_000),
            drawn: Cell::new(0),
            kept: RefCell::default(),
            owned: RefCell::default(),
            jobs: RefCell::default(),
            sent: RefCell::default(),
            answers: Box::new(answers),
        }))
    }

    /// Returns the number of requests to URLs with this ending.
    pub(crate) fn sent(&self, ending: &str) -> usize {
        self.0.sent.borrow().iter().filter(|url| url.ends_with(ending)).count()
    }

    /// Runs what was left for after the response, and what that leaves.
    pub(crate) fn run_jobs(&self) {
        for _ in 0..100 {
            let jobs = self.0.jobs.take();
            if jobs.is_empty() {
                return;
            }
            for mut job in jobs {
                let polled = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_ready(), "nothing here waits");
            }
        }
        panic!("jobs without end");
    }

    fn exchange(&self, request: &OriginRequest) -> Answer {
        check_outbound(request);
        self.0.sent.borrow_mut().push(request.url.clone());
        let answer = (self.0.answers)(request)?;
        // As a host's adapter does.
        if answer.body.len() > request.response_limit { Err(OriginError::BodyTooLarge) } else { Ok(answer) }
    }
}

/// Whatever a caller sends, what leaves stays in the executor's API, and is JSON that has one meaning.
fn check_outbound(request: &OriginRequest) {
    let url = &request.url;
    let path = url.strip_prefix("http://engine.test/v1/").or_else(|| url.strip_prefix("http://worker.test/worker/"));
    let path = path.unwrap_or_else(|| panic!("not an executor's API: {url}")).split('?').next().unwrap_or_default();
    assert!(url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "not a URL: {url}");
    assert!(!path.split('/').any(|segment| matches!(segment, "" | "." | "..")), "leaves its place: {url}");
    assert!(request.authorization.is_some(), "without the gateway's credential: {url}");
    for (name, value) in &request.headers {
        assert!(!value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
        // What a caller accepts goes on in its own words.
        assert!(*name == "accept" || !value.contains(KEY), "the caller's key travels on in {name}");
    }
    let is_read = request.body.is_empty() || serde_json::from_slice::<IgnoredAny>(&request.body).is_ok();
    let means_nothing = matches!(request.method, Method::Get | Method::Head) && !request.body.is_empty();
    assert!(is_read && !means_nothing, "{} {url} with a body that nobody read", request.method.as_str());
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        let now = self.0.now.get();
        self.0.now.set(now.saturating_add(1));
        Timestamp::from_millis(now)
    }

    async fn sleep(&self, span: Millis) {
        self.0.now.set(self.0.now.get().saturating_add(span.get()));
    }
}

impl Entropy for Host {
    fn fill(&self, bytes: &mut [u8]) {
        fastrand::Rng::with_seed(self.0.drawn.get()).fill(bytes);
        self.0.drawn.set(self.0.drawn.get().saturating_add(1));
    }
}

impl Background for Host {
    fn spawn(&self, job: impl Future<Output = ()> + 'static) {
        self.0.jobs.borrow_mut().push(Box::pin(job));
    }
}

impl Settings for Host {
    async fn get(&self, name: &str) -> Option<String> {
        let [engine, worker, own] = CREDENTIALS;
        let value = match name {
            "CALLER_KEY" => KEY,
            "ENGINE_KEY" => engine,
            "WORKER_SECRET" => worker,
            "TOOLGATE_WORKER_SECRET" => own,
            "TOOLGATE_KEY_HASH_SECRET" => HASH_SECRET,
            _ => return None,
        };
        Some(value.to_owned())
    }
}

impl Kv for Host {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        assert!(key.len() <= 512, "longer than the store's keys: {key}");
        Ok(self.0.kept.borrow().get(key).cloned())
    }

    async fn put(&self, key: &str, value: Vec<u8>, _: Millis) -> Result<(), KvError> {
        assert!(key.len() <= 512, "longer than the store's keys: {key}");
        self.0.kept.borrow_mut().insert(key.to_owned(), value);
        Ok(())
    }

    async fn sweep(&self, _: Timestamp) {}
}

impl Durable for Host {
    async fn apply(&self, key: &str, command: Vec<u8>) -> Result<Vec<u8>, DurableError> {
        assert!(key.len() <= 512, "longer than an owner's keys: {key}");
        let stored = self.0.owned.borrow().get(key).cloned();
        let step = state::step(stored.as_deref(), &command, self.now());
        if let Some(state) = step.state {
            self.0.owned.borrow_mut().insert(key.to_owned(), state);
        }
        Ok(step.reply)
    }
}

impl EdgeCache for Host {
    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, EdgeCacheError> {
        Err(EdgeCacheError::Unsupported)
    }

    async fn put(&self, _: &str, _: Vec<u8>, _: Millis) -> Result<(), EdgeCacheError> {
        Err(EdgeCacheError::Unsupported)
    }
}

impl Sql for Host {
    async fn query(&self, _: &'static str, _: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError> {
        Err(SqlError::Unsupported)
    }
}

impl Origin for Host {
    type Stream = ();

    async fn send(&self, request: OriginRequest) -> Answer {
        self.exchange(&request)
    }

    async fn open(&self, request: OriginRequest) -> Result<OriginStream<()>, OriginError> {
        let answer = self.exchange(&request)?;
        Ok(OriginStream { status: answer.status, headers: answer.headers, body: () })
    }
}
