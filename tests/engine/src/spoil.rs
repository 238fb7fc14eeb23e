//! Takes a right answer and makes the wrong one of it that a rule asks for.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::answer::{Answer, Content};
use crate::engine::Reply;
use crate::faults::{Kind, Rule};
use crate::script::{End, Script};

/// Bytes of a `huge` body when the rule names no number: above what a careful gateway reads.
const HUGE_BYTES: usize = 64 * 1024 * 1024;

/// The spoiled form of `answer`; absent when the request was never carried out.
pub(crate) async fn spoil(rule: &Rule, answer: Option<Answer>) -> Reply {
    if rule.kind == Kind::DelayMs {
        tokio::time::sleep(Duration::from_millis(rule.ms.unwrap_or(1000))).await;
    }
    let answer = answer.unwrap_or_else(|| Answer::error(503, "unavailable", "the stand-in did not carry this out"));
    match rule.kind {
        Kind::DelayMs => Reply::Answer(answer),
        Kind::Status => Reply::Answer(other_status(rule)),
        Kind::Garbage => {
            Reply::Answer(Answer::whole(200, "application/json", text_of(rule, "{\"id\": \"tc_1\", \"outp")))
        }
        Kind::Empty => Reply::Answer(Answer::whole(200, "application/json", Bytes::new())),
        Kind::Huge => Reply::Answer(huge(rule.bytes.unwrap_or(HUGE_BYTES))),
        Kind::Refuse => Reply::Script(Script { writes: Vec::new(), end: End::Close }),
        Kind::Reset | Kind::Cut | Kind::Longer | Kind::SlowDrip | Kind::ChunkedCut => {
            Reply::Script(broken(rule, answer).await)
        }
    }
}

fn other_status(rule: &Rule) -> Answer {
    let kind = rule.content_type.as_deref().unwrap_or(match rule.body {
        Some(Value::String(_)) | None => "text/plain",
        Some(_) => "application/json",
    });
    let mut answer = Answer::whole(rule.code.unwrap_or(500), kind, text_of(rule, "Internal Server Error"));
    answer.headers.extend(rule.headers.clone());
    answer
}

/// The rule's body: a string as it is, anything else as JSON.
fn text_of(rule: &Rule, default: &str) -> Vec<u8> {
    match &rule.body {
        None => default.as_bytes().to_vec(),
        Some(Value::String(text)) => text.as_bytes().to_vec(),
        Some(value) => value.to_string().into_bytes(),
    }
}

fn huge(bytes: usize) -> Answer {
    let mut body = b"{\"success\":true,\"output\":{\"value\":\"".to_vec();
    body.resize(body.len().saturating_add(bytes), b'x');
    body.extend_from_slice(b"\"}}");
    Answer::whole(200, "application/json", body)
}

/// Head and body written by hand, wrong in the way the rule says.
async fn broken(rule: &Rule, answer: Answer) -> Script {
    let (status, headers) = (answer.status, answer.headers);
    let mut body = Vec::new();
    match answer.content {
        Content::Whole(bytes) => body.extend_from_slice(&bytes),
        Content::Pieces(mut pieces) => {
            while let Some(piece) = pieces.recv().await {
                body.extend_from_slice(&piece);
            }
        }
    }
    let half = body.len() / 2;
    let (sent, _) = body.split_at(rule.at.unwrap_or(half).min(body.len()));
    let head = |framing: String| head(status, &headers, &framing);
    let length = |bytes: usize| head(format!("content-length: {bytes}"));
    let once = |mut start: Vec<u8>, rest: &[u8]| {
        start.extend_from_slice(rest);
        vec![(Bytes::from(start), Duration::ZERO)]
    };
    match rule.kind {
        Kind::Reset => Script { writes: once(length(body.len()), sent), end: End::Reset },
        Kind::Longer => Script { writes: once(length(rule.declared.unwrap_or(half)), &body), end: End::Close },
        Kind::SlowDrip => {
            let pause = Duration::from_millis(rule.ms.unwrap_or(50));
            let mut writes = once(length(body.len()), &[]);
            let drops = body.chunks(rule.bytes.unwrap_or(16).max(1));
            writes.extend(drops.map(|drop| (Bytes::copy_from_slice(drop), pause)));
            Script { writes, end: End::Close }
        }
        Kind::ChunkedCut => {
            let mut start = head("transfer-encoding: chunked".to_owned());
            start.extend_from_slice(format!("{:x}\r\n", sent.len()).as_bytes());
            let mut writes = once(start, sent);
            writes.extend(once(b"\r\n".to_vec(), &[]));
            Script { writes, end: End::Close }
        }
        _ => Script { writes: once(length(body.len()), sent), end: End::Close },
    }
}

fn head(status: u16, headers: &[(String, String)], framing: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Spoiled\r\n{framing}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}
