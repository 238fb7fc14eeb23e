//! The table of routes: what there is, and nothing else.

use std::borrow::Cow;

use super::{Operation, query};
use crate::words::action::Action;
use crate::words::method::Method;
use crate::words::refusal::{Refusal, RefusalKind};

/// The methods that a path takes, and what each asks for. Empty for an unknown path.
pub(super) fn of(segments: &[&str]) -> Result<Vec<(Method, Operation)>, Refusal> {
    use Method::{Delete, Get, Patch, Post, Put};
    let pass = |method, action| (method, Operation::Pass(action));
    let read_write = |read, write| vec![pass(Get, read), pass(Post, write)];
    let one = |read, write| vec![pass(Get, read), pass(Patch, write), pass(Delete, write)];
    if segments == [""] {
        return Ok(Vec::new());
    }
    let text = |segment: &str| query::decode(segment).map(Cow::into_owned);
    refuse_escapes(segments)?;
    Ok(match segments {
        ["health", "live"] => vec![(Get, Operation::Live)],
        ["health", "ready"] => vec![(Get, Operation::Ready)],
        ["metrics"] => vec![(Get, Operation::Metrics)],
        ["openapi.json"] => vec![(Get, Operation::OpenApi)],
        ["worker", "health"] => vec![(Get, Operation::WorkerHealth)],
        ["worker", "tools"] => vec![(Get, Operation::WorkerTools)],
        ["worker", "tools", "invoke"] => vec![(Post, Operation::WorkerInvoke)],
        ["gate", "v1", "explain", id] => vec![(Get, Operation::Explain(text(id)?))],
        ["gate", "v1", "epochs"] => vec![(Get, Operation::EpochsRead), (Post, Operation::EpochsAdvance)],
        ["gate", "v1", "keys"] => vec![(Get, Operation::KeysList), (Post, Operation::KeyCreate)],
        ["gate", "v1", "keys", id] => {
            vec![(Get, Operation::KeyGet(text(id)?)), (Delete, Operation::KeyRevoke(text(id)?))]
        }
        ["gate", "v1", "keys", id, "rotate"] => vec![(Post, Operation::KeyRotate(text(id)?))],
        ["gate", "v1", "cache"] => vec![(Get, Operation::CacheStatistics)],
        ["gate", "v1", "cache", "lookup"] => vec![(Post, Operation::CacheLookup)],
        ["gate", "v1", "cache", "invalidate"] => vec![(Post, Operation::CacheInvalidate)],
        ["gate", "v1", "cache", "warm"] => vec![(Post, Operation::CacheWarm)],
        ["v1", "health"] => vec![(Get, Operation::EngineHealth)],
        ["v1", "config" | "swagger"] => vec![pass(Get, Action::EngineRead)],
        ["v1", "tools"] => vec![(Get, Operation::ToolsList)],
        ["v1", "tools", "execute"] => vec![(Post, Operation::Execute)],
        ["v1", "tools", "authorize"] => vec![(Post, Operation::AuthorizeTool)],
        ["v1", "tools", "requirements"] => vec![(Post, Operation::Requirements)],
        ["v1", "tools", name] => vec![(Get, Operation::ToolGet(text(name)?))],
        ["v1", "formatted_tools"] => vec![(Get, Operation::FormattedList)],
        ["v1", "formatted_tools", name] => vec![(Get, Operation::FormattedGet(text(name)?))],
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

/// Segments that an engine will see are passed on as they came: they must not be able to leave their place.
fn refuse_escapes(segments: &[&str]) -> Result<(), Refusal> {
    if segments.iter().any(|segment| is_escape(segment)) {
        return Err(Refusal::new(RefusalKind::TargetInvalid));
    }
    Ok(())
}

/// Whether a path segment, once decoded by whoever reads it next, could mean another place.
fn is_escape(segment: &str) -> bool {
    let Ok(decoded) = query::decode(segment) else { return true };
    matches!(decoded.as_ref(), "" | "." | "..")
        || decoded.contains(['/', '\\', '?', '#', '%'])
        || decoded.chars().any(char::is_control)
}
