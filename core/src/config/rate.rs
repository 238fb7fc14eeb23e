//! The section `[rate]`: the rate limits and their subjects.

use super::document::{Located, document};
use super::faults::ConfigFault;
use crate::access::rate::{RateLimit, RateMode, RatePer, RateRules};
use crate::state::rate::Pace;
use crate::words::limits::{LEASE_MAX, RATE_LEASE_MIN, RATE_LIMITS, RATE_REQUESTS_MAX, RATE_WINDOW_MAX};
use crate::words::modes::FailMode;
use crate::words::names::{CallerId, LimitId, TenantId, ToolPattern};
use crate::words::time::{Millis, write_number};

document! { default
    /// Rate limits on requests.
    pub(super) struct RateSection {
        /// Lifetime of the tokens that an isolate is granted, 200ms to 10s. Longer: fewer questions to the owner. Shorter: a smaller overshoot.
        lease: Millis = Millis::from_secs(2), in (RATE_LEASE_MIN, LEASE_MAX);
        /// The decision when the owner of a limit cannot be asked: "closed" refuses, "open" admits; the record names it either way.
        fail_mode: FailMode = FailMode::Closed;
        /// The limits, at most 16. A request must pass each that applies to it.
        limits: Vec<Located<LimitSection>> = Vec::new();
    }
}

document! {
    /// A limit on the rate of requests.
    pub(super) struct LimitSection {
        /// Its name in refusals, headers, records and counters.
        id: LimitId;
        /// The key of the count: caller, tenant, tool, or several of these; [] counts all requests together.
        per: Vec<RatePer>;
        /// Requests in each window, on the long run.
        requests: u64, in (1, RATE_REQUESTS_MAX);
        /// The window, in whole seconds, at most 1d.
        window: Millis, in (Millis::from_secs(1), RATE_WINDOW_MAX);
        /// Requests at once after a time without any; as requests, if absent.
        burst: Option<u64>;
        /// The mode: "enforce", or "dry_run", where a refusal is only recorded and counted.
        mode: RateMode = RateMode::Enforce;
        /// The tools whose calls it counts: "*", "Toolkit.*" or "Toolkit.Tool"; [] for requests of every kind.
        tools: Vec<ToolPattern> = Vec::new();
        /// The tenants it applies to; [] for all.
        tenants: Vec<TenantId> = Vec::new();
        /// The callers it applies to; [] for all.
        callers: Vec<CallerId> = Vec::new();
    }
}

/// Builds the rules from the section.
pub(super) fn rules(section: RateSection, found: &mut Vec<ConfigFault>) -> RateRules {
    let RateSection { lease, fail_mode, limits } = section;
    if let Some(first) = limits.get(RATE_LIMITS) {
        fault(found, first.line, "rate.limits", &format!("are more than {RATE_LIMITS}"));
    }
    let limits = limits.into_iter().map(|Located { value, line }| limit(value, line, found)).collect();
    RateRules { lease, fail_mode, limits }
}

#[inline(never)]
fn limit(section: LimitSection, line: usize, found: &mut Vec<ConfigFault>) -> RateLimit {
    let LimitSection { id, per, requests, window, burst, mode, tools, tenants, callers } = section;
    let place = format!("rate.limits.{id}");
    if window.get() % 1_000 != 0 {
        fault(found, line, &place, "window must be whole seconds: the headers can say no other");
    }
    let burst = burst.unwrap_or(requests);
    if burst == 0 || burst > RATE_REQUESTS_MAX {
        fault(found, line, &place, &format!("burst must be from 1 to {RATE_REQUESTS_MAX}"));
    }
    if per.iter().enumerate().any(|(index, one)| per.iter().take(index).any(|other| other == one)) {
        fault(found, line, &place, "per names the same twice");
    }
    // An id has no character that a string of structured fields must escape (RFC 9651, section 3.3.3).
    let mut policy = ["\"", id.as_str(), "\";q="].concat().into_bytes();
    write_number(&mut policy, requests);
    policy.extend_from_slice(b";w=");
    write_number(&mut policy, window.as_secs_ceil());
    let policy = String::from_utf8(policy).unwrap_or_default();
    RateLimit { id, pace: Pace { requests, window, burst }, per, mode, tools, tenants, callers, policy }
}

fn fault(found: &mut Vec<ConfigFault>, line: usize, place: &str, message: &str) {
    found.push(ConfigFault { line: Some(line), place: place.to_owned(), message: message.to_owned() });
}
