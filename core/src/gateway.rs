//! The gateway of one isolate, as a host drives it: the pipeline, one straight function.
//!
//! `request -> identity -> admission -> cache -> route -> execute -> record -> response`

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::mem;
use std::pin::pin;
use std::rc::Rc;

use crate::access::admission::{self, Admitted, Authority, Context};
use crate::access::epochs::{self, Held};
use crate::access::identity;
use crate::access::rate;
use crate::cache;
use crate::catalog::{self, Current};
use crate::config::{self, Prepared};
use crate::front::admin;
use crate::front::response::{self, Answer, Response};
use crate::model::caller::Caller;
use crate::model::operation::{self, Asked, Gate};
use crate::model::request::{Header, Method, Request, RequestBody};
use crate::pipeline::call::{self, Source, Unanswered};
use crate::pipeline::passthrough;
use crate::pipeline::runtime::{Isolate, Running};
use crate::pipeline::warm;
use crate::ports::{Kv, Platform};
use crate::telemetry::{Record, explain, metrics, trace_id_of};
use crate::words::action::Action;
use crate::words::futures::apart;
use crate::words::hex;
use crate::words::names::TenantId;
use crate::words::refusal::{Refusal, RefusalKind};

/// One isolate's gateway. A host keeps it in a thread-local `Rc` for the isolate's life and calls nothing else of the core
/// but [`crate::state::step`] (in the durable owner) and [`crate::telemetry::install`] (once, at start).
#[derive(Debug)]
pub struct Gateway {
    setting_names: Rc<BTreeSet<String>>,
    /// Until the first request arrives; what it started is in `isolate` from then on.
    prepared: RefCell<Prepared>,
    isolate: OnceCell<Rc<Isolate>>,
}

impl Gateway {
    /// A gateway with this configuration document (`toolgate.toml`). The host's settings are read when the first request
    /// arrives.
    #[must_use]
    pub fn new(document: &str) -> Self {
        let prepared = Prepared::read(document);
        Self { setting_names: prepared.setting_names(), prepared: RefCell::new(prepared), isolate: OnceCell::new() }
    }

    /// Answers one request. A warm cache hit completes without waiting for anything.
    pub async fn handle<P: Platform>(&self, platform: &P, mut request: Request) -> Response<P::Stream> {
        if matches!(request.method, Method::Get | Method::Head) {
            // Content in these has no meaning (RFC 9110 sections 9.3.1 and 9.3.2): it is neither read nor passed on.
            request.body = RequestBody::Whole(Vec::new());
        }
        let isolate = self.isolate(platform).await;
        handle(platform, &isolate, &request).await
    }

    /// The scheduled job: fetches every list of tools anew, makes the calls whose answers are to be cached, and lets the stores
    /// drop what has expired.
    pub async fn scheduled<P: Platform>(&self, platform: &P) {
        let isolate = self.isolate(platform).await;
        if let Ok(running) = isolate.running() {
            catalog::refresh_all(platform, running).await;
            warm::run(platform, &isolate, running, None).await;
            if running.config.cache.uses_sql() {
                cache::table::sweep(platform, platform.now()).await;
            }
        }
        Kv::sweep(platform, platform.now()).await;
    }

    async fn isolate<P: Platform>(&self, platform: &P) -> Rc<Isolate> {
        if let Some(isolate) = self.isolate.get() {
            return Rc::clone(isolate);
        }
        let settings = config::ask(&self.setting_names, platform).await;
        // Another request may have started it meanwhile: the first one counts.
        let start = || Rc::new(Isolate::start(platform, self.prepared.take(), &settings));
        Rc::clone(self.isolate.get_or_init(start))
    }
}

