//! The stores as a component must know them: their locks, and the times of their writes.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::running::App;

/// Long enough for every call here, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_list_of_keys_holds_the_whole_store_until_it_is_read() {
    let app = App::new("list");
    let host = app.start(&["--max-instance-concurrent-reuse-count", "1"]).await;
    // The host reads ahead: a name with the guest, one in its stream, four in the channel.
    assert_eq!(host.get("/kv/fill?20").await.0, 200);
    let listing = tokio::spawn(host.get("/kv/abandon?1500"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    assert_eq!(host.get("/kv/get?key-1").await, (200, "x".to_owned()), "of another instance");
    assert!(begun.elapsed() > Duration::from_millis(500), "it waited for the list's end: {:?}", begun.elapsed());
    assert_eq!(listing.await.expect("no panic").0, 200);

    assert_eq!(
        timeout(PATIENCE, host.get("/kv/keys")).await.expect("a list that is read ends").1.split(',').count(),
        20
    );
}

#[tokio::test]
async fn a_call_beside_an_unread_list_stops_its_instance_for_good() {
    let host = App::new("stopped").start(&[]).await;
    assert_eq!(host.get("/kv/fill?20").await.0, 200);
    let listing = tokio::spawn(host.get("/kv/abandon?500"));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let other = tokio::spawn(host.get("/kv/get?key-1"));
    let bound = Duration::from_secs(4);
    assert!(timeout(bound, other).await.is_err(), "the same instance waits for itself");
    assert!(timeout(Duration::from_millis(100), listing).await.is_err());
    host.kill();
}

#[tokio::test]
async fn databases_begin_in_rollback_mode_and_stay_in_the_set_mode() {
    let app = App::new("journal");
    let host = app.start(&[]).await;
    let mode = host.post("/sql", "PRAGMA journal_mode").await.1;
    assert!(mode.contains("\"delete\""), "{mode}");
    let sync = host.post("/sql", "PRAGMA synchronous").await.1;
    assert!(sync.contains("Integer(2)"), "{sync}");
    let set = host.post("/sql", "PRAGMA journal_mode = WAL").await.1;
    assert!(set.contains("\"wal\""), "{set}");
    host.kill();
    let host = app.start(&[]).await;
    let mode = host.post("/sql", "PRAGMA journal_mode").await.1;
    assert!(mode.contains("\"wal\""), "{mode}");
}

#[tokio::test]
async fn many_rows_arrive_whole_and_a_fault_comes_after_them() {
    let host = App::new("rows").start(&[]).await;
    let counted = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n";
    assert_eq!(host.post("/sql", counted).await.1.matches("Integer").count(), 100);
    let (status, fault) = host.post("/sql", "SELECT abs(-9223372036854775808)").await;
    assert!(status == 502 && fault.contains("integer overflow"), "{fault}");
}
