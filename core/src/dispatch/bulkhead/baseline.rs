//! The baseline of each tool: the usual time of its calls without queueing, against which delays are measured.

use crate::words::limits::BULKHEAD_TOOLS;
use crate::words::maps::{LruMap, MapHasher};
use crate::words::time::Millis;

/// Added to every time before times are compared: clocks count in whole milliseconds, and 2 ms are no delay against
/// 1 ms.
const GRAIN: f64 = 4.0;
/// Number of samples of which the exact median is taken; later ones move it.
const YOUNG: usize = 7;
/// Least share by which one calm call moves its tool's baseline.
const STEP: f64 = 1.0 / 64.0;
/// Share by which early samples move it, over the number of samples so far.
const FIRST_STEPS: f64 = 0.5;

/// A moving median: each sample moves it by a fixed share, towards itself. However far away a sample lies, it counts no
/// more than another (stochastic approximation; Robbins and Monro 1951).
#[derive(Clone, Debug, Default)]
pub(super) struct Median {
    /// The first samples, in order.
    young: Vec<f64>,
    /// The median, with [`GRAIN`]; zero before the first sample.
    value: f64,
    seen: u32,
}

impl Median {
    /// Takes a sample; `step` is the share by which it moves a median that has enough samples.
    pub(super) fn learn(&mut self, took: Millis, step: f64) {
        self.take(grained(took), step);
    }

    fn take(&mut self, sample: f64, step: f64) {
        self.seen = self.seen.saturating_add(1);
        let step = step.max(FIRST_STEPS / f64::from(self.seen));
        if self.young.len() < YOUNG {
            let place = self.young.partition_point(|earlier| *earlier < sample);
            self.young.insert(place, sample);
            // The lower of two middle samples: of a tool that is sometimes slow, the first call may be a slow one.
            let middle = self.young.len().saturating_sub(1) / 2;
            self.value = self.young.get(middle).copied().unwrap_or(sample);
        } else if sample > self.value {
            self.value = (self.value * (1.0 + step)).min(sample);
        } else {
            self.value = (self.value * (1.0 - step)).max(sample);
        }
    }

    /// Returns the median; zero before the first sample.
    pub(super) fn get(&self) -> Millis {
        Millis::new((self.value - GRAIN).max(0.0).round() as u64)
    }
}

/// Holds the baseline of each tool; the least recently called is forgotten first.
///
/// A baseline is the median time of calm calls, which began where nothing could queue behind others of this isolate. It
/// follows them in both directions at the same slow pace, [`STEP`] a call. So an upstream that became slower for good
/// is measured against its new time after some hundred calls, and one that is only congested by us is not: under load,
/// calls are calm in probes alone, and these drain the queue first.
#[derive(Debug)]
pub(super) struct Baselines(LruMap<String, Median>);

/// A call's time compared with its tool's baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Compared {
    /// The call's time as a multiple of the baseline.
    pub(super) ratio: f64,
    /// The baseline, in ms.
    pub(super) baseline: f64,
}

impl Baselines {
    /// Creates an empty table.
    pub(super) fn new(hasher: MapHasher) -> Self {
        Self(hasher.lru())
    }

    /// Compares a call of `tool`, and learns from it if it was calm. An unknown tool is learned from any call, less the
    /// current delay of other tools: `delay` times their baselines.
    pub(super) fn compare(&mut self, tool: &str, took: Millis, is_calm: bool, delay: f64) -> Compared {
        let sample = grained(took);
        if !self.0.contains(tool) && self.0.len() >= BULKHEAD_TOOLS {
            self.0.pop_lru();
        }
        let median = self.0.get_or_insert_mut_ref(tool, Median::default);
        if is_calm {
            median.take(sample, STEP);
        } else if median.young.is_empty() {
            median.take((sample / delay.max(1.0)).max(GRAIN), STEP);
        }
        Compared { ratio: sample / median.value.max(GRAIN), baseline: (median.value - GRAIN).max(0.0) }
    }

    /// Returns the number of known tools.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn grained(took: Millis) -> f64 {
    took.get() as f64 + GRAIN
}

#[cfg(test)]
#[path = "baseline_tests.rs"]
mod tests;
