//! Requests at the edge of HTTP, and a start with what means nothing.

use crate::running::{App, Running};

/// Returns the answer to `head` on a connection of its own; empty when it is closed without an answer.
async fn exchange(host: &Running, head: &[u8]) -> String {
    String::from_utf8_lossy(&host.exchange(head).await).into_owned()
}

#[tokio::test]
async fn a_request_that_names_no_host_or_two_gets_no_answer() {
    let host = App::new("hosts").start(&[]).await;
    let named = exchange(&host, b"GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(named.starts_with("HTTP/1.1 200 OK") && named.contains("hello"), "{named}");
    for head in [
        b"GET /hello HTTP/1.1\r\n\r\n".as_slice(),
        b"GET /hello HTTP/1.1\r\nHost: \r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"GET http://a/hello HTTP/1.1\r\nHost: b\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: x.spin.internal\r\n\r\n",
        b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n",
    ] {
        assert_eq!(exchange(&host, head).await, "", "{}", String::from_utf8_lossy(head));
    }
}

#[tokio::test]
async fn a_header_that_is_not_text_gets_an_empty_500() {
    let host = App::new("not-text").start(&[]).await;
    let answer = exchange(&host, b"GET /hello HTTP/1.1\r\nHost: h\r\nX-A: \xff\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 500 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("content-length: 0"), "{answer}");
    let text =
        exchange(&host, "GET /hello HTTP/1.1\r\nHost: h\r\nX-A: \u{e9}\r\nConnection: close\r\n\r\n".as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
}

#[tokio::test]
async fn the_hosts_own_paths_never_reach_the_component() {
    let host = App::new("well-known").start(&[]).await;
    assert_eq!(host.get("/.well-known/spin/health").await, (200, "OK".to_owned()));
    assert_eq!(host.get("/.well-known/spin/other").await, (404, String::new()));
    let (status, info) = host.get("/.well-known/spin/info").await;
    let info: serde_json::Value = serde_json::from_str(&info).expect("JSON");
    assert_eq!((status, info), (200, serde_json::json!({ "name": "toolgate-spin-fixture", "version": "0.1.0" })));
    let without_host = exchange(&host, b"GET /.well-known/spin/health HTTP/1.0\r\n\r\n").await;
    assert!(without_host.ends_with("OK"), "{without_host}");
    assert_eq!(host.get("/taken").await.1, "1", "the component saw none of these");
}

#[tokio::test]
async fn a_question_about_the_server_as_a_whole_reaches_the_component() {
    let host = App::new("asterisk").start(&[]).await;
    let answer = exchange(&host, b"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(answer.contains("no such route"), "{answer}");
}

#[tokio::test]
async fn unknown_variables_and_unreadable_hosts_do_not_stop_the_start() {
    let app = App::new("lenient");
    let host = app.start(&["--variable", "town=x", "--variable", "origin=http://127.0.0.1:1/path"]).await;
    assert_eq!(host.get("/hello").await.1, "hello");
    let (status, body) = host.get("/fetch?http://127.0.0.1:1/path").await;
    assert!(status == 502 && body.contains("HttpRequestDenied"), "{body}");
    assert!(host.stop_and_read_output().1.contains("no host is allowed"));
}
