//! Drives the fixture component through the host's binary, as a user would run it.

#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failed expectation is a failed test")]

mod edges;
mod running;
mod stores;

use std::time::Duration;

use running::{App, Origin};
use tokio::time::Instant;

#[tokio::test]
async fn a_component_sees_its_variables_and_how_it_was_reached() {
    let host = App::new("variables").start(&[]).await;
    assert_eq!(host.get("/variable?greeting").await, (200, "Hello from Berlin".to_owned()));
    assert_eq!(host.get("/variable?secret_key").await, (200, "from the environment".to_owned()));
    let (_, undefined) = host.get("/variable?city").await;
    assert!(undefined.contains("Undefined"), "only the component's own variables: {undefined}");
    let (_, headers) = host.get("/headers?a=b").await;
    for line in [
        format!("uri: {}/headers?a=b\n", host.url),
        "spin-path-info: /headers\n".to_owned(),
        "spin-matched-route: /...\n".to_owned(),
        "spin-client-addr: 127.0.0.1:".to_owned(),
    ] {
        assert!(headers.contains(&line), "{line} in {headers}");
    }
    assert!(!headers.contains("\nhost:"), "{headers}");
}

#[tokio::test]
async fn instances_are_reused_and_shared_within_their_bounds() {
    let host = App::new("reused").start(&["--idle-instance-timeout", "300ms"]).await;
    assert_eq!(host.get("/taken").await.1, "1");
    assert_eq!(host.get("/taken").await.1, "2");
    // Eight requests that wait for a second each share the one instance, so together they take little longer than one.
    let begun = Instant::now();
    let mut sleepers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        sleepers.spawn(host.get("/sleep?1000"));
        // An instance takes the next request when all that it has are waiting.
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(sleepers.join_all().await.iter().all(|(status, _)| *status == 200));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(host.get("/taken").await.1, "11");
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(host.get("/taken").await.1, "1", "an idle instance is dropped");

    let host = App::new("fresh").start(&["--max-instance-reuse-count", "1"]).await;
    assert_eq!(host.get("/taken").await.1, "1");
    assert_eq!(host.get("/taken").await.1, "1", "no instance serves twice");
}

#[tokio::test]
async fn a_trap_answers_500_and_the_next_request_is_served() {
    let host = App::new("trap").start(&[]).await;
    assert_eq!(host.get("/taken").await.1, "1");
    assert_eq!(host.get("/trap").await.0, 500);
    assert_eq!(host.get("/taken").await, (200, "1".to_owned()), "by a fresh instance");
    assert!(host.stop_and_read_output().1.contains("asked to trap"));
}

