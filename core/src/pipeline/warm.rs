//! Warms the cache: makes the configured calls, each through the pipeline of a caller's own call.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::access::admission::{self, Authority, RequestScope};
use crate::access::epochs::EpochsView;
use crate::cache::{self, Bypass, CacheOutcome, Directives, WarmCall};
use crate::dispatch::execute::CallTerms;
use crate::model::call::{Call, NamedTool, NamedUser};
use crate::model::caller::{Caller, Grant, ProjectRule, UserRule};
use crate::pipeline::call::{self, AnswerSource, Options, StorageTarget};
use crate::pipeline::emit;
use crate::pipeline::guard::context;
use crate::pipeline::runtime::{Isolate, Running};
use crate::ports::Platform;
use crate::telemetry::{CalledTool, Record};
use crate::words::action::{Action, ActionPattern};
use crate::words::method::Method;
use crate::words::modes::Priority;
use crate::words::names::{CallerId, TenantId, ToolPattern};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::{hex, limits};

/// The caller of these calls, for records, policies and kill switches.
const CALLER: &str = "warm";

/// The operation's name in records and metrics.
const OPERATION: &str = "cache/warm";

/// The outcome of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The stored response stays fresh for a while: no executor was asked.
    Fresh,
    /// An executor was asked, and its answer is stored.
    Warmed,
    /// An executor was asked, and its answer may not be stored.
    NotKept,
    /// The call bypasses the cache: no executor was asked.
    Bypass(Bypass),
    /// It was refused, as a caller's would have been.
    Refused(RefusalKind),
    /// The run was over: the next one will make the call.
    Later,
}

impl Outcome {
    /// Returns the name in answers.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Warmed => "warmed",
            Self::NotKept => "not_kept",
            Self::Bypass(bypass) => bypass.name(),
            Self::Refused(kind) => kind.name(),
            Self::Later => "later",
        }
    }
}

/// A call with its outcome.
#[derive(Debug)]
pub(crate) struct Warmed<'c> {
    /// Its index in the configuration.
    pub(crate) index: usize,
    /// The call.
    pub(crate) call: &'c WarmCall,
    /// Its outcome.
    pub(crate) outcome: Outcome,
}

/// Makes the calls of one tenant, or of all, that are due; in the order of the configuration from a random start, so
/// that none waits for ever behind those that fail.
pub(crate) async fn run<'r, P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &'r Rc<Running>,
    tenant: Option<&TenantId>,
) -> Vec<Warmed<'r>> {
    let listed = running.config.cache.warm.iter().enumerate();
    let mut due: Vec<_> = listed.filter(|(_, call)| tenant.is_none_or(|tenant| *tenant == call.tenant)).collect();
    if due.is_empty() {
        return Vec::new();
    }
    let mut random = [0; 8];
    platform.fill(&mut random);
    let first = usize::try_from(u64::from_be_bytes(random) >> 33).unwrap_or_default();
    let first = first.checked_rem(due.len()).unwrap_or_default();
    due.rotate_left(first);
    // A call that begins by then ends in time.
    let until = platform.now().after(limits::CACHE_WARM_TIME.saturating_sub(running.config.execute.timeout));
    let mut calls = 0_usize;
    let mut done = Vec::with_capacity(due.len());
    for (index, call) in due {
        let outcome = if calls >= limits::CACHE_WARM_CALLS || platform.now() >= until {
            Outcome::Later
        } else {
            one(platform, isolate, running, call).await
        };
        if !matches!(outcome, Outcome::Fresh | Outcome::Later) {
            calls = calls.saturating_add(1);
        }
        done.push(Warmed { index, call, outcome });
    }
    done.sort_by_key(|warmed| warmed.index);
    done
}

/// Makes one call if it is due, and leaves a record of it, as any call does.
async fn one<P: Platform>(platform: &P, isolate: &Rc<Isolate>, running: &Rc<Running>, call: &WarmCall) -> Outcome {
    let request_id = hex::prefixed("req_", &isolate.next_id().to_be_bytes());
    let mut record = Record::new(request_id, platform.now(), Method::Post);
    record.operation = OPERATION;
    let outcome = match made(platform, running, call, &mut record).await {
        Ok(outcome) => outcome,
        Err(refusal) => {
            let outcome = Outcome::Refused(refusal.kind);
            record.refusal = Some((refusal.kind, refusal.detail.map(Cow::into_owned)));
            outcome
        }
    };
    match outcome {
        Outcome::Fresh | Outcome::Later => return outcome,
        Outcome::NotKept | Outcome::Bypass(_) => record.degraded.push("not_warmed"),
        Outcome::Warmed | Outcome::Refused(_) => {}
    }
    let status = record.refusal.as_ref().map_or(200, |(kind, _)| kind.status());
    emit(platform, isolate, &record, status);
    outcome
}

