//! Fallbacks for an executor's failure: a stale response (RFC 5861, section 4), or the operator's static answer.

use std::rc::Rc;

use super::look::stored_outcome;
use super::{CallOutcome, CallReply, StorageTarget, answered_here, floor_of};
use crate::access::admission::Context;
use crate::access::epochs::EpochsView;
use crate::cache::{CacheOutcome, CacheRules, Directives, Entry, Freshness, Terms};
use crate::model::call::ToolCall;
use crate::model::caller::Caller;
use crate::model::tool::Tool;
use crate::ports::Platform;
use crate::telemetry::Record;
use crate::words::json::ObjectWriter;
use crate::words::names::{TenantId, UserId};
use crate::words::refusal::Refusal;

/// A failed call, with its fallbacks.
#[derive(Debug)]
pub(crate) struct FailedCall {
    /// The refusal.
    pub(crate) refusal: Refusal,
    /// The stale response that may be served instead.
    pub(crate) stale: Option<Box<StaleFallback>>,
    /// The operator's static answer: the JSON text of a value.
    pub(crate) declared: Option<Box<str>>,
}

impl From<Refusal> for FailedCall {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, stale: None, declared: None }
    }
}

/// Returns the operator's static answer to a call that no executor answered. It is nobody's output, so it is not
/// stored, and names itself a fallback.
pub(crate) fn declared_answer<P: Platform>(platform: &P, value: &str, record: &mut Record) -> CallOutcome {
    record.degraded.push(STATIC_ANSWER);
    let mut output = ObjectWriter::new();
    output.json("value", value.as_bytes());
    let outcome = CallOutcome::of(CallReply::Result(answered_here(platform, output.end(), true)), record);
    CallOutcome { fallback: Some(STATIC_ANSWER), ..outcome }
}

/// The name of the static fallback.
const STATIC_ANSWER: &str = "static_answer";

/// A stored response that was stale when the executor was asked.
#[derive(Debug)]
pub(crate) struct StaleFallback {
    entry: Rc<Entry>,
    tenant: TenantId,
    tool: Rc<Tool>,
    user: Option<UserId>,
    target: StorageTarget,
    terms: Terms,
    /// The status of the executor's failure, if it gave one.
    status: Option<u16>,
}

impl StaleFallback {
    /// Returns the fallback for a call that the executor failed with this status.
    pub(super) fn new(
        entry: Rc<Entry>,
        context: &Context<'_>,
        call: &ToolCall<'_>,
        target: StorageTarget,
        directives: Directives,
        status: Option<u16>,
    ) -> Box<Self> {
        let (tenant, terms) = (context.caller.tenant.clone(), Terms::of(target.policy.life, directives));
        let (tool, user) = (Rc::clone(&call.tool), call.user.clone());
        Box::new(Self { entry, tenant, tool, user, target, terms, status })
    }

    /// Returns the stale response, for a caller that was admitted again after the executor had failed: that may have
    /// taken long, and a response that was revoked or invalidated meanwhile is not served.
    pub(crate) fn answer<P: Platform>(
        self,
        platform: &P,
        rules: &CacheRules,
        caller: &Caller,
        held: &EpochsView,
        record: &mut Record,
    ) -> Option<CallOutcome> {
        let Self { entry, tenant, tool, user, target, terms, status } = self;
        let floor = floor_of(rules, held, &tenant, user.as_ref(), &tool, &target);
        let freshness = terms.freshness(&entry, platform.now(), floor);
        let is_due =
            matches!(freshness, Freshness::Fresh(_) | Freshness::StaleWhileRevalidate | Freshness::StaleIfError);
        let may_be_served = is_due && held.is_current() && caller.tenant == tenant;
        may_be_served.then(|| {
            record.cache = CacheOutcome::StaleIfError;
            stored_outcome(platform, rules, &entry, None, status, record)
        })
    }
}
