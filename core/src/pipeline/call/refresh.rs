//! Refreshes a stored response after the caller was answered: it was stale (RFC 5861, section 3), or nearly.
//!
//! The refresh runs in the name of a caller that was admitted just before, as a miss of that call would, and brings
//! only a response that any call of the same key would have brought. It waits for nobody: if another call fetches the
//! same, it ends.

use std::rc::Rc;

use super::routing::Offered;
use super::{StorageTarget, asked_of_others, entry_of, land};
use crate::access::admission::Context;
use crate::cache::flight::{self, Boarded, Lead};
use crate::cache::{self, Cache, Hit, RefreshEnd, Role, Terms, Tier, TierFault, Wanted};
use crate::dispatch::Dispatch;
use crate::dispatch::execute::CallTerms;
use crate::model::call::ToolCall;
use crate::ports::Platform;
use crate::telemetry::Record;
use crate::telemetry::metrics::IsolateCounters;
use crate::words::method::Method;
use crate::words::time::Timestamp;

/// The parts of the gateway that a refresh concerns.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefreshMechanisms<'p> {
    pub(super) cache: &'p Rc<Cache>,
    pub(super) dispatch: &'p Rc<Dispatch>,
    pub(super) counters: &'p Rc<IsolateCounters>,
}

/// A refresh that is due.
struct Refresh {
    offered: Offered,
    call: ToolCall<'static>,
    target: StorageTarget,
    /// The version of the epochs that the caller was admitted under, and the oldest that an entry may carry.
    epoch: u64,
    floor: u64,
    /// The time of storing of the entry to be replaced.
    stored_at: Timestamp,
    request_id: String,
}

/// Starts a refresh of the entry if it is due; unless one is under way, failed lately, or too many are under way.
pub(super) fn soon<P: Platform>(
    platform: &P,
    RefreshMechanisms { cache, dispatch, counters }: RefreshMechanisms<'_>,
    context: &Context<'_>,
    call: ToolCall<'_>,
    target: StorageTarget,
    hit: &Hit,
    record: &Record,
) {
    let time = dispatch.execute.timeout;
    if !hit.wants_refresh || !cache.refreshes.begin(&target.key, platform.now(), time) {
        return;
    }
    let (tenant, user) = (&context.caller.tenant, call.user.as_ref());
    let floor = super::floor_of(&cache.rules, context.held, tenant, user, &call.tool, &target);
    let offered = Offered::of(context, &call);
    let refresh = Refresh {
        offered,
        call: call.into_owned(),
        target,
        epoch: context.held.epochs.version,
        floor,
        stored_at: hit.entry.stored_at,
        request_id: record.request_id.clone(),
    };
    let (cache, dispatch, counters) = (Rc::clone(cache), Rc::clone(dispatch), Rc::clone(counters));
    let platform_ = platform.clone();
    platform.spawn(async move {
        let end = fetch(&platform_, &cache, &dispatch, &refresh).await;
        counters.count_refresh(end);
        cache.refreshes.ended(&refresh.target.key, end, platform_.now());
    });
}

async fn fetch<P: Platform>(platform: &P, cache: &Cache, dispatch: &Rc<Dispatch>, refresh: &Refresh) -> RefreshEnd {
    let Refresh { offered, call, target, epoch, floor, stored_at, request_id } = refresh;
    // No line is written of it: the record of the request that caused it has one.
    let mut record = Record::new(request_id.clone(), platform.now(), Method::Post);
    let StorageTarget { policy, key } = target;
    let wanted = Wanted {
        key,
        floor: *floor,
        farthest: Tier::farthest(policy.strategy, policy.whole_life()),
        terms: Terms { newer_than: Some(*stored_at), ..Terms::default() },
    };
    // Another isolate may have refreshed it already.
    let found = cache::look_up(platform, cache, &wanted, &mut record.degraded).await;
    if record.degraded.contains(&TierFault::WriteLost.name()) {
        // The next call that leaves a record reports it.
        cache.below.lost_a_write();
    }
    if found.is_ok() {
        return RefreshEnd::Elsewhere;
    }
    // The deadline has passed already, so that the refresh does not wait.
    let asked = asked_of_others(&cache.rules, call, wanted, *epoch, platform.now());
    let lead = match &asked {
        None => Lead::nobody(cache),
        Some(asked) => match flight::board(platform, cache, asked).await {
            (Boarded::Fly(lead), report) if report.role != Role::Released => lead,
            (Boarded::Fly(_) | Boarded::Served(..), _) => return RefreshEnd::Elsewhere,
        },
    };
    let terms = CallTerms::of_gateway(dispatch.execute.timeout, record.at);
    let work = offered.run(platform, dispatch, call, terms, &mut record);
    let (end, entry) = match lead.fly(platform, &call.tool.folded, work).await {
        Ok(ran) => match entry_of(platform, *epoch, *policy, &ran) {
            Some(entry) => (RefreshEnd::Stored, Some(entry)),
            None => (RefreshEnd::NotStorable, None),
        },
        Err(_) => (RefreshEnd::Failed, None),
    };
    land(platform, cache, lead, entry.map(|entry| (target, entry)), &mut record);
    end
}
