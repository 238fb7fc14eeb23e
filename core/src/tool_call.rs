//! An admitted tool call: cache, route, execute, and what has to be told afterwards.

mod described;

pub(crate) use described::{Place, Source};

use std::borrow::Cow;
use std::rc::Rc;

use crate::admission::{self, Context, ToolCall, check_arguments, check_rules};
use crate::cache::flight::{self, Asked, Boarded, Lead};
use crate::cache::{self, Bypass, CacheKey, CacheOutcome, Entry, Keep, KeyParts, Saved, Wanted};
use crate::config::{CacheScopeChoice, ExecutorKind};
use crate::engine_call::begin_authorizations;
use crate::epochs;
use crate::execute::{self, Failed, Failure, Ran, Says};
use crate::idempotency::{self, Claim, Claimed};
use crate::isolate::Running;
use crate::limits;
use crate::ports::{OriginResponse, Platform};
use crate::record::{CalledTool, Record};
use crate::refusal::{Refusal, RefusalKind};
use crate::request::{Header, Request};
use crate::response::{Answer, cache_status, execute_body, ran_body};
use crate::route;
use crate::state::epochs::{CacheScope, Change, Covered};
use crate::state::idempotency::Outcome;
use crate::time::Millis;
use crate::tools::error::ToolError;

/// Answers the call.
///
/// # Errors
/// The refusal of the first stage that cannot go on.
pub(crate) async fn answer<P: Platform>(
    platform: &P,
    running: &Running,
    context: &Context<'_>,
    call: ToolCall<'_>,
    request: &Request,
    source: Source,
    record: &mut Record,
) -> Result<Answer<P::Stream>, Refusal> {
    record.user.clone_from(&call.user);
    record.tool = Some(CalledTool::Registered(Rc::clone(&call.tool)));
    record.executor = running.config.executors.get(call.tool.executor).map(|executor| executor.id.clone());

    // What the operator asks of inputs comes before the cache: an answer is kept, and served, only for what fulfils it.
    if let Err(error) = check_rules(&running.config.inputs, &call.tool.folded, call.tool.name.tool(), &call.input) {
        record.cache = CacheOutcome::Bypass(Bypass::InputRefused);
        return Ok(bad_input(platform, record, &error));
    }

    // cache
    let kept = key_for(running, context, &call, request);
    let wanted = kept.as_ref().ok().map(|(keep, key)| wanted(context, &call, *keep, key));
    if let Some(wanted) = wanted.as_ref().filter(|_| source == Source::Anywhere)
        && let Some((entry, outcome)) = cache::look_up(platform, running, wanted).await
    {
        return Ok(kept_answer(platform, running, &entry, outcome, record));
    }
    record.cache = kept.as_ref().map_or_else(|bypass| CacheOutcome::Bypass(*bypass), |_| CacheOutcome::MissNotStored);

    // route
    let target = route::of_tool(&running.config, &call.tool, &context.caller.tenant, call.run_at.is_some())?;
    if call.tool.local.is_none()
        && let Err(error) = check_arguments(&call.tool, &call.input)
    {
        // A worker would say the same, a round trip later.
        return Ok(bad_input(platform, record, &error));
    }

    // idempotency
    let claim = match claim(platform, running, context, &call, request).await? {
        Some(Claimed::Replay { status, body }) => {
            record.degraded.push("idempotent_replay");
            let mut answer = Answer::json(status, body);
            answer.headers.push(("idempotent-replayed", Cow::Borrowed("true")));
            return Ok(with_cache_status(answer, record, None));
        }
        Some(Claimed::Go(claim)) => Some(claim),
        None => None,
    };

    // single flight, which is about what is not kept: others would bring this call what it is to replace
    let asked = wanted
        .filter(|_| source == Source::Anywhere)
        .and_then(|wanted| asked(running, context, &call, claim.as_ref(), wanted, record));
    let lead = match &asked {
        None => Lead::nobody(running),
        Some(asked) => match flight::board(platform, running, asked, record).await {
            Boarded::Served(entry, outcome) => return Ok(kept_answer(platform, running, &entry, outcome, record)),
            Boarded::Fly(lead) => lead,
        },
    };

    // execute
    let work = execute::run(platform, running, &call, target, record);
    let ended = lead.fly(platform, &call.tool.folded, work).await;
    if may_have_changed_something(running, &call, &ended) {
        invalidate(platform, running, context, &call, record).await;
    }
    match ended {
        Ok(ran) => {
            let entry = kept.as_ref().ok().and_then(|(keep, _)| entry_of(platform, context, *keep, &ran));
            land(platform, running, lead, kept.ok().map(|(_, key)| key).zip(entry), record);
            finish(platform, running, context, &call, claim, ran, record).await
        }
        Err(failed) => {
            land(platform, running, lead, None, record);
            fail(platform, &call, claim, failed, record).await
        }
    }
}

