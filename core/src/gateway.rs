//! The gateway of one isolate, as a host drives it: the pipeline, one straight function.
//!
//! `request -> identity -> admission -> cache -> route -> execute -> record -> response`

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::mem;
use std::pin::pin;
use std::rc::Rc;

use crate::access::admission::Admitted;
use crate::access::rate::{self, RateVerdict};
use crate::cache;
use crate::config::{self, Prepared};
use crate::dispatch::execute::CallTerms;
use crate::front::arcade::read::{self, Read};
use crate::front::arcade::{execute, passed};
use crate::front::response::{self, Answer, Response};
use crate::front::{admin, worker};
use crate::model::operation::{self, Asked, Gate};
use crate::model::request::{Header, Request, RequestBody};
use crate::pipeline::guard::{Guard, context};
use crate::pipeline::runtime::Isolate;
use crate::pipeline::{call, emit, passthrough, warm};
use crate::ports::{Kv, Platform};
use crate::telemetry::{Record, trace_id_of};
use crate::words::action::Action;
use crate::words::futures::apart;
use crate::words::hex;
use crate::words::method::Method;
use crate::words::refusal::{Refusal, RefusalKind};

/// One isolate's gateway. A host keeps it in a thread-local `Rc` for the isolate's life and calls nothing else of the
/// core but [`crate::state::step`] (in the durable owner) and [`crate::telemetry::install`] (once, at start).
#[derive(Debug)]
pub struct Gateway {
    setting_names: Rc<BTreeSet<String>>,
    /// The configuration until the first request starts `isolate`; empty from then on.
    prepared: RefCell<Prepared>,
    isolate: OnceCell<Rc<Isolate>>,
}

impl Gateway {
    /// Creates the gateway for this configuration document (`toolgate.toml`). The host's settings are read when the
    /// first request arrives.
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

    /// Runs the scheduled job: refreshes every list of tools, makes the calls that warm the cache, and has the stores
    /// drop expired entries.
    pub async fn scheduled<P: Platform>(&self, platform: &P) {
        let isolate = self.isolate(platform).await;
        if let Ok(running) = isolate.running() {
            running.catalog.refresh_all(platform).await;
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
        // Another request may have started it meanwhile: the first start counts.
        let start = || Rc::new(Isolate::start(platform, self.prepared.take(), &settings));
        Rc::clone(self.isolate.get_or_init(start))
    }
}

/// Answers one request: runs the pipeline, then records the outcome and completes the response.
///
/// INVARIANT (one record): every path through here emits exactly one record.
async fn handle<P: Platform>(platform: &P, isolate: &Rc<Isolate>, request: &Request) -> Response<P::Stream> {
    let request_id = hex::prefixed("req_", &isolate.next_id().to_be_bytes());
    let mut record = Record::new(request_id, platform.now(), request.method);
    record.trace_id = request.headers.get(Header::Traceparent).and_then(trace_id_of);
    // request: the operation, from method and path alone.
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
        answer.headers.push(("toolgate-route", Cow::Owned(record.routed.summary(&running.config.executors))));
    }
    let cors_origins = isolate.running().map_or(&[][..], |running| &running.config.cors_origins);
    let rate = mem::take(&mut record.rate);
    let response = response::finish(answer, &record.request_id, rate, request, cors_origins);
    emit(platform, isolate, &record, response.status);
    response
}

/// Runs the pipeline. Reading it from top to bottom is reading the gateway.
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
            return apart(pin!(admin::public(platform, running, asked, request))).await;
        }
        Gate::WorkerToken => {
            return apart(pin!(worker::answer(platform, running, &asked.operation, request, record))).await;
        }
        Gate::Action(action) => action,
    };

    // identity, and the part of admission that needs no tools.
    let scope = read::scope(asked);
    let guard = Guard { platform, running, scope: &scope, action, headers: &request.headers };
    let (mut caller, mut held) = guard.let_in(record).await?;

    // admission: it decides from names, so the names must be known.
    let project = asked.project.as_ref();
    let needs_none = || (!asked.operation.needs_tools()).then(Rc::default);
    let tools = match needs_none().or_else(|| running.catalog.at_hand(platform, project)) {
        Some(tools) => tools,
        None => {
            let tools = apart(pin!(running.catalog.fetch(platform, project))).await;
            // That may have taken long: earlier decisions are made again, under the current epochs.
            (caller, held) = guard.let_in(record).await?;
            tools
        }
    };
    let Read { requested, passage } = read::read(asked, &scope, request, &running.config.limits);
    let mut admitted = guard.admit(&tools, &caller, &held, &requested, record)?;
    if !asked.operation.is_operators()
        && rated(rate::admit(platform, &running.rates, &caller, admitted.tool()).await, record)?
    {
        // As above: the durable owners of limits had to be waited for.
        (caller, held) = guard.let_in(record).await?;
        admitted = guard.admit(&tools, &caller, &held, &requested, record)?;
    }
    let authority = guard.authority(&caller, record);
    let context = context(&running.admission, &tools, &caller, &authority, &held);
    match admitted {
        // cache, route, execute: see the straight function of each kind of request.
        Admitted::Call(call) => {
            let again = async |record: &mut Record| {
                let (caller, held) = guard.let_in(record).await?;
                guard.admit(&tools, &caller, &held, &requested, record).map(drop)
            };
            let terms = CallTerms::of(running.config.execute.timeout, caller.priority, &request.headers, record.at);
            let options = execute::options(&request.headers, terms);
            let outcome = match call::run(platform, running, &context, call, options, again, record).await {
                Ok(outcome) => Ok(outcome),
                Err(unanswered) => apart(pin!(guard.cover(&tools, &requested, unanswered, record))).await,
            };
            record.routed.is_told = record.routed.is_of_use() && authority.may_also(Action::ExplainRead);
            outcome.map(|outcome| execute::answer(&record.request_id, outcome))
        }
        Admitted::Tools(named) => match passage.call(&named, &running.config.executors) {
            Some(call) => {
                let (dispatch, wait) = (&running.dispatch, running.config.limits.long_poll);
                let passed = apart(pin!(passthrough::run(platform, dispatch, wait, &context, call, record))).await;
                passed.map(passed::answer)
            }
            None => apart(pin!(admin::answer(platform, isolate, running, &context, &tools, asked, request))).await,
        },
    }
}

/// Writes the verdict of the rate limits into the record; returns true if a durable owner had to be waited for.
///
/// # Errors
/// The verdict's refusal.
fn rated(verdict: RateVerdict, record: &mut Record) -> Result<bool, Refusal> {
    let RateVerdict { refusal, fields, would_refuse, degraded, has_waited } = verdict;
    record.rate = fields;
    record.would_refuse = would_refuse;
    record.degraded.extend(degraded);
    refusal.map_or(Ok(has_waited), Err)
}
