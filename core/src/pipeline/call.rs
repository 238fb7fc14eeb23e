//! An admitted tool call: cache, route, execute, and the durable owners that learn its outcome.

mod described;
mod fallback;
mod look;
mod outcome;
mod refresh;
mod routing;

pub(crate) use described::{AnswerSource, StorageTarget};

use std::rc::Rc;

use crate::access::admission::{Context, check_arguments, check_rules};
use crate::access::epochs::EpochLease;
use crate::backends::{Failed, Failure, OutputKind, Ran};
use crate::cache::flight::{self, Boarded, Lead};
use crate::cache::{self, Bypass, Cache, CacheOutcome, CachePolicy, CacheRules, Directives, Entry, Wanted};
use crate::dispatch::Dispatch;
use crate::dispatch::execute::CallTerms;
use crate::model::call::ToolCall;
use crate::model::request;
use crate::model::tool::Tool;
use crate::pipeline::idempotency::{self, Claim, Claimed, Times};
use crate::pipeline::passthrough::begin_authorizations;
use crate::pipeline::runtime::Running;
use crate::ports::Platform;
use crate::state::epochs::{CacheScope, Change};
use crate::state::idempotency::AttemptOutcome;
use crate::telemetry::{CalledTool, Record};
use crate::tools::error::ToolError;
use crate::words::json::ObjectWriter;
use crate::words::limits;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

pub(crate) use fallback::{FailedCall, StaleFallback, declared_answer};
use look::{asked, asked_of_others, floor_of, key_for, look, not_cached, stored_outcome, wanted};
pub(crate) use outcome::{CacheStatus, CallOutcome, CallReply, Options, StoredStatus, ran_json, result_json};
use routing::Offered;

/// Makes the call. `again` admits it once more, after a wait for others that make the same call.
///
/// # Errors
/// The refusal of the first stage that cannot go on, with a fallback if there is one.
pub(crate) async fn run<P: Platform>(
    platform: &P,
    running: &Rc<Running>,
    context: &Context<'_>,
    call: ToolCall<'_>,
    options: Options<'_>,
    again: impl AsyncFn(&mut Record) -> Result<(), Refusal>,
    record: &mut Record,
) -> Result<CallOutcome, FailedCall> {
    let Options { directives, idempotency_key, terms, source } = options;
    note(context, &call, record);
    // The operator's rules on inputs come before the cache: a response is stored, and served, only for input that
    // fulfils them.
    if let Err(error) = check_rules(&running.config.inputs, &call.tool.folded, call.tool.name.tool(), &call.input) {
        record.cache = CacheOutcome::Bypass(Bypass::InputRefused);
        return Ok(bad_input(platform, record, &error));
    }

    // cache; a response to be replaced is not looked up, and no other call brings its replacement
    let kept = key_for(&running.cache.rules, context, &call, directives);
    let at = kept.as_ref().ok().filter(|_| source == AnswerSource::Anywhere);
    let wanted = at.map(|target| wanted(&running.cache.rules, context, &call, target, directives));
    record.cache = kept.as_ref().map_or_else(|bypass| CacheOutcome::Bypass(*bypass), |_| CacheOutcome::MissNotStored);
    let stale = match look(platform, &running.cache, wanted.as_ref(), record).await {
        Ok(hit) => {
            record.cache = hit.outcome;
            let outcome = stored_outcome(platform, &running.cache.rules, &hit.entry, hit.overruled, None, record);
            if let (Ok(kept), true) = (kept, may_run_besides(context, &call, idempotency_key)) {
                let Running { cache, dispatch, counters, .. } = running.as_ref();
                let parts = refresh::RefreshMechanisms { cache, dispatch, counters };
                refresh::soon(platform, parts, context, call, kept, &hit, record);
            }
            return Ok(outcome);
        }
        Err(_) if directives.only_if_cached => return Err(not_cached(record).into()),
        Err(stale) => stale,
    };

    let missed = MissedCall { kept: kept.as_ref().ok(), wanted, stale, directives, idempotency_key, terms };
    missed.run(platform, running, context, &call, again, record).await
}

