//! How many calls one executor gets at once: found from how much longer they take than they would alone.
//!
//! Of `limit` calls that are in flight and take `r` times as long as where nothing waits, `limit * (1 - 1/r)` wait in the
//! upstream: Little's law, as in TCP Vegas (Brakmo and Peterson 1995) and Netflix's `concurrency-limits`. The limit grows
//! while fewer than one call waits there and shrinks when more do, so that the upstream is busy and its queue is ours, where
//! priorities count. Against noise, `r` is the median of a window, and the limit shrinks only by what exceeds its error.
//!
//! Vegas believes the shortest time that it ever saw, which for tools whose calls differ is no call's usual time. Here a
//! baseline is the median of calls that cannot have waited (`baseline.rs`). Where demand is always more than the limit there
//! are none of these, so now and then a window runs below it: a probe, as in BBR (`ProbeRTT`, Cardwell et
//! al. 2016) and in Envoy's adaptive concurrency.

use super::baseline::{Baselines, Median};
use super::window::{Verdict, Window};
use crate::words::time::{Millis, Timestamp};

/// Where a limit begins.
const START: u32 = 16;
/// The limit grows where fewer calls than this wait in the upstream, or than this share of it.
const GROW_BELOW: f64 = 0.25;
/// See [`GROW_BELOW`].
const GROW_BELOW_SHARE: f64 = 1.0 / 32.0;
/// It shrinks where more than this do, or than this share of it. Between the two it stays.
const SHRINK_ABOVE: f64 = 1.0;
/// See [`SHRINK_ABOVE`].
const SHRINK_ABOVE_SHARE: f64 = 1.0 / 16.0;
/// A window raises the limit by one call, or by one part in so many of it.
const GROW_PARTS: u32 = 16;
/// And lowers it by one call, or one part in so many. It is not done at once: calls that are slow by themselves make one window
/// look worse than it is.
const SHRINK_PARTS: u32 = 8;
/// Overload that the upstream itself tells of leaves four fifths of the limit.
const CUT_KEEPS: u32 = 4;
/// See [`CUT_KEEPS`].
const CUT_OF: u32 = 5;
/// So many calm calls are enough to know the baselines by.
const CALM_CALLS: u32 = 16;
/// Without them, the limit is probed after four windows for each call of it, but so many at least and at most. A probe runs at
/// three quarters of the limit, and costs the rest of the work for one window and a half.
const PROBE_AFTER: (u32, u32) = (8, 48);
/// Until there were so many calm calls, the baselines are still young, and probes come as early as may be.
const YOUNG_CALLS: u32 = 64;
/// Where a window's error is worth more than so many calls, it runs at half of the limit: that may be well above what the
/// upstream does at once, and its queue has to drain.
const PROBE_SURE: f64 = 1.0;
/// After the fewest windows also where calls take surely less than this share of their baselines: these are out of date.
const BASELINE_OUTDATED: f64 = 0.9;
/// How far one call moves the recent time of calls.
const RECENT_STEP: f64 = 1.0 / 16.0;

/// How a call ended, for the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With an answer whose time says how busy the executor is; also a tool's own error.
    Answered,
    /// Overloaded: a timeout, a 429 or a 503.
    Dropped,
    /// In a way that says nothing of that: nobody listened, or it was not sent.
    Ignored,
}

/// A call that ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completed<'a> {
    /// How long it took.
    pub(super) took: Millis,
    /// What it called.
    pub(super) tool: &'a str,
    /// How it ended.
    pub(super) ended: Ended,
    /// What [`Limit::entered`] said of it.
    pub(super) is_calm: bool,
}

/// The limit of one executor: at least 1, at most the operator's bound.
#[derive(Debug)]
pub(super) struct Limit {
    most: u32,
    limit: u32,
    window: Window,
    /// What this window runs at instead of the limit.
    probe: Option<u32>,
    /// No window has ended since the last cut.
    was_cut: bool,
    /// Calm calls, and windows that reached the limit, since the baselines were last known for sure.
    calm: u32,
    unsure: u32,
    /// All calm calls.
    calm_ever: u32,
    /// The last window's ratio.
    delay: f64,
    baselines: Baselines,
    recent: Median,
}

impl Limit {
    /// A limit that never exceeds `most`.
    pub(super) fn new(most: u32) -> Self {
        let most = most.max(1);
        Self {
            most,
            limit: START.min(most),
            window: Window::default(),
            probe: None,
            was_cut: false,
            calm: 0,
            unsure: 0,
            calm_ever: 0,
            delay: 1.0,
            baselines: Baselines::new(),
            recent: Median::default(),
        }
    }

