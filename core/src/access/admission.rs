//! Admits or refuses a request: default deny, for the action, the project, the user, and each tool that it can reach.

mod arguments;
mod authority;
mod body;
mod rules;
mod switches;
mod tools;

pub use arguments::{check as check_arguments, check_rules};
use authority::Call;
pub use authority::{Authority, Noted};
pub use body::{Members, json_body};
pub use rules::{RequestLimits, Rules};

use crate::access::epochs::EpochsView;
use crate::catalog::Registry;
use crate::model::call::{EngineCall, Exchange, ToolCall};
use crate::model::caller::{Caller, ProjectRule, UserRule};
use crate::model::operation::{Asked, Operation};
use crate::model::request::Request;
use crate::policy::{Arguments, User};
use crate::ports::DurableError;
use crate::words::json::Json;
use crate::words::modes::FailMode;
use crate::words::names::UserId;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;
use switches::check_caller_switches;
pub(crate) use tools::check_equivalent;

/// Holds an admitted request.
#[derive(Debug)]
pub enum Admitted<'r> {
    /// A tool call.
    Tool(Box<ToolCall<'r>>),
    /// A request to the engine.
    Engine(EngineCall),
    /// A request that the gateway answers by itself.
    Own,
}

impl Admitted<'_> {
    /// Returns the called tool, in lower case.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        if let Self::Tool(call) = self { Some(&call.tool.folded) } else { None }
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

impl Context<'_> {
    /// Returns the user that a text names, if the caller may name it.
    ///
    /// # Errors
    /// [`RefusalKind::RequestInvalid`], [`RefusalKind::UserNotPermitted`].
    pub fn user(&self, place: &'static str, text: Option<&str>) -> Result<Option<UserId>, Refusal> {
        user_of(self.caller, place, text)
    }
}

/// Makes the checks that need no list of tools, before any executor is asked for one. The order: epochs, action, kill
/// switches, project, users in the query.
///
/// # Errors
/// The refusal of the first check that fails.
pub fn permit(
    rules: &Rules,
    caller: &Caller,
    authority: &Authority<'_>,
    held: &EpochsView,
    asked: &Asked,
) -> Result<(), Refusal> {
    if let (Some(fault), FailMode::Closed) = (held.fault, rules.fail_mode) {
        return Err(Refusal::new(match fault {
            DurableError::Unavailable => RefusalKind::EpochsUnavailable,
            DurableError::Unsupported => RefusalKind::DurableUnsupported,
        }));
    }
    authority.check_action()?;
    if !asked.operation.is_operators() {
        check_caller_switches(&held.epochs, caller)?;
    }
    if let Some(project) = &asked.project {
        let is_permitted = match &caller.projects {
            ProjectRule::Every => true,
            ProjectRule::Only(projects) => projects.contains(project),
        };
        if !is_permitted {
            return Err(Refusal::new(RefusalKind::ProjectNotPermitted));
        }
    }
    for parameter in USER_PARAMETERS {
        user_of(caller, "the user in the query", asked.query.get(parameter))?;
    }
    Ok(())
}

fn user_of(caller: &Caller, place: &'static str, text: Option<&str>) -> Result<Option<UserId>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let user = UserId::new(text);
    let user = user.ok_or_else(|| {
        let rule = format!("{place}: must be 1 to 256 bytes without control characters");
        Refusal::with(RefusalKind::RequestInvalid, rule)
    })?;
    let may_name = match &caller.users {
        UserRule::Every => true,
        UserRule::Only(users) => users.contains(&user),
    };
    if may_name { Ok(Some(user)) } else { Err(Refusal::with(RefusalKind::UserNotPermitted, place)) }
}

/// Names the query parameters that carry a user: the SDKs write the second form for nested ones.
const USER_PARAMETERS: [&str; 2] = ["user_id", "user[id]"];

/// Makes the remaining checks of a request that [`permit`] let through: its tools, and the names in its body.
///
/// # Errors
/// The refusal of the first check that fails.
pub fn admit<'r>(context: &Context<'_>, asked: &Asked, request: &'r Request) -> Result<Admitted<'r>, Refusal> {
    match &asked.operation {
        Operation::Execute => admit_execute(context, asked, request),
        Operation::AuthorizeTool => {
            let body = json_body(request, &context.rules.limits)?;
            body::refuse_lookalikes(&body)?;
            let members = Members::of(&body)?;
            context.user("user_id", members.text("user_id")?)?;
            let tool = context.tool(members.required_text("tool_name")?, members.version()?)?;
            // A tool that needs no authorisation may live on an executor that the engine knows nothing of.
            if !tool.needs_authorization {
                return Ok(Admitted::Own);
            }
            // An engine may know a worker's tool too; then the default engine answers.
            let is_engine =
                |index: &usize| context.rules.executors.get(*index).is_some_and(|executor| executor.engine().is_some());
            Ok(Admitted::Engine(EngineCall {
                executor: Some(tool.executor).filter(is_engine),
                ..engine_call(asked, request, Exchange::BeginsAuthorization)
            }))
        }
        Operation::Requirements => {
            let body = json_body(request, &context.rules.limits)?;
            body::refuse_lookalikes(&body)?;
            let members = Members::of(&body)?;
            context.user("user_id", members.text("user_id")?)?;
            for (name, version) in body::named_tools(&members)? {
                context.tool(name, version)?;
            }
            engine(asked, request, Exchange::BeginsAuthorization)
        }
        Operation::AuthAuthorize => {
            let user = check_users_in_body(context, request)?;
            check_user(context, asked, user)?;
            engine(asked, request, Exchange::BeginsAuthorization)
        }
        Operation::AuthStatus => {
            check_user(context, asked, None)?;
            let missing = || Refusal::with(RefusalKind::QueryInvalid, "id is missing");
            let id = asked.query.get("id").ok_or_else(missing)?.to_owned();
            engine(&clip_wait(asked, context.rules.limits.long_poll)?, request, Exchange::AwaitsAuthorization(id))
        }
        Operation::ScheduledList if context.caller.users != UserRule::Every => {
            Err(Refusal::with(RefusalKind::UserNotPermitted, "the list holds every user's executions"))
        }
        Operation::ScheduledGet => {
            check_user(context, asked, None)?;
            engine(asked, request, Exchange::OneExecution)
        }
        Operation::Chat => {
            let body = json_body(request, &context.rules.limits)?;
            body::refuse_lookalikes(&body)?;
            let members = Members::of(&body)?;
            let user = context.user("user", members.text("user")?)?;
            let user_id = context.user("user_id", members.text("user_id")?)?;
            check_user(context, asked, user_id.or(user))?;
            admit_chat_tools(context, &members)?;
            engine(asked, request, Exchange::Streams)
        }
        Operation::Pass(_) if has_body(request) => {
            let user = check_users_in_body(context, request)?;
            check_user(context, asked, user)?;
            engine(asked, request, Exchange::Plain)
        }
        Operation::ScheduledList | Operation::Pass(_) => {
            check_user(context, asked, None)?;
            engine(asked, request, Exchange::Plain)
        }
        _ => check_user(context, asked, None).map(|()| Admitted::Own),
    }
}

