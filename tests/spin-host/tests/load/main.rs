//! Drives the shipped component through the host under load: connections, full stores, sweeps and restarts.
//!
//! `TOOLGATE_DEEP=1` runs it in full; without, a short share of it.

#![expect(clippy::expect_used, clippy::panic, reason = "a failed expectation is a failed test")]
#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "small numbers of a test's own")]
#![expect(clippy::print_stdout, reason = "figures are what a load test is read for")]

mod gateway;
mod rain;

use std::time::Duration;

use gateway::Gateway;
use rain::{Kind, Seen, rain};

/// The time that all calls of one rain may take beyond its own, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns true if the whole of it is asked for.
fn is_deep() -> bool {
    std::env::var_os("TOOLGATE_DEEP").is_some_and(|value| value == "1")
}

/// Lets `kind` rain on `gateway`, and fails when a call gets no answer or the host has stopped answering for itself.
async fn withstand(gateway: &Gateway, connections: usize, calls: usize, kind: Kind) -> Seen {
    let seen = tokio::time::timeout(PATIENCE * 3, rain(gateway.url(), connections, calls, kind)).await;
    let seen = seen.unwrap_or_else(|_| panic!("{connections} connections, {kind:?}: no answer for a minute"));
    gateway.is_alive().await;
    println!("{connections:>3} connections, {kind:?}: {seen}");
    let (late, wrong): (Vec<_>, Vec<_>) = seen.refused.iter().partition(|(fault, _)| fault.contains("_unavailable"));
    assert!(wrong.is_empty(), "{connections} connections, {kind:?}: {wrong:?}");
    // A disk that others use may once take longer than the port's second: that is refused by name.
    let late: usize = late.into_iter().map(|(_, times)| times).sum();
    assert!(late <= calls / 100, "{connections} connections, {kind:?}: {:?}", seen.refused);
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_of_an_earlier_version_serves_on_while_it_is_swept() {
    let gateway = Gateway::new("full").with_old_values(5_000).start();
    // Each call is one in 256 to ask whether the sweep is due.
    withstand(&gateway, 2, 2_000, Kind::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_store_serves_32_connections_that_fill_it() {
    let gateway = Gateway::new("fresh").start();
    withstand(&gateway, 32, if is_deep() { 8_000 } else { 2_000 }, Kind::Kept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fresh_idempotency_keys_are_served_at_32_connections() {
    let gateway = Gateway::new("keys").start();
    withstand(&gateway, 32, if is_deep() { 8_000 } else { 1_500 }, Kind::Once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_expired_is_swept_and_what_counts_stays() {
    let gateway = Gateway::new("swept").start();
    withstand(&gateway, 4, 40, Kind::Kept).await;
    let put = gateway.values();
    assert!(put.len() >= 40, "each value has its row: {put:?}");
    let (over, counting) = put.split_at(30);
    gateway.let_end(over);
    // Nobody knows whether it still counts: a sweep leaves it.
    gateway.make_unreadable(&counting[0]);
    gateway.make_sweep_due();
    for _ in 0..10 {
        withstand(&gateway, 4, 256, Kind::Plain).await;
        if !gateway.values().contains(&over[0]) {
            break;
        }
    }
    // It goes on a little after the request that began it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let left = gateway.values();
    assert!(over.iter().all(|key| !left.contains(key)), "{over:?} of {left:?}");
    assert!(counting.iter().all(|key| left.contains(key)), "{counting:?} of {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_of_connections_survives_restarts_and_sweeps() {
    let (numbers, calls): (&[usize], usize) = if is_deep() { (&[1, 2, 4, 8, 16, 32, 64], 1_500) } else { (&[4], 300) };
    let mut gateway = Gateway::new("restarts").with_old_values(5_000).start();
    for &connections in numbers {
        for kind in [Kind::Plain, Kind::Kept, Kind::Once] {
            withstand(&gateway, connections, calls, kind).await;
        }
        gateway.make_sweep_due();
        withstand(&gateway, connections, calls, Kind::Plain).await;
        gateway = gateway.restart();
    }
}
