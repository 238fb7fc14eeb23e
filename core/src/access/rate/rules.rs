//! Holds the operator's limits on the rate of requests.

use crate::state::rate::Pace;
use crate::words::choice::choice;
use crate::words::modes::FailMode;
use crate::words::names::{CallerId, LimitId, TenantId, ToolPattern};
use crate::words::time::Millis;

/// Limits how many requests there may be.
#[derive(Clone, Debug)]
pub struct RateRules {
    /// The time for which tokens that an isolate was given can be used.
    pub lease: Millis,
    /// The decision when the owner of a limit cannot be asked.
    pub fail_mode: FailMode,
    /// The limits: at most [`crate::words::limits::RATE_LIMITS`].
    pub limits: Vec<RateLimit>,
}

/// Describes one limit.
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// Its name.
    pub id: LimitId,
    /// The pace of requests.
    pub pace: Pace,
    /// The parts that requests which are counted together agree in.
    pub per: Vec<RatePer>,
    /// Whether it refuses.
    pub mode: RateMode,
    /// The tools whose calls it is about; empty for every request.
    pub tools: Vec<ToolPattern>,
    /// The tenants it is about; empty for all.
    pub tenants: Vec<TenantId>,
    /// The callers it is about; empty for all.
    pub callers: Vec<CallerId>,
    /// The limit as an item of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11, section 3).
    pub policy: String,
}

impl RateLimit {
    /// Returns whether only requests of one caller are counted together: then how many are left is nobody else's
    /// affair.
    #[must_use]
    pub fn is_of_one_caller(&self) -> bool {
        self.per.contains(&RatePer::Caller)
    }
}

choice! {
    /// Names what requests that are counted together have in common.
    pub enum RatePer {
        /// The caller.
        Caller = "caller",
        /// The tenant.
        Tenant = "tenant",
        /// The tool.
        Tool = "tool",
    }
}

choice! {
    /// Says whether a limit refuses.
    pub enum RateMode {
        /// It refuses.
        Enforce = "enforce",
        /// It only says in the record, and in the counters, what it would have refused.
        DryRun = "dry_run",
    }
}
