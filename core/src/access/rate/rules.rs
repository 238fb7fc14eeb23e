//! Holds the operator's limits on the rate of requests.

use crate::state::rate::Pace;
use crate::words::choice::choice;
use crate::words::modes::FailMode;
use crate::words::names::{CallerId, LimitId, TenantId, ToolPattern};
use crate::words::time::Millis;

/// Holds the rate limits and their common rules.
#[derive(Clone, Debug)]
pub struct RateRules {
    /// The time for which an isolate can use the tokens that it was given.
    pub lease: Millis,
    /// The decision when the owner of a limit cannot be asked.
    pub fail_mode: FailMode,
    /// The limits: at most [`crate::words::limits::RATE_LIMITS`].
    pub limits: Vec<RateLimit>,
}

/// One rate limit.
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// The limit's id.
    pub id: LimitId,
    /// The pace of requests.
    pub pace: Pace,
    /// The parts that requests counted together have in common.
    pub per: Vec<RatePer>,
    /// The mode: enforced, or in dry run.
    pub mode: RateMode,
    /// The tools whose calls it applies to; empty for every request.
    pub tools: Vec<ToolPattern>,
    /// The tenants it applies to; empty for all.
    pub tenants: Vec<TenantId>,
    /// The callers it applies to; empty for all.
    pub callers: Vec<CallerId>,
    /// The limit as an item of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11, section 3).
    pub policy: String,
}

impl RateLimit {
    /// Returns whether only requests of one caller are counted together: then the number left is nobody else's affair.
    #[must_use]
    pub fn is_of_one_caller(&self) -> bool {
        self.per.contains(&RatePer::Caller)
    }
}

choice! {
    /// Names the parts that requests counted together have in common.
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
    /// Names the modes of a limit.
    pub enum RateMode {
        /// It refuses.
        Enforce = "enforce",
        /// It only reports, in the record and in the counters, the requests that it would have refused.
        DryRun = "dry_run",
    }
}
