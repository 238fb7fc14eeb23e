//! The bulkhead before a simulated upstream, and its driver with a manual clock.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use toolgate_share::in_turn;

use super::world::{Climate, OVERLOAD, Random, World, steady};
use super::*;
use crate::words::limits::{BULKHEAD_CALL_LOST, BULKHEAD_QUEUE};

const SEEDS: [u64; 3] = [0, 1, 2];
/// Index of the high class in the world's classes.
const HIGH: usize = 2;

fn warmed(seed: u64, climate: Climate, ms: u64) -> World {
    let mut world = World::new(seed, 128, climate);
    world.run_for(ms);
    world.warm();
    world
}

fn median(limits: &[u32]) -> u32 {
    let mut sorted = limits.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// Returns the number of calls until the limit was within `range`.
fn settled_after(world: &World, range: std::ops::RangeInclusive<u32>) -> usize {
    world.limits.iter().position(|limit| range.contains(limit)).unwrap()
}

#[test]
fn high_priority_barely_feels_threefold_overload_of_an_upstream() {
    for seed in in_turn(SEEDS) {
        // The same calls of the high class alone: six tenths of the upstream's capacity.
        let mut alone = warmed(seed, Climate { arrivals: [0.0, 0.0, OVERLOAD.arrivals[HIGH]], ..OVERLOAD }, 10_000);
        alone.run_for(90_000);
        let mut world = warmed(seed, OVERLOAD, 10_000);
        world.run_for(90_000);
        let [low, normal, high] = &mut world.told;
        let (p99, unloaded) = (high.percentile(99), alone.told[HIGH].percentile(99));
        assert!(p99 <= 1.5 * unloaded, "seed {seed}: {p99} of {unloaded}");
        assert!(high.shed_share() == 0.0, "seed {seed}");
        assert!(low.shed_share() > 0.98 && normal.shed_share() < 0.8, "seed {seed}: lowest first");
        let busy = world.busy_share(90_000);
        assert!(busy >= 0.95, "seed {seed}: {busy}");
    }
}

#[test]
fn settles_at_what_the_upstream_does_at_once_and_follows_it() {
    for seed in in_turn(SEEDS) {
        let mut world = World::new(seed, 128, OVERLOAD);
        world.run_for(30_000);
        assert_eq!(world.limits[0], 16);
        assert!(settled_after(&world, 8..=10) < 200, "seed {seed}");
        assert!(settled_after(&world, 8..=9) < 400, "seed {seed}");
        world.warm();
        world.run_for(60_000);
        assert!((8..=9).contains(&median(&world.limits)), "seed {seed}");
        let near = world.limits.iter().filter(|limit| (8..=10).contains(*limit)).count();
        assert!(near * 100 >= world.limits.len() * 95, "seed {seed}: {near}");
        for (slots, near, within) in [(4, 4..=5, 200), (16, 16..=17, 600), (8, 8..=9, 300)] {
            world.climate.slots = slots;
            world.warm();
            world.run_for(20_000);
            assert!(settled_after(&world, near.clone()) < within, "seed {seed}: {slots}");
            world.warm();
            world.run_for(30_000);
            let settled = median(&world.limits);
            assert!((*near.start()..=near.end() + 2).contains(&settled), "seed {seed}: {settled} for {slots}");
            assert!(world.busy_share(30_000) > 0.95, "seed {seed}: {slots}");
        }
    }
}

#[test]
fn calls_that_are_slow_by_themselves_do_not_lower_the_limit() {
    fn bimodal(random: &mut Random) -> f64 {
        if random.below(20) == 0 { 2_000.0 } else { steady(random) }
    }
    for seed in in_turn(SEEDS) {
        let mut world = World::new(seed, 128, Climate { service: bimodal, ..OVERLOAD });
        world.run_for(90_000);
        assert!(world.limits.iter().all(|limit| *limit >= 8), "seed {seed}: {:?}", world.limits.iter().min());
        assert!(median(&world.limits) <= 10, "seed {seed}");
    }
}

#[test]
fn calls_that_differ_much_do_not_move_the_limit_for_ever() {
    /// Draws from a log-normal distribution with a median of 100 ms: two thirds of the calls take from a third to three
    /// times of that.
    fn log_normal(random: &mut Random) -> f64 {
        let normal = (0..12).map(|_| random.share()).sum::<f64>() - 6.0;
        100.0 * normal.exp()
    }
    let arrivals = [300.0, 500.0, 200.0];
    for seed in in_turn(SEEDS) {
        let mut world = warmed(seed, Climate { slots: 64, service: log_normal, arrivals, ..OVERLOAD }, 120_000);
        world.run_for(30_000);
        let settled = median(&world.limits);
        assert!((58..=90).contains(&settled), "seed {seed}: {settled}");
    }
}

#[test]
fn an_outage_cuts_the_limit_to_one_and_it_recovers() {
    for seed in in_turn(SEEDS) {
        let mut world = warmed(seed, OVERLOAD, 10_000);
        world.climate.down = Some(20.0);
        world.run_for(10_000);
        assert!(world.limits.iter().position(|limit| *limit == 1).unwrap() < 250, "seed {seed}");
        assert_eq!(world.limits.last(), Some(&1), "seed {seed}");
        world.climate.down = None;
        world.warm();
        world.run_for(30_000);
        // Of sixty seeds 57 are there after less than 250 calls, the slowest after 467: some seconds.
        assert!(settled_after(&world, 8..=9) < 500, "seed {seed}");
        assert!((8..=9).contains(&median(&world.limits)), "seed {seed}");
    }
}

#[test]
fn a_lastingly_slower_upstream_is_not_throttled_for_ever() {
    for seed in in_turn(SEEDS) {
        let mut world = warmed(seed, OVERLOAD, 10_000);
        world.climate.service = |random| 2.0 * steady(random);
        world.run_for(30_000);
        assert!(world.limits.iter().any(|limit| *limit < 7), "seed {seed}: a delay is a queue at first");
        world.run_for(120_000);
        world.warm();
        world.run_for(60_000);
        assert!((8..=10).contains(&median(&world.limits)), "seed {seed}");
        assert!(world.busy_share(60_000) > 0.95, "seed {seed}");
    }
}

#[test]
fn nothing_is_lost_whatever_the_weather() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let mut climate = OVERLOAD;
        climate.arrivals = [0, 1, 2].map(|_| random.between(0.0, 400.0));
        climate.patience = random.below(1_500);
        climate.given_up = random.below(200);
        climate.dropped = random.below(100);
        let most = 1 + u32::try_from(random.below(40)).unwrap();
        let mut world = World::new(seed, most, climate);
        for _ in 0..8 {
            world.climate.slots = 1 + usize::try_from(random.below(30)).unwrap();
            world.climate.down = (random.below(4) == 0).then(|| random.between(0.0, 500.0));
            world.run_for(700);
        }
        assert!(world.limits.iter().all(|limit| (1..=most).contains(limit)), "seed {seed}");
        // No more calls come: all waiting calls are served or shed, and all slots are free in the end.
        world.climate.arrivals = [0.0; 3];
        world.climate.down = None;
        world.climate.slots = 30;
        world.run_for(200_000);
        assert!(world.waiting.is_empty(), "seed {seed}: a waiter was lost");
        assert_eq!((world.bulkhead.load().0, world.bulkhead.load().2), (0, 0), "seed {seed}");
    }
}

