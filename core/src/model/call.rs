//! Admitted calls: tool calls and engine requests.

use std::rc::Rc;

use super::tool::Tool;
use crate::words::json::Json;
use crate::words::method::Method;
use crate::words::names::{Project, UserId};

/// An admitted tool call.
///
/// INVARIANT (admitted): only `admission::admit` makes one, so whoever holds one need not check again.
#[derive(Debug)]
pub struct ToolCall<'r> {
    /// The tool in its resolved version.
    pub tool: Rc<Tool>,
    /// The arguments: an object.
    pub input: Json<'r>,
    /// The user the call is made for.
    pub user: Option<UserId>,
    /// The time of a scheduled call; `None` for an immediate one.
    pub run_at: Option<String>,
    /// True when a stack trace was requested.
    pub include_stacktrace: bool,
    /// The organisation and project.
    pub project: Option<Project>,
}

impl ToolCall<'_> {
    /// Returns whether the call may be repeated without harm; a scheduled one never may.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.tool.is_repeatable() && self.run_at.is_none()
    }
}

/// An admitted request to the engine.
#[derive(Debug)]
pub struct EngineCall {
    /// The method.
    pub method: Method,
    /// The path below `/v1`, encoded.
    pub path: String,
    /// The query with its `?`, or empty.
    pub query: String,
    /// The organisation and project.
    pub project: Option<Project>,
    /// The kind of exchange.
    pub exchange: Exchange,
    /// The engine's index in the configuration; `None` for the first active one.
    pub executor: Option<usize>,
}

/// Names the kinds of engine exchange, by the handling that each needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// No special handling.
    Plain,
    /// The response names authorisations that now belong to the caller.
    BeginsAuthorization,
    /// The authorisation with this id must belong to the caller; the engine may respond late.
    AwaitsAuthorization(String),
    /// The response is about one user's execution, which the caller must be permitted to name.
    OneExecution,
    /// The response streams.
    Streams,
}
