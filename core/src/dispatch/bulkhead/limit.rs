//! The limit of one executor's concurrent calls, found from the delay that concurrency adds to them.
//!
//! Of `limit` calls in flight that take `r` times as long as without queueing, `limit * (1 - 1/r)` queue in the
//! upstream: Little's law, as in TCP Vegas (Brakmo and Peterson 1995) and Netflix's `concurrency-limits`. The limit
//! grows while fewer than one call queues there and shrinks when more do, so that the upstream is busy and its queue is
//! ours, where priorities count. Against noise, `r` is the median of a window, and the limit shrinks only by the part
//! beyond its error.
//!
//! Vegas believes the shortest time that it ever saw, which for tools whose calls differ is no call's usual time. Here
//! a baseline is the median of calls that cannot have queued (`baseline.rs`). While demand is always above the limit
//! there are none of these, so now and then a window runs below it: a probe, as in BBR (`ProbeRTT`, Cardwell et
//! al. 2016) and in Envoy's adaptive concurrency.

use super::baseline::{Baselines, Median};
use super::window::{ObservationWindow, WindowSummary};
use crate::words::maps::MapHasher;
use crate::words::time::{Millis, Timestamp};

/// Initial limit.
const START: u32 = 16;
/// The limit grows while fewer calls than this queue in the upstream, or than this share of it.
const GROW_BELOW: f64 = 0.25;
/// See [`GROW_BELOW`].
const GROW_BELOW_SHARE: f64 = 1.0 / 32.0;
/// The limit shrinks if more calls than this queue there, or than this share of it. In between it stays.
const SHRINK_ABOVE: f64 = 1.0;
/// See [`SHRINK_ABOVE`].
const SHRINK_ABOVE_SHARE: f64 = 1.0 / 16.0;
/// A window raises the limit by one call, or by one part in so many of it.
const GROW_PARTS: u32 = 16;
/// A window lowers the limit by one call, or by one part in so many: not at once, since calls that are slow by
/// themselves make one window look worse than it is.
const SHRINK_PARTS: u32 = 8;
/// Overload reported by the upstream itself leaves four fifths of the limit.
const CUT_KEEPS: u32 = 4;
/// See [`CUT_KEEPS`].
const CUT_OF: u32 = 5;
/// Number of calm calls that suffice to know the baselines.
const CALM_CALLS: u32 = 16;
/// Without enough calm calls, the limit is probed after four windows for each call of it, within these bounds. A probe
/// runs at three quarters of the limit, and costs the rest of the work for one window and a half.
const PROBE_AFTER: (u32, u32) = (8, 48);
/// Number of calm calls up to which the baselines are young, and probes come at the lower bound.
const YOUNG_CALLS: u32 = 64;
/// Largest error of a window, in calls, for a probe at three quarters of the limit. Beyond it the probe runs at half:
/// the limit may be well above the upstream's concurrency, and its queue has to drain.
const PROBE_SURE: f64 = 1.0;
/// A probe also follows, after the least number of windows, if calls surely take less than this share of their
/// baselines: these are out of date.
const BASELINE_OUTDATED: f64 = 0.9;
/// Share by which one call moves the recent time of calls.
const RECENT_STEP: f64 = 1.0 / 16.0;

/// Classifies a call's outcome for the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitOutcome {
    /// An answer, whose time shows the executor's load; also a tool's own error.
    Answered,
    /// Overload: a timeout, a 429 or a 503.
    Dropped,
    /// No sign of load: the caller was gone, or the call was not sent.
    Ignored,
}

/// A completed call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completed<'a> {
    /// Its time.
    pub(super) took: Millis,
    /// Its tool.
    pub(super) tool: &'a str,
    /// Its outcome.
    pub(super) ended: LimitOutcome,
    /// The result of [`Limit::entered`] for it.
    pub(super) is_calm: bool,
}