/// Answers one request: runs the pipeline, then records and completes whatever came of it.
///
/// INVARIANT (one record): every path through here emits exactly one record.
async fn handle<P: Platform>(platform: &P, isolate: &Rc<Isolate>, request: &Request) -> Response<P::Stream> {
    let request_id = hex::prefixed("req_", &isolate.next_id().to_be_bytes());
    let mut record = Record::new(request_id, platform.now(), request.method);
    record.trace_id = request.headers.get(Header::Traceparent).and_then(trace_id_of);
    // request: what is asked for, from method and path alone.
    let ended = match operation::find(request.method, &request.target) {
        Err(refusal) => Err(refusal),
        Ok(asked) => {
            record.operation = asked.operation.name();
            if asked.operation.needs_nothing() {
                Ok(admin::open(&asked.operation, request))
            } else {
                apart(pin!(pipeline(platform, isolate, &asked, request, &mut record))).await
            }
        }
    };
    let mut answer = ended.unwrap_or_else(|refusal| {
        let answer = Answer::refusal(&refusal, &record.request_id);
        record.refusal = Some((refusal.kind, refusal.detail.map(Cow::into_owned)));
        answer
    });
    if let (true, Ok(running)) = (record.routed.is_told, isolate.running()) {
        answer.headers.push(("toolgate-route", Cow::Owned(record.routed.summary(&running.config))));
    }
    let cors_origins = isolate.running().map_or(&[][..], |running| &running.config.cors_origins);
    let rate = mem::take(&mut record.rate);
    let response = response::finish(answer, &record.request_id, rate, request, cors_origins);
    emit(platform, isolate, &record, response.status);
    response
}

/// The pipeline. Whoever reads it from top to bottom has read the gateway.
async fn pipeline<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    asked: &Asked,
    request: &Request,
    record: &mut Record,
) -> Result<Answer<P::Stream>, Refusal> {
    let running = isolate.running().map_err(|_| Refusal::new(RefusalKind::ConfigurationInvalid))?;
    let action = match asked.operation.gate() {
        Gate::Open => {
            return apart(pin!(admin::public(platform, isolate, running, asked, request))).await;
        }
        Gate::WorkerToken => {
            return apart(pin!(admin::worker(platform, running, &asked.operation, request, record))).await;
        }
        Gate::Action(action) => action,
    };

    // identity, and of admission what needs no tools.
    let guard = Guard { platform, isolate, running, asked, action, request };
    let (mut caller, mut held) = guard.let_in(record).await?;

    // admission: it decides from names, so the names must be known.
    let tools = match catalog::at_hand(platform, isolate, running, asked) {
        Some(tools) => tools,
        None => {
            let tools = apart(pin!(catalog::fetch(platform, isolate, running, asked.project.as_ref()))).await;
            // That may have taken long. What was decided before it is decided again, under epochs that are current now.
            (caller, held) = guard.let_in(record).await?;
            tools
        }
    };
    let mut admitted = guard.admit(&tools, &caller, &held, record)?;
    if !asked.operation.is_operators() && rate::admit(platform, running, &caller, admitted.tool(), record).await? {
        // As above: the owners of limits had to be waited for.
        (caller, held) = guard.let_in(record).await?;
        admitted = guard.admit(&tools, &caller, &held, record)?;
    }
    let authority = guard.authority(&caller, record);
    let context = context(running, &tools, &caller, &authority, &held);
    match admitted {
        // cache, route, execute: see the straight function of each kind of request.
        Admitted::Tool(call) => {
            let again = async |record: &mut Record| {
                let (caller, held) = guard.let_in(record).await?;
                guard.admit(&tools, &caller, &held, record).map(drop)
            };
            let asked = (request, Source::Anywhere, again);
            let answer = match call::answer(platform, isolate, running, &context, *call, asked, record).await {
                Ok(answer) => Ok(answer),
                Err(unanswered) => apart(pin!(guard.cover(&tools, unanswered, record))).await,
            };
            record.routed.is_told = record.routed.is_of_use() && authority.may_also(Action::ExplainRead);
            answer
        }
        Admitted::Engine(call) => {
            apart(pin!(passthrough::answer(platform, running, &context, call, request, record))).await
        }
        Admitted::Own => apart(pin!(admin::answer(platform, isolate, running, &context, &tools, asked, request))).await,
    }
}

/// What admission decides from, and who comes after it.
pub(crate) fn context<'a>(
    running: &'a Running,
    tools: &'a Current,
    caller: &'a Caller,
    authority: &'a Authority<'a>,
    held: &'a Held,
) -> Context<'a> {
    let registry_is_incomplete = tools.is_incomplete();
    Context { config: &running.config, caller, authority, held, registry: &tools.registry, registry_is_incomplete }
}

