//! Admits or refuses a request: default deny, for the action, the project, the user, and each tool that it can reach.

mod arguments;
mod authority;
mod requested;
mod rules;
mod switches;
mod tools;

pub use arguments::{check as check_arguments, check_rules};
use authority::CallFacts;
pub use authority::{Authority, Noted};
pub use requested::{NamedEntities, RequestScope, Requested, Users};
pub use rules::Rules;

use std::rc::Rc;

use crate::access::epochs::EpochsView;
use crate::catalog::Registry;
use crate::model::call::{Call, Input, NamedUser, ToolCall};
use crate::model::caller::{Caller, ProjectRule, UserRule};
use crate::model::tool::Tool;
use crate::policy::{Arguments, User};
use crate::ports::DurableError;
use crate::words::json::{Json, Object};
use crate::words::modes::FailMode;
use crate::words::refusal::{Refusal, RefusalKind};
use switches::check_caller_switches;
pub(crate) use tools::check_equivalent;

/// Holds an admitted request.
#[derive(Debug)]
pub enum Admitted<'r> {
    /// A tool call.
    Call(ToolCall<'r>),
    /// Anything else, with the tools that it names.
    Tools(Vec<Rc<Tool>>),
}

impl Admitted<'_> {
    /// Returns the called tool, in lower case.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        if let Self::Call(call) = self { Some(&call.tool.folded) } else { None }
    }
}

/// Holds the inputs of an admission decision.
#[derive(Debug)]
pub struct Context<'a> {
    /// The operator's rules.
    pub rules: &'a Rules,
    /// The caller.
    pub caller: &'a Caller,
    /// The authority over the caller's permissions.
    pub authority: &'a Authority<'a>,
    /// The view of the epochs.
    pub held: &'a EpochsView,
    /// The registry of tools.
    pub registry: &'a Registry,
    /// True when some executor's tools are unknown.
    pub registry_is_incomplete: bool,
}

/// Makes the checks that need no list of tools, before any executor is asked for one. The order: epochs, action, kill
/// switches, project, users beside the body.
///
/// # Errors
/// The refusal of the first check that fails.
pub fn permit(
    rules: &Rules,
    caller: &Caller,
    authority: &Authority<'_>,
    held: &EpochsView,
    scope: &RequestScope,
) -> Result<(), Refusal> {
    if let (Some(fault), FailMode::Closed) = (held.fault, rules.fail_mode) {
        return Err(Refusal::new(match fault {
            DurableError::Unavailable => RefusalKind::EpochsUnavailable,
            DurableError::Unsupported => RefusalKind::DurableUnsupported,
        }));
    }
    authority.check_action()?;
    if !scope.is_operators {
        check_caller_switches(&held.epochs, caller)?;
    }
    if let Some(project) = &scope.project {
        let is_permitted = match &caller.projects {
            ProjectRule::Every => true,
            ProjectRule::Only(projects) => projects.contains(project),
        };
        if !is_permitted {
            return Err(Refusal::new(RefusalKind::ProjectNotPermitted));
        }
    }
    check_users(caller, &scope.users)
}

fn check_users(caller: &Caller, users: &Users) -> Result<(), Refusal> {
    users.named.iter().try_for_each(|user| check_user(caller, user))?;
    users.fault.clone().map_or(Ok(()), Err)
}

fn check_user(caller: &Caller, user: &NamedUser) -> Result<(), Refusal> {
    if caller.may_name(&user.id) { Ok(()) } else { Err(Refusal::with(RefusalKind::UserNotPermitted, user.place)) }
}

/// Makes the remaining checks of a request that [`permit`] let through: its tools, and the users in its body.
///
/// # Errors
/// The refusal of the first check that fails.
pub fn admit<'r>(context: &Context<'_>, requested: &'r Requested<'_>) -> Result<Admitted<'r>, Refusal> {
    match requested {
        Requested::Call(call) => admit_call(context, call).map(Admitted::Call),
        Requested::Named(names) => admit_names(context, names).map(Admitted::Tools),
    }
}

/// Admits a call: its user, then its tool for these arguments.
///
/// # Errors
/// The refusal of the first check that fails.
pub fn admit_call<'r>(context: &Context<'_>, call: &'r Call<'_>) -> Result<ToolCall<'r>, Refusal> {
    let Call { tool, input, user, run_at, include_stacktrace, project } = call;
    if let Some(user) = user {
        check_user(context.caller, user)?;
    }
    let facts = CallFacts {
        arguments: input.as_ref().map_or(Arguments::Unknown, Arguments::Known),
        user: user.as_ref().map_or(User::Absent, |user| User::Named(user.id.as_str())),
        is_now: run_at.is_none(),
    };
    let tool = context.tool_for(&tool.name, tool.version.as_deref(), &facts)?;
    let input = match input {
        Ok(Json::Null) => Input::Owned(Json::Object(Object::new())),
        Ok(input) => Input::Requested(input),
        Err(fault) => return Err(fault.clone()),
    };
    let user = user.as_ref().map(|user| user.id.clone());
    let (run_at, include_stacktrace, project) = (run_at.clone(), *include_stacktrace, project.clone());
    Ok(ToolCall { tool, input, user, run_at, include_stacktrace, project })
}

/// Admits a request that is no call: its users, the action for its user, and each of its tools. An engine might read
/// "no tools named" as "all tools": where it might, only callers of every tool may name none.
fn admit_names(context: &Context<'_>, names: &NamedEntities) -> Result<Vec<Rc<Tool>>, Refusal> {
    let NamedEntities { every_user, users, user, tools, means_all_tools } = names;
    if let Some(reason) = every_user
        && context.caller.users != UserRule::Every
    {
        return Err(Refusal::with(RefusalKind::UserNotPermitted, *reason));
    }
    check_users(context.caller, users)?;
    context.authority.check_user(user.as_ref())?;
    let tools = tools.as_ref().map_err(Clone::clone)?;
    if tools.is_empty() && *means_all_tools && !context.authority.may_use_every_tool() {
        return Err(Refusal::new(RefusalKind::ToolsUnnamed));
    }
    tools.iter().map(|tool| context.tool(&tool.name, tool.version.as_deref())).collect()
}
