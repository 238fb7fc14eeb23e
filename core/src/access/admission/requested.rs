//! Requests as an interface read them: what they name, and no body, path or header.

use crate::model::call::{Call, NamedTool, NamedUser};
use crate::words::names::{Project, UserId};
use crate::words::refusal::Refusal;

/// Holds the users that a part of a request names, in the order in which they are checked.
#[derive(Debug, Default)]
pub struct Users {
    /// The users.
    pub named: Vec<NamedUser>,
    /// The fault behind them that ended the reading: a caller that may not name those before it is told that first.
    pub fault: Option<Refusal>,
}

/// Holds the facts of a request that need no list of tools, and no body.
#[derive(Debug, Default)]
pub struct RequestScope {
    /// True for an operator's operation, which no kill switch stops.
    pub is_operators: bool,
    /// The organisation and project.
    pub project: Option<Project>,
    /// The users beside the body.
    pub users: Users,
}

/// A request behind its [`RequestScope`].
#[derive(Debug)]
pub enum Requested<'r> {
    /// A call of a tool.
    Call(Call<'r>),
    /// Anything else, by what it names.
    Named(NamedEntities),
}

/// Holds the users and the tools that a request names, when it is no call.
#[derive(Debug)]
pub struct NamedEntities {
    /// The reason for which the request is about every user, if it is: then only a caller that may name any may send it.
    pub every_user: Option<&'static str>,
    /// The users in the body.
    pub users: Users,
    /// The user whom the request is for, as policies see it.
    pub user: Option<UserId>,
    /// The tools. Or the fault of anything else, which only a caller that may name these users is told.
    pub tools: Result<Vec<NamedTool<'static>>, Refusal>,
    /// True if the request, where it names no tool, may be read as one for all of them.
    pub means_all_tools: bool,
}

impl NamedEntities {
    /// Names nothing but the user whom the request is for.
    #[must_use]
    pub const fn of(user: Option<UserId>) -> Self {
        let users = Users { named: Vec::new(), fault: None };
        Self { every_user: None, users, user, tools: Ok(Vec::new()), means_all_tools: false }
    }
}