/// What is decided more than once on the way of one request: again after every wait, under what is current then.
struct Guard<'a, P> {
    platform: &'a P,
    isolate: &'a Rc<Isolate>,
    running: &'a Running,
    asked: &'a Asked,
    action: Action,
    request: &'a Request,
}

impl<'a, P: Platform> Guard<'a, P> {
    /// Whose key it is, under the epochs that say which keys are revoked; and whether this caller may ask for this at all.
    async fn let_in(&self, record: &mut Record) -> Result<(Rc<Caller>, Held), Refusal> {
        let Self { platform, isolate, running, request, .. } = *self;
        let mut held = epochs::hold(platform, isolate, running).await;
        record.epoch = Some(held.epochs.version);
        if !held.is_current() && !record.degraded.contains(&"epochs_unavailable") {
            record.degraded.push("epochs_unavailable");
        }
        let identified;
        (identified, held) = identity::driver::identify(platform, isolate, running, &request.headers, held).await?;
        record.epoch = Some(held.epochs.version);
        let caller = identified.caller;
        record.tenant = Some(caller.tenant.clone());
        record.caller = Some(caller.id.clone());
        record.key = Some(identified.key);
        let authority = self.authority(&caller, record);
        let permitted = admission::permit(&running.config, &caller, &authority, &held, self.asked);
        record.decided = authority.take_noted();
        permitted?;
        Ok((caller, held))
    }

    /// What is asked for, if this caller may.
    fn admit(
        &self,
        tools: &Current,
        caller: &Caller,
        held: &Held,
        record: &mut Record,
    ) -> Result<Admitted<'a>, Refusal> {
        let authority = self.authority(caller, record);
        let context = context(self.running, tools, caller, &authority, held);
        let admitted = admission::admit(&context, self.asked, self.request);
        record.decided = authority.take_noted();
        admitted
    }

    /// An answer from before in place of the executor's failure, where there is one. The executor had to be waited for: what was
    /// decided before is decided again, and who is not admitted now is told of the failure.
    async fn cover(
        &self,
        tools: &Current,
        unanswered: Unanswered,
        record: &mut Record,
    ) -> Result<Answer<P::Stream>, Refusal> {
        let Unanswered { refusal, spare, declared } = unanswered;
        if spare.is_none() && declared.is_none() {
            return Err(refusal);
        }
        let Ok((caller, held)) = self.let_in(record).await else { return Err(refusal) };
        if self.admit(tools, &caller, &held, record).is_err() {
            return Err(refusal);
        }
        let kept = spare.and_then(|spare| spare.answer(self.platform, self.running, (&caller, &held), record));
        let declared = || declared.map(|value| call::declared_answer(self.platform, &value, record));
        kept.or_else(declared).ok_or(refusal)
    }

    /// What the request is, for the decisions on it.
    fn authority<'c>(&self, caller: &'c Caller, record: &Record) -> Authority<'c>
    where
        'a: 'c,
    {
        let Self { running, asked, action, request, .. } = *self;
        let country = running.config.country_header.then(|| request.headers.get(Header::CfIpcountry)).flatten();
        Authority::new(&running.config, caller, action, asked.project.as_ref(), record.at, country)
    }
}

/// record: one line, the counters, and for a refusal what explains it later.
pub(crate) fn emit<P: Platform>(platform: &P, isolate: &Rc<Isolate>, record: &Record, status: u16) {
    let now = platform.now();
    let line = record.line(status, now);
    tracing::info!(line = line.as_str());
    let Ok(running) = isolate.running() else {
        return;
    };
    running.counters.count(record, now.since(record.at));
    metrics::flush_soon(platform, isolate);
    let is_told = record.refusal.is_some() || record.engine_refused || record.routed.is_of_use();
    if is_told && running.explained.take(now, record.caller.is_some()) {
        let tenant = record.tenant.as_ref().map(TenantId::as_str);
        running.explained.note(tenant, &record.request_id, &record.routed.beside(&line, &running.config), now);
        explain::write_soon(platform, isolate);
    }
}
