//! What a request asks for: a closed list of operations, found from method and path alone.

pub(crate) mod query;
mod routes;

pub use query::Query;

use crate::words::action::Action;
use crate::words::method::Method;
use crate::words::names::Project;
use crate::words::refusal::{Refusal, RefusalKind};

/// An operation, and the project its path addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is asked for.
    pub operation: Operation,
    /// The `/v1/orgs/{org}/projects/{project}` that stood before it.
    pub project: Option<Project>,
    /// The query, decoded.
    pub query: Query,
    /// The path below `/v1`, still encoded, for what is passed on to an engine; empty otherwise.
    pub engine_path: String,
}

impl Asked {
    /// What `POST /v1/tools/execute` asks for, of this project: where the gateway itself speaks of a call.
    #[must_use]
    pub(crate) fn of_call(project: Option<Project>) -> Self {
        Self { operation: Operation::Execute, project, query: Query::default(), engine_path: String::new() }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `GET /health/live`
    Live,
    /// `GET /health/ready`
    Ready,
    /// `GET /v1/health`
    EngineHealth,
    /// `GET /openapi.json`
    OpenApi,
    /// `OPTIONS` of a browser.
    Preflight,
    /// `GET /metrics`
    Metrics,
    /// `GET /v1/tools`
    ToolsList,
    /// `GET /v1/tools/{name}`
    ToolGet(String),
    /// `GET /v1/formatted_tools`
    FormattedList,
    /// `GET /v1/formatted_tools/{name}`
    FormattedGet(String),
    /// `POST /v1/tools/execute`
    Execute,
    /// `POST /v1/tools/authorize`
    AuthorizeTool,
    /// `POST /v1/tools/requirements`
    Requirements,
    /// `POST /v1/auth/authorize`
    AuthAuthorize,
    /// `GET /v1/auth/status`
    AuthStatus,
    /// `GET /v1/scheduled_tools`
    ScheduledList,
    /// `GET /v1/scheduled_tools/{id}`
    ScheduledGet,
    /// `POST /v1/chat/completions`
    Chat,
    /// Everything else of the engine's, by the action it needs.
    Pass(Action),
    /// `GET /worker/health`
    WorkerHealth,
    /// `GET /worker/tools`
    WorkerTools,
    /// `POST /worker/tools/invoke`
    WorkerInvoke,
    /// `GET /gate/v1/explain/{request}`
    Explain(String),
    /// `GET /gate/v1/epochs`
    EpochsRead,
    /// `POST /gate/v1/epochs`
    EpochsAdvance,
    /// `GET /gate/v1/keys`
    KeysList,
    /// `POST /gate/v1/keys`
    KeyCreate,
    /// `GET /gate/v1/keys/{id}`
    KeyGet(String),
    /// `POST /gate/v1/keys/{id}/rotate`
    KeyRotate(String),
    /// `DELETE /gate/v1/keys/{id}`
    KeyRevoke(String),
    /// `GET /gate/v1/cache`
    CacheStatistics,
    /// `POST /gate/v1/cache/lookup`
    CacheLookup,
    /// `POST /gate/v1/cache/invalidate`
    CacheInvalidate,
    /// `POST /gate/v1/cache/warm`
    CacheWarm,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Anyone: nothing of anyone's is in the answer.
    Open,
    /// An engine, by the worker protocol's token.
    WorkerToken,
    /// Callers that hold this action.
    Action(Action),
}

impl Operation {
    /// Whether an operator asks it, who must be able to revive what was killed, and to see what is going on.
    #[must_use]
    pub const fn is_operators(&self) -> bool {
        matches!(
            self,
            Self::EpochsRead
                | Self::EpochsAdvance
                | Self::Metrics
                | Self::Ready
                | Self::Explain(_)
                | Self::CacheStatistics
        )
    }

    /// Whether the answer depends on which tools there are.
    #[must_use]
    pub const fn needs_tools(&self) -> bool {
        !matches!(
            self,
            Self::EpochsRead
                | Self::EpochsAdvance
                | Self::Metrics
                | Self::Explain(_)
                | Self::CacheStatistics
                | Self::CacheInvalidate
        ) && !self.is_of_keys()
    }

    /// Whether it is about issued keys.
    const fn is_of_keys(&self) -> bool {
        matches!(self, Self::KeysList | Self::KeyCreate | Self::KeyGet(_) | Self::KeyRotate(_) | Self::KeyRevoke(_))
    }

    /// Whether it is about the cache itself.
    const fn is_of_cache(&self) -> bool {
        matches!(self, Self::CacheStatistics | Self::CacheLookup | Self::CacheInvalidate | Self::CacheWarm)
    }

