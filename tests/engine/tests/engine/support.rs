//! A plain HTTP/1.1 client that reports how an answer ended, and the two SDK drivers as child processes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use toolgate_engine::{Options, Running};

/// The key that a stand-in accepts unless it is told otherwise.
pub(crate) const KEY: &str = "test-key";
/// A worker's secret, long enough for HS256.
pub(crate) const SECRET: &str = "0123456789012345678901234567890123";

/// Starts a stand-in.
pub(crate) fn engine(options: Options) -> Running {
    toolgate_engine::start(options).unwrap()
}

/// One answer as it came over the wire; the connection is closed after it.
#[derive(Debug)]
pub(crate) struct Raw {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// The end of a reading that did not end in order.
    pub fault: Option<std::io::ErrorKind>,
}

impl Raw {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|fault| panic!("{fault}: {self:?}"))
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next_back()
    }
}

/// Sends one request with the key of the first account and reads until the peer ends.
pub(crate) fn ask(base: &str, method: &str, path: &str, body: Option<&Value>) -> Raw {
    ask_with(base, method, path, body, &[("authorization", KEY)])
}

/// The same with headers of one's own.
pub(crate) fn ask_with(base: &str, method: &str, path: &str, body: Option<&Value>, headers: &[(&str, &str)]) -> Raw {
    ask_text(base, method, path, &body.map(Value::to_string).unwrap_or_default(), headers)
}

/// The same with a body that is sent to the letter.
pub(crate) fn ask_text(base: &str, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Raw {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    read(stream)
}

fn read(mut stream: TcpStream) -> Raw {
    let (mut bytes, mut piece, mut fault) = (Vec::new(), [0_u8; 65_536], None);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(error) => {
                fault = Some(error.kind());
                break;
            }
        }
    }
    let whole = String::from_utf8_lossy(&bytes);
    let head = whole.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let body = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let body = body.and_then(|end| bytes[end..].strip_prefix(b"\r\n\r\n"));
    Raw { status, body: body.unwrap_or_default().to_vec(), head, fault }
}

/// Adds a fault rule.
pub(crate) fn spoil(base: &str, rules: &Value) {
    let answer = ask(base, "POST", "/_control/faults", Some(rules));
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Runs a tool through `/v1/tools/execute` and returns the response.
pub(crate) fn execute(base: &str, tool: &str, input: &Value) -> Value {
    let body = serde_json::json!({"tool_name": tool, "input": input, "user_id": "u@example.com"});
    ask(base, "POST", "/v1/tools/execute", Some(&body)).json()
}

/// The Python that has `arcadepy` and the worker's packages.
pub(crate) fn python() -> String {
    setting("TOOLGATE_PYTHON").unwrap_or_else(|| {
        panic!("TOOLGATE_PYTHON is not set: it names a Python with tests/worker/requirements.txt installed (`cargo gate` sets it)")
    })
}

#[expect(clippy::disallowed_methods, reason = "a native test: the gate tells it by the environment where Python is")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A path below the repository's `tests`.
pub(crate) fn in_tests(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The report of a driver.
pub(crate) struct Report {
    pub passed: usize,
    /// Name and detail of each failed check.
    pub failed: Vec<(String, String)>,
    pub output: String,
}

/// Runs the Python driver and the JS driver, one after the other.
pub(crate) fn drive(base: &str, arguments: &[&str]) -> [(&'static str, Report); 2] {
    let mut with_python = Command::new(python());
    with_python.arg(in_tests("sdk/python/drive.py"));
    // Without npm packages the driver itself ends with an error that says so.
    let mut with_node = Command::new("node");
    with_node.arg(in_tests("sdk/js/drive.mjs"));
    [("arcadepy", run(with_python, base, arguments)), ("arcadejs", run(with_node, base, arguments))]
}

fn run(mut command: Command, base: &str, arguments: &[&str]) -> Report {
    let output = command.args([base, KEY]).args(arguments).output();
    let output = output.unwrap_or_else(|fault| panic!("{command:?} does not start: {fault}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let (passed, failed): (Vec<Value>, Vec<Value>) = lines.partition(|line| line["ok"] == true);
    let named = |line: &Value| (line["check"].as_str().unwrap().to_owned(), line["detail"].to_string());
    let report = Report { passed: passed.len(), failed: failed.iter().map(named).collect(), output: text };
    let closing = format!("{} passed, {} failed", report.passed, report.failed.len());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(report.output.lines().last(), Some(closing.as_str()), "the driver ended early: {errors}");
    assert_eq!(output.status.success(), report.failed.is_empty(), "the exit code does not say what the report says");
    report
}
