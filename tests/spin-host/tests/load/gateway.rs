//! The shipped component on the host, with an engine behind it and stores that can be filled beforehand.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use rusqlite::{Connection, params};

/// The caller's key.
pub(crate) const KEY: &str = "tg_load_0123456789abcdef0123456789abcdef";
const ENGINE_KEY: &str = "engine-key-of-the-load-tests";
/// Lets the row of a key be due for a sweep.
const DUE: &str = "UPDATE toolgate_kv_expiry_1 SET slot = 1 WHERE key = ?";
/// Ends a host that nobody ended.
const LIFE_S: &str = "240";

/// The release component with the tests' own document.
static COMPONENT: LazyLock<PathBuf> = LazyLock::new(|| {
    let output = directory("component");
    let mut build = program("TOOLGATE_PROGRAM", "toolgate-cli", "toolgate");
    build.args(["build", "spin", "--release", "--output"]).arg(&output);
    build.env("TOOLGATE_CONFIG", "tests/spin-host/tests/load/toolgate.toml");
    assert!(build.status().expect("a build").success(), "the component does not build");
    output.join("toolgate.wasm")
});

/// Returns a program of another package, which would make a second host of this one if it were linked: the one that the
/// gate names in `variable`, else cargo's.
fn program(variable: &str, package: &str, name: &str) -> Command {
    let named = std::env::var_os(variable).map(PathBuf::from).unwrap_or_else(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", package, "--bin", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(cargo.status().expect("cargo runs").success(), "{package} does not build");
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target directory").join("debug").join(name)
    });
    let mut command = Command::new(named);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// An empty directory of that name.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spin-load").join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
}

/// A program that serves; dropping it stops it.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    /// Starts it, and waits for the line in which it says where it serves.
    fn start(command: &mut Command, sign: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix(sign).unwrap_or_else(|| panic!("not ready: {line:?}")).to_owned();
        // What it says goes on: it must not have to wait because nobody reads.
        #[expect(clippy::disallowed_methods, reason = "a pipe is read by a thread of its own")]
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, url }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One gateway; dropping it stops everything.
pub(crate) struct Gateway {
    directory: PathBuf,
    engine: Program,
    host: Option<Program>,
}

impl Gateway {
    /// Lays it out with nothing in its stores; `name` must differ between tests.
    pub(crate) fn new(name: &str) -> Self {
        let directory = directory(name);
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml");
        let manifest = std::fs::read_to_string(manifest).expect("spin.toml");
        let source = format!("source = \"{}\"", COMPONENT.display());
        let named = "source = \"build/spin/toolgate.wasm\"";
        assert!(manifest.contains(named), "spin.toml has another shape now");
        std::fs::write(directory.join("spin.toml"), manifest.replace(named, &source)).expect("a manifest");
        let mut engine = program("TOOLGATE_ENGINE", "toolgate-engine", "toolgate-engine");
        engine.args(["--api-key", ENGINE_KEY, "--quit-after", LIFE_S]);
        Self { directory, engine: Program::start(&mut engine, "listening on "), host: None }
    }

    fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// Puts `count` values into the key-value store as versions without an index left them: expired, and named nowhere else.
    pub(crate) fn with_old_values(self, count: u32) -> Self {
        std::fs::create_dir_all(self.state()).expect("a directory");
        let mut store = Connection::open(self.state().join("sqlite_key_value.db")).expect("a store");
        let table = "CREATE TABLE IF NOT EXISTS spin_key_value (
            store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))";
        store.execute_batch(table).expect("a table");
        let filling = store.transaction().expect("a transaction");
        for number in 0..count {
            let value = [b"old".as_slice(), &[0; 8]].concat();
            let row = params![format!("old/{number}"), value];
            filling.execute("INSERT INTO spin_key_value VALUES ('default', ?, ?)", row).expect("a row");
        }
        filling.commit().expect("a commit");
        self
    }

    pub(crate) fn start(mut self) -> Self {
        let mut host = Command::new(env!("CARGO_BIN_EXE_toolgate-spin-host"));
        host.args(["--listen", "127.0.0.1:0", "--quit-after", LIFE_S, "--from"])
            .arg(self.directory.join("spin.toml"))
            .arg("--state-dir")
            .arg(self.state())
            .arg("--cache-dir")
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("spin-host-cache"))
            .env("SPIN_VARIABLE_TOOLGATE_DEV_KEY", KEY)
            .env("SPIN_VARIABLE_TOOLGATE_KEY_HASH_SECRET", "hashing secret of the load tests, long enough")
            .env("SPIN_VARIABLE_ARCADE_API_KEY", ENGINE_KEY)
            .env("SPIN_VARIABLE_ARCADE_BASE_URL", &self.engine.url);
        self.host = Some(Program::start(&mut host, "Serving "));
        self
    }

    /// Ends the host as nothing gentle would, and starts it with what its stores hold.
    pub(crate) fn restart(mut self) -> Self {
        self.host = None;
        self.start()
    }

    pub(crate) fn url(&self) -> &str {
        &self.host.as_ref().expect("a host").url
    }

    /// Fails when the host does not answer for itself any more.
    pub(crate) async fn is_alive(&self) {
        let url = format!("{}/.well-known/spin/health", self.url());
        let answer = tokio::time::timeout(Duration::from_secs(5), status_of(url)).await;
        assert!(matches!(answer, Ok(Some(200))), "the host has stopped: {answer:?}");
    }

    /// Lets the next request that asks run the sweep.
    pub(crate) fn make_sweep_due(&self) {
        let rows = "DELETE FROM toolgate_state WHERE key IN ('.scheduled', '.swept')";
        self.open("sqlite_db.db").execute(rows, []).expect("a database");
    }

    /// Lets the values under `keys` be over, by their own marks and by their rows.
    pub(crate) fn let_end(&self, keys: &[String]) {
        let (store, database) = (self.open("sqlite_key_value.db"), self.open("sqlite_db.db"));
        for key in keys {
            let read = "SELECT value FROM spin_key_value WHERE key = ?";
            let mut value: Vec<u8> = store.query_row(read, [key], |row| row.get(0)).expect("a value");
            let kept = value.len().saturating_sub(8);
            value.truncate(kept);
            value.extend([0; 8]);
            store.execute("UPDATE spin_key_value SET value = ? WHERE key = ?", params![value, key]).expect("a store");
            database.execute(DUE, [key]).expect("a row");
        }
    }

    /// Lets the value under `key` be one that the host cannot read, and its row be due.
    pub(crate) fn make_unreadable(&self, key: &String) {
        let to_text = "UPDATE spin_key_value SET value = CAST(value AS TEXT) WHERE key = ?";
        assert_eq!(self.open("sqlite_key_value.db").execute(to_text, [key]).expect("a store"), 1, "{key}");
        self.open("sqlite_db.db").execute(DUE, [key]).expect("a row");
    }

    /// The keys of the values that a row says the end of, in order.
    pub(crate) fn values(&self) -> Vec<String> {
        let store = self.open("sqlite_key_value.db");
        let path = self.state().join("sqlite_db.db");
        store.execute("ATTACH ? AS ends", [path.to_string_lossy()]).expect("a database");
        let both =
            "SELECT key FROM spin_key_value WHERE key IN (SELECT key FROM ends.toolgate_kv_expiry_1) ORDER BY key";
        let mut rows = store.prepare(both).expect("rows");
        let keys = rows.query_map([], |row| row.get(0)).expect("keys");
        keys.collect::<Result<_, _>>().expect("keys")
    }

    /// A file of the stores, beside the host.
    fn open(&self, file: &str) -> Connection {
        let database = Connection::open(self.state().join(file)).expect("a database");
        database.busy_timeout(Duration::from_secs(10)).expect("a time");
        database
    }
}

/// The status of a GET.
async fn status_of(url: String) -> Option<u16> {
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let request = http::Request::get(url).body(http_body_util::Empty::<bytes::Bytes>::new()).ok()?;
    client.request(request).await.ok().map(|response| response.status().as_u16())
}
