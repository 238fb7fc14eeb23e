//! Calls that were admitted: of a tool, and to the engine.

use std::rc::Rc;

use super::tool::Tool;
use crate::words::json::Json;
use crate::words::method::Method;
use crate::words::names::{Project, UserId};

/// A tool call that was admitted.
///
/// INVARIANT (admitted): only `admission::admit` makes one, so whoever holds one need not check again.
#[derive(Debug)]
pub struct ToolCall<'r> {
    /// The tool in its resolved version.
    pub tool: Rc<Tool>,
    /// The arguments: an object.
    pub input: Json<'r>,
    /// The user it is made for.
    pub user: Option<UserId>,
    /// When it is to be made, if later.
    pub run_at: Option<String>,
    /// Whether a stack trace was asked for.
    pub include_stacktrace: bool,
    /// The organisation and project.
    pub project: Option<Project>,
}

impl ToolCall<'_> {
    /// Whether the call may be made twice without harm. One that is to be made later never may.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.tool.is_repeatable() && self.run_at.is_none()
    }
}

/// A request to the engine that was admitted.
#[derive(Debug)]
pub struct EngineCall {
    /// Its method.
    pub method: Method,
    /// The path below `/v1`, encoded.
    pub path: String,
    /// Its query, with `?`, or nothing.
    pub query: String,
    /// The organisation and project.
    pub project: Option<Project>,
    /// What kind of exchange it is.
    pub exchange: Exchange,
    /// The engine that it is for, by its place in the configuration; `None` for the first that is active.
    pub executor: Option<usize>,
}

/// What has to be done around an engine call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Nothing.
    Plain,
    /// The answer names authorisations that now belong to the caller.
    BeginsAuthorization,
    /// The authorisation with this id must belong to the caller; the engine may answer late.
    AwaitsAuthorization(String),
    /// The answer is about one user's execution, which the caller must be allowed to name.
    OneExecution,
    /// The answer streams.
    Streams,
}
