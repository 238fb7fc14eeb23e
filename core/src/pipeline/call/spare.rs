//! An answer from before, where the executor failed (RFC 5861, section 4).

use std::rc::Rc;

use super::look::stored_outcome;
use super::{Outcome, Reply, answered_here, floor_of};
use crate::access::admission::Context;
use crate::access::epochs::Held;
use crate::cache::{CacheKey, CacheOutcome, Directives, Entry, Keep, Standing, Terms};
use crate::model::call::ToolCall;
use crate::model::caller::Caller;
use crate::model::tool::Tool;
use crate::pipeline::runtime::Running;
use crate::ports::Platform;
use crate::telemetry::Record;
use crate::words::names::{TenantId, UserId};
use crate::words::refusal::Refusal;

/// A call without an answer of its own.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// Why.
    pub(crate) refusal: Refusal,
    /// What may be answered instead.
    pub(crate) spare: Option<Box<Spare>>,
    /// What the operator declared to be answered where nobody answers: the JSON text of a value.
    pub(crate) declared: Option<Box<str>>,
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, spare: None, declared: None }
    }
}

/// The answer that the operator declared for where no executor gives one. It is nobody's output, so it is not kept, and says what it
/// is.
pub(crate) fn declared_answer<P: Platform>(platform: &P, value: &str, record: &mut Record) -> Outcome {
    record.degraded.push(STATIC_ANSWER);
    let output = ["{\"value\":", value, "}"].concat().into_bytes();
    let outcome = Outcome::of(Reply::Result(answered_here(platform, output, true)), record);
    Outcome { fallback: Some(STATIC_ANSWER), ..outcome }
}

/// The name of that fallback.
const STATIC_ANSWER: &str = "static_answer";

/// A kept answer that was past its time when the executor was asked.
#[derive(Debug)]
pub(crate) struct Spare {
    entry: Rc<Entry>,
    tenant: TenantId,
    tool: Rc<Tool>,
    user: Option<UserId>,
    keep: Keep,
    key: CacheKey,
    terms: Terms,
    /// The status that the executor failed with, if it gave one.
    status: Option<u16>,
}

impl Spare {
    /// What is kept for the call, which the executor failed with this status.
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

    /// The answer, for a caller that was admitted again after the executor had failed: that may have taken long, and what was
    /// revoked or invalidated meanwhile is not served.
    pub(crate) fn answer<P: Platform>(
        self,
        platform: &P,
        running: &Running,
        (caller, held): (&Caller, &Held),
        record: &mut Record,
    ) -> Option<Outcome> {
        let Self { entry, tenant, tool, user, keep, key, terms, status } = self;
        let floor = floor_of(&running.cache.rules, held, (&tenant, user.as_ref()), &tool, (keep, &key));
        let standing = terms.standing(&entry, platform.now(), floor);
        let is_due = matches!(standing, Standing::Fresh(_) | Standing::Stale | Standing::Spare);
        let may_be_served = is_due && held.is_current() && caller.tenant == tenant;
        may_be_served.then(|| {
            record.cache = CacheOutcome::StaleIfError;
            stored_outcome(platform, running, &entry, None, status, record)
        })
    }
}
