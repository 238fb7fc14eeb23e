//! One gateway with everything around it: a real Arcade worker, the engine stand-in in front of it, and a host.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use toolgate_engine::{Options, Running};

use crate::build::{self, Document, PORTS};
use crate::clock::{pause, setting, until};
use crate::http::{Answer, Ask};

pub(crate) const DEVELOPER: &str = "tg_e2e_full_0123456789abcdef";
pub(crate) const DEVELOPER_2: &str = "tg_e2e_full-second_0123456789abcdef";
pub(crate) const NARROW: &str = "tg_e2e_narrow_0123456789abcdef";
pub(crate) const LISTER: &str = "tg_e2e_lister_0123456789abcdef";
pub(crate) const OPERATOR: &str = "tg_e2e_operator_0123456789abcdef";
pub(crate) const STRANGER: &str = "tg_e2e_other_0123456789abcdef";
pub(crate) const GOVERNED: &str = "tg_e2e_governed_0123456789abcdef";
pub(crate) const THROTTLED: &str = "tg_e2e_throttled_0123456789abcdef";
/// The prefix of every key.
pub(crate) const KEYS_BEGIN: &str = "tg_e2e_";
/// The gateway's own credential at the engine.
pub(crate) const ENGINE_KEY: &str = "engine-key-of-the-gateway";
/// With which an engine signs its calls to the gateway's worker routes.
pub(crate) const GATE_WORKER_SECRET: &str = "the secret of the gateway as a worker";
const HASH_SECRET: &str = "hashing secret of the end-to-end tests";
pub(crate) const WORKER_SECRET: &str = "a secret of this test run and no other";
/// A change of the epochs holds everywhere after this time: the lease in `toolgate.toml`, and something for slow machines.
pub(crate) const LEASE: Duration = Duration::from_millis(1_300);

/// A host that Toolgate runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Workerd,
    Spin,
    /// A Spin host that gives the component no SQLite database.
    SpinWithoutSqlite,
}

pub(crate) const BOTH: [Platform; 2] = [Platform::Workerd, Platform::Spin];

/// The worker of all tests. It ends with this process, which holds its standard input.
static WORKER: LazyLock<Child> = LazyLock::new(|| {
    let mut child = Command::new(setting("TOOLGATE_PYTHON"))
        .arg(in_tests("worker/serve.py"))
        .args(["--port", &PORTS.worker.to_string(), "--with-parent"])
        .env("ARCADE_WORKER_SECRET", WORKER_SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|fault| panic!("TOOLGATE_PYTHON does not start: {fault}"));
    let url = worker_url();
    until("the Arcade worker serves", Duration::from_secs(40), || {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "the Arcade worker ended: {ended:?} (tests/worker/requirements.txt)");
        Ask::get("/worker/health").try_send(&url).ok().filter(|answer| answer.status == 200)
    });
    child
});