#[tokio::test]
async fn stores_hold_what_was_put_and_only_what_was_granted() {
    let host = App::new("stores").start(&[]).await;
    assert_eq!(host.get("/kv/get?a").await, (502, "none".to_owned()));
    host.get("/kv/set?a=1").await;
    host.get("/kv/set?b=2").await;
    host.get("/kv/set?a=3").await;
    assert_eq!(host.get("/kv/get?a").await.1, "3");
    assert_eq!(host.get("/kv/keys").await.1, "a,b");
    assert!(host.get("/kv/open?other").await.1.contains("AccessDenied"));

    host.post("/sql", "CREATE TABLE t (a INTEGER, b TEXT, c BLOB)").await;
    let inserted = host.post("/sql", "INSERT INTO t VALUES (?, ?, ?) RETURNING a, b").await;
    assert_eq!(inserted.1, r#"a,b [Value::Integer(7), Value::Text("seven")] 1"#);
    let selected = host.post("/sql", "SELECT c, NULL, 1.5 FROM t").await;
    assert_eq!(selected.1, "c,NULL,1.5 [Value::Blob([7]), Value::Null, Value::Real(1.5)] 0");
    let (_, failed) = host.post("/sql", "SELECT * FROM missing").await;
    assert!(failed.contains("no such table: missing"), "{failed}");
    assert!(host.get("/sql/open?other").await.1.contains("AccessDenied"));
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_killed_host() {
    let app = App::new("killed");
    let host = app.start(&[]).await;
    host.post("/sql", "CREATE TABLE t (a INTEGER)").await;
    for round in 1..=3 {
        assert_eq!(host.get(&format!("/kv/set?round={round}")).await.0, 200);
        assert_eq!(host.post("/sql", "INSERT INTO t VALUES (?)").await.0, 200);
    }
    host.kill();
    let host = app.start(&[]).await;
    assert_eq!(host.get("/kv/get?round").await.1, "3");
    assert!(host.post("/sql", "SELECT COUNT(*) AS n FROM t").await.1.contains("Integer(3)"));
}

#[tokio::test]
async fn outbound_requests_keep_to_the_rules_and_fail_by_name() {
    let origin = Origin::answering(b"HTTP/1.1 418 Teapot\r\ncontent-length: 5\r\n\r\nshort", None).await;
    let host = App::new("outbound").start(&["--variable", &format!("origin={}", origin.url)]).await;
    assert_eq!(host.get(&format!("/fetch?{}/x", origin.url)).await.1, "418 short");
    let other = Origin::answering(b"", None).await;
    for (url, name) in [
        (other.url.as_str(), "HttpRequestDenied"),
        ("http://example.com/", "HttpRequestDenied"),
        ("http://127.0.0.1:1/", "ConnectionRefused"),
        ("http://nowhere.invalid/", "DnsError"),
    ] {
        let (status, body) = host.get(&format!("/fetch?{url}")).await;
        assert!(status == 502 && body.contains(name), "{url}: {body}");
    }
}

#[tokio::test]
async fn broken_origins_are_told_apart_from_absent_ones() {
    let cut = Origin::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort", None).await;
    let host = App::new("cut").start(&["--variable", &format!("origin={}", cut.url)]).await;
    assert!(host.get(&format!("/fetch?{}", cut.url)).await.1.contains("HttpProtocolError"));

    let plain = Origin::answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", None).await;
    let secure = plain.url.replace("http://", "https://");
    let host = App::new("tls").start(&["--variable", &format!("origin={secure}")]).await;
    assert!(host.get(&format!("/fetch?{secure}")).await.1.contains("TlsProtocolError"));
}

#[tokio::test]
async fn a_streamed_body_passes_through_as_it_comes() {
    let pause = Duration::from_millis(600);
    let origin =
        Origin::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst", Some((pause, b"later"))).await;
    let host = App::new("stream").start(&["--variable", &format!("origin={}", origin.url)]).await;
    let begun = Instant::now();
    let mut body = host.open(&format!("/stream?{}", origin.url)).await;
    assert_eq!(running::next_chunk(&mut body).await.as_deref(), Some(b"first".as_slice()));
    assert!(begun.elapsed() < pause, "the first part did not wait for the second: {:?}", begun.elapsed());
    assert_eq!(running::next_chunk(&mut body).await.as_deref(), Some(b"later".as_slice()));
    assert!(begun.elapsed() >= pause);
}

#[tokio::test]
async fn work_goes_on_after_the_response() {
    let host = App::new("later").start(&[]).await;
    assert_eq!(host.get("/later?b=2").await.0, 200);
    assert_eq!(host.get("/kv/get?b").await.1, "none");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(host.get("/kv/get?b").await.1, "2");
}

#[tokio::test]
async fn large_bodies_arrive_whole() {
    let host = App::new("large").start(&[]).await;
    assert_eq!(host.post("/body", &"x".repeat(3_000_000)).await.1, "3000000");
}

#[tokio::test]
async fn sigterm_lets_a_running_request_end() {
    let host = App::new("sigterm").start(&[]).await;
    let mut running = Box::pin(host.get("/sleep?500"));
    tokio::select! {
        _ = &mut running => panic!("it sleeps longer"),
        () = tokio::time::sleep(Duration::from_millis(200)) => {}
    }
    host.terminate();
    assert_eq!(running.await.0, 200);
    let begun = Instant::now();
    assert!(host.wait().success());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_a_component_prints_is_passed_on() {
    let host = App::new("print").start(&[]).await;
    host.get("/print?this").await;
    let (stdout, stderr) = host.stop_and_read_output();
    assert!(stdout.contains("component says this\n"), "{stdout}");
    assert!(stderr.contains("component warns this\n"), "{stderr}");
}

#[tokio::test]
async fn a_fault_in_the_manifest_is_named_at_start() {
    let app = App::new("faults");
    let missing = app.fail_to_start(&[], &[]);
    assert!(missing.contains("`secret_key` is required"), "{missing}");
    let label = app.fail_to_start(&["--variable", "secret_key=s"], &[("[\"default\"]", "[\"other\"]")]);
    assert!(label.contains("`other`"), "{label}");
    let component = app.fail_to_start(&["--variable", "secret_key=s"], &[("fixture.wasm", "absent.wasm")]);
    assert!(component.contains("absent.wasm"), "{component}");
}