/// The limit of one executor: at least 1, at most the operator's bound.
#[derive(Debug)]
pub(super) struct Limit {
    most: u32,
    limit: u32,
    window: ObservationWindow,
    /// The limit during a probe, if this window is one.
    probe: Option<u32>,
    /// No window has ended since the last cut.
    was_cut: bool,
    /// Calm calls, and windows that reached the limit, since the baselines were last certain.
    calm: u32,
    unsure: u32,
    /// Number of all calm calls.
    calm_ever: u32,
    /// The last window's ratio.
    delay: f64,
    baselines: Baselines,
    recent: Median,
}

impl Limit {
    /// Creates a limit that never exceeds `most`.
    pub(super) fn new(most: u32, hasher: MapHasher) -> Self {
        let most = most.max(1);
        Self {
            most,
            limit: START.min(most),
            window: ObservationWindow::default(),
            probe: None,
            was_cut: false,
            calm: 0,
            unsure: 0,
            calm_ever: 0,
            delay: 1.0,
            baselines: Baselines::new(hasher),
            recent: Median::default(),
        }
    }

    /// Returns the limit.
    pub(super) const fn get(&self) -> u32 {
        self.limit
    }

    /// Returns the most calls that may be in flight now: less than the limit in a probe.
    pub(super) fn allowed(&self) -> u32 {
        self.probe.unwrap_or(self.limit)
    }

    /// Returns the recent time of calls.
    pub(super) fn recent(&self) -> Millis {
        self.recent.get()
    }

    /// Notes an admitted call that made it `in_flight`; returns whether it is calm: it cannot queue behind others of
    /// this isolate, unless the limit is far too high. A probe drains the queue of a limit that is about right;
    /// elsewhere the limit may be out of date, and only its half is trusted.
    pub(super) fn entered(&mut self, in_flight: u32) -> bool {
        if in_flight >= self.allowed() {
            self.window.reach();
        }
        in_flight <= self.probe.unwrap_or((self.limit / 2).max(1))
    }

    /// Notes a call that found no slot.
    pub(super) const fn found_full(&mut self) {
        self.window.reach();
    }

    /// Learns from a call that ended at `now` and left so many `in_flight`.
    pub(super) fn ended(&mut self, call: &Completed<'_>, in_flight: u32, now: Timestamp) {
        let compared = match call.ended {
            LimitOutcome::Ignored => return,
            LimitOutcome::Dropped if !self.was_cut => return self.cut(in_flight),
            LimitOutcome::Dropped => None,
            LimitOutcome::Answered => {
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

    /// Cuts the limit after a drop. Further drops in the same window add nothing.
    fn cut(&mut self, in_flight: u32) {
        self.limit = (self.limit.saturating_mul(CUT_KEEPS) / CUT_OF).max(1);
        self.was_cut = true;
        self.probe = None;
        self.window.begin(in_flight);
    }

    /// Ends a window.
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

    fn adjust(&mut self, seen: WindowSummary) {
        let limit = f64::from(self.limit);
        let queued = limit * (1.0 - 1.0 / seen.ratio);
        let surely = limit * (1.0 - 1.0 / (seen.ratio - seen.error).max(1.0));
        if surely > SHRINK_ABOVE.max(limit * SHRINK_ABOVE_SHARE) {
            // One call may queue there: while the next one comes, the upstream has something to do.
            let enough = ((limit / seen.ratio) as u32).saturating_add(1);
            let step = (self.limit / SHRINK_PARTS).max(1);
            self.limit = self.limit.saturating_sub(step).max(enough).max(1);
        } else if self.window.is_reached() && queued < GROW_BELOW.max(limit * GROW_BELOW_SHARE) {
            let step = (self.limit / GROW_PARTS).max(1);
            self.limit = self.limit.saturating_add(step).min(self.most);
        }
    }

    /// Plans a probe if the baselines need one, at the end of a window that reached the limit.
    fn plan_probe(&mut self, seen: WindowSummary) {
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