/// A call that missed the cache.
struct MissedCall<'k> {
    /// The place for its response, if it may be stored.
    kept: Option<&'k StorageTarget>,
    /// Its look-up.
    wanted: Option<Wanted<'k>>,
    /// The stale response for an executor's failure.
    stale: Option<Rc<Entry>>,
    directives: Directives,
    idempotency_key: Option<&'k str>,
    terms: CallTerms,
}

impl MissedCall<'_> {
    /// Executes the call, once for all that miss the same key.
    async fn run<P: Platform>(
        self,
        platform: &P,
        running: &Rc<Running>,
        context: &Context<'_>,
        call: &ToolCall<'_>,
        again: impl AsyncFn(&mut Record) -> Result<(), Refusal>,
        record: &mut Record,
    ) -> Result<CallOutcome, FailedCall> {
        let Self { kept, wanted, stale, directives, idempotency_key, terms } = self;
        let offered = Offered::of(context, call);
        let is_repeatable = offered.is_repeatable(call);
        if call.tool.local.is_none()
            && let Err(error) = check_arguments(&call.tool, &call.input)
        {
            // A worker would refuse it too, a round trip later.
            return Ok(bad_input(platform, record, &error));
        }

        // idempotency
        let key = request::idempotency_key(idempotency_key)?.filter(|_| !is_repeatable);
        let claimed = match key {
            Some(key) => Some(claim(platform, &running.dispatch, context, call, key, terms.deadline).await?),
            None => None,
        };
        let claim = match claimed {
            Some(Claimed::Replay { status, body }) => {
                record.degraded.push("idempotent_replay");
                return Ok(CallOutcome::of(CallReply::Replayed { status, body }, record));
            }
            Some(Claimed::Go(claim)) => Some(claim),
            None => None,
        };

        // single flight
        let asked = wanted
            .and_then(|wanted| asked(&running.cache.rules, context, call, claim.as_ref(), wanted, terms.deadline));
        let lead = match &asked {
            None => Lead::nobody(&running.cache),
            Some(asked) => match board(platform, &running.cache, asked, record).await {
                Boarded::Served(entry, how) => {
                    record.cache = how;
                    return Ok(stored_outcome(platform, &running.cache.rules, &entry, None, None, record));
                }
                Boarded::Fly(lead) => lead,
            },
        };
        let has_waited = lead.has_waited() || claim.as_ref().is_some_and(Claim::has_waited);
        if has_waited && let Err(refusal) = again(record).await {
            lead.leave(platform);
            if let Some(claim) = claim {
                settle(platform, claim, AttemptOutcome::NotExecuted, record).await;
            }
            return Err(refusal.into());
        }

        // route, execute
        let work = offered.run(platform, &running.dispatch, call, terms, record);
        let ended = lead.fly(platform, &call.tool.folded, work).await;
        if may_have_changed_something(&running.cache.rules, call, offered.only_reads(call), &ended) {
            invalidate(platform, &running.lease, &running.cache.rules, context, call, record).await;
        }
        match ended {
            Ok(ran) => {
                let epoch = context.held.epochs.version;
                let landed = kept.and_then(|target| Some((target, entry_of(platform, epoch, target.policy, &ran)?)));
                land(platform, &running.cache, lead, landed, record);
                Ok(finish(platform, context, call, claim, ran, record).await?)
            }
            Err(failed) => {
                land(platform, &running.cache, lead, None, record);
                // The outcome of a claimed idempotency key is the real one, also when it is replayed.
                let stale = stale.filter(|_| claim.is_none() && failed.may_be_covered());
                let stale = stale.zip(kept).map(|(entry, target)| {
                    StaleFallback::new(entry, context, call, target.clone(), directives, failed.status)
                });
                let is_harmless = failed.surely_not_run || is_repeatable;
                let may_be_declared = claim.is_none() && failed.may_be_covered() && is_harmless;
                let declared = context.rules.routing.answer_of(&call.tool.folded);
                let declared = declared.filter(|_| may_be_declared).map(Box::from);
                let ended = fail(platform, is_repeatable, claim, failed, record).await;
                ended.map_err(|refusal| FailedCall { refusal, stale, declared })
            }
        }
    }
}

