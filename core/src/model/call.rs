//! Calls: requested ones, as an interface read them, and admitted ones.

use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

use super::tool::Tool;
use crate::words::json::Json;
use crate::words::method::Method;
use crate::words::names::{Project, UserId};
use crate::words::refusal::Refusal;

/// A user that a request names.
#[derive(Clone, Debug)]
pub struct NamedUser {
    /// The place of the name in the request, for messages.
    pub place: &'static str,
    /// The user.
    pub id: UserId,
}

/// A tool that a request names, as it was sent.
#[derive(Clone, Debug)]
pub struct NamedTool<'r> {
    /// The name, in any of its forms.
    pub name: Cow<'r, str>,
    /// The version, if one is asked for.
    pub version: Option<Cow<'r, str>>,
}

/// A requested call of a tool: nothing of it is permitted yet.
#[derive(Debug)]
pub struct Call<'r> {
    /// The tool.
    pub tool: NamedTool<'r>,
    /// The arguments: an object, or null for none. Or their fault, which only a caller that may make the call is told.
    pub input: Result<Json<'r>, Refusal>,
    /// The user that the call is made for.
    pub user: Option<NamedUser>,
    /// The time of a scheduled call; `None` for an immediate one.
    pub run_at: Option<String>,
    /// True when a stack trace is requested.
    pub include_stacktrace: bool,
    /// The organisation and project.
    pub project: Option<Project>,
}

/// The arguments of an admitted call. A `Cow` of them would fix its lifetime (it is invariant).
#[derive(Debug)]
pub enum Input<'r> {
    /// Those of the requested call.
    Requested(&'r Json<'r>),
    /// Others.
    Owned(Json<'r>),
}

impl<'r> Deref for Input<'r> {
    type Target = Json<'r>;

    fn deref(&self) -> &Json<'r> {
        match self {
            Self::Requested(json) => json,
            Self::Owned(json) => json,
        }
    }
}

/// An admitted tool call.
///
/// INVARIANT (admitted): only `admission::admit` makes one, so whoever holds one need not check again.
#[derive(Debug)]
pub struct ToolCall<'r> {
    /// The tool in its resolved version.
    pub tool: Rc<Tool>,
    /// The arguments: an object.
    pub input: Input<'r>,
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

    /// Returns a copy that borrows from nothing.
    #[must_use]
    pub fn into_owned(self) -> ToolCall<'static> {
        let Self { tool, input, user, run_at, include_stacktrace, project } = self;
        let input = Input::Owned(input.clone().into_owned());
        ToolCall { tool, input, user, run_at, include_stacktrace, project }
    }
}

/// A request to an engine.
#[derive(Debug)]
pub struct EngineCall<'r> {
    /// The method.
    pub method: Method,
    /// The path below `/v1`, encoded.
    pub path: String,
    /// The query with its `?`, or empty.
    pub query: String,
    /// The organisation and project.
    pub project: Option<Project>,
    /// The accepted media types, if the caller said so.
    pub accept: Option<&'r str>,
    /// The idempotency key as it was sent.
    pub idempotency_key: Option<&'r str>,
    /// The body: JSON, or empty.
    pub body: &'r [u8],
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
