//! The permitted age of an answer: by its life, the operator's windows, and what its caller asked.

use crate::facts::Execution;
use crate::scenario::{Execute, Observed, Variant, ttl_ms, windows_ms};

/// The origin of an answer, by what it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// From an executor, for this request.
    Anew,
    /// From the cache, in its life.
    Fresh,
    /// From another call that missed at the same time.
    Collapsed,
    /// From the cache, past its life.
    Stale,
    /// The same, as the executor failed.
    Covered,
}

impl Observed {
    pub(super) fn served(&self) -> Served {
        let status = self.headers.get("cache-status").map_or("", String::as_str);
        match status {
            _ if status.contains("; hit; ttl=-") => Served::Stale,
            _ if status.contains("; hit;") => Served::Fresh,
            _ if status.contains("; collapsed;") => Served::Collapsed,
            _ if status.contains("detail=stale_if_error") => Served::Covered,
            _ => Served::Anew,
        }
    }

    /// Returns the time at which it was decided that this caller is given this answer: with what was kept in place of a failure, at the end.
    pub(super) fn decided_at(&self) -> u64 {
        if self.served() == Served::Covered { self.span.1 } else { self.span.0 }
    }
}

/// The uncertainty of clocks and calls over a network.
const SLACK_MS: u64 = 2_000;

/// The number of a directive, in milliseconds.
fn number(asks: &str, name: &str) -> Option<u64> {
    let text = asks.split(", ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?;
    Some(text.parse::<u64>().expect("a number") * 1_000)
}

pub(super) fn holds(
    variant: Variant,
    call: &Execute,
    seen: &Observed,
    execution: &Execution,
    index: usize,
) -> Result<(), String> {
    let expect = |is: bool, what: &str| if is { Ok(()) } else { Err(format!("{what}: run at {}", execution.at)) };
    let (revalidate, error, young) = windows_ms(variant);
    let (served, asks) = (seen.served(), call.cache_control.unwrap_or_default());
    let (at, life) = (seen.decided_at(), execution.at + ttl_ms(variant));
    let (age, past) = (at.saturating_sub(execution.at), at.saturating_sub(life));
    let is_stale = matches!(served, Served::Stale | Served::Covered);
    let window = match served {
        Served::Stale => revalidate,
        Served::Covered => revalidate.max(error),
        _ => 0,
    };
    expect(past <= window + SLACK_MS, "an answer past its life")?;
    if asks.contains("no-cache") || asks.contains("no-store") {
        expect(served == Served::Anew && execution.request == index, "a kept answer for who wanted none")?;
    }
    if asks.contains("only-if-cached") {
        let is_kept = matches!(served, Served::Fresh | Served::Stale);
        expect(is_kept && execution.request != index, "a call that asked for what is kept alone")?;
    }
    if let Some(most) = number(asks, "max-age") {
        expect(age <= most.max(young) + SLACK_MS, "an answer older than asked for")?;
    }
    if let Some(least) = number(asks, "min-fresh") {
        let is_fresh = at + least <= life + SLACK_MS;
        expect(served == Served::Anew || is_fresh || age <= young + SLACK_MS, "an answer less fresh than asked for")?;
    }
    match (asks.contains("max-stale"), number(asks, "max-stale")) {
        (true, Some(most)) => expect(past <= most + SLACK_MS, "an answer more stale than asked for"),
        (true, None) => Ok(()),
        (false, _) => {
            let wants_fresh = asks.contains("max-age") || asks.contains("min-fresh");
            expect(!(is_stale && wants_fresh), "a stale answer for who wanted a fresh one")
        }
    }
}
