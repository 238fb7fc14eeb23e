//! How long the calls of each tool take where nothing waits: what delays are measured against.

use lru::LruCache;

use crate::words::limits::BULKHEAD_TOOLS;
use crate::words::time::Millis;

/// Added to every time before times are compared: clocks count in whole milliseconds, and 2 ms are no delay against 1 ms.
const GRAIN: f64 = 4.0;
/// From so many samples the median is taken as it is; later ones move it.
const YOUNG: usize = 7;
/// How far one calm call moves its tool's baseline, at least.
const STEP: f64 = 1.0 / 64.0;
/// The first ones move it further: this over how many there were.
const FIRST_STEPS: f64 = 0.5;

/// A moving median: each sample moves it by a fixed share, towards itself. However far away a sample lies, it counts no more
/// than another (stochastic approximation; Robbins and Monro 1951).
#[derive(Clone, Debug, Default)]
pub(super) struct Median {
    /// The first samples, in order.
    young: Vec<f64>,
    /// With [`GRAIN`]; zero before the first sample.
    value: f64,
    seen: u32,
}

impl Median {
    /// Takes a sample; `step` is the share by which it moves a median that is not young any more.
    pub(super) fn learn(&mut self, took: Millis, step: f64) {
        self.take(grained(took), step);
    }

    fn take(&mut self, sample: f64, step: f64) {
        self.seen = self.seen.saturating_add(1);
        let step = step.max(FIRST_STEPS / f64::from(self.seen));
        if self.young.len() < YOUNG {
            let place = self.young.partition_point(|earlier| *earlier < sample);
            self.young.insert(place, sample);
            // The lower one of two: of a tool that is sometimes slow, the first call may be such a one.
            let middle = self.young.len().saturating_sub(1) / 2;
            self.value = self.young.get(middle).copied().unwrap_or(sample);
        } else if sample > self.value {
            self.value = (self.value * (1.0 + step)).min(sample);
        } else {
            self.value = (self.value * (1.0 - step)).max(sample);
        }
    }

    /// The median; zero before the first sample.
    pub(super) fn get(&self) -> Millis {
        Millis::new((self.value - GRAIN).max(0.0).round() as u64)
    }
}

/// The baseline of each tool, the least recently called of which is forgotten first.
///
/// It is the median time of calm calls, which began where nothing could wait behind others of this isolate. It follows them
/// in both directions at the same slow pace, [`STEP`] a call. So an upstream that became slower for good is measured against
/// its new time after some hundred calls, and one that is only congested by us is not: under load, calls are calm in
/// probes alone, and these drain the queue first.
#[derive(Debug)]
pub(super) struct Baselines(LruCache<String, Median>);

/// A call's time beside its tool's baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Compared {
    /// How many times the baseline it took.
    pub(super) ratio: f64,
    /// The baseline, in ms.
    pub(super) baseline: f64,
}

impl Baselines {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self(LruCache::unbounded())
    }

    /// Compares a call of `tool`, and learns from it if it was calm. A tool that is not known is learnt from any call, as if
    /// without the delay that others have now: `delay` times their baselines.
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

    /// How many tools are known.
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
