//! Reads requests, each once: what admission decides from, and what an engine is sent.

use std::rc::Rc;

use super::{call, names};
use crate::access::admission::{NamedEntities, RequestScope, Requested};
use crate::backends::Executor;
use crate::model::call::{EngineCall, Exchange};
use crate::model::operation::{Asked, Operation, Query};
use crate::model::request::{Header, Request, RequestBody, RequestLimits};
use crate::model::tool::Tool;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;

/// Holds a request that was read.
#[derive(Debug)]
pub(crate) struct Read<'r> {
    /// The part that admission decides from.
    pub(crate) requested: Requested<'r>,
    /// The part that an engine is sent.
    pub(crate) passage: Passage<'r>,
}

/// The part of a request that an engine is sent.
#[derive(Debug)]
pub(crate) enum Passage<'r> {
    /// None: no engine is sent the request.
    None,
    /// The request.
    Engine(EngineCall<'r>),
    /// The request, if the tool that it names needs an authorisation.
    EngineOfTool(EngineCall<'r>),
}

impl<'r> Passage<'r> {
    /// Returns the call of an engine, now that the tools are known; `None` for a request that the gateway answers.
    pub(crate) fn call(self, tools: &[Rc<Tool>], executors: &[Executor]) -> Option<EngineCall<'r>> {
        match self {
            Self::None => None,
            Self::Engine(call) => Some(call),
            Self::EngineOfTool(call) => {
                // A tool that needs no authorisation may live on an executor that the engine knows nothing of.
                let tool = tools.first().filter(|tool| tool.needs_authorization)?;
                // An engine may know a worker's tool too; then the default engine answers.
                let is_engine =
                    |index: &usize| executors.get(*index).is_some_and(|executor| executor.engine().is_some());
                Some(EngineCall { executor: Some(tool.executor).filter(is_engine), ..call })
            }
        }
    }
}

/// Reads the part of a request that is not in its body.
pub(crate) fn scope(asked: &Asked) -> RequestScope {
    let is_operators = asked.operation.is_operators();
    RequestScope { is_operators, project: asked.project.clone(), users: names::of_query(&asked.query) }
}

/// Reads the rest of a request.
pub(crate) fn read<'r>(asked: &Asked, scope: &RequestScope, request: &'r Request, limits: &RequestLimits) -> Read<'r> {
    if asked.operation == Operation::Execute {
        let requested = call::read(request, limits, asked.project.clone());
        return Read { requested, passage: Passage::None };
    }
    let engine = |exchange| Passage::Engine(engine_call(asked, &asked.query, request, exchange));
    let (names, passage) = match &asked.operation {
        Operation::AuthorizeTool => {
            let call = engine_call(asked, &asked.query, request, Exchange::BeginsAuthorization);
            (names::of_authorization(request, limits), Passage::EngineOfTool(call))
        }
        Operation::Requirements => (names::of_requirements(request, limits), engine(Exchange::BeginsAuthorization)),
        Operation::AuthAuthorize => (names::of_passed(request, limits), engine(Exchange::BeginsAuthorization)),
        Operation::AuthStatus => match awaited(&asked.query, limits.long_poll) {
            Ok((query, id)) => {
                let call = engine_call(asked, &query, request, Exchange::AwaitsAuthorization(id));
                (NamedEntities::of(None), Passage::Engine(call))
            }
            Err(fault) => (NamedEntities { tools: Err(fault), ..NamedEntities::of(None) }, Passage::None),
        },
        Operation::ScheduledList => {
            let every_user = Some("the list holds every user's executions");
            (NamedEntities { every_user, ..NamedEntities::of(None) }, engine(Exchange::Plain))
        }
        Operation::ScheduledGet => (NamedEntities::of(None), engine(Exchange::OneExecution)),
        Operation::Chat => (names::of_chat(request, limits), engine(Exchange::Streams)),
        Operation::Pass(_) if has_body(request) => (names::of_passed(request, limits), engine(Exchange::Plain)),
        Operation::Pass(_) => (NamedEntities::of(None), engine(Exchange::Plain)),
        _ => (NamedEntities::of(None), Passage::None),
    };
    let in_query = || scope.users.named.first().map(|user| user.id.clone());
    let user = names.user.or_else(in_query);
    Read { requested: Requested::Named(NamedEntities { user, ..names }), passage }
}

const fn has_body(request: &Request) -> bool {
    !matches!(&request.body, RequestBody::Whole(bytes) if bytes.is_empty())
}

fn engine_call<'r>(asked: &Asked, query: &Query, request: &'r Request, exchange: Exchange) -> EngineCall<'r> {
    EngineCall {
        method: request.method,
        path: asked.engine_path.clone(),
        query: query.encoded(),
        project: asked.project.clone(),
        accept: request.headers.get(Header::Accept),
        idempotency_key: request.headers.get(Header::IdempotencyKey),
        body: match &request.body {
            RequestBody::Whole(body) => body,
            // A request with such a body is not admitted.
            RequestBody::TooLarge | RequestBody::Broken => &[],
        },
        exchange,
        executor: None,
    }
}

/// Returns the id of the authorisation that is waited for, and the query with its `wait` clipped to this host's bound;
/// the SDKs ask again.
fn awaited(query: &Query, longest: Millis) -> Result<(Query, String), Refusal> {
    let missing = || Refusal::with(RefusalKind::QueryInvalid, "id is missing");
    let id = query.get("id").ok_or_else(missing)?.to_owned();
    let mut query = query.clone();
    if let Some(wait) = query.get("wait") {
        let wait: u64 = wait
            .parse()
            .map_err(|_| Refusal::with(RefusalKind::QueryInvalid, "wait must be a whole number of seconds"))?;
        let most = longest.get() / 1000;
        query.set("wait", wait.min(most).to_string());
    }
    Ok((query, id))
}