/// Looks for other calls that missed the same key, and notes the result in the record.
async fn board<'r, P: Platform>(
    platform: &P,
    cache: &'r Cache,
    asked: &flight::FlightRequest<'_>,
    record: &mut Record,
) -> Boarded<'r> {
    let (boarded, report) = flight::board(platform, cache, asked).await;
    record.note_flight(report);
    boarded
}

/// Notes the call in the record.
fn note(context: &Context<'_>, call: &ToolCall<'_>, record: &mut Record) {
    record.user.clone_from(&call.user);
    record.tool = Some(CalledTool::Registered(Rc::clone(&call.tool)));
    record.executor = context.rules.executors.get(call.tool.executor).map(|executor| executor.id.clone());
}

/// Returns the outcome of an invalid input, in the tool's own form, without asking an executor.
fn bad_input<P: Platform>(platform: &P, record: &mut Record, error: &ToolError) -> CallOutcome {
    record.tool_error = Some(error.kind.as_str().to_owned());
    let mut output = ObjectWriter::new();
    error.write_json(output.value("error"));
    CallOutcome::of(CallReply::Result(answered_here(platform, output.end(), false)), record)
}

/// Returns a result that no executor gave.
fn answered_here<P: Platform>(platform: &P, output: Vec<u8>, success: bool) -> Ran {
    Ran {
        output,
        success,
        duration: "0".to_owned(),
        finished_at: platform.now().to_string(),
        error_kind: None,
        retry_after: None,
        authorization: None,
        kind: OutputKind::Other,
        whole: None,
    }
}

/// Returns true if the tool may run again for a refresh. Not for a call that may run once only under its key: the same
/// key may come again, and find nothing stored.
fn may_run_besides(context: &Context<'_>, call: &ToolCall<'_>, idempotency_key: Option<&str>) -> bool {
    idempotency_key.is_none() || Offered::of(context, call).is_repeatable(call)
}

/// Claims the idempotency key of a call that could do harm if repeated.
async fn claim<P: Platform>(
    platform: &P,
    dispatch: &Dispatch,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    key: &str,
    deadline: Timestamp,
) -> Result<Claimed, Refusal> {
    // Past every deadline of the attempt itself.
    let lost_after = Millis::new(dispatch.execute.timeout.get().saturating_add(10_000));
    let times = Times { lost_after, patience: platform.now().until(deadline) };
    idempotency::claim(platform, context.caller, key, call, times).await
}

/// Returns true if the call may have changed other responses of its toolkit. Not if the tool declares that it only
/// reads, nor if the operator's rule makes it cacheable (a rule says that its answers are worth repeating), nor if it
/// is local.
fn may_have_changed_something(
    rules: &CacheRules,
    call: &ToolCall<'_>,
    only_reads: bool,
    ended: &Result<Ran, Failed>,
) -> bool {
    let surely_not_run = matches!(ended, Err(failed) if failed.surely_not_run);
    let has_rule = cache::cache_policy(rules, &call.tool).is_ok();
    !only_reads && !has_rule && !surely_not_run
}

/// Invalidates the same user's responses of this toolkit, and the tenant's shared ones, after a call that may have
/// changed something. Done before the caller is answered, so that it reads its own writes.
async fn invalidate<P: Platform>(
    platform: &P,
    lease: &EpochLease,
    rules: &CacheRules,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    record: &mut Record,
) {
    let toolkit = call.tool.toolkit_folded();
    let keeps = |tool: &Tool| cache::cache_policy(rules, tool).is_ok();
    if !context.registry.any_of_toolkit(toolkit, keeps) {
        return;
    }
    let (tenant, toolkit) = (context.caller.tenant.to_string(), toolkit.to_owned());
    let user = call.user.as_ref().map_or_else(String::new, |user| user.as_str().to_owned());
    let changes = vec![
        Change::Cache(CacheScope::ToolkitShared(tenant.clone(), toolkit.clone())),
        Change::Cache(CacheScope::ToolkitUser(tenant, toolkit, user)),
    ];
    if lease.advance(platform, changes).await.is_err() {
        record.degraded.push("invalidation_failed");
    }
}