    /// Who may ask for this.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        match self {
            Self::Live | Self::EngineHealth | Self::OpenApi | Self::Preflight | Self::WorkerHealth => Gate::Open,
            Self::WorkerTools | Self::WorkerInvoke => Gate::WorkerToken,
            Self::Ready => Gate::Action(Action::HealthRead),
            Self::Metrics => Gate::Action(Action::MetricsRead),
            Self::ToolsList | Self::ToolGet(_) | Self::FormattedList | Self::FormattedGet(_) => {
                Gate::Action(Action::ToolsList)
            }
            Self::Execute => Gate::Action(Action::ToolsCall),
            Self::AuthorizeTool => Gate::Action(Action::ToolsAuthorize),
            Self::Requirements => Gate::Action(Action::ToolsRequirements),
            Self::AuthAuthorize => Gate::Action(Action::AuthAuthorize),
            Self::AuthStatus => Gate::Action(Action::AuthStatus),
            Self::ScheduledList | Self::ScheduledGet => Gate::Action(Action::ScheduledRead),
            Self::Chat => Gate::Action(Action::ChatCompletions),
            Self::Pass(action) => Gate::Action(*action),
            Self::Explain(_) => Gate::Action(Action::ExplainRead),
            Self::EpochsRead => Gate::Action(Action::EpochsRead),
            Self::EpochsAdvance => Gate::Action(Action::EpochsWrite),
            Self::KeysList | Self::KeyGet(_) => Gate::Action(Action::KeysRead),
            Self::KeyCreate | Self::KeyRotate(_) | Self::KeyRevoke(_) => Gate::Action(Action::KeysWrite),
            Self::CacheStatistics | Self::CacheLookup => Gate::Action(Action::CacheRead),
            Self::CacheInvalidate => Gate::Action(Action::CacheInvalidate),
            Self::CacheWarm => Gate::Action(Action::CacheWarm),
        }
    }

    /// Whether the answer depends on nothing at all: it is given even while the configuration has faults.
    #[must_use]
    pub const fn needs_nothing(&self) -> bool {
        matches!(self, Self::Live | Self::OpenApi)
    }

    /// The operation's name in records and metrics: the action, or the open route's own.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Live => "health/live",
            Self::EngineHealth => "health/engine",
            Self::OpenApi => "openapi",
            Self::Preflight => "preflight",
            Self::WorkerHealth => "worker/health",
            Self::WorkerTools => "worker/tools",
            Self::WorkerInvoke => "worker/invoke",
            _ => match self.gate() {
                Gate::Action(action) => action.as_str(),
                Gate::Open | Gate::WorkerToken => "",
            },
        }
    }
}

/// Finds what is asked for.
///
/// # Errors
/// [`RefusalKind::PathUnknown`], [`RefusalKind::MethodNotAllowed`], [`RefusalKind::TargetInvalid`].
pub fn find(method: Method, target: &str) -> Result<Asked, Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = Query::parse(query)?;
    let mut segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    // One trailing slash is forgiven: SDK base URLs often end in one.
    if segments.len() > 1 && segments.last() == Some(&"") {
        segments.pop();
    }
    if segments.len() > 12 {
        return Err(Refusal::new(RefusalKind::PathUnknown));
    }
    let (project, segments) = project_of(segments)?;
    let by_method = if method == Method::Head { Method::Get } else { method };
    let routes = routes::of(&segments)?;
    if routes.is_empty() {
        return Err(Refusal::new(RefusalKind::PathUnknown));
    }
    let operation = if method == Method::Options {
        Operation::Preflight
    } else {
        let found = routes.iter().find(|(known, _)| *known == by_method).map(|(_, operation)| operation.clone());
        found.ok_or_else(|| not_allowed(&routes))?
    };
    if project.is_some() && !is_of_engine(&operation) {
        return Err(Refusal::new(RefusalKind::PathUnknown));
    }
    let engine_path =
        if may_be_passed(&operation) { engine_path(segments.get(1..).unwrap_or_default())? } else { String::new() };
    Ok(Asked { operation, project, query, engine_path })
}

/// The path below `/v1`, each segment encoded anew: what was decoded here is what an engine decodes.
fn engine_path(segments: &[&str]) -> Result<String, Refusal> {
    let mut path = String::new();
    for segment in segments {
        if !path.is_empty() {
            path.push('/');
        }
        query::encode_into(&mut path, &query::decode(segment)?);
    }
    Ok(path)
}

/// Whether an engine may be asked the same: spares the others the work of writing the path anew.
const fn may_be_passed(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Pass(_)
            | Operation::AuthorizeTool
            | Operation::Requirements
            | Operation::AuthAuthorize
            | Operation::AuthStatus
            | Operation::ScheduledList
            | Operation::ScheduledGet
            | Operation::Chat
    )
}

