//! Requested operations: a closed list, found from method and path alone.

pub(crate) mod query;
mod table;

pub use query::Query;
#[cfg(test)]
pub(crate) use table::ROUTES;
pub use table::{Gate, Operation};

use self::table::OperationRow;
use crate::words::method::Method;
use crate::words::names::Project;
use crate::words::percent;
use crate::words::refusal::{Refusal, RefusalKind};

/// A requested operation, with the project that its path addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The operation.
    pub operation: Operation,
    /// The project of the path prefix `/v1/orgs/{org}/projects/{project}`.
    pub project: Option<Project>,
    /// The query, decoded.
    pub query: Query,
    /// The path below `/v1`, still encoded, for requests passed on to an engine; empty otherwise.
    pub engine_path: String,
}

/// Finds the requested operation.
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
    if segments == [""] {
        return Err(Refusal::new(RefusalKind::PathUnknown));
    }
    refuse_escapes(&segments)?;
    let routes = table::routes_of(&segments);
    if routes.is_empty() {
        return Err(Refusal::new(RefusalKind::PathUnknown));
    }
    let operation = if method == Method::Options {
        Operation::Preflight
    } else {
        let route = routes.iter().find(|route| route.method == by_method);
        route.ok_or_else(|| not_allowed(routes))?.operation(&segments)?
    };
    let engine_path =
        if operation.may_be_passed() { engine_path(segments.get(1..).unwrap_or_default())? } else { String::new() };
    Ok(Asked { operation, project, query, engine_path })
}

/// Returns the path below `/v1` with each segment re-encoded, so that an engine decodes what was decoded here.
fn engine_path(segments: &[&str]) -> Result<String, Refusal> {
    let mut path = String::new();
    for segment in segments {
        if !path.is_empty() {
            path.push('/');
        }
        percent::encode_into(&mut path, &query::decode(segment)?);
    }
    Ok(path)
}

/// Refuses segments that could leave their place in the path: an engine sees them as they came.
fn refuse_escapes(segments: &[&str]) -> Result<(), Refusal> {
    if segments.iter().any(|segment| is_escape(segment)) {
        return Err(Refusal::new(RefusalKind::TargetInvalid));
    }
    Ok(())
}

/// Returns whether a path segment, once decoded by its next reader, could mean another place.
fn is_escape(segment: &str) -> bool {
    let Ok(decoded) = query::decode(segment) else { return true };
    matches!(decoded.as_ref(), "" | "." | "..")
        || decoded.contains(['/', '\\', '?', '#', '%'])
        || decoded.chars().any(char::is_control)
}

fn not_allowed(routes: &[OperationRow]) -> Refusal {
    let has = |method| routes.iter().any(|route| route.method == method);
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
    use crate::words::action::Action;

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
