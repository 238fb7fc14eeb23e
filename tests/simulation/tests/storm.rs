//! The callers' view of failing executors, and the executors' load: over many seeds, in simulated time.
//!
//! `TOOLGATE_SEED=n` runs one seed of the properties.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and shows its figures"
)]

use std::cell::Cell;
use std::collections::BTreeMap;

use toolgate_share::seeds;
use toolgate_simulation::many::worlds;
use toolgate_simulation::storm::{FAULTS, Fault, Seen, Storm, document, percentile};
use toolgate_simulation::world::{Faults, World};

/// Both executors may run the tools.
const BOTH: &str = "[[routes]]\ntools = [\"Docs.*\"]\nexecutors = [\"a\", \"b\"]\n";

/// Only one may.
const ALONE: &str = "[[routes]]\ntools = [\"Docs.*\"]\nexecutors = [\"a\"]\n";

/// The number of seeds.
const SEEDS: u64 = 10_000;

fn steady(world: &World) -> u64 {
    15 + world.below(11) as u64
}

fn hundred(world: &World) -> u64 {
    90 + world.below(21) as u64
}

/// One in twenty takes twenty times as long.
fn bimodal(world: &World) -> u64 {
    if world.below(100) < 5 { 1_000 } else { 45 + world.below(11) as u64 }
}

fn any(world: &World) -> (usize, &'static str) {
    (world.below(4), "normal")
}

fn first(_: &World) -> (usize, &'static str) {
    (0, "normal")
}

#[test]
fn retryable_calls_succeed_while_one_executor_fails_one_in_five() {
    for strategy in ["local-first", "performance"] {
        let document = document("", &format!("{BOTH}strategy = \"{strategy}\"\n"));
        let storm = Storm::new(1, 4, document, 64, steady);
        storm.warm();
        storm.a.fault.set(Fault::Random(20));
        storm.rain(200.0, 100_000, "Docs.Get", any);
        storm.wait_for_all();
        let seen = storm.take_seen();
        let good = seen.iter().filter(|seen| seen.is_good()).count();
        println!(
            "{strategy}: {good} of {} calls succeed; the failing executor got {}, the other {}",
            seen.len(),
            storm.a.calls.get(),
            storm.b.calls.get()
        );
        assert!(seen.len() > 19_000 && good * 10_000 >= seen.len() * 9_995, "{good} of {}", seen.len());
        assert!(storm.a.calls.get() > 300, "the failing one was asked");
    }
}

/// Runs a seed: two executors, each with faults that come and go, callers that repeat as the SDKs do.
fn at_most_once(seed: u64) -> u64 {
    let rng = World::new(seed ^ 0x5EED);
    let route = if rng.chance(75) { BOTH } else { ALONE };
    let strategies = ["local-first", "remote-first", "performance", "cost", "hybrid"];
    let strategy = strategies[rng.below(strategies.len())];
    let more = format!(
        "{route}strategy = \"{strategy}\"\n[execute]\ntimeout = \"{}ms\"\nmax_retries = {}\nhedge_budget = {}\n\
         [breaker]\nwindow = \"2s\"\nminimum_calls = {}\nslow_call = \"{}ms\"\nprobe_interval = \"1s\"\n",
        500 + rng.below(3_000),
        rng.below(4),
        rng.below(51),
        1 + rng.below(8),
        50 + rng.below(1_000),
    );
    let storm = Storm::new(seed, 2, document("", &more), 1 + rng.below(4), steady);
    if rng.chance(30) {
        storm.world.set_faults(Faults { durable_away: 20, ..Faults::default() });
    }
    storm.warm();
    for _ in 0..1 + rng.below(4) {
        for upstream in [&storm.a, &storm.b] {
            let fault = if rng.chance(30) { Fault::None } else { FAULTS[rng.below(FAULTS.len())] };
            upstream.fault.set(fault);
        }
        let tool = if rng.chance(80) { "Docs.Put" } else { "Docs.Get" };
        storm.rain(40.0, 300, tool, |world| (world.below(2), "normal"));
    }
    storm.wait_for_all();
    let seen = storm.take_seen();
    let runs = storm.runs();
    for one in &seen {
        let ran = runs.get(&one.number).copied().unwrap_or(0);
        assert!(one.status == 200 || !one.refusal.is_empty(), "seed {seed}: an answer without a name: {one:?}");
        assert!(one.status != 200 || one.is_good(), "seed {seed}: the answer of another call: {one:?}");
        assert!(one.status != 200 || ran > 0, "seed {seed}: an answer of nobody's: {one:?}");
    }
    let is_put = |number: &u64| storm.puts.borrow().contains(number);
    let twice: BTreeMap<_, _> = runs.iter().filter(|(number, times)| is_put(number) && **times > 1).collect();
    assert!(twice.is_empty(), "seed {seed}: executed more than once: {twice:?}");
    seen.len() as u64
}

