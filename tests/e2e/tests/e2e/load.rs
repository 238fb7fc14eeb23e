//! Calls at a steady pace, whatever becomes of them, and what their callers saw.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Stopwatch, pause};
use crate::http::{Answer, Ask};

/// How many calls may be under way at once. At that many the pace falls behind, as it does where there are so many callers.
const CALLERS: usize = 48;

/// One call as its caller saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Which it was.
    pub number: u64,
    /// When it was sent, from the beginning of the rain on.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// The last answer.
    pub answer: Answer,
}

impl Seen {
    /// Whether the tool ran and succeeded.
    pub(crate) fn is_good(&self) -> bool {
        self.answer.status == 200 && self.answer.json()["success"] == true
    }
}

/// Sends `per_second` calls a second to `base` for a while, and waits for all. `ask` makes each from its number, which no call before
/// had; `send` says how a caller sends it.
pub(crate) fn rain(
    base: &str,
    (per_second, time): (u32, Duration),
    ask: impl Fn(u64) -> Ask + Sync,
    send: impl Fn(&Ask, &str) -> Answer + Sync,
) -> Vec<Seen> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (next, seen, watch) = (AtomicU64::new(0), Mutex::<Vec<Seen>>::default(), Stopwatch::start());
    let all = u64::from(per_second) * u64::from(u32::try_from(time.as_millis()).unwrap()) / 1_000;
    let caller = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            if turn >= all {
                return;
            }
            pause(Duration::from_micros(turn * 1_000_000 / u64::from(per_second)).saturating_sub(watch.elapsed()));
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let (ask, began) = (ask(number), watch.elapsed());
            let answer = send(&ask, base);
            seen.lock().unwrap().push(Seen { number, began, took: watch.elapsed() - began, answer });
        }
    };
    std::thread::scope(|scope| (0..CALLERS).for_each(|_| drop(scope.spawn(caller))));
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable_by_key(|one| one.began);
    seen
}

/// Sends it once.
pub(crate) fn once(ask: &Ask, base: &str) -> Answer {
    ask.send(base)
}

/// Sends it as the SDKs do: twice more after 408, 409, 429 and server errors, unless the answer says not to.
pub(crate) fn as_sdks_do(ask: &Ask, base: &str) -> Answer {
    let mut answer = ask.send(base);
    for repetition in 0..2_u32 {
        let may_repeat = match answer.header("x-should-retry") {
            Some(said) => said == "true",
            None => matches!(answer.status, 408 | 409 | 429 | 500..),
        };
        if !may_repeat {
            break;
        }
        let said = answer.header("retry-after-ms").and_then(|ms| ms.parse().ok()).map(Duration::from_millis);
        pause(said.unwrap_or(Duration::from_millis(500) * 2_u32.pow(repetition)).min(Duration::from_secs(8)));
        answer = ask.send(base);
    }
    answer
}

/// The time that 99 of a hundred took at most.
pub(crate) fn p99(seen: &[&Seen]) -> Duration {
    let mut took: Vec<Duration> = seen.iter().map(|one| one.took).collect();
    took.sort_unstable();
    took.get(took.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default()
}
