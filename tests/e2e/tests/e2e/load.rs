//! Calls at a steady pace, whatever becomes of them, and what their callers saw.
#![expect(clippy::disallowed_types, reason = "native tests run on threads of their own")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Stopwatch, pause};
use crate::http::{Answer, Ask};

/// Most calls under way at once. At that many the pace falls behind, as it does where there are so many callers.
const CALLERS: usize = 160;

/// One call as its caller saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Its number.
    pub number: u64,
    /// The time of its sending, counted from the beginning of the rain.
    pub began: Duration,
    /// Its duration.
    pub took: Duration,
    /// The last answer.
    pub answer: Answer,
}

impl Seen {
    /// True if the tool ran and succeeded.
    pub(crate) fn is_good(&self) -> bool {
        self.answer.status == 200 && self.answer.json()["success"] == true
    }
}

/// Acts on an answer that is none, as callers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// They take it.
    Once,
    /// As the SDKs: they ask twice more after 408, 409, 429 and server errors, unless the answer says not to.
    AsSdks,
}

/// A call, or its repetition, that is to be sent. The earliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Duration,
    number: u64,
    began: Option<Duration>,
    repetitions: u32,
}

/// Sends `per_second` calls a second to `base` for a while, and waits for all, repetitions included. `ask` makes each from its
/// number, which no call before had.
pub(crate) fn rain(
    base: &str,
    per_second: u32,
    time: Duration,
    patience: Patience,
    ask: impl Fn(u64) -> Ask + Sync,
) -> Vec<Seen> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let all = per_second * u32::try_from(time.as_millis()).unwrap() / 1_000;
    let due = |turn: u32| Due {
        at: Duration::from_secs(turn.into()) / per_second,
        number: NUMBER.fetch_add(1, Ordering::Relaxed),
        began: None,
        repetitions: 0,
    };
    let queue: Mutex<BinaryHeap<_>> = Mutex::new((0..all).map(|turn| Reverse(due(turn))).collect());
    let (seen, watch) = (Mutex::<Vec<Seen>>::default(), Stopwatch::start());
    let caller = || {
        loop {
            let Some(Reverse(due)) = queue.lock().unwrap().pop() else { return };
            pause(due.at.saturating_sub(watch.elapsed()));
            let began = due.began.unwrap_or_else(|| watch.elapsed());
            let answer = ask(due.number).send(base);
            let now = watch.elapsed();
            match wait_of(&answer, due.repetitions).filter(|_| patience == Patience::AsSdks) {
                Some(wait) => {
                    let again = Due { at: now + wait, began: Some(began), repetitions: due.repetitions + 1, ..due };
                    queue.lock().unwrap().push(Reverse(again));
                }
                None => seen.lock().unwrap().push(Seen { number: due.number, began, took: now - began, answer }),
            }
        }
    };
    std::thread::scope(|scope| (0..CALLERS).for_each(|_| drop(scope.spawn(caller))));
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable_by_key(|one| one.began);
    seen
}

/// Returns the wait of the SDKs before they send the call once more, if they do.
fn wait_of(answer: &Answer, repetitions: u32) -> Option<Duration> {
    let may_repeat = match answer.header("x-should-retry") {
        Some(said) => said == "true",
        None => matches!(answer.status, 408 | 409 | 429 | 500..),
    };
    let said = answer.header("retry-after-ms").and_then(|ms| ms.parse().ok()).map(Duration::from_millis);
    let wait = said.unwrap_or(Duration::from_millis(500) * 2_u32.pow(repetitions)).min(Duration::from_secs(8));
    (may_repeat && repetitions < 2).then_some(wait)
}

/// The time that 99 of a hundred took at most.
pub(crate) fn p99(seen: &[&Seen]) -> Duration {
    let mut took: Vec<Duration> = seen.iter().map(|one| one.took).collect();
    took.sort_unstable();
    took.get(took.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default()
}