/// A clock that is moved by hand between polls, and timers that are moved with it but never set back.
struct HandClock {
    now: Cell<u64>,
    elapsed: Cell<u64>,
    sleeps: Cell<u32>,
}

impl HandClock {
    fn new() -> Self {
        Self { now: Cell::new(1_000_000), elapsed: Cell::new(0), sleeps: Cell::new(0) }
    }

    fn in_ms(&self, ms: u64) -> Timestamp {
        self.now().after(Millis::new(ms))
    }

    fn pass(&self, ms: u64) {
        self.now.set(self.now.get() + ms);
        self.elapsed.set(self.elapsed.get() + ms);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.get())
    }

    async fn sleep(&self, span: Millis) {
        self.sleeps.set(self.sleeps.get() + 1);
        let end = self.elapsed.get() + span.get();
        std::future::poll_fn(|_| if self.elapsed.get() >= end { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn entered<'r>(clock: &HandClock, bulkheads: &'r Bulkheads) -> Slot<'r> {
    let mut entering = pin!(enter(clock, bulkheads, 0, Priority::Normal, clock.in_ms(100)));
    match poll(entering.as_mut()) {
        Poll::Ready(Ok(slot)) => slot,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_free_slot_is_taken_without_waiting_and_freed_when_dropped() {
    let (clock, bulkheads) = (HandClock::new(), Bulkheads::new(&[2, 1], MapHasher::fixed()));
    let first = entered(&clock, &bulkheads);
    let second = entered(&clock, &bulkheads);
    assert_eq!(bulkheads.load(0), (2, 2, 0));
    assert_eq!(bulkheads.load(1), (0, 1, 0));
    drop(first);
    assert_eq!(bulkheads.load(0), (1, 2, 0));
    second.ended(Millis::new(100), "a.b", LimitOutcome::Ignored);
    assert_eq!(bulkheads.load(0), (0, 2, 0));
    assert_eq!(clock.sleeps.get(), 0);
    assert_eq!(bulkheads.load(2), (0, u32::MAX, 0));
    let mut unbounded = pin!(enter(&clock, &bulkheads, 2, Priority::Low, clock.in_ms(0)));
    assert!(matches!(poll(unbounded.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn a_waiter_enters_at_its_next_look_after_a_place_is_free() {
    let (clock, bulkheads) = (HandClock::new(), Bulkheads::new(&[1], MapHasher::fixed()));
    let slot = entered(&clock, &bulkheads);
    let mut waits = pin!(enter(&clock, &bulkheads, 0, Priority::Normal, clock.in_ms(100)));
    assert!(poll(waits.as_mut()).is_pending());
    assert_eq!(bulkheads.load(0), (1, 1, 1));
    slot.ended(Millis::new(5), "a.b", LimitOutcome::Answered);
    assert!(poll(waits.as_mut()).is_pending(), "it has not looked");
    clock.pass(1);
    let Poll::Ready(Ok(slot)) = poll(waits.as_mut()) else { panic!("it looked") };
    assert_eq!(bulkheads.load(0), (1, 1, 0));
    drop(slot);
    assert_eq!(bulkheads.load(0), (0, 1, 0));
}

#[test]
fn who_enters_leaves_a_place_for_each_one_before_it() {
    let (clock, bulkheads) = (HandClock::new(), Bulkheads::new(&[2], MapHasher::fixed()));
    let slots = [(); 2].map(|()| entered(&clock, &bulkheads));
    let come = |priority| Box::pin(enter(&clock, &bulkheads, 0, priority, clock.in_ms(100)));
    let (mut first, mut second) = (come(Priority::Normal), come(Priority::Normal));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    let [one, other] = slots;
    drop(one);
    clock.pass(10);
    assert!(poll(second.as_mut()).is_pending(), "that place is the first one's");
    assert!(poll(come(Priority::Normal).as_mut()).is_pending());
    let Poll::Ready(Ok(_high)) = poll(come(Priority::High).as_mut()) else { panic!("it stands before both") };
    drop(other);
    clock.pass(10);
    let Poll::Ready(Ok(_first)) = poll(first.as_mut()) else { panic!("its turn") };
    assert!(poll(second.as_mut()).is_pending());
}

#[test]
fn the_slot_of_a_silently_ended_request_goes_to_another() {
    let (clock, bulkheads) = (HandClock::new(), Bulkheads::new(&[1], MapHasher::fixed()));
    std::mem::forget(entered(&clock, &bulkheads));
    clock.pass(BULKHEAD_CALL_LOST.get() - 1);
    assert!(poll(pin!(enter(&clock, &bulkheads, 0, Priority::High, clock.in_ms(5))).as_mut()).is_pending());
    clock.pass(1);
    entered(&clock, &bulkheads);
}

#[test]
fn a_dropped_waiter_leaves_the_queue_and_a_late_one_is_shed() {
    let (clock, bulkheads) = (HandClock::new(), Bulkheads::new(&[1], MapHasher::fixed()));
    let slot = entered(&clock, &bulkheads);
    {
        let mut waits = Box::pin(enter(&clock, &bulkheads, 0, Priority::High, clock.in_ms(100)));
        assert!(poll(waits.as_mut()).is_pending());
        assert_eq!(bulkheads.load(0), (1, 1, 1));
    }
    assert_eq!(bulkheads.load(0), (1, 1, 0));
    let until = clock.in_ms(50);
    let mut waits = pin!(enter(&clock, &bulkheads, 0, Priority::High, until));
    let shed = loop {
        match poll(waits.as_mut()) {
            Poll::Ready(ended) => break ended.unwrap_err(),
            Poll::Pending => clock.pass(1),
        }
    };
    assert_eq!((shed.reason, clock.now()), (ShedReason::WaitedTooLong, until));
    assert_eq!(shed.reason.name(), "waited_too_long");
    assert_eq!(bulkheads.load(0), (1, 1, 0));
    drop(slot);
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_a_waiter() {
    let (clock, bulkheads) = (HandClock::new(), Bulkheads::new(&[1], MapHasher::fixed()));
    let _slot = entered(&clock, &bulkheads);
    let mut waits = pin!(enter(&clock, &bulkheads, 0, Priority::High, clock.in_ms(50)));
    assert!(poll(waits.as_mut()).is_pending());
    clock.now.set(940_000);
    for _ in 0..49 {
        clock.pass(1);
        assert!(poll(waits.as_mut()).is_pending());
    }
    clock.pass(1);
    let Poll::Ready(Err(shed)) = poll(waits.as_mut()) else { panic!("it still waits") };
    assert_eq!(shed.reason, ShedReason::WaitedTooLong);
}

#[test]
fn a_higher_class_displaces_the_last_waiter_of_the_lowest_class() {
    let (clock, bulkheads) = (HandClock::new(), Bulkheads::new(&[1], MapHasher::fixed()));
    let _slot = entered(&clock, &bulkheads);
    let come = |priority| Box::pin(enter(&clock, &bulkheads, 0, priority, clock.in_ms(10_000)));
    let mut waiting: Vec<_> = (0..BULKHEAD_QUEUE).map(|_| come(Priority::Low)).collect();
    assert!(waiting.iter_mut().all(|waits| poll(waits.as_mut()).is_pending()));
    let Poll::Ready(Err(shed)) = poll(come(Priority::Low).as_mut()) else { panic!("the queue is full") };
    assert_eq!((shed.reason, shed.reason.name()), (ShedReason::QueueFull, "queue_full"));
    let mut higher = come(Priority::Normal);
    assert!(poll(higher.as_mut()).is_pending());
    clock.pass(100);
    let told: Vec<_> = waiting.iter_mut().map(|waits| poll(waits.as_mut())).collect();
    let (last, others) = told.split_last().unwrap();
    assert!(others.iter().all(Poll::is_pending));
    let Poll::Ready(Err(shed)) = last else { panic!("it was displaced") };
    assert_eq!((shed.reason, shed.reason.name()), (ShedReason::Displaced, "displaced"));
}
