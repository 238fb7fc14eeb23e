//! The health of executors by an isolate's own calls: their times and their failures. No executor is ever asked for it.
//!
//! Counts live in two windows of [`limits::HEALTH_WINDOW`], the current one and the one before: older ones are
//! forgotten, so that an executor which was slow once is tried again.

mod budget;
mod latency;

use std::cell::RefCell;

pub(crate) use budget::Budget;
pub(crate) use latency::Latencies;

use crate::words::limits::{HEALTH_TOOLS, HEALTH_WINDOW};
use crate::words::maps::{LruMap, MapHasher};
use crate::words::time::{Millis, Timestamp};

/// Holds the health of one tool on one executor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToolHealth {
    /// Calls that ended, in the last one to two [`HEALTH_WINDOW`]s.
    pub calls: u32,
    /// Calls that failed by the executor's fault.
    pub failed: u32,
    /// Median time of the calls; `None` if none was answered.
    pub p50: Option<Millis>,
    /// 95th percentile of the times.
    pub p95: Option<Millis>,
}

impl ToolHealth {
    /// Returns the failed calls of a thousand.
    #[must_use]
    pub fn failed_per_mille(&self) -> u64 {
        u64::from(self.failed).saturating_mul(1_000).checked_div(u64::from(self.calls)).unwrap_or(0)
    }
}

/// Holds the health of every executor, as one isolate saw it.
#[derive(Debug)]
pub(crate) struct Health {
    executors: Vec<RefCell<OfExecutor>>,
}

#[derive(Debug)]
struct OfExecutor {
    tools: LruMap<Box<str>, OfTool>,
    retries: Budget,
    hedges: Budget,
}

#[derive(Debug, Default)]
struct OfTool {
    began: Timestamp,
    now: Counts,
    before: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    calls: u32,
    failed: u32,
    latencies: Latencies,
}

/// Classifies an attempt's outcome by its executor's part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HealthOutcome {
    /// An answer of a tool.
    Answered,
    /// A failure by the executor's fault.
    Failed,
    /// A timeout by the executor's fault: the call takes at least that long.
    TimedOut,
}

impl Health {
    /// Creates the health of so many executors, without any calls.
    pub(crate) fn new(executors: usize, hasher: MapHasher) -> Self {
        let of_none = || {
            RefCell::new(OfExecutor { tools: hasher.lru(), retries: Budget::of_retries(), hedges: Budget::of_hedges() })
        };
        Self { executors: std::iter::repeat_with(of_none).take(executors).collect() }
    }

    /// Counts an attempt that ended.
    pub(crate) fn ended(&self, executor: usize, tool: &str, took: Millis, ended: HealthOutcome, now: Timestamp) {
        let Some(executor) = self.executors.get(executor) else { return };
        let mut executor = executor.borrow_mut();
        if !executor.tools.contains(tool) {
            executor.tools.put(tool.into(), OfTool { began: now, ..OfTool::default() });
            if executor.tools.len() > HEALTH_TOOLS {
                executor.tools.pop_lru();
            }
        }
        let Some(of_tool) = executor.tools.get_mut(tool) else { return };
        of_tool.turn(now);
        let counts = &mut of_tool.now;
        counts.calls = counts.calls.saturating_add(1);
        counts.failed = counts.failed.saturating_add(u32::from(ended != HealthOutcome::Answered));
        // A call that fails at once is not fast.
        if ended != HealthOutcome::Failed {
            counts.latencies.note(took);
        }
    }

    /// Returns the health of a tool on an executor.
    pub(crate) fn seen(&self, executor: usize, tool: &str, now: Timestamp) -> ToolHealth {
        let Some(executor) = self.executors.get(executor) else { return ToolHealth::default() };
        let mut executor = executor.borrow_mut();
        let Some(of_tool) = executor.tools.get_mut(tool) else { return ToolHealth::default() };
        of_tool.turn(now);
        let OfTool { now, before, .. } = of_tool;
        let quantile = |percent| now.latencies.quantile(&before.latencies, percent);
        ToolHealth {
            calls: now.calls.saturating_add(before.calls),
            failed: now.failed.saturating_add(before.failed),
            p50: quantile(50),
            p95: quantile(95),
        }
    }

    /// Counts a call that an executor is asked to make, which adds `retry` and `hedge` percent of a call to its
    /// budgets.
    pub(crate) fn deposit(&self, executor: usize, retry: u8, hedge: u8) {
        if let Some(executor) = self.executors.get(executor) {
            let mut executor = executor.borrow_mut();
            executor.retries.deposit(retry);
            executor.hedges.deposit(hedge);
        }
    }

    /// Takes a retry at this executor from its budget; returns whether there was one.
    pub(crate) fn take_retry(&self, executor: usize) -> bool {
        self.executors.get(executor).is_some_and(|executor| executor.borrow_mut().retries.take())
    }

    /// Takes a hedge of a call at this executor from its budget; returns whether there was one.
    pub(crate) fn take_hedge(&self, executor: usize) -> bool {
        self.executors.get(executor).is_some_and(|executor| executor.borrow_mut().hedges.take())
    }
}

impl OfTool {
    /// Begins a new window once the current one is over.
    fn turn(&mut self, now: Timestamp) {
        let gone = now.since(self.began);
        // A clock that was set back makes a window longer, once.
        if gone < HEALTH_WINDOW {
            return;
        }
        let last = std::mem::take(&mut self.now);
        self.before = if gone < HEALTH_WINDOW.twice() { last } else { Counts::default() };
        self.began = now;
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