/// The answer to a call that was made before, or by another.
fn kept_answer<P: Platform>(
    platform: &P,
    running: &Running,
    entry: &Entry,
    outcome: CacheOutcome,
    record: &mut Record,
) -> Answer<P::Stream> {
    record.cache = outcome;
    if let (CacheOutcome::HitMemory | CacheOutcome::HitStore, Some(CalledTool::Registered(tool))) =
        (outcome, &record.tool)
    {
        record.saved = Some(Saved::by(&running.config.cache, tool, entry));
    }
    let body = execute_body(&record.request_id, &entry.output, true, &entry.duration, &entry.finished_at);
    with_cache_status(Answer::json(200, body), record, Some(platform.now().until(entry.expires_at)))
}

/// The answer to an input that nobody need be asked about, in the tool's own form.
fn bad_input<P: Platform>(platform: &P, record: &mut Record, error: &ToolError) -> Answer<P::Stream> {
    record.tool_error = Some(error.kind.as_str().to_owned());
    let mut output = b"{\"error\":".to_vec();
    error.write_json(&mut output);
    output.push(b'}');
    let body = execute_body(&record.request_id, &output, false, "0", &platform.now().to_string());
    with_cache_status(Answer::json(200, body), record, None)
}

/// The key of the call, and the terms; or why it never meets the cache.
fn key_for(
    running: &Running,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    request: &Request,
) -> Result<(Keep, CacheKey), Bypass> {
    let keep = cache::may_keep(&running.config.cache, &call.tool)?;
    if call.run_at.is_some() {
        return Err(Bypass::Scheduled);
    }
    if call.include_stacktrace {
        return Err(Bypass::StacktraceAsked);
    }
    if !context.held.is_current() {
        return Err(Bypass::EpochsUnavailable);
    }
    let asks = request.headers.get(Header::CacheControl).unwrap_or_default();
    if asks.split(',').any(|word| matches!(word.trim().to_ascii_lowercase().as_str(), "no-store" | "no-cache")) {
        return Err(Bypass::Asked);
    }
    let executor = running.config.executors.get(call.tool.executor);
    let (account, default_project) = match executor.map(|executor| &executor.kind) {
        Some(ExecutorKind::Engine(upstream) | ExecutorKind::Worker(upstream)) => {
            let credential = upstream.credentials.of(&context.caller.tenant);
            (credential.map_or([0; 16], |credential| credential.account), upstream.project.as_ref())
        }
        Some(ExecutorKind::Local) | None => ([0; 16], None),
    };
    let parts = KeyParts {
        tenant: &context.caller.tenant,
        account,
        project: call.project.as_ref().or(default_project),
        executors: executor.map_or("", |executor| executor.id.as_str()),
        user: call.user.as_ref(),
        tool: &call.tool,
        keep,
        input: &call.input,
    };
    Ok((keep, cache::key_of(&parts)))
}

fn cache_floor(context: &Context<'_>, call: &ToolCall<'_>, keep: Keep, key: &CacheKey) -> u64 {
    let user = match keep.scope {
        CacheScopeChoice::Shared => None,
        CacheScopeChoice::User => Some(call.user.as_ref().map_or("", |user| user.as_str())),
    };
    let epochs = &context.held.epochs;
    epochs.cache_floor_of(&Covered {
        tenant: context.caller.tenant.as_str(),
        toolkit: call.tool.toolkit_folded(),
        tool: &call.tool.folded,
        // Without narrow scopes, nobody asks for tags.
        tags: if epochs.cache.is_empty() { &[] } else { cache::tags_of(&context.config.cache, &call.tool) },
        user,
        key: key.as_bytes(),
    })
}