/// Asks the control routes of the stand-in at `base`.
pub(crate) fn control(base: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    let mut ask = Ask::new(method, &format!("/_control/{path}"));
    if let Some(body) = body {
        ask = ask.header("content-type", "application/json").body(body.to_string());
    }
    let answer = ask.send(base);
    assert!(answer.status < 300, "{path}: {}", answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

fn worker_url() -> String {
    format!("http://127.0.0.1:{}", PORTS.worker)
}

/// A path below the repository's `tests`.
pub(crate) fn in_tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// One gateway and what is around it; dropping it stops everything.
pub(crate) struct World {
    pub platform: Platform,
    document: Document,
    engine: Option<Running>,
    /// Stays the same when the engine is stopped and started.
    pub engine_url: String,
    host: Option<Host>,
    directory: PathBuf,
    starts: u32,
    spin_arguments: Vec<String>,
}

struct Host {
    child: Child,
    url: String,
    twin: String,
}

impl World {
    /// Starts it with nothing in its stores; `name` must differ between worlds.
    pub(crate) fn new(platform: Platform, name: &str) -> Self {
        Self::with(platform, name, Options::default(), &[])
    }

    /// The same, with an engine of one's own and arguments for the Spin host.
    pub(crate) fn with(platform: Platform, name: &str, engine: Options, spin_arguments: &[&str]) -> Self {
        let mut world = Self::without_engine(platform, name, spin_arguments);
        world.start_engine(engine);
        world.start_host();
        world
    }

    /// With nothing running but the Arcade worker; the engine's port is known and closed.
    pub(crate) fn without_engine(platform: Platform, name: &str, spin_arguments: &[&str]) -> Self {
        assert!(WORKER.id() > 0);
        Self::of(Document::Usual, platform, name, spin_arguments)
    }

    /// With nothing running at all, and this document.
    pub(crate) fn of(document: Document, platform: Platform, name: &str, spin_arguments: &[&str]) -> Self {
        document.ensure();
        let directory = build::directory().join(format!("{name}-{platform:?}"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("state")).unwrap();
        let spin_arguments = spin_arguments.iter().map(|&argument| argument.to_owned()).collect();
        let engine_url = format!("http://127.0.0.1:{}", build::free_port());
        Self { platform, document, engine: None, engine_url, host: None, directory, starts: 0, spin_arguments }
    }

    pub(crate) fn start_engine(&mut self, options: Options) {
        let options = Options {
            listen: self.engine_url.trim_start_matches("http://").to_owned(),
            api_keys: vec![ENGINE_KEY.to_owned()],
            worker: Some((worker_url(), WORKER_SECRET.to_owned())),
            ..options
        };
        self.engine = Some(toolgate_engine::start(options).unwrap());
    }

    pub(crate) fn stop_engine(&mut self) {
        self.engine = None;
    }

    /// Starts the host; what its stores hold from an earlier start is still there.
    pub(crate) fn start_host(&mut self) {
        self.starts += 1;
        let log = self.directory.join(format!("host-{}.log", self.starts));
        let out = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let (mut command, sign) = match self.platform {
            Platform::Workerd => (self.workerd(), "listening on "),
            Platform::Spin | Platform::SpinWithoutSqlite => (self.spin(), "Serving "),
        };
        command.stdin(Stdio::piped()).stdout(clone(&out)).stderr(out);
        let mut child = command.spawn().unwrap_or_else(|fault| panic!("{command:?} does not start: {fault}"));
        let line = until("the host serves", Duration::from_secs(120), || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended, {ended:?}: {text}");
            let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            lines.find_map(|line| line.trim().strip_prefix(sign)).map(str::to_owned)
        });
        let mut addresses = line.split(' ');
        let url = addresses.next().unwrap().to_owned();
        self.host = Some(Host { child, twin: addresses.next().unwrap_or(&url).to_owned(), url });
    }

    fn workerd(&self) -> Command {
        let settings: serde_json::Map<String, Value> =
            self.settings().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut command = Command::new("node");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("workerd.mjs"));
        command.arg(self.document.worker()).arg(self.directory.join("state"));
        command.env("TOOLGATE_E2E_SETTINGS", Value::Object(settings).to_string());
        command.env("WRANGLER_SEND_METRICS", "false");
        command
    }

    fn spin(&self) -> Command {
        let manifest = self.directory.join("spin.toml");
        fs::write(&manifest, build::spin_manifest(self.document, self.platform == Platform::Spin)).unwrap();
        let mut command = Command::new(setting("TOOLGATE_SPIN_HOST"));
        command.arg("--from").arg(manifest).args(["--listen", "127.0.0.1:0", "--quit-after", "1200"]);
        command.arg("--state-dir").arg(self.directory.join("state"));
        command.arg("--cache-dir").arg(build::directory().join("spin-cache")).args(&self.spin_arguments);
        for (name, value) in self.settings() {
            command.env(format!("SPIN_VARIABLE_{name}"), value);
        }
        command
    }

    fn settings(&self) -> [(&'static str, String); 6] {
        [
            ("ARCADE_API_KEY", ENGINE_KEY.to_owned()),
            ("ARCADE_BASE_URL", self.engine_url.clone()),
            ("TOOLGATE_KEY_HASH_SECRET", HASH_SECRET.to_owned()),
            ("TOOLGATE_WORKER_SECRET", GATE_WORKER_SECRET.to_owned()),
            ("E2E_WORKER_SECRET", WORKER_SECRET.to_owned()),
            ("E2E_ISSUER_SECRET", crate::issuer::CLIENT_SECRET.to_owned()),
        ]
    }

    pub(crate) fn url(&self) -> &str {
        &self.host.as_ref().unwrap().url
    }

    /// The address of another isolate of the same deployment: on workerd one of its own, on Spin whichever the host takes.
    pub(crate) fn twin(&self) -> &str {
        &self.host.as_ref().unwrap().twin
    }

    pub(crate) fn send(&self, ask: &Ask) -> Answer {
        ask.send(self.url())
    }

    /// With the key of the caller that may do everything.
    pub(crate) fn develop(&self, ask: Ask) -> Answer {
        self.send(&ask.key(DEVELOPER))
    }

    /// Asks the stand-in's control routes.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        control(&self.engine_url, method, path, body)
    }

    /// Returns the number of runs of the engine's tool.
    pub(crate) fn runs(&self, tool: &str) -> u64 {
        self.control("GET", "calls", None)["counts"][tool].as_u64().unwrap_or(0)
    }

    /// Everything that the hosts wrote, over all starts.
    pub(crate) fn log(&self) -> String {
        (1..=self.starts)
            .map(|start| fs::read_to_string(self.directory.join(format!("host-{start}.log"))).unwrap())
            .collect()
    }

    /// The records, in the order written.
    pub(crate) fn records(&self) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line.get("request_id").is_some()).collect()
    }

    /// The one record of an answer.
    pub(crate) fn record_of(&self, answer: &Answer) -> Value {
        let id = answer.request_id();
        assert!(!id.is_empty(), "{answer:?}");
        let of = || self.records().into_iter().filter(|line| line["request_id"] == id).collect::<Vec<_>>();
        until(&format!("a record of {id}"), Duration::from_secs(5), || (!of().is_empty()).then_some(()));
        let records = of();
        assert_eq!(records.len(), 1, "{records:?}");
        records.into_iter().next().unwrap()
    }

    /// `kill -9`: the host has no time to write anything down.
    pub(crate) fn kill_host(&mut self) {
        let mut host = self.host.take().unwrap();
        for child in children_of(host.child.id()) {
            kill_9(child);
        }
        host.child.kill().unwrap();
        host.child.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Miniflare stops workerd when its input ends.
        drop(self.child.stdin.take());
        if self.twin != self.url {
            for _ in 0..100 {
                if matches!(self.child.try_wait(), Ok(Some(_))) {
                    return;
                }
                pause(Duration::from_millis(50));
            }
            children_of(self.child.id()).into_iter().for_each(kill_9);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn clone(file: &File) -> File {
    file.try_clone().unwrap()
}

fn children_of(parent: u32) -> Vec<u32> {
    let output =
        Command::new("ps").args(["-Ao", "pid=,ppid="]).output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output).into_owned();
    let pairs = text.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().filter_map(|number| number.parse::<u32>().ok());
        Some((numbers.next()?, numbers.next()?))
    });
    pairs.filter(|(_, of)| *of == parent).map(|(pid, _)| pid).collect()
}

fn kill_9(pid: u32) {
    let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
}
