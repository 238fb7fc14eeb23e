//! What a request asks for: a closed list of operations, found from method and path alone.

pub(crate) mod query;

pub use query::Query;

use crate::action::Action;
use crate::names::Project;
use crate::refusal::{Refusal, RefusalKind};
use crate::request::Method;

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
    let routes = routes(&segments)?;
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
        if is_of_engine(&operation) { engine_path(segments.get(1..).unwrap_or_default())? } else { String::new() };
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
    )
}

fn not_allowed(routes: &[(Method, Operation)]) -> Refusal {
    let has = |method| routes.iter().any(|(known, _)| *known == method);
    let allow = match (has(Method::Get), has(Method::Post), has(Method::Patch), has(Method::Put)) {
        (true, false, false, false) => "GET, HEAD, OPTIONS",
        (true, true, false, false) => "GET, HEAD, POST, OPTIONS",
        (true, false, true, false) => "GET, HEAD, PATCH, DELETE, OPTIONS",
        (true, false, false, true) => "GET, HEAD, PUT, OPTIONS",
        (false, true, false, false) => "POST, OPTIONS",
        (false, false, true, false) => "PATCH, OPTIONS",
        (false, false, false, false) => "DELETE, OPTIONS",
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

/// The methods that a path takes, and what each asks for. Empty for an unknown path.
fn routes(segments: &[&str]) -> Result<Vec<(Method, Operation)>, Refusal> {
    use Method::{Delete, Get, Patch, Post, Put};
    let pass = |method, action| (method, Operation::Pass(action));
    let read_write = |read, write| vec![pass(Get, read), pass(Post, write)];
    let one = |read, write| vec![pass(Get, read), pass(Patch, write), pass(Delete, write)];
    if segments == [""] {
        return Ok(Vec::new());
    }
    // Segments that an engine will see are passed on as they came: they must not be able to leave their place.
    if segments.iter().any(|segment| is_escape(segment)) {
        return Err(Refusal::new(RefusalKind::TargetInvalid));
    }
    Ok(match segments {
        ["health", "live"] => vec![(Get, Operation::Live)],
        ["health", "ready"] => vec![(Get, Operation::Ready)],
        ["metrics"] => vec![(Get, Operation::Metrics)],
        ["openapi.json"] => vec![(Get, Operation::OpenApi)],
        ["worker", "health"] => vec![(Get, Operation::WorkerHealth)],
        ["worker", "tools"] => vec![(Get, Operation::WorkerTools)],
        ["worker", "tools", "invoke"] => vec![(Post, Operation::WorkerInvoke)],
        ["gate", "v1", "explain", id] => vec![(Get, Operation::Explain(query::decode(id)?))],
        ["gate", "v1", "epochs"] => vec![(Get, Operation::EpochsRead), (Post, Operation::EpochsAdvance)],
        ["v1", "health"] => vec![(Get, Operation::EngineHealth)],
        ["v1", "config" | "swagger"] => vec![pass(Get, Action::EngineRead)],
        ["v1", "tools"] => vec![(Get, Operation::ToolsList)],
        ["v1", "tools", "execute"] => vec![(Post, Operation::Execute)],
        ["v1", "tools", "authorize"] => vec![(Post, Operation::AuthorizeTool)],
        ["v1", "tools", "requirements"] => vec![(Post, Operation::Requirements)],
        ["v1", "tools", name] => vec![(Get, Operation::ToolGet(query::decode(name)?))],
        ["v1", "formatted_tools"] => vec![(Get, Operation::FormattedList)],
        ["v1", "formatted_tools", name] => {
            vec![(Get, Operation::FormattedGet(query::decode(name)?))]
        }
        ["v1", "scheduled_tools"] => vec![(Get, Operation::ScheduledList)],
        ["v1", "scheduled_tools", _] => vec![(Get, Operation::ScheduledGet)],
        ["v1", "auth", "authorize"] => vec![(Post, Operation::AuthAuthorize)],
        ["v1", "auth", "status"] => vec![(Get, Operation::AuthStatus)],
        ["v1", "auth", "confirm_user"] => vec![pass(Post, Action::AuthConfirmUser)],
        ["v1", "auth", "validate_custom_verifier"] => {
            vec![pass(Post, Action::AuthValidateVerifier)]
        }
        ["v1", "chat", "completions"] => vec![(Post, Operation::Chat)],
        ["v1", "workers"] => read_write(Action::WorkersRead, Action::WorkersWrite),
        ["v1", "workers", "test"] => vec![pass(Post, Action::WorkersWrite)],
        ["v1", "workers", _] => one(Action::WorkersRead, Action::WorkersWrite),
        ["v1", "workers", _, "health" | "tools" | "authorize"] => {
            vec![pass(Get, Action::WorkersRead)]
        }
        ["v1", "admin", "secrets" | "user_connections"] => vec![pass(Get, Action::AdminRead)],
        ["v1", "admin", "secrets", _] => vec![pass(Post, Action::AdminWrite), pass(Delete, Action::AdminWrite)],
        ["v1", "admin", "user_connections", _] => vec![pass(Delete, Action::AdminWrite)],
        ["v1", "admin", "auth_providers"] => read_write(Action::AdminRead, Action::AdminWrite),
        ["v1", "admin", "auth_providers", _] => one(Action::AdminRead, Action::AdminWrite),
        ["v1", "admin", "settings", "session_verification"] => {
            vec![pass(Get, Action::AdminRead), pass(Put, Action::AdminWrite)]
        }
        ["v1", "plugins"] => read_write(Action::PluginsRead, Action::PluginsWrite),
        ["v1", "plugins", _] => one(Action::PluginsRead, Action::PluginsWrite),
        ["v1", "hooks"] => read_write(Action::HooksRead, Action::HooksWrite),
        ["v1", "hooks", "bulk"] => vec![pass(Patch, Action::HooksWrite)],
        ["v1", "hooks", _] => one(Action::HooksRead, Action::HooksWrite),
        ["v1", "gateways"] => read_write(Action::GatewaysRead, Action::GatewaysWrite),
        ["v1", "gateways", "slug"] => vec![pass(Post, Action::GatewaysWrite)],
        ["v1", "gateways", _] => one(Action::GatewaysRead, Action::GatewaysWrite),
        _ => Vec::new(),
    })
}

/// Whether a path segment, once decoded by whoever reads it next, could mean another place.
fn is_escape(segment: &str) -> bool {
    let Ok(decoded) = query::decode(segment) else {
        return true;
    };
    matches!(decoded.as_str(), "" | "." | "..")
        || decoded.contains(['/', '\\', '?', '#', '%'])
        || decoded.chars().any(char::is_control)
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
            operation(Method::Get, "/v1/tools/Math.Add%402.0.2"),
            Ok(Operation::ToolGet("Math.Add@2.0.2".into()))
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