fn admit_execute<'r>(context: &Context<'_>, asked: &Asked, request: &'r Request) -> Result<Admitted<'r>, Refusal> {
    let body = json_body(request, &context.rules.limits)?;
    let members = Members::of(&body)?;
    let user = context.user("user_id", members.text("user_id")?)?;
    let run_at = members.text("run_at")?.filter(|run_at| !run_at.is_empty()).map(str::to_owned);
    let include_stacktrace = members.flag("include_error_stacktrace")?;
    let call = Call {
        // Anything but an object is refused below.
        arguments: match body.get("input") {
            None => Arguments::Known(&Json::Null),
            Some(input @ (Json::Object(_) | Json::Null)) => Arguments::Known(input),
            Some(_) => Arguments::Unknown,
        },
        user: user.as_ref().map_or(User::Absent, |user| User::Named(user.as_str())),
        is_now: run_at.is_none(),
    };
    let tool = context.tool_for(members.required_text("tool_name")?, members.version()?, &call)?;
    members.object_or_null("input")?;
    let input = body::take(body, "input").unwrap_or_else(|| Json::Object(crate::words::json::Object::new()));
    let project = asked.project.clone();
    Ok(Admitted::Tool(Box::new(ToolCall { tool, input, user, run_at, include_stacktrace, project })))
}

/// Checks the tools that a chat request gives to its model: each must be the caller's. An engine might read "no tools
/// named" as "all tools", so only callers of every tool may omit them where tools are to be used.
fn admit_chat_tools(context: &Context<'_>, members: &Members<'_, '_>) -> Result<(), Refusal> {
    let named = body::chat_tools(members)?;
    if named.is_empty() && members.has("tool_choice") && !context.authority.may_use_every_tool() {
        return Err(Refusal::new(RefusalKind::ToolsUnnamed));
    }
    for name in named {
        context.tool(name, None)?;
    }
    Ok(())
}

/// Asks the policies about an action without a tool, now that its user is known: the body's, else the query's.
fn check_user(context: &Context<'_>, asked: &Asked, user: Option<UserId>) -> Result<(), Refusal> {
    let in_query = || USER_PARAMETERS.iter().find_map(|name| asked.query.get(name)).and_then(UserId::new);
    context.authority.check_user(user.or_else(in_query).as_ref())
}

/// Returns the user that the body names, if the caller may name it.
fn check_users_in_body(context: &Context<'_>, request: &Request) -> Result<Option<UserId>, Refusal> {
    let body = json_body(request, &context.rules.limits)?;
    let mut found = None;
    if let Json::Object(_) = &body {
        body::refuse_lookalikes(&body)?;
        let members = Members::of(&body)?;
        for member in ["user_id", "user"] {
            let named = context.user(member, members.text(member)?)?;
            found = found.or(named);
        }
    }
    Ok(found)
}

const fn has_body(request: &Request) -> bool {
    !matches!(&request.body, crate::model::request::RequestBody::Whole(bytes) if bytes.is_empty())
}

fn engine<'r>(asked: &Asked, request: &Request, exchange: Exchange) -> Result<Admitted<'r>, Refusal> {
    Ok(Admitted::Engine(engine_call(asked, request, exchange)))
}

fn engine_call(asked: &Asked, request: &Request, exchange: Exchange) -> EngineCall {
    EngineCall {
        method: request.method,
        path: asked.engine_path.clone(),
        query: asked.query.encoded(),
        project: asked.project.clone(),
        exchange,
        executor: None,
    }
}

/// Clips the long poll's `wait` to this host's bound; the SDKs ask again.
fn clip_wait(asked: &Asked, longest: Millis) -> Result<Asked, Refusal> {
    let mut asked = asked.clone();
    if let Some(wait) = asked.query.get("wait") {
        let wait: u64 = wait
            .parse()
            .map_err(|_| Refusal::with(RefusalKind::QueryInvalid, "wait must be a whole number of seconds"))?;
        let most = longest.get() / 1000;
        asked.query.set("wait", wait.min(most).to_string());
    }
    Ok(asked)
}