/// Returns the entry to store and share; `None` for a result that nobody else may have.
fn entry_of<P: Platform>(platform: &P, epoch: u64, policy: CachePolicy, ran: &Ran) -> Option<Rc<Entry>> {
    let now = platform.now();
    let may_be_kept = ran.success && ran.kind == OutputKind::Value;
    may_be_kept.then(|| {
        Rc::new(Entry {
            output: ran.output.clone(),
            duration: ran.duration.clone(),
            finished_at: ran.finished_at.clone(),
            stored_at: now,
            expires_at: now.after(policy.ttl),
            stale_until: now.after(policy.whole_life()),
            epoch,
        })
    })
}

/// Stores the entry, and hands it to the calls that wait for it.
fn land<P: Platform>(
    platform: &P,
    cache: &Cache,
    lead: Lead<'_>,
    landed: Option<(&StorageTarget, Rc<Entry>)>,
    record: &mut Record,
) {
    if let Some((StorageTarget { policy, key }, entry)) = &landed {
        // First: a call that comes after the flight finds it there.
        cache::store(platform, cache, policy.strategy, key, entry, &mut record.degraded);
        record.cache = CacheOutcome::MissStored;
    }
    lead.land(platform, landed.map(|(target, entry)| (&target.key, entry)));
}

async fn finish<P: Platform>(
    platform: &P,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    claim: Option<Claim>,
    ran: Ran,
    record: &mut Record,
) -> Result<CallOutcome, Refusal> {
    record.tool_error.clone_from(&ran.error_kind);
    if let Some(claim) = claim {
        let body = ran_json(&record.request_id, &ran);
        let outcome = match ran.kind {
            // The same request is repeated once the user has consented.
            OutputKind::NeedsConsent => AttemptOutcome::NotExecuted,
            _ if body.len() > limits::IDEMPOTENT_ANSWER_BYTES => {
                record.degraded.push("idempotent_answer_too_large");
                AttemptOutcome::Unknown
            }
            _ => AttemptOutcome::Completed { status: 200, body: body.into_owned() },
        };
        settle(platform, claim, outcome, record).await;
    }
    if let Some(id) = &ran.authorization {
        // The answer stands even if its owner cannot be noted: the call can be repeated after consent.
        let ids = std::slice::from_ref(id);
        let executor = record.routed.answered_by.unwrap_or(call.tool.executor);
        if begin_authorizations(platform, context, executor, ids, record).await.is_err() {
            record.degraded.push("authorizations_left_out");
        }
    }
    Ok(CallOutcome::of(CallReply::Result(ran), record))
}

async fn settle<P: Platform>(platform: &P, claim: Claim, outcome: AttemptOutcome, record: &mut Record) {
    if idempotency::settle(platform, claim, outcome).await.is_err() {
        record.degraded.push("idempotency_not_settled");
    }
}

async fn fail<P: Platform>(
    platform: &P,
    is_repeatable: bool,
    claim: Option<Claim>,
    failed: Failed,
    record: &mut Record,
) -> Result<CallOutcome, Refusal> {
    if let Some(claim) = claim {
        let outcome = if failed.surely_not_run { AttemptOutcome::NotExecuted } else { AttemptOutcome::Unknown };
        settle(platform, claim, outcome, record).await;
    }
    let may_have_run = !failed.surely_not_run && !is_repeatable;
    match failed.failure {
        Failure::Answered(response) => {
            record.engine_refused = true;
            Ok(CallOutcome::of(CallReply::EngineRefused { response, may_have_run }, record))
        }
        Failure::Refused(refusal) => {
            // Busy, if the tool may have run, still means "do not repeat" where a repetition could do harm.
            let refusal = if may_have_run && refusal.kind == RefusalKind::UpstreamBusy {
                Refusal { retry_after: None, ..Refusal::with(RefusalKind::OutcomeUnknown, "the executor was busy") }
            } else {
                refusal
            };
            Err(refusal)
        }
    }
}
