//! Tests of the requests on the wire, and of the answers' outcomes.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::json;

use super::*;

/// Returns a gateway that gives these answers, one connection each, and the requests that it was sent.
#[expect(clippy::disallowed_methods, reason = "the other side of a connection is another thread")]
fn answering(answers: &'static [&'static str]) -> (Gateway, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let serve = |answer: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).unwrap();
            let length = answer.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
            let answer = answer.replacen("\r\n", &format!("\r\ncontent-length: {length}\r\nconnection: close\r\n"), 1);
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(request.get(..read).unwrap()).into_owned()
        };
        answers.iter().map(serve).collect()
    });
    (Gateway::new(&url, "the-operators-key".to_owned()).unwrap(), served)
}

#[test]
fn a_key_travels_only_where_nobody_listens() {
    for url in ["https://gate.example", "http://127.0.0.1:8787", "http://localhost", "http://[::1]:1"] {
        assert!(Gateway::new(url, String::new()).is_ok(), "{url}");
    }
    for url in [
        "http://gate.example",
        "ftp://127.0.0.1",
        "gate.example",
        "https://u:p@gate.example",
        "http://127.0.0.1.example",
    ] {
        assert!(Gateway::new(url, String::new()).is_err(), "{url}");
    }
}

#[test]
fn a_retry_keeps_its_idempotency_key() {
    let (gateway, served) = answering(&[
        "HTTP/1.1 503 x\r\nx-should-retry: true\r\nretry-after-ms: 1\r\n\r\n{}",
        "HTTP/1.1 201 x\r\n\r\n{\"key\":\"k\"}",
    ]);
    let body = json!({"name": "bot"});
    let answer = gateway.ask(&Method::POST, &["keys", "a/b", "rotate"], &[], Some(&body), Some("once")).unwrap();
    assert_eq!(answer, json!({"key": "k"}));
    let sent = served.join().unwrap();
    assert_eq!(sent.len(), 2);
    for request in sent {
        assert!(request.starts_with("POST /gate/v1/keys/a%2Fb/rotate HTTP/1.1\r\n"), "{request}");
        for header in ["authorization: Bearer the-operators-key\r\n", "idempotency-key: once\r\n"] {
            assert!(request.contains(header), "{request}");
        }
    }
}

#[test]
fn refusals_are_quoted_and_redirects_are_not_followed() {
    let (gateway, served) = answering(&[
        "HTTP/1.1 403 x\r\n\r\n{\"name\":\"grant_not_permitted\",\"message\":\"too wide\",\"request_id\":\"req_1\"}",
        "HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\n\r\n",
    ]);
    let ask = || gateway.ask(&Method::GET, &["keys"], &[("tenant", "*")], None, None).unwrap_err().to_string();
    assert_eq!(ask(), "grant_not_permitted: too wide (req_1)");
    assert!(ask().contains("no JSON"));
    assert!(served.join().unwrap().iter().all(|request| request.starts_with("GET /gate/v1/keys?tenant=* HTTP/1.1")));
}