    /// The limit.
    pub(super) const fn get(&self) -> u32 {
        self.limit
    }

    /// How many calls may be in flight now: less than the limit in a probe.
    pub(super) fn allowed(&self) -> u32 {
        self.probe.unwrap_or(self.limit)
    }

    /// How long calls take of late.
    pub(super) fn recent(&self) -> Millis {
        self.recent.get()
    }

    /// A call entered and made it `in_flight`. Says whether it is calm: it cannot wait for others of this isolate, unless the
    /// limit is far too high. A probe drains what waits at a limit that is about right; elsewhere the limit may be left from
    /// better days, and only its half is trusted.
    pub(super) fn entered(&mut self, in_flight: u32) -> bool {
        if in_flight >= self.allowed() {
            self.window.reach();
        }
        in_flight <= self.probe.unwrap_or((self.limit / 2).max(1))
    }

    /// A call found no place.
    pub(super) const fn found_full(&mut self) {
        self.window.reach();
    }

    /// A call ended at `now`, and left so many `in_flight`.
    pub(super) fn ended(&mut self, call: &Completed<'_>, in_flight: u32, now: Timestamp) {
        let compared = match call.ended {
            Ended::Ignored => return,
            Ended::Dropped if !self.was_cut => return self.cut(in_flight),
            Ended::Dropped => None,
            Ended::Answered => {
                self.recent.learn(call.took, RECENT_STEP);
                self.calm = self.calm.saturating_add(u32::from(call.is_calm));
                self.calm_ever = self.calm_ever.saturating_add(u32::from(call.is_calm));
                Some(self.baselines.compare(call.tool, call.took, call.is_calm, self.delay))
            }
        };
        if self.window.ended(compared, now) {
            self.decide(in_flight);
        }
    }

    /// Others of the same window may be dropped too, and tell nothing new.
    fn cut(&mut self, in_flight: u32) {
        self.limit = (self.limit.saturating_mul(CUT_KEEPS) / CUT_OF).max(1);
        self.was_cut = true;
        self.probe = None;
        self.window.begin(in_flight);
    }

    /// A window is over.
    fn decide(&mut self, in_flight: u32) {
        let before = self.allowed();
        let was_probe = self.probe.take().is_some();
        self.was_cut = false;
        let verdict = self.window.verdict();
        if !was_probe && let Some(seen) = verdict {
            self.delay = seen.ratio;
            self.adjust(seen);
            if self.window.is_reached() {
                self.plan_probe(seen);
            }
        }
        let is_changed = self.allowed() != before;
        self.window.begin(if is_changed { in_flight } else { 0 });
    }

    fn adjust(&mut self, seen: Verdict) {
        let limit = f64::from(self.limit);
        let queued = limit * (1.0 - 1.0 / seen.ratio);
        let surely = limit * (1.0 - 1.0 / (seen.ratio - seen.error).max(1.0));
        if surely > SHRINK_ABOVE.max(limit * SHRINK_ABOVE_SHARE) {
            // One call is left to wait there: while the next one comes, the upstream has something to do.
            let enough = ((limit / seen.ratio) as u32).saturating_add(1);
            let step = (self.limit / SHRINK_PARTS).max(1);
            self.limit = self.limit.saturating_sub(step).max(enough).max(1);
        } else if self.window.is_reached() && queued < GROW_BELOW.max(limit * GROW_BELOW_SHARE) {
            let step = (self.limit / GROW_PARTS).max(1);
            self.limit = self.limit.saturating_add(step).min(self.most);
        }
    }

    /// Looks after the baselines, at the end of a window that reached the limit.
    fn plan_probe(&mut self, seen: Verdict) {
        if self.calm >= CALM_CALLS {
            (self.calm, self.unsure) = (0, 0);
        }
        self.unsure = self.unsure.saturating_add(1);
        let (least, most) = PROBE_AFTER;
        let often = if self.calm_ever < YOUNG_CALLS { least } else { most };
        let is_due = self.unsure >= self.limit.saturating_mul(4).clamp(least, often);
        let is_outdated = self.unsure >= least && seen.ratio + 3.0 * seen.error < BASELINE_OUTDATED;
        if self.limit > 1 && (is_due || is_outdated) {
            (self.calm, self.unsure) = (0, 0);
            let is_sure = !is_outdated && seen.error * f64::from(self.limit) <= PROBE_SURE;
            let probe = if is_sure { self.limit.saturating_mul(3) / 4 } else { self.limit / 2 };
            self.probe = Some(probe.max(1));
        }
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;
