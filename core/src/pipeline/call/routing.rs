//! Chooses an executor for a call that missed the cache.

use std::hash::Hasher as _;
use std::rc::Rc;

use siphasher::sip::SipHasher13;

use crate::access::admission::{Context, check_equivalent};
use crate::backends::{Failed, Ran};
use crate::dispatch::Dispatch;
use crate::dispatch::circuits::driver as circuits;
use crate::dispatch::execute::{self, Arrival, CallTerms};
use crate::dispatch::plan::plan;
use crate::dispatch::route::{Rejection, RoutedCall};
use crate::model::call::ToolCall;
use crate::model::tool::Tool;
use crate::ports::Platform;
use crate::telemetry::Record;
use crate::words::names::{CallerId, TenantId, UserId};
use crate::words::refusal::RefusalKind;

/// The equivalents of a call's tool at other executors, each with the caller's admission to it.
#[derive(Debug)]
pub(super) struct Offered {
    others: Vec<(Rc<Tool>, Result<(), Rejection>)>,
    tenant: TenantId,
    /// A number of the caller and the user: the same for all their calls.
    whose: u64,
}

impl Offered {
    /// Returns the registry's equivalents of the call's tool, each with this caller's admission.
    pub(super) fn of(context: &Context<'_>, call: &ToolCall<'_>) -> Self {
        let admitted = |other: &Rc<Tool>| {
            let checked = check_equivalent(context, call, other);
            (Rc::clone(other), checked.map_err(|refusal| rejection(refusal.kind)))
        };
        let has_route = context.rules.routing.route_of(&call.tool.folded).is_some();
        let others = context.registry.equivalents(&call.tool).filter(|_| has_route).map(admitted).collect();
        let whose = if has_route { number_of(&context.caller.id, call.user.as_ref()) } else { 0 };
        Self { others, tenant: context.caller.tenant.clone(), whose }
    }

    /// Returns true if the call may be repeated without harm, whichever executor runs it.
    pub(super) fn is_repeatable(&self, call: &ToolCall<'_>) -> bool {
        call.is_repeatable() && self.others.iter().all(|(other, _)| other.is_repeatable())
    }

    /// Returns true if the call changes nothing, whichever executor runs it, as far as tools declare.
    pub(super) fn only_reads(&self, call: &ToolCall<'_>) -> bool {
        let only_reads = |tool: &Tool| tool.behavior.reads_only || tool.local.is_some();
        only_reads(&call.tool) && self.others.iter().all(|(other, _)| only_reads(other))
    }

    /// Chooses the executor, and has the call executed.
    ///
    /// # Errors
    /// [`Failed`], also if no executor could be asked.
    pub(super) async fn run<P: Platform>(
        &self,
        platform: &P,
        dispatch: &Rc<Dispatch>,
        call: &ToolCall<'_>,
        terms: CallTerms,
        record: &mut Record,
    ) -> Result<Ran, Failed> {
        let tools = std::iter::once(&call.tool).chain(self.others.iter().map(|(other, _)| other));
        let elsewhere = tools.filter(|tool| tool.local.is_none()).map(|tool| tool.executor);
        circuits::load_shared_state(platform, dispatch, elsewhere).await;
        let mut decision = match plan(platform, dispatch, &self.question(platform, call, terms)) {
            Ok(decision) => decision,
            Err((refusal, considered)) => {
                record.routed.considered = considered;
                return Err(Failed::refused(refusal, true));
            }
        };
        record.routed.strategy = Some(decision.strategy);
        record.routed.considered = std::mem::take(&mut decision.considered);
        let arrival = Arrival { request_id: &record.request_id, at: record.at };
        let (attempts, ended) = execute::run(platform, dispatch, call, &decision, terms, arrival).await;
        record.routed.attempts = attempts.log;
        if let Some(executor) = attempts.executor.and_then(|executor| dispatch.executors.get(executor)) {
            record.executor = Some(executor.id.clone());
        }
        record.routed.answered_by = attempts.executor.filter(|_| ended.is_ok());
        ended
    }

    fn question<'q, P: Platform>(&'q self, platform: &P, call: &'q ToolCall<'_>, terms: CallTerms) -> RoutedCall<'q> {
        let now = platform.now();
        let mut random = [0; 8];
        platform.fill(&mut random);
        RoutedCall {
            tool: &call.tool,
            others: &self.others,
            tenant: &self.tenant,
            whose: self.whose,
            percent: u8::try_from(u64::from_be_bytes(random) % 100).unwrap_or_default(),
            is_scheduled: call.run_at.is_some(),
            now,
            left: now.until(terms.deadline),
        }
    }
}

/// Returns the router's rejection for a refusal of the caller.
const fn rejection(kind: RefusalKind) -> Rejection {
    match kind {
        RefusalKind::Killed => Rejection::Killed,
        _ => Rejection::PolicyDenied,
    }
}

/// Returns a number that depends on nothing but the caller and the user: the same in every isolate, so without a
/// secret.
fn number_of(caller: &CallerId, user: Option<&UserId>) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(caller.as_str().as_bytes());
    hasher.write_u8(0);
    hasher.write(user.map_or("", UserId::as_str).as_bytes());
    hasher.finish()
}
