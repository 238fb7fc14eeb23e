//! Decisions that are made again after every wait.

use std::rc::Rc;

use crate::access::admission::{self, Admitted, Authority, Context, RequestScope, Requested};
use crate::access::epochs::EpochsView;
use crate::access::identity;
use crate::catalog::Current;
use crate::model::caller::Caller;
use crate::model::request::{Header, RequestHeaders};
use crate::pipeline::call::{self, CallOutcome, FailedCall};
use crate::pipeline::runtime::Running;
use crate::ports::Platform;
use crate::telemetry::Record;
use crate::words::action::Action;
use crate::words::refusal::Refusal;

/// Returns the inputs of admission.
pub(crate) fn context<'a>(
    rules: &'a admission::Rules,
    tools: &'a Current,
    caller: &'a Caller,
    authority: &'a Authority<'a>,
    held: &'a EpochsView,
) -> Context<'a> {
    let registry_is_incomplete = tools.is_incomplete();
    Context { rules, caller, authority, held, registry: &tools.registry, registry_is_incomplete }
}

/// Makes the repeated decisions of one request: again after every wait, under the epochs current then.
pub(crate) struct Guard<'a, P> {
    pub(crate) platform: &'a P,
    pub(crate) running: &'a Rc<Running>,
    pub(crate) scope: &'a RequestScope,
    pub(crate) action: Action,
    pub(crate) headers: &'a RequestHeaders,
}

impl<'a, P: Platform> Guard<'a, P> {
    /// Identifies the caller under the epochs that hold key revocations, and checks its right to the operation.
    pub(crate) async fn let_in(&self, record: &mut Record) -> Result<(Rc<Caller>, EpochsView), Refusal> {
        let Self { platform, running, headers, .. } = *self;
        let mut held = running.lease.hold(platform).await;
        record.epoch = Some(held.epochs.version);
        if !held.is_current() && !record.degraded.contains(&"epochs_unavailable") {
            record.degraded.push("epochs_unavailable");
        }
        let identified;
        (identified, held) =
            identity::driver::identify(platform, &running.identity, &running.lease, headers, held).await?;
        record.epoch = Some(held.epochs.version);
        let caller = identified.caller;
        record.tenant = Some(caller.tenant.clone());
        record.caller = Some(caller.id.clone());
        record.key = Some(identified.key);
        let authority = self.authority(&caller, record);
        let permitted = admission::permit(&running.admission, &caller, &authority, &held, self.scope);
        record.decided = authority.take_noted();
        permitted?;
        Ok((caller, held))
    }

    /// Admits the request, if this caller may make it.
    pub(crate) fn admit<'r>(
        &self,
        tools: &Current,
        caller: &Caller,
        held: &EpochsView,
        requested: &'r Requested<'_>,
        record: &mut Record,
    ) -> Result<Admitted<'r>, Refusal> {
        let authority = self.authority(caller, record);
        let context = context(&self.running.admission, tools, caller, &authority, held);
        let admitted = admission::admit(&context, requested);
        record.decided = authority.take_noted();
        admitted
    }

    /// Returns a fallback for the executor's failure, if there is one. The executor had to be waited for: earlier
    /// decisions are made again, and a caller that is no longer admitted gets the failure.
    pub(crate) async fn cover(
        &self,
        tools: &Current,
        requested: &Requested<'_>,
        unanswered: FailedCall,
        record: &mut Record,
    ) -> Result<CallOutcome, Refusal> {
        let FailedCall { refusal, stale, declared } = unanswered;
        if stale.is_none() && declared.is_none() {
            return Err(refusal);
        }
        let Ok((caller, held)) = self.let_in(record).await else { return Err(refusal) };
        if self.admit(tools, &caller, &held, requested, record).is_err() {
            return Err(refusal);
        }
        let kept =
            stale.and_then(|stale| stale.answer(self.platform, &self.running.cache.rules, &caller, &held, record));
        let declared = || declared.map(|value| call::declared_answer(self.platform, &value, record));
        kept.or_else(declared).ok_or(refusal)
    }

    /// Returns the authority that decisions on the request are made from.
    pub(crate) fn authority<'c>(&self, caller: &'c Caller, record: &Record) -> Authority<'c>
    where
        'a: 'c,
    {
        let Self { running, scope, action, headers, .. } = *self;
        let country = running.config.country_header.then(|| headers.get(Header::CfIpcountry)).flatten();
        Authority::new(&running.admission, caller, action, scope.project.as_ref(), record.at, country)
    }
}
