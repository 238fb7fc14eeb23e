//! Starts and stops the host, and the origins behind it.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The compiled fixture; built once, by the cargo that runs the tests.
static FIXTURE: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target directory");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "toolgate-spin-fixture", "--target", "wasm32-wasip2", "--release"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the fixture does not build");
    target.join("wasm32-wasip2/release/toolgate_spin_fixture.wasm")
});

/// The fixture application in a directory of its own.
pub(crate) struct App(PathBuf);

impl App {
    /// Lays it out afresh; `name` must differ between tests.
    pub(crate) fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spin-host").join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixture/spin.toml");
        std::fs::copy(manifest, directory.join("spin.toml")).unwrap();
        std::fs::copy(FIXTURE.as_path(), directory.join("fixture.wasm")).unwrap();
        Self(directory)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_toolgate-spin-host"));
        command
            .args(["--listen", "127.0.0.1:0", "--quit-after", "60", "--from"])
            .arg(self.0.join("spin.toml"))
            .arg("--cache-dir")
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("spin-host-cache"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the host and waits until it accepts requests.
    pub(crate) async fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self
            .command(arguments)
            .env("SPIN_VARIABLE_SECRET_KEY", "from the environment")
            .spawn()
            .expect("the host starts");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Serving ").unwrap_or_else(|| panic!("not ready: {line:?}")).to_owned();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Running { url, client, child: RefCell::new(child), stdout: RefCell::new(stdout) }
    }

    /// Returns the host's message when it does not start with a manifest in which `replacements` were made.
    pub(crate) fn fail_to_start(&self, arguments: &[&str], replacements: &[(&str, &str)]) -> String {
        let path = self.0.join("spin.toml");
        let original = std::fs::read_to_string(&path).unwrap();
        let changed = replacements.iter().fold(original.clone(), |text, (from, to)| text.replace(from, to));
        std::fs::write(&path, changed).unwrap();
        let output = self.command(arguments).output().unwrap();
        std::fs::write(&path, original).unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

/// A host that serves.
pub(crate) struct Running {
    /// Its address, without a slash at the end.
    pub(crate) url: String,
    client: Client<HttpConnector, Full<Bytes>>,
    child: RefCell<Child>,
    stdout: RefCell<BufReader<std::process::ChildStdout>>,
}

impl Running {
    /// Status and body of a GET.
    pub(crate) fn get(&self, target: &str) -> impl Future<Output = (u16, String)> + use<> {
        self.send(Request::get(format!("{}{target}", self.url)).body(Full::default()).unwrap())
    }

    /// Status and body of a POST.
    pub(crate) fn post(&self, target: &str, body: &str) -> impl Future<Output = (u16, String)> + use<> {
        self.send(
            Request::post(format!("{}{target}", self.url))
                .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
                .unwrap(),
        )
    }

    /// The body of a GET while it is still arriving.
    pub(crate) async fn open(&self, target: &str) -> Incoming {
        let request = Request::get(format!("{}{target}", self.url)).body(Full::default()).unwrap();
        self.client.request(request).await.expect("an answer").into_body()
    }

    fn send(&self, request: Request<Full<Bytes>>) -> impl Future<Output = (u16, String)> + use<> {
        let client = self.client.clone();
        async move {
            let response = client.request(request).await.expect("an answer");
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.expect("a whole body").to_bytes();
            (status, String::from_utf8(body.to_vec()).expect("text"))
        }
    }

    /// All that comes back for these bytes, up to the end of the connection.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let bound = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        // A connection that is reset has no more to say either.
        assert!(bound.is_ok(), "the connection stays open: {}", String::from_utf8_lossy(&answer));
        answer
    }

    /// SIGKILL: nothing of the host gets to run any more.
    pub(crate) fn kill(&self) {
        let mut child = self.child.borrow_mut();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = self.child.borrow_mut().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&self) -> ExitStatus {
        self.child.borrow_mut().wait().unwrap()
    }

    /// Ends it, and returns what it wrote to stdout and stderr after its first line.
    pub(crate) fn stop_and_read_output(&self) -> (String, String) {
        self.terminate();
        self.wait();
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.borrow_mut().read_to_string(&mut stdout).unwrap();
        self.child.borrow_mut().stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (stdout, stderr)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The next data of `body`, if there is more.
pub(crate) async fn next_chunk(body: &mut Incoming) -> Option<Bytes> {
    body.frame().await.map(|frame| frame.expect("no error").into_data().expect("data"))
}

/// A server that says the same to everyone and then closes the connection.
pub(crate) struct Origin {
    /// Its address, without a slash at the end.
    pub(crate) url: String,
}

impl Origin {
    /// Answers `head`, and after a pause `tail`.
    pub(crate) async fn answering(head: &'static [u8], tail: Option<(Duration, &'static [u8])>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(head).await;
                if let Some((pause, tail)) = tail {
                    tokio::time::sleep(pause).await;
                    let _ = stream.write_all(tail).await;
                }
            }
        });
        Self { url }
    }
}
