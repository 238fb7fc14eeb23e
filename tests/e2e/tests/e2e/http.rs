//! A plain HTTP/1.1 client: sends what it is told to the letter, and says when each piece of an answer came.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::clock::{Stopwatch, pause};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    pub wait: Duration,
}

impl Ask {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
            wait: Duration::from_secs(20),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str, body: &Value) -> Self {
        Self::new("POST", target).header("content-type", "application/json").body(body.to_string())
    }

    /// A tool call.
    pub(crate) fn execute(tool: &str, input: &Value, user: &str) -> Self {
        Self::post("/v1/tools/execute", &serde_json::json!({"tool_name": tool, "input": input, "user_id": user}))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it to `base` and reads the whole answer.
    pub(crate) fn send(&self, base: &str) -> Answer {
        self.try_send(base).unwrap_or_else(|fault| panic!("{} {} to {base}: {fault}", self.method, self.target))
    }

    pub(crate) fn try_send(&self, base: &str) -> std::io::Result<Answer> {
        Answer::read(self.begin(base)?, self.method == "HEAD")
    }

    /// Sends it to `base` and, after a while, leaves as a process does that is killed: with a reset, without reading.
    pub(crate) fn send_and_leave(&self, base: &str, after: Duration) {
        let stream = self.begin(base).unwrap();
        pause(after);
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    }

    /// Connects and sends the request.
    fn begin(&self, base: &str) -> std::io::Result<TcpStream> {
        let address = base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.wait))?;
        stream.set_write_timeout(Some(self.wait))?;
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let has = |wanted: &str| self.headers.iter().any(|(name, _)| name == wanted);
        let framed = has("content-length") || has("transfer-encoding");
        if let Some(body) = self.body.as_ref().filter(|_| !framed) {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        // A server may answer, and close, before it has read a body that is too large.
        let _ = stream.write_all(&bytes);
        // What is declared and never comes must be known never to come.
        if has("content-length") {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        Ok(stream)
    }
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub status: u16,
    /// Names in lower case, sorted.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The time of each piece, counted from the sending of the request.
    pub pieces: Vec<Duration>,
    /// True if the body ended as its framing says.
    pub whole: bool,
}

impl Answer {
    fn read(mut stream: TcpStream, bodyless: bool) -> std::io::Result<Self> {
        let begun = Stopwatch::start();
        let (mut bytes, mut piece, mut pieces) = (Vec::new(), vec![0_u8; 65_536], Vec::new());
        let mut closed = false;
        loop {
            if let Some(answer) = Self::parse(&bytes, bodyless, closed) {
                return Ok(Self { pieces, ..answer });
            }
            if closed {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                return Err(std::io::Error::other(format!("closed without an answer: {text:?}")));
            }
            match stream.read(&mut piece) {
                Ok(0) => closed = true,
                Ok(length) => {
                    pieces.push(begun.elapsed());
                    bytes.extend_from_slice(&piece[..length]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => closed = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// The answer, once it is there whole, or once there will be no more of it.
    fn parse(bytes: &[u8], bodyless: bool, closed: bool) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let rest = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let mut headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        headers.sort();
        let of = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let (body, whole) = if bodyless || matches!(status, 204 | 304) {
            (Some(Vec::new()), true)
        } else if of("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            let (body, whole) = unchunk(rest);
            ((whole || closed).then_some(body), whole)
        } else if let Some(length) = of("content-length").and_then(|value| value.parse::<usize>().ok()) {
            let whole = rest.len() >= length;
            ((whole || closed).then(|| rest[..length.min(rest.len())].to_vec()), whole)
        } else {
            (closed.then(|| rest.to_vec()), true)
        };
        Some(Self { status, headers, body: body?, pieces: Vec::new(), whole })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|fault| panic!("{fault}: {} {}", self.status, self.text()))
    }

    /// The name of the refusal; empty for an answer.
    pub(crate) fn refusal(&self) -> &str {
        self.header("toolgate-refusal").unwrap_or_default()
    }

    pub(crate) fn request_id(&self) -> &str {
        self.header("x-request-id").unwrap_or_default()
    }

    /// The status and the refusal's name, in which the body must agree.
    pub(crate) fn outcome(&self) -> (u16, &str) {
        if !self.refusal().is_empty() && !self.body.is_empty() {
            let body = self.json();
            assert_eq!(body["name"], self.refusal(), "{body}");
            assert_eq!(body["request_id"], self.request_id(), "{body}");
            assert!(body["message"].as_str().is_some_and(|message| message.len() > 10), "{body}");
        }
        (self.status, self.refusal())
    }
}

/// The data of the chunks, and whether the last one has come.
fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let Some(size) = size else { break };
        let data = &rest[line + 2..];
        if size == 0 {
            return (body, true);
        }
        if data.len() < size + 2 {
            body.extend_from_slice(&data[..data.len().min(size)]);
            break;
        }
        body.extend_from_slice(&data[..size]);
        rest = &data[size + 2..];
    }
    (body, false)
}
