//! Fallbacks for an executor's failure: a stale response (RFC 5861, section 4), or the operator's static answer.

use std::rc::Rc;

use super::look::stored_outcome;
use super::{Outcome, Reply, answered_here, floor_of};
use crate::access::admission::Context;

use crate::access::epochs::EpochsView;
use crate::cache::{CacheKey, CacheOutcome, CacheRules, Directives, Entry, Keep, Standing, Terms};
use crate::model::call::ToolCall;
use crate::model::caller::Caller;
use crate::model::tool::Tool;
use crate::ports::Platform;
use crate::telemetry::Record;
use crate::words::names::{TenantId, UserId};
use crate::words::refusal::Refusal;

/// A failed call, with its fallbacks.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// The refusal.
    pub(crate) refusal: Refusal,
    /// The stale response that may be served instead.
    pub(crate) spare: Option<Box<Spare>>,
    /// The operator's static answer: the JSON text of a value.
    pub(crate) declared: Option<Box<str>>,
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, spare: None, declared: None }
    }
}

/// Returns the operator's static answer to a call that no executor answered. It is nobody's output, so it is not
/// stored, and names itself a fallback.
pub(crate) fn declared_answer<P: Platform>(platform: &P, value: &str, record: &mut Record) -> Outcome {
    record.degraded.push(STATIC_ANSWER);
    let output = ["{\"value\":", value, "}"].concat().into_bytes();
    let outcome = Outcome::of(Reply::Result(answered_here(platform, output, true)), record);
    Outcome { fallback: Some(STATIC_ANSWER), ..outcome }
}

/// The name of the static fallback.
const STATIC_ANSWER: &str = "static_answer";

/// A stored response that was stale when the executor was asked.
#[derive(Debug)]
pub(crate) struct Spare {
    entry: Rc<Entry>,
    tenant: TenantId,
    tool: Rc<Tool>,
    user: Option<UserId>,
    keep: Keep,
    key: CacheKey,
    terms: Terms,
    /// The status of the executor's failure, if it gave one.
    status: Option<u16>,
}

impl Spare {
    /// Returns the fallback for a call that the executor failed with this status.
    pub(super) fn new(
        entry: Rc<Entry>,
        context: &Context<'_>,
        call: &ToolCall<'_>,
        (keep, key, directives): (Keep, CacheKey, Directives),
        status: Option<u16>,
    ) -> Box<Self> {
        let (tenant, terms) = (context.caller.tenant.clone(), Terms::of(keep.life, directives));
        let (tool, user) = (Rc::clone(&call.tool), call.user.clone());
        Box::new(Self { entry, tenant, tool, user, keep, key, terms, status })
    }

    /// Returns the stale response, for a caller that was admitted again after the executor had failed: that may have
    /// taken long, and a response that was revoked or invalidated meanwhile is not served.
    pub(crate) fn answer<P: Platform>(
        self,
        platform: &P,
        rules: &CacheRules,
        (caller, held): (&Caller, &EpochsView),
        record: &mut Record,
    ) -> Option<Outcome> {
        let Self { entry, tenant, tool, user, keep, key, terms, status } = self;
        let floor = floor_of(rules, held, (&tenant, user.as_ref()), &tool, (keep, &key));
        let standing = terms.standing(&entry, platform.now(), floor);
        let is_due = matches!(standing, Standing::Fresh(_) | Standing::Stale | Standing::Spare);
        let may_be_served = is_due && held.is_current() && caller.tenant == tenant;
        may_be_served.then(|| {
            record.cache = CacheOutcome::StaleIfError;
            stored_outcome(platform, rules, &entry, None, status, record)
        })
    }
}
