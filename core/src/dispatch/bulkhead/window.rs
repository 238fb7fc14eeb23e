//! The observations of an executor between two decisions about its limit.

use super::baseline::Compared;
use crate::words::time::{Millis, Timestamp};

/// Fewest calls that end in a window.
const CALLS: u32 = 16;
/// Fewest of these that were answered, for a verdict.
const ANSWERED: usize = 8;
/// Most ratios that a window holds: the last ones.
const RATIOS: usize = 64;
/// Factor from the distance of the quartiles to the standard error of a median, for a normal distribution: 1.2533
/// / 1.349.
const ERROR_OF_MEDIAN: f64 = 0.929;

/// A window of observations. After a change of the limit it begins once as many calls ended as were in flight then:
/// calls that began under the other limit say nothing about this one.
#[derive(Clone, Debug, Default)]
pub(super) struct ObservationWindow {
    /// Calls that have to end before it begins.
    unsettled: u32,
    /// The end of its first call.
    since: Option<Timestamp>,
    calls: u32,
    /// The last ratios, in no order.
    ratios: Vec<f64>,
    /// Number of answered calls, and the sum of their baselines in ms.
    answered: u32,
    baselines: f64,
    is_reached: bool,
}

/// Summarises the calls of a window, against their baselines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WindowSummary {
    /// The median of their ratios: a few slow calls do not move it.
    pub(super) ratio: f64,
    /// Its standard error.
    pub(super) error: f64,
}

impl ObservationWindow {
    /// Begins a new window, once `unsettled` calls have ended.
    pub(super) fn begin(&mut self, unsettled: u32) {
        let mut ratios = std::mem::take(&mut self.ratios);
        ratios.clear();
        *self = Self { unsettled, ratios, ..Self::default() };
    }

    /// Notes that the limit was reached.
    pub(super) const fn reach(&mut self) {
        self.is_reached = true;
    }

    /// Returns whether the limit was reached.
    pub(super) const fn is_reached(&self) -> bool {
        self.is_reached
    }

    /// Counts a call that ended, `None` without an answer; returns whether the window is over.
    pub(super) fn ended(&mut self, compared: Option<Compared>, now: Timestamp) -> bool {
        if self.unsettled > 0 {
            self.unsettled = self.unsettled.saturating_sub(1);
            return false;
        }
        // A clock that was set back restarts the window's time.
        let since = self.since.map_or(now, |since| since.min(now));
        self.since = Some(since);
        self.calls = self.calls.saturating_add(1);
        if let Some(Compared { ratio, baseline }) = compared {
            let place = usize::try_from(self.answered).unwrap_or(0) % RATIOS;
            match self.ratios.get_mut(place) {
                Some(oldest) => *oldest = ratio,
                None => self.ratios.push(ratio),
            }
            self.answered = self.answered.saturating_add(1);
            self.baselines += baseline;
        }
        let least = self.baselines / f64::from(self.answered.max(1));
        self.calls >= CALLS && now.since(since) >= Millis::new(least as u64)
    }

    /// Returns the verdict; `None` if too few calls were answered.
    pub(super) fn verdict(&mut self) -> Option<WindowSummary> {
        if self.ratios.len() < ANSWERED {
            return None;
        }
        self.ratios.sort_unstable_by(f64::total_cmp);
        let count = self.ratios.len();
        let at = |place: usize| self.ratios.get(place).copied().unwrap_or(1.0);
        let quartile = count / 4;
        let spread = at(count.saturating_sub(1).saturating_sub(quartile)) - at(quartile);
        let error = ERROR_OF_MEDIAN * spread / (count as f64).sqrt();
        let ratio = f64::midpoint(at(count.saturating_sub(1) / 2), at(count / 2));
        Some(WindowSummary { ratio, error })
    }
}
