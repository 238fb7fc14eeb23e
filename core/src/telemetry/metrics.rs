//! Counters: an isolate's counts since its last report to the owner of the sums.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use super::savings::{self, Savings, decimal};
use super::{CalledTool, Record};
use crate::access::rate::Rates;
use crate::backends::Executor;
use crate::cache::{RefreshEnd, Role};
use crate::dispatch::execute::Attempted;
use crate::dispatch::route::Considered;
use crate::ports::{DurableError, Platform};
use crate::state::{self, StateCommand, StateReply, counters as sums_state};
use crate::words::limits;
use crate::words::time::{Millis, Timestamp};

/// The durable key of the sums' owner.
const OWNER: &str = "counters";

/// The series for the time of attempts at the owner of the sums, by executor.
const ATTEMPT_MS: &str = "attempt_ms";

/// Upper bounds of the duration histogram's buckets, in milliseconds.
const BUCKETS_MS: [u64; 11] = [1, 2, 5, 10, 25, 50, 100, 250, 1_000, 5_000, 30_000];

/// One series: its labels are closed enums and indices of configured executors, so their number is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Series {
    Requests { operation: &'static str, outcome: &'static str },
    Cache { outcome: &'static str },
    CacheForward { why: &'static str },
    CacheRefresh { end: &'static str },
    Flight { role: &'static str },
    Degraded { name: &'static str },
    DryRun { verdict: &'static str },
    DurationBucket { le_ms: u64 },
    DurationSumMs,
    Attempts { executor: usize, why: &'static str, outcome: &'static str },
    AttemptMs { executor: usize },
    PassedOver { executor: usize, why: &'static str },
}

/// Counts an isolate's events until they are reported to the owner of the sums.
#[derive(Debug)]
pub struct IsolateCounters {
    /// The executors that series refer to by index.
    executors: Rc<[Executor]>,
    /// The rate limits, which keep their own counts.
    rates: Rc<Rates>,
    counted: RefCell<BTreeMap<Series, u64>>,
    savings: Savings,
    /// The end of the report job; another may be started after it, in case it was cut off.
    flushing_until: Cell<Timestamp>,
}

impl IsolateCounters {
    /// Starts with nothing counted.
    pub(crate) fn new(executors: Rc<[Executor]>, rates: Rc<Rates>) -> Self {
        let (counted, flushing_until) = (RefCell::default(), Cell::default());
        Self { executors, rates, counted, savings: Savings::default(), flushing_until }
    }

    /// Counts one request.
    pub(crate) fn count(&self, record: &Record, took: Millis) {
        let mut counted = self.counted.borrow_mut();
        let mut add = |series, by: u64| {
            let sum = counted.entry(series).or_insert(0);
            *sum = sum.saturating_add(by);
        };
        add(Series::Requests { operation: record.operation, outcome: record.outcome() }, 1);
        if record.tool.is_some() {
            add(Series::Cache { outcome: record.cache.name() }, 1);
            if let Some(forward) = record.forward {
                add(Series::CacheForward { why: forward.name() }, 1);
            }
            if record.flight != Role::None {
                add(Series::Flight { role: record.flight.name() }, 1);
            }
        }
        if let (Some(saved), Some(CalledTool::Registered(tool))) = (record.saved, &record.tool) {
            self.savings.add(&tool.folded, saved);
        }
        for name in &record.degraded {
            add(Series::Degraded { name }, 1);
        }
        if let Some((verdict, _)) = &record.decided.would {
            add(Series::DryRun { verdict }, 1);
        }
        for &Attempted { executor, why, took, outcome, .. } in &record.routed.attempts {
            add(Series::Attempts { executor, why: why.name(), outcome }, 1);
            add(Series::AttemptMs { executor }, took.get());
        }
        for &Considered { executor, rejection, .. } in &record.routed.considered {
            if let Some(rejection) = rejection {
                add(Series::PassedOver { executor, why: rejection.name() }, 1);
            }
        }
        let bucket = BUCKETS_MS.into_iter().find(|bound| took.get() <= *bound).unwrap_or(u64::MAX);
        add(Series::DurationBucket { le_ms: bucket }, 1);
        add(Series::DurationSumMs, took.get());
    }

    /// Counts one background refresh of a stored response.
    pub(crate) fn count_refresh(&self, end: RefreshEnd) {
        let mut counted = self.counted.borrow_mut();
        let sum = counted.entry(Series::CacheRefresh { end: end.name() }).or_insert(0);
        *sum = sum.saturating_add(1);
    }

    fn take(&self) -> Vec<(String, u64)> {
        let counted = std::mem::take(&mut *self.counted.borrow_mut());
        let counted = counted.into_iter().map(|(series, by)| (series_name(series, &self.executors), by));
        let of_limits = self.rates.take_counts().map(|(limit, fared, count)| {
            (format!("toolgate_rate_total{{limit=\"{limit}\",outcome=\"{}\"}}", fared.name()), count)
        });
        counted.chain(self.savings.take()).chain(of_limits).collect()
    }
}

fn series_name(series: Series, executors: &[Executor]) -> String {
    let id = |place: usize| executors.get(place).map_or("", |executor| executor.id.as_str());
    match series {
        Series::Requests { operation, outcome } => {
            format!("toolgate_requests_total{{operation=\"{operation}\",outcome=\"{outcome}\"}}")
        }
        Series::Cache { outcome } => format!("toolgate_cache_total{{outcome=\"{outcome}\"}}"),
        Series::CacheForward { why } => format!("toolgate_cache_forward_total{{why=\"{why}\"}}"),
        Series::CacheRefresh { end } => format!("toolgate_cache_refresh_total{{end=\"{end}\"}}"),
        Series::Flight { role } => format!("toolgate_flight_total{{role=\"{role}\"}}"),
        Series::Degraded { name } => format!("toolgate_degraded_total{{name=\"{name}\"}}"),
        Series::DryRun { verdict } => format!("toolgate_policy_dry_run_total{{would=\"{verdict}\"}}"),
        // Not cumulative while stored: `exposition` adds the buckets up.
        Series::DurationBucket { le_ms } => format!("bucket {le_ms}"),
        Series::DurationSumMs => "duration_sum_ms".to_owned(),
        Series::Attempts { executor, why, outcome } => {
            let executor = id(executor);
            format!("toolgate_executor_attempts_total{{executor=\"{executor}\",why=\"{why}\",outcome=\"{outcome}\"}}")
        }
        // Exposed in base units.
        Series::AttemptMs { executor } => format!("{ATTEMPT_MS}{{executor=\"{}\"}}", id(executor)),
        Series::PassedOver { executor, why } => {
            format!("toolgate_executor_passed_over_total{{executor=\"{}\",why=\"{why}\"}}", id(executor))
        }
    }
}

/// Reports the counts to the owner, a little later, so that many requests cost one call. Called after every response.
pub(crate) fn flush_soon<P: Platform>(platform: &P, counters: &Rc<IsolateCounters>) {
    let now = platform.now();
    if now < counters.flushing_until.get() {
        return;
    }
    let delay = limits::COUNTERS_DELAY.min(P::GRACE);
    counters.flushing_until.set(now.after(delay).after(limits::COUNTERS_DELAY));
    let (platform_, counters) = (platform.clone(), Rc::clone(counters));
    platform.spawn(async move {
        platform_.sleep(delay).await;
        // From here on, new counts need a job of their own.
        counters.flushing_until.set(Timestamp::default());
        // Counts that the owner did not take are lost: they must not be counted twice.
        let _lost = add(&platform_, &counters).await;
    });
}

async fn add<P: Platform>(platform: &P, counters: &IsolateCounters) -> Result<(), DurableError> {
    let counted = counters.take();
    if counted.is_empty() {
        return Ok(());
    }
    state::apply(platform, OWNER, &StateCommand::Counters(sums_state::Command::Add(counted))).await.map(|_| ())
}

/// Returns all sums in the Prometheus text format (version 0.0.4).
///
/// # Errors
/// [`DurableError`] when their owner could not be asked.
pub(crate) async fn exposition<P: Platform>(platform: &P, counters: &IsolateCounters) -> Result<String, DurableError> {
    sums(platform, counters).await.map(|sums| write_exposition(&sums))
}

/// Returns all sums by series, with this isolate's own counts included.
///
/// # Errors
/// As [`exposition`].
pub(crate) async fn sums<P: Platform>(
    platform: &P,
    counters: &IsolateCounters,
) -> Result<Vec<(String, u64)>, DurableError> {
    add(platform, counters).await?;
    match state::apply(platform, OWNER, &StateCommand::Counters(sums_state::Command::Read)).await? {
        StateReply::Counters(sums_state::Reply::Sums(sums)) => Ok(sums),
        _ => Err(DurableError::Unavailable),
    }
}

const FAMILIES: [(&str, &str); 10] = [
    ("toolgate_requests_total", "Requests, by what was asked for and how it ended."),
    ("toolgate_cache_total", "Tool calls, by how they met the cache."),
    ("toolgate_cache_forward_total", "Tool calls that the cache could not answer, by why."),
    ("toolgate_cache_refresh_total", "Background refreshes of responses, by outcome."),
    ("toolgate_flight_total", "Tool calls, by what they were to others that missed the same key."),
    ("toolgate_rate_total", "Requests that a rate limit was about, by limit and how they fared."),
    ("toolgate_degraded_total", "What went wrong beside an answer."),
    ("toolgate_policy_dry_run_total", "Decisions that policies in dry run would have made otherwise."),
    ("toolgate_executor_attempts_total", "Calls made to executors, by why they were made and how they ended."),
    ("toolgate_executor_passed_over_total", "Tool calls for which an executor was not asked, by why."),
];

fn write_exposition(sums: &[(String, u64)]) -> String {
    let mut text = String::new();
    for (family, help) in FAMILIES {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "# HELP {family} {help}\n# TYPE {family} counter\n");
        for (series, sum) in sums.iter().filter(|(series, _)| series.split('{').next() == Some(family)) {
            let _infallible = writeln!(text, "{series} {sum}");
        }
    }
    write_attempt_time(&mut text, sums);
    savings::write_exposition(&mut text, sums);
    let of = |name: &str| sums.iter().find(|(series, _)| series == name).map_or(0, |(_, sum)| *sum);
    let family = "toolgate_request_duration_seconds";
    let _infallible =
        write!(text, "# HELP {family} Time from a request's arrival to its answer.\n# TYPE {family} histogram\n");
    let mut cumulative = 0_u64;
    for bound in BUCKETS_MS {
        cumulative = cumulative.saturating_add(of(&format!("bucket {bound}")));
        let _infallible = writeln!(text, "{family}_bucket{{le=\"{}\"}} {cumulative}", seconds(bound));
    }
    let count = cumulative.saturating_add(of(&format!("bucket {}", u64::MAX)));
    let _infallible = write!(
        text,
        "{family}_bucket{{le=\"+Inf\"}} {count}\n{family}_sum {}\n{family}_count {count}\n",
        seconds(of("duration_sum_ms"))
    );
    text
}

fn write_attempt_time(text: &mut String, sums: &[(String, u64)]) {
    let family = "toolgate_executor_attempt_seconds_total";
    let _infallible =
        write!(text, "# HELP {family} Time that calls made to executors took.\n# TYPE {family} counter\n");
    for (labels, sum) in sums.iter().filter_map(|(series, sum)| Some((series.strip_prefix(ATTEMPT_MS)?, *sum))) {
        let _infallible = writeln!(text, "{family}{labels} {}", seconds(sum));
    }
}

/// Formats milliseconds as decimal seconds: `0.005`, `30`.
fn seconds(ms: u64) -> String {
    decimal(ms, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_told_by_executor_in_base_units() {
        let sums = [
            ("attempt_ms{executor=\"a\"}", 1_250),
            ("toolgate_executor_attempts_total{executor=\"a\",why=\"first\",outcome=\"ok\"}", 3),
            ("toolgate_executor_passed_over_total{executor=\"b\",why=\"circuit_open\"}", 2),
        ];
        let text = write_exposition(&sums.map(|(name, sum)| (name.to_owned(), sum)));
        for line in [
            "toolgate_executor_attempt_seconds_total{executor=\"a\"} 1.25",
            "toolgate_executor_attempts_total{executor=\"a\",why=\"first\",outcome=\"ok\"} 3",
            "toolgate_executor_passed_over_total{executor=\"b\",why=\"circuit_open\"} 2",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line} in {text}");
        }
        assert!(!text.contains("attempt_ms"), "{text}");
    }

    #[test]
    fn writes_cumulative_buckets() {
        let sums = [("bucket 1", 2), ("bucket 5", 1), ("bucket 18446744073709551615", 4), ("duration_sum_ms", 1_500)];
        let sums: Vec<_> = sums.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect();
        let text = write_exposition(&sums);
        for line in
            ["_bucket{le=\"0.001\"} 2", "_bucket{le=\"0.005\"} 3", "_bucket{le=\"+Inf\"} 7", "_sum 1.5", "_count 7"]
        {
            assert!(text.contains(&format!("toolgate_request_duration_seconds{line}\n")), "{line} in {text}");
        }
    }
}
