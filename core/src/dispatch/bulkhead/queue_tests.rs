//! The order of the queue, and the calls that are shed.
#![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must stop")]

use super::*;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

/// Queues a call at once, which looks again at `looks`.
fn join(queue: &mut WaitQueue, priority: Priority, looks: u64) -> Option<u64> {
    let number = queue.join(priority, at(1_000), at(0))?;
    queue.looks_at(number, at(looks));
    Some(number)
}

#[test]
fn waiters_are_in_order_of_class_and_then_of_arrival() {
    let mut queue = WaitQueue::default();
    let came = [Priority::Low, Priority::High, Priority::Normal, Priority::High, Priority::Low];
    let numbers = came.map(|priority| join(&mut queue, priority, 10).unwrap());
    assert_eq!(numbers.map(|number| queue.rank(number, at(0)).unwrap()), [3, 0, 2, 1, 4]);
    assert_eq!(queue.ahead_of(Priority::High, at(0)), 2);
    assert_eq!(queue.ahead_of(Priority::Normal, at(0)), 3);
    assert_eq!(queue.ahead_of(Priority::Low, at(0)), 5);
    queue.leave(numbers[1]);
    assert_eq!(queue.rank(numbers[4], at(0)), Some(3));
}

#[test]
fn a_full_queue_sheds_its_last_waiter_for_a_higher_class_only() {
    let mut queue = WaitQueue::default();
    let normal: Vec<u64> = (2..BULKHEAD_QUEUE).map(|_| join(&mut queue, Priority::Normal, 10).unwrap()).collect();
    let low = [(); 2].map(|()| join(&mut queue, Priority::Low, 10).unwrap());
    assert_eq!(join(&mut queue, Priority::Low, 10), None);
    assert!(join(&mut queue, Priority::Normal, 10).is_some());
    assert_eq!((queue.rank(low[0], at(0)), queue.rank(low[1], at(0))), (Some(BULKHEAD_QUEUE - 1), None));
    assert!(join(&mut queue, Priority::High, 10).is_some());
    assert_eq!(queue.rank(low[0], at(0)), None);
    assert_eq!(join(&mut queue, Priority::Normal, 10), None);
    assert!(normal.iter().all(|number| queue.rank(*number, at(0)).is_some()));
    assert_eq!(queue.len(), BULKHEAD_QUEUE);
}

#[test]
fn who_does_not_look_any_more_keeps_nobody() {
    let mut queue = WaitQueue::default();
    join(&mut queue, Priority::High, 10).unwrap();
    let behind = join(&mut queue, Priority::High, 5_000).unwrap();
    assert_eq!(queue.rank(behind, at(260)), Some(1), "its timer may be late");
    assert_eq!(queue.rank(behind, at(261)), Some(0));
    // The clock was set back: that look is far away.
    assert_eq!(queue.ahead_of(Priority::High, Timestamp::from_millis(1)), 0);
}

#[test]
fn places_of_lost_waiters_in_a_full_queue_go_to_newcomers() {
    let mut queue = WaitQueue::default();
    assert!((0..BULKHEAD_QUEUE).all(|_| join(&mut queue, Priority::High, 10).is_some()));
    assert_eq!(queue.join(Priority::High, at(2_000), at(999)), None);
    assert!(queue.join(Priority::High, at(2_000), at(1_000)).is_some());
    assert_eq!(queue.len(), 1);
}