#[test]
fn no_call_that_may_do_harm_is_executed_twice() {
    let seeds = seeds(SEEDS);
    let calls = worlds(&seeds, at_most_once);
    println!("{calls} calls of {} seeds", seeds.len());
    assert!(calls > 10 * seeds.len() as u64);
}

#[test]
fn a_dead_executor_delays_nobody_long_and_recovers_soon() {
    for dies in [Fault::Refused, Fault::Hung, Fault::Errors, Fault::Garbage] {
        let more = format!("{BOTH}[execute]\ntimeout = \"10s\"\n[breaker]\nslow_call = \"1s\"\n");
        let storm = Storm::new(3, 4, document("timeout = \"4s\"", &more), 64, steady);
        storm.warm();
        storm.rain(100.0, 10_000, "Docs.Get", any);
        let died = storm.world.now().as_millis();
        storm.a.fault.set(dies);
        storm.rain(100.0, 30_000, "Docs.Get", any);
        let mended = storm.world.now().as_millis();
        let calls = storm.a.calls.get();
        storm.a.fault.set(Fault::None);
        let mut serves_after = None;
        while serves_after.is_none() && storm.world.now().as_millis() < mended + 30_000 {
            storm.rain(100.0, 250, "Docs.Get", any);
            let answered = storm.a.calls.get() > calls;
            serves_after = answered.then(|| storm.world.now().as_millis() - mended);
        }
        storm.wait_for_all();
        let seen = storm.take_seen();
        // The last moment at which somebody still waited who began while it was dead, and waited longer than usual.
        let held_up = seen.iter().filter(|one| one.span.0 < mended && one.span.1 > died && one.took() > 200);
        let released = held_up.map(|one| one.span.1.saturating_sub(died)).max().unwrap_or(0);
        let bad = seen.iter().filter(|one| !one.is_good()).count();
        println!(
            "{dies:?}: nobody waits after {released} ms; it serves again after {serves_after:?} ms; {bad} of {} fail",
            seen.len()
        );
        assert!(released <= 5_000, "{dies:?}: {released} ms");
        assert!(serves_after.is_some_and(|after| after <= 10_000), "{dies:?}: {serves_after:?}");
        assert_eq!(bad, 0, "{dies:?}: calls that may be repeated");
    }
}

#[test]
fn a_second_call_beside_a_slow_one_takes_its_tail_away() {
    let run = |hedge: u32| {
        let more = format!("{BOTH}[execute]\nhedge_budget = {hedge}\n");
        let storm = Storm::new(5, 2, document("", &more), 256, bimodal);
        storm.warm();
        storm.rain(50.0, 20_000, "Docs.Get", |world| (world.below(2), "normal"));
        storm.wait_for_all();
        let (_, before) = (storm.take_seen(), storm.a.calls.get() + storm.b.calls.get());
        storm.rain(50.0, 200_000, "Docs.Get", |world| (world.below(2), "normal"));
        storm.wait_for_all();
        let seen = storm.take_seen();
        assert!(seen.iter().all(Seen::is_good));
        let calls = storm.a.calls.get() + storm.b.calls.get() - before;
        (percentile(seen.iter().map(Seen::took), 99), calls as f64 / seen.len() as f64)
    };
    let ((without, once), (with, more)) = (run(0), run(5));
    println!("p99 without hedging {without} ms, with {with} ms; calls for each call {once:.3} and {more:.3}");
    assert!(with * 100 <= without * 35, "{with} of {without}");
    assert!(more <= 1.05 && once <= 1.0, "{more}, {once}");
}