/// Takes the path of a caller's call: the same decisions, the same key, the same pipeline.
async fn made<P: Platform>(
    platform: &P,
    running: &Rc<Running>,
    warm: &WarmCall,
    record: &mut Record,
) -> Result<Outcome, Refusal> {
    let (caller, requested) = (caller_of(warm), requested(warm));
    record.tenant = Some(caller.tenant.clone());
    record.caller = Some(caller.id.clone());
    let scope = RequestScope { project: warm.project.clone(), ..RequestScope::default() };
    let project = scope.project.as_ref();
    let tools = match running.catalog.at_hand(platform, project) {
        Some(tools) => tools,
        None => running.catalog.fetch(platform, project).await,
    };
    let held = running.lease.hold(platform).await;
    record.epoch = Some(held.epochs.version);
    let authority = Authority::new(&running.admission, &caller, Action::ToolsCall, project, record.at, None);
    let admit = |held: &EpochsView, record: &mut Record| {
        let admitted = admission::permit(&running.admission, &caller, &authority, held, &scope).and_then(|()| {
            admission::admit_call(&context(&running.admission, &tools, &caller, &authority, held), &requested)
        });
        record.decided = authority.take_noted();
        admitted
    };
    let context = context(&running.admission, &tools, &caller, &authority, &held);
    let call = admit(&held, record)?;
    let (rules, inputs) = (&running.cache.rules, &running.config.inputs);
    let place = match StorageTarget::of(rules, inputs, &context, &call, Directives::default()) {
        Ok(place) => place,
        Err(bypass) => {
            record.cache = CacheOutcome::Bypass(bypass);
            record.tool = Some(CalledTool::Registered(Rc::clone(&call.tool)));
            return Ok(Outcome::Bypass(bypass));
        }
    };
    let facts = cache::inspect(platform, &running.cache, &place.wanted(rules, &context, &call)).await;
    let source = match facts.servable() {
        Some(entry) if entry.is_nearly_over(platform.now()) => AnswerSource::Executor,
        Some(_) => return Ok(Outcome::Fresh),
        // A response that is stale, or in a tier that not all isolates read, is to be replaced, too.
        None if facts.holds_any() => AnswerSource::Executor,
        None => AnswerSource::Anywhere,
    };
    let again = async |record: &mut Record| {
        let held = running.lease.hold(platform).await;
        record.epoch = Some(held.epochs.version);
        admit(&held, record).map(drop)
    };
    let terms = CallTerms::of_gateway(running.config.execute.timeout, record.at);
    let options = Options { directives: Directives::default(), idempotency_key: None, terms, source };
    let made = call::run(platform, running, &context, call, options, again, record).await;
    made.map_err(|unanswered| unanswered.refusal)?;
    Ok(match record.cache {
        CacheOutcome::MissStored => Outcome::Warmed,
        CacheOutcome::MissNotStored | CacheOutcome::Bypass(_) => Outcome::NotKept,
        // Another call was faster.
        _ => Outcome::Fresh,
    })
}

/// Returns a caller that may make this call, and no other: the operator who configured it permits it, policies may
/// still forbid it.
fn caller_of(warm: &WarmCall) -> Caller {
    let tool = ToolPattern::Tool(warm.tool.folded().into());
    let grant = Grant {
        rule: format!("caller::{CALLER}"),
        actions: vec![ActionPattern::One(Action::ToolsCall)],
        tools: vec![tool],
    };
    Caller {
        id: CallerId::of_gateway(CALLER),
        tenant: warm.tenant.clone(),
        roles: Vec::new(),
        scopes: Vec::new(),
        within: None,
        claims: BTreeMap::new(),
        users: UserRule::Only(warm.user.iter().cloned().collect()),
        projects: ProjectRule::Only(warm.project.iter().cloned().collect()),
        priority: Priority::Low,
        grants: vec![Rc::new(grant)],
    }
}

/// Returns the call, as an interface would have read it.
fn requested(warm: &WarmCall) -> Call<'_> {
    let WarmCall { tool, version, input, user, project, .. } = warm;
    let version = version.as_deref().map(Cow::Borrowed);
    Call {
        tool: NamedTool { name: Cow::Borrowed(tool.as_str()), version },
        input: Ok(input.clone()),
        user: user.clone().map(|id| NamedUser { place: "user", id }),
        run_at: None,
        include_stacktrace: false,
        project: project.clone(),
    }
}
