//! GCRA as a meter of tokens taken and not yet drained. Whole numbers only, so nothing is ever rounded away.
//!
//! The continuous-state leaky bucket of ITU-T I.371, annex A, which that annex shows to decide as the virtual
//! scheduling algorithm does: the theoretical arrival time of the one is `at + level / requests` of the other. The
//! bucket form is used because it needs no fractions of a millisecond.

use minicbor::{Decode, Encode};

use crate::words::time::{Millis, Timestamp};

/// Largest set-back of a clock that is ignored: beyond it, the clock is believed. Below it, two hosts' clocks differ:
/// then time stands still until the later one is reached again, so that two clocks in turn cannot drain the meter
/// twice.
const CLOCK_STEP: Millis = Millis::from_secs(10);

/// A limit: `requests` in each `window` on the long run, `burst` of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Pace {
    /// Tokens that drain in each window.
    #[n(0)]
    pub requests: u64,
    /// The window.
    #[n(1)]
    pub window: Millis,
    /// Tokens that can be taken at once.
    #[n(2)]
    pub burst: u64,
}

impl Pace {
    /// Returns the weight of one token: a millisecond drains `requests` of these units, so a window drains `requests`
    /// tokens.
    fn cost(self) -> u64 {
        self.window.get().max(1)
    }

    fn capacity(self) -> u64 {
        self.cost().saturating_mul(self.burst)
    }

    /// Returns the whole tokens that drain in `span`.
    #[must_use]
    pub fn tokens_in(self, span: Millis) -> u64 {
        let units = u128::from(self.requests).saturating_mul(u128::from(span.get()));
        u64::try_from(units.checked_div(u128::from(self.cost())).unwrap_or(0)).unwrap_or(u64::MAX)
    }

    /// Returns the time that `tokens` take to drain, rounded up.
    #[must_use]
    pub fn time_for(self, tokens: u64) -> Millis {
        self.drains(self.cost().saturating_mul(tokens))
    }

    fn drains(self, units: u64) -> Millis {
        Millis::new(units.div_ceil(self.requests.max(1)))
    }
}

/// The meter of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Meter {
    /// The weight of a token when the level was written: the window, in milliseconds.
    #[n(0)]
    cost: u64,
    /// The time up to which it has drained.
    #[n(1)]
    at: Timestamp,
    /// The amount taken and not yet drained.
    #[n(2)]
    level: u64,
}

impl Meter {
    /// Returns an empty meter.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { cost: 1, at: now, level: 0 }
    }

    /// Drains up to `now`, at this pace from here on: a changed limit keeps the tokens that were taken.
    pub(super) fn advance(&mut self, pace: Pace, now: Timestamp) {
        let cost = pace.cost();
        if self.cost != cost {
            let level = u128::from(self.level).saturating_mul(u128::from(cost)).div_ceil(u128::from(self.cost.max(1)));
            self.level = u64::try_from(level).unwrap_or(u64::MAX);
            self.cost = cost;
        }
        let drained = now.since(self.at).get().saturating_mul(pace.requests);
        self.level = self.level.saturating_sub(drained).min(pace.capacity());
        if now > self.at || self.at.since(now) > CLOCK_STEP {
            self.at = now;
        }
    }

    /// Returns the whole tokens that can be taken now.
    pub(super) fn free(&self, pace: Pace) -> u64 {
        pace.capacity().saturating_sub(self.level).checked_div(pace.cost()).unwrap_or(0)
    }

    /// Takes tokens: at most as many as are free.
    pub(super) fn take(&mut self, pace: Pace, tokens: u64) {
        self.level = self.level.saturating_add(pace.cost().saturating_mul(tokens));
    }

    /// Returns unused tokens to the meter.
    pub(super) fn give_back(&mut self, pace: Pace, tokens: u64) {
        self.level = self.level.saturating_sub(pace.cost().saturating_mul(tokens));
    }

    /// Returns the time until a token is free.
    pub(super) fn wait(&self, pace: Pace) -> Millis {
        pace.drains(self.level.saturating_add(pace.cost()).saturating_sub(pace.capacity()))
    }

    /// Returns the time at which the meter is empty.
    pub(super) fn empty_at(&self, pace: Pace) -> Timestamp {
        self.at.after(pace.drains(self.level))
    }
}

#[cfg(test)]
impl Meter {
    /// Returns the amount taken and not yet drained.
    pub(super) const fn level(&self) -> u64 {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { requests: 3, window: Millis::from_secs(1), burst: 2 };

    fn at(meter: &mut Meter, ms: u64) -> (u64, u64) {
        meter.advance(PACE, Timestamp::from_millis(ms));
        (meter.free(PACE), meter.wait(PACE).get())
    }

    /// Decides by textbook GCRA (I.371's virtual scheduling, with a limit of `burst - 1` intervals), on exact
    /// fractions.
    #[test]
    fn decides_as_virtual_scheduling_does() {
        let mut meter = Meter::new(Timestamp::from_millis(0));
        // In thirds of a millisecond: the interval is 1000 of them.
        let mut arrival = 0_u64;
        for step in 0..5_000_u64 {
            let now = step * 37 % 41 + step * 130;
            meter.advance(PACE, Timestamp::from_millis(now));
            let conforms = arrival.saturating_sub(1_000 * (PACE.burst - 1)) <= now * 3;
            assert_eq!(meter.free(PACE) > 0, conforms, "at {now}");
            if conforms {
                meter.take(PACE, 1);
                arrival = arrival.max(now * 3) + 1_000;
            }
        }
    }

    #[test]
    fn nothing_is_rounded_away_and_a_wait_is_long_enough() {
        let mut meter = Meter::new(Timestamp::from_millis(0));
        meter.take(PACE, 2);
        assert_eq!(at(&mut meter, 0), (0, 334));
        assert_eq!(at(&mut meter, 333), (0, 1));
        assert_eq!(at(&mut meter, 334), (1, 0));
        assert_eq!(meter.empty_at(PACE), Timestamp::from_millis(667));
        assert_eq!(PACE.time_for(2), Millis::new(667));
        assert_eq!(PACE.tokens_in(Millis::new(999)), 2);
    }

    #[test]
    fn two_clocks_drain_once_and_one_set_back_is_believed() {
        let mut meter = Meter::new(Timestamp::from_millis(100_000));
        meter.take(PACE, 2);
        for _ in 0..100 {
            at(&mut meter, 99_800);
            assert_eq!(at(&mut meter, 100_000), (0, 334), "nothing drained while both clocks stood");
        }
        assert_eq!(at(&mut meter, 50_000), (0, 334));
        assert_eq!(at(&mut meter, 50_334), (1, 0));
    }

    #[test]
    fn a_changed_limit_keeps_what_was_taken() {
        let mut meter = Meter::new(Timestamp::from_millis(0));
        meter.advance(PACE, Timestamp::from_millis(0));
        meter.take(PACE, 2);
        let slower = Pace { requests: 1, window: Millis::from_secs(60), burst: 5 };
        meter.advance(slower, Timestamp::from_millis(0));
        assert_eq!(meter.free(slower), 3);
    }
}