fn wanted<'k>(context: &Context<'_>, call: &ToolCall<'_>, keep: Keep, key: &'k CacheKey) -> Wanted<'k> {
    Wanted { key, floor: cache_floor(context, call, keep, key), store_worth: keep.ttl >= limits::STORE_TTL_MIN }
}

/// What a call that missed asks others that did; `None` for one that has nothing to do with them. A local tool's call ends
/// before another can begin; one that has claimed an idempotency key makes the outcome of that key itself.
fn asked<'a>(
    running: &Running,
    context: &Context<'_>,
    call: &'a ToolCall<'_>,
    claim: Option<&Claim>,
    wanted: Wanted<'a>,
    record: &Record,
) -> Option<Asked<'a>> {
    let may_meet = claim.is_none() && call.tool.local.is_none();
    may_meet.then(|| Asked {
        wanted,
        epoch: context.held.epochs.version,
        until: record.at.after(running.config.execute.timeout),
        choice: cache::single_flight(&running.config.cache, &call.tool),
        tool: &call.tool.folded,
    })
}

/// Claims the idempotency key, where calling twice could do harm.
async fn claim<P: Platform>(
    platform: &P,
    running: &Running,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    request: &Request,
) -> Result<Option<Claimed>, Refusal> {
    match admission::idempotency_key(request)? {
        Some(key) if !call.is_repeatable() => {
            // Past every deadline of the attempt itself.
            let lost_after = Millis::new(running.config.execute.timeout.get().saturating_add(10_000));
            idempotency::claim(platform, context.caller, key, call, lost_after).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether the call may have changed what other answers of its toolkit say. A tool that declares that it only reads does
/// not, nor one that the operator's rule lets us keep (a rule says that its answers are worth repeating), nor a local one.
fn may_have_changed_something(running: &Running, call: &ToolCall<'_>, ended: &Result<Ran, Failed>) -> bool {
    let surely_not_run = matches!(ended, Err(failed) if failed.surely_not_run);
    let is_readers = call.tool.behavior.reads_only || cache::may_keep(&running.config.cache, &call.tool).is_ok();
    !is_readers && call.tool.local.is_none() && !surely_not_run
}

/// After a call that may have changed something: the same user's answers of this toolkit, and the tenant's shared ones, are
/// stale. Told before the caller is answered, so that it reads its own writes.
async fn invalidate<P: Platform>(
    platform: &P,
    running: &Running,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    record: &mut Record,
) {
    let toolkit = call.tool.toolkit_folded();
    let keeps = |tool: &crate::registry::Tool| cache::may_keep(&running.config.cache, tool).is_ok();
    if !context.registry.any_of_toolkit(toolkit, keeps) {
        return;
    }
    let (tenant, toolkit) = (context.caller.tenant.to_string(), toolkit.to_owned());
    let user = call.user.as_ref().map_or_else(String::new, |user| user.as_str().to_owned());
    let changes = vec![
        Change::Cache(CacheScope::ToolkitShared(tenant.clone(), toolkit.clone())),
        Change::Cache(CacheScope::ToolkitUser(tenant, toolkit, user)),
    ];
    if epochs::advance(platform, running, changes).await.is_err() {
        record.degraded.push("invalidation_failed");
    }
}

/// What is kept of an answer, and shared; `None` of one that nobody else may have.
fn entry_of<P: Platform>(platform: &P, context: &Context<'_>, keep: Keep, ran: &Ran) -> Option<Rc<Entry>> {
    let now = platform.now();
    let may_be_kept = ran.success && ran.says == Says::Value;
    may_be_kept.then(|| {
        Rc::new(Entry {
            output: ran.output.clone(),
            duration: ran.duration.clone(),
            finished_at: ran.finished_at.clone(),
            stored_at: now,
            expires_at: now.after(keep.ttl),
            epoch: context.held.epochs.version,
        })
    })
}

/// Keeps the entry, and gives it to those who wait for it.
fn land<P: Platform>(
    platform: &P,
    running: &Running,
    lead: Lead<'_>,
    landed: Option<(CacheKey, Rc<Entry>)>,
    record: &mut Record,
) {
    if let Some((key, entry)) = &landed {
        // First: who comes after the flight is over finds it there.
        cache::store(platform, running, key, entry, platform.now());
        record.cache = CacheOutcome::MissStored;
    }
    lead.land(platform, landed.as_ref().map(|(key, entry)| (key, Rc::clone(entry))));
}

async fn finish<P: Platform>(
    platform: &P,
    running: &Running,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    claim: Option<Claim>,
    ran: Ran,
    record: &mut Record,
) -> Result<Answer<P::Stream>, Refusal> {
    record.tool_error.clone_from(&ran.error_kind);
    let (authorization, says) = (ran.authorization.clone(), ran.says);
    let body = ran_body(&record.request_id, ran);
    if let Some(claim) = claim {
        let outcome = match says {
            // The same request is sent again once the user has consented.
            Says::NeedsConsent => Outcome::NotExecuted,
            _ if body.len() > limits::IDEMPOTENT_ANSWER_BYTES => {
                record.degraded.push("idempotent_answer_too_large");
                Outcome::Unknown
            }
            _ => Outcome::Completed { status: 200, body: body.clone() },
        };
        settle(platform, claim, outcome, record).await;
    }
    if let Some(id) = authorization {
        // The answer stands even where nobody can note whose it is: the call can be repeated after consent.
        let ids = std::slice::from_ref(&id);
        if begin_authorizations(platform, running, context, call.tool.executor, ids, record).await.is_err() {
            record.degraded.push("authorizations_left_out");
        }
    }
    Ok(with_cache_status(Answer::json(200, body), record, None))
}

async fn settle<P: Platform>(platform: &P, claim: Claim, outcome: Outcome, record: &mut Record) {
    if idempotency::settle(platform, claim, outcome).await.is_err() {
        record.degraded.push("idempotency_not_settled");
    }
}

async fn fail<P: Platform>(
    platform: &P,
    call: &ToolCall<'_>,
    claim: Option<Claim>,
    failed: Failed,
    record: &mut Record,
) -> Result<Answer<P::Stream>, Refusal> {
    if let Some(claim) = claim {
        let outcome = if failed.surely_not_run { Outcome::NotExecuted } else { Outcome::Unknown };
        settle(platform, claim, outcome, record).await;
    }
    let may_have_run = !failed.surely_not_run && !call.is_repeatable();
    match failed.failure {
        Failure::Answered(response) => {
            record.engine_refused = true;
            Ok(with_cache_status(engine_words(response, may_have_run), record, None))
        }
        Failure::Refused(refusal) => {
            // Busy with an answer after the fact is still "do not repeat" where a repetition could do harm.
            let refusal = if may_have_run && refusal.kind == RefusalKind::UpstreamBusy {
                Refusal { retry_after: None, ..Refusal::with(RefusalKind::OutcomeUnknown, "the executor was busy") }
            } else {
                refusal
            };
            Err(refusal)
        }
    }
}

/// The engine's refusal in its own words. The SDKs repeat some statuses by themselves: not where that could do harm.
fn engine_words<S>(response: OriginResponse, may_have_run: bool) -> Answer<S> {
    let mut answer = Answer::json(response.status, response.body);
    if may_have_run {
        answer.headers.push(("x-should-retry", Cow::Borrowed("false")));
    }
    for (name, value) in response.headers {
        if matches!(name, "retry-after" | "retry-after-ms" | "x-should-retry") && !may_have_run {
            answer.headers.push((name, Cow::Owned(value)));
        }
    }
    answer
}

fn with_cache_status<S>(mut answer: Answer<S>, record: &Record, ttl_left: Option<Millis>) -> Answer<S> {
    answer.headers.push(("cache-status", cache_status(record.cache, record.flight, ttl_left)));
    answer
}
