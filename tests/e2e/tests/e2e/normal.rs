//! An answer without what must differ between two runs: ids, times, ports.

use crate::http::Answer;

/// The parts of an answer that must be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Normal {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Headers of the connection and of the server, which are the platform's own affair; `Content-Length` is looked at where
/// the body is.
const OF_THE_CONNECTION: [&str; 5] = ["connection", "date", "transfer-encoding", "content-length", "keep-alive"];

/// The answer with every id, time, duration, age, remaining life and port replaced. `counts`: and every number.
pub(crate) fn normal(answer: &Answer, counts: bool) -> Normal {
    let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
    assert!(length.is_none_or(|length| length == answer.body.len() || answer.body.is_empty()), "{answer:?}");
    let kept = answer.headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str()));
    let is_limited = answer.outcome().1 == "rate_limited";
    // How old an answer is and how long a limit lasts are counted from an earlier request.
    let is_span = |name: &str| name == "age" || is_limited && name.starts_with("retry-after");
    Normal {
        status: answer.status,
        headers: kept.map(|(name, value)| (name.clone(), plain(value, is_span(name)))).collect(),
        body: plain(&String::from_utf8_lossy(&answer.body), counts),
    }
}

/// Texts before a number that is a time or a life.
const BEFORE_TIMES: [&str; 5] = ["\"duration\":", "\"created\":", "ttl=", ";t=", "http://127.0.0.1:"];

fn plain(text: &str, counts: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (replaced, length) = taken(rest, counts);
        match replaced {
            Some(replaced) => out.push_str(replaced),
            None => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out
}

/// Returns the normal form of the token at the start, and the token's length.
fn taken(text: &str, counts: bool) -> (Option<&'static str>, usize) {
    for prefix in ["req_", "tc_", "te_"] {
        let id = text.strip_prefix(prefix).unwrap_or_default();
        let length = id.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')).count();
        if length == 32 {
            return (Some("ID"), prefix.len() + length);
        }
    }
    if let Some(length) = issued(text) {
        return (Some("KEY"), length);
    }
    if let Some(length) = timestamp(text) {
        return (Some("TIME"), length);
    }
    for prefix in BEFORE_TIMES {
        if let Some(number) = text.strip_prefix(prefix) {
            let number = number.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
            return (Some("NUMBER"), prefix.len() + number);
        }
    }
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    if counts && digits > 0 {
        return (Some("#"), digits);
    }
    (None, text.chars().next().map_or(1, char::len_utf8))
}

/// The length of an issued key, or of an id of one behind what stands before it.
fn issued(text: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
    if let Some(key) = text.strip_prefix("tgk_") {
        let is_key = digits(key) == 20 && key[20..].starts_with('_') && digits(&key[21..]) == 56;
        return is_key.then_some(4 + 20 + 1 + 56);
    }
    let before = ["\"id\":\"", "\"rotated_to\":\"", "bot.", "once."];
    let found = before.into_iter().find_map(|before| Some((before.len(), text.strip_prefix(before)?)));
    found.filter(|(_, id)| digits(id) == 20).map(|(length, _)| length + 20)
}

/// The length of an RFC 3339 time of this century.
fn timestamp(text: &str) -> Option<usize> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let bytes = text.as_bytes();
    let fits = |(shape, byte): (&u8, &u8)| if *shape == b'd' { byte.is_ascii_digit() } else { shape == byte };
    if bytes.len() < SHAPE.len() || !text.starts_with("202") || !SHAPE.iter().zip(bytes).all(fits) {
        return None;
    }
    let more =
        bytes[SHAPE.len()..].iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'Z')).count();
    Some(SHAPE.len() + more)
}

impl Normal {
    /// This answer as far as it differs from another.
    pub(crate) fn beside(&self, other: &Self) -> String {
        let headers: Vec<_> = self.headers.iter().filter(|header| !other.headers.contains(header)).collect();
        let same = self.body.bytes().zip(other.body.bytes()).take_while(|(mine, theirs)| mine == theirs).count();
        let from = same.saturating_sub(40);
        let body: String = String::from_utf8_lossy(&self.body.as_bytes()[from..]).chars().take(300).collect();
        let body = if self.body == other.body { "the same body".to_owned() } else { format!("...{body:?}") };
        format!("{} {headers:?} {body}", self.status)
    }
}

#[test]
fn only_ids_and_times_are_replaced() {
    let text = r#"{"id":"tc_0123456789abcdef0123456789abcdef","duration":1.5,"at":"2026-11-21T03:11:07.444Z","n":12,"t":"2035-01-01T00:00:00"}"#;
    assert_eq!(plain(text, false), r#"{"id":"ID",NUMBER,"at":"TIME","n":12,"t":"2035-01-01T00:00:00"}"#);
    assert_eq!(plain("a 12 b", true), "a # b");
    let key = r#"{"key":"tgk_00070e151c232a31383f_464d545b626970777e858c939aa1a8afb6bdc4cbd2d9e0e73a2a17d0","id":"00070e151c232a31383f","caller":"bot.00070e151c232a31383f","x":"00070e151c232a31383f"}"#;
    assert_eq!(plain(key, false), r#"{"key":"KEY",KEY","caller":"KEY","x":"00070e151c232a31383f"}"#);
    assert_eq!(plain("toolgate; hit; ttl=599; detail=memory", false), "toolgate; hit; NUMBER; detail=memory");
    let answer = |headers: [(&str, &str); 2]| {
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        normal(&Answer { status: 200, headers, body: Vec::new(), pieces: Vec::new(), whole: true }, false)
    };
    assert_eq!(answer([("age", "0"), ("x-count", "1")]), answer([("age", "1"), ("x-count", "1")]));
    assert_ne!(answer([("age", "0"), ("x-count", "1")]), answer([("age", "0"), ("x-count", "2")]));
    assert_ne!(answer([("age", "0"), ("x-count", "1")]), answer([("age", ""), ("x-count", "1")]));
}