#[test]
fn an_executor_that_is_down_is_hardly_called() {
    for dies in [Fault::Refused, Fault::Hung, Fault::Errors, Fault::Throttled] {
        let more = format!("{ALONE}[execute]\ntimeout = \"5s\"\n[breaker]\nslow_call = \"1s\"\n");
        let storm = Storm::new(7, 4, document("", &more), 64, steady);
        storm.warm();
        storm.rain(100.0, 5_000, "Docs.Get", any);
        storm.wait_for_all();
        let (_, before) = (storm.take_seen(), storm.a.calls.get());
        storm.a.fault.set(dies);
        storm.rain(100.0, 120_000, "Docs.Get", any);
        storm.wait_for_all();
        let offered = storm.take_seen().len() as u64;
        let calls = storm.a.calls.get() - before;
        println!("{dies:?}: {calls} calls to the executor for {offered} offered, {} probes", storm.a.probes.get());
        if dies != Fault::Throttled {
            assert!(calls * 100 <= offered * 2, "{dies:?}: {calls} of {offered}");
        }
    }
}

#[test]
fn short_lived_isolates_share_that_an_executor_is_down() {
    let storm = Storm::new(17, 60, document("", &format!("{ALONE}[execute]\ntimeout = \"5s\"\n")), 64, steady);
    storm.world.brief.set(true);
    storm.a.fault.set(Fault::Refused);
    // A hundred calls each, one isolate after the other.
    let turn = Cell::new(0);
    storm.rain(100.0, 60_000, "Docs.Get", |_| (turn.replace(turn.get() + 1) / 100 % 60, "normal"));
    storm.wait_for_all();
    let (offered, calls) = (storm.take_seen().len() as u64, storm.a.calls.get());
    println!("isolates of a hundred calls: {calls} calls to the executor for {offered} offered");
    assert!(offered > 5_000 && calls * 100 <= offered * 2, "{calls} of {offered}");
}

/// The first class's p99, how busy the slots were, and how many of a hundred calls of each class are answered.
fn overloaded(per_second: f64, concurrency: u32) -> (u64, u64, [usize; 3]) {
    let more = format!("{ALONE}[execute]\nhedge_budget = 0\n[breaker]\nslow_call = \"20s\"\n");
    let storm = Storm::new(11, 1, document(&format!("concurrency = {concurrency}"), &more), 8, hundred);
    storm.warm();
    // One in ten is of the first class, five of the usual one.
    let whose = |world: &World| match world.below(10) {
        0 => (0, "high"),
        1..=5 => (0, "normal"),
        _ => (0, "low"),
    };
    storm.rain(per_second, 30_000, "Docs.Get", whose);
    let _warmed = storm.take_seen();
    storm.a.count_from_now();
    storm.rain(per_second, 60_000, "Docs.Get", whose);
    let busy = storm.a.busy_percent();
    storm.wait_for_all();
    let seen = storm.take_seen();
    let of = |caller: &str| seen.iter().filter(|one| one.caller == caller).cloned().collect::<Vec<_>>();
    let good = ["high", "normal", "low"].map(|caller| {
        let all = of(caller);
        all.iter().filter(|one| one.is_good()).count() * 100 / all.len()
    });
    (percentile(of("high").iter().filter(|one| one.is_good()).map(Seen::took), 99), busy, good)
}

#[test]
fn the_first_class_hardly_notices_three_times_the_load() {
    // Eight slots of 100 ms: 80 calls a second.
    let (unloaded, ..) = overloaded(8.0, 128);
    for (concurrency, most_percent) in [(8, 150), (128, 175)] {
        let (p99, busy, good) = overloaded(240.0, concurrency);
        println!(
            "at most {concurrency} at once: p99 of the first class {p99} ms, unloaded {unloaded} ms; slots busy {busy} %; \
             answered {good:?} %"
        );
        assert!(p99 * 100 <= unloaded * most_percent, "{p99} ms, {unloaded} ms");
        assert!(busy >= 95, "{busy} %");
        assert!(good[0] >= 99 && good[0] >= good[1] && good[1] >= good[2], "{good:?}");
    }
}

#[test]
fn a_callers_short_deadline_is_met_and_opens_no_circuit() {
    let storm = Storm::new(13, 1, document("", ALONE), 64, steady);
    storm.warm();
    storm.rain(20.0, 2_000, "Docs.Get", first);
    storm.wait_for_all();
    assert!(storm.take_seen().iter().all(Seen::is_good));
}