const fn is_of_engine(operation: &Operation) -> bool {
    !matches!(
        operation,
        Operation::Live
            | Operation::Ready
            | Operation::OpenApi
            | Operation::Metrics
            | Operation::WorkerHealth
            | Operation::WorkerTools
            | Operation::WorkerInvoke
            | Operation::Explain(_)
            | Operation::EpochsRead
            | Operation::EpochsAdvance
    ) && !operation.is_of_keys()
        && !operation.is_of_cache()
}

fn not_allowed(routes: &[(Method, Operation)]) -> Refusal {
    let has = |method| routes.iter().any(|(known, _)| *known == method);
    let allow = match (has(Method::Get), has(Method::Post), has(Method::Patch), has(Method::Put), has(Method::Delete)) {
        (true, false, false, false, false) => "GET, HEAD, OPTIONS",
        (true, true, false, false, false) => "GET, HEAD, POST, OPTIONS",
        (true, false, false, false, true) => "GET, HEAD, DELETE, OPTIONS",
        (true, false, true, false, true) => "GET, HEAD, PATCH, DELETE, OPTIONS",
        (true, false, false, true, false) => "GET, HEAD, PUT, OPTIONS",
        (false, true, false, false, false) => "POST, OPTIONS",
        (false, true, false, false, true) => "POST, DELETE, OPTIONS",
        (false, false, true, false, false) => "PATCH, OPTIONS",
        (false, false, false, false, true) => "DELETE, OPTIONS",
        _ => "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    };
    Refusal { allow: Some(allow), ..Refusal::new(RefusalKind::MethodNotAllowed) }
}

/// Takes `/v1/orgs/{org}/projects/{project}` off the front, leaving `/v1/...`.
fn project_of(segments: Vec<&str>) -> Result<(Option<Project>, Vec<&str>), Refusal> {
    match segments.as_slice() {
        ["v1", "orgs", org, "projects", project, rest @ ..] => {
            let name =
                Project::new(&format!("{org}/{project}")).ok_or_else(|| Refusal::new(RefusalKind::PathUnknown))?;
            Ok((Some(name), std::iter::once("v1").chain(rest.iter().copied()).collect()))
        }
        _ => Ok((None, segments)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: Method, target: &str) -> Result<Operation, RefusalKind> {
        find(method, target).map(|asked| asked.operation).map_err(|refusal| refusal.kind)
    }

    #[test]
    fn finds_operations() {
        assert_eq!(operation(Method::Get, "/v1/tools?limit=2"), Ok(Operation::ToolsList));
        assert_eq!(operation(Method::Get, "/v1/tools/"), Ok(Operation::ToolsList));
        assert_eq!(
            operation(Method::Get, "/v1/tools/Calc.Plus%401.0.0"),
            Ok(Operation::ToolGet("Calc.Plus@1.0.0".into()))
        );
        assert_eq!(operation(Method::Post, "/v1/tools/execute"), Ok(Operation::Execute));
        assert_eq!(operation(Method::Delete, "/v1/workers/w"), Ok(Operation::Pass(Action::WorkersWrite)));
        assert_eq!(operation(Method::Options, "/v1/tools"), Ok(Operation::Preflight));
    }

    #[test]
    fn an_org_path_is_the_same_operation_in_a_project() {
        let asked = find(Method::Get, "/v1/orgs/o/projects/p/gateways/g").unwrap();
        assert_eq!(asked.operation, Operation::Pass(Action::GatewaysRead));
        assert_eq!(asked.project, Project::new("o/p"));
        assert_eq!(asked.engine_path, "gateways/g");
    }

    #[test]
    fn refuses_what_is_not_there() {
        assert_eq!(operation(Method::Get, "/v2/tools"), Err(RefusalKind::PathUnknown));
        assert_eq!(operation(Method::Get, "/"), Err(RefusalKind::PathUnknown));
        assert_eq!(operation(Method::Get, ""), Err(RefusalKind::PathUnknown));
        assert_eq!(operation(Method::Get, &"/x".repeat(1000)), Err(RefusalKind::PathUnknown));
        assert_eq!(operation(Method::Delete, "/v1/tools"), Err(RefusalKind::MethodNotAllowed));
        assert_eq!(operation(Method::Other, "/v1/tools"), Err(RefusalKind::MethodNotAllowed));
        assert_eq!(operation(Method::Get, "/v1/orgs/o/projects/p/gate/v1/epochs"), Err(RefusalKind::PathUnknown));
    }

    #[test]
    fn a_path_cannot_leave_its_place() {
        for target in [
            "/v1/workers/..",
            "/v1/workers/%2e%2e",
            "/v1/workers/a%2f..%2fsecrets",
            "/v1/workers/%252e",
            "/v1/workers//health",
            "/v1/workers/%00",
        ] {
            assert_eq!(operation(Method::Get, target), Err(RefusalKind::TargetInvalid), "{target}");
        }
    }
}
