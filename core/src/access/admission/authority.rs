//! Asks the one decision function, and turns its decisions into refusals.

use std::cell::RefCell;

use super::{Context, Rules};
use crate::model::caller::Caller;
use crate::model::tool::Tool;
use crate::policy::{Arguments, Decision, Denial, PolicyRequest, PolicySet, Resource, ToolFacts, User, Verdict, Would};
use crate::words::action::Action;
use crate::words::names::{Project, UserId};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Timestamp;

/// Holds the inputs common to all decisions on one request.
#[derive(Debug)]
pub struct Authority<'a> {
    rules: &'a Rules,
    caller: &'a Caller,
    action: Action,
    project: Option<&'a Project>,
    at: Timestamp,
    country: Option<&'a str>,
    noted: RefCell<Noted>,
}

/// Notes the decisions on a request, for its record: empty while there are no policies. Names are separated by commas.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// The rules that made the last decision.
    pub rules: String,
    /// The facts that a refusal depended on.
    pub depends: String,
    /// The verdict of the policies in dry run, if it differs, and their names.
    pub would: Option<(&'static str, String)>,
}

/// Holds the inputs particular to one decision about a tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallFacts<'a> {
    pub(super) arguments: Arguments<'a>,
    pub(super) user: User<'a>,
    /// True when the call is made now, and not at a time of which policies know nothing.
    pub(super) is_now: bool,
}

impl CallFacts<'_> {
    /// Stands for a call about which nothing is known yet.
    pub(super) const UNKNOWN: Self = Self { arguments: Arguments::Unknown, user: User::Unknown, is_now: true };
}

impl<'a> Authority<'a> {
    /// Makes the authority over one request.
    #[must_use]
    pub fn new(
        rules: &'a Rules,
        caller: &'a Caller,
        action: Action,
        project: Option<&'a Project>,
        at: Timestamp,
        country: Option<&'a str>,
    ) -> Self {
        Self { rules, caller, action, project, at, country, noted: RefCell::default() }
    }

    /// Makes the authority over a call in `project` that this request only describes: a caller that may not make it may
    /// not ask about it.
    #[must_use]
    pub fn of_call<'b>(&'b self, project: Option<&'b Project>) -> Authority<'b> {
        let Self { rules, caller, at, country, .. } = *self;
        Authority::new(rules, caller, Action::ToolsCall, project, at, country)
    }

    /// Takes the notes, for the record.
    #[must_use]
    pub fn take_noted(&self) -> Noted {
        self.noted.take()
    }

    fn policies(&self) -> &'a PolicySet {
        &self.rules.policies
    }

    fn has_policies(&self) -> bool {
        !self.policies().is_empty()
    }

    fn request<'r>(&'r self, action: Action, resource: Resource<'r>, call: &CallFacts<'r>) -> PolicyRequest<'r> {
        let has_arguments = matches!(action, Action::ToolsCall | Action::ToolsAuthorize);
        PolicyRequest {
            caller: self.caller,
            action,
            resource,
            arguments: if has_arguments { call.arguments } else { Arguments::Absent },
            user: call.user,
            project: self.project.map(Project::as_str),
            at: call.is_now.then_some(self.at),
            country: self.country,
        }
    }

    /// Decides on the action as such, before its tool and its user are known.
    pub(super) fn check_action(&self) -> Result<(), Refusal> {
        // Most are admitted by a grant, and the policies are asked when all is known.
        let is_about_tools = is_about_tools(self.action);
        if is_about_tools && self.caller.holds(self.action) {
            return Ok(());
        }
        let resource = if is_about_tools { Resource::AnyTool } else { self.itself() };
        let request = self.request(self.action, resource, &CallFacts::UNKNOWN);
        let decision = self.policies().decide(&request);
        if decision.may_be_allowed() {
            return Ok(());
        }
        let not_permitted = Refusal::with(RefusalKind::ActionNotPermitted, self.action.as_str());
        Err(self.refused(&decision, &request, not_permitted))
    }

    /// Decides on an action that is not about one tool, when its user is known.
    pub(super) fn check_user(&self, user: Option<&UserId>) -> Result<(), Refusal> {
        if !self.has_policies() || is_about_tools(self.action) {
            return Ok(());
        }
        let user = user.map_or(User::Absent, |user| User::Named(user.as_str()));
        let call = CallFacts { user, ..CallFacts::UNKNOWN };
        let request = self.request(self.action, self.itself(), &call);
        let decision = self.policies().decide(&request);
        self.note(&decision);
        if decision.is_allowed() {
            return Ok(());
        }
        let not_permitted = Refusal::with(RefusalKind::ActionNotPermitted, self.action.as_str());
        Err(self.refused(&decision, &request, not_permitted))
    }

    fn itself(&self) -> Resource<'_> {
        self.project.map_or(Resource::Gateway, |project| Resource::Project(project.as_str()))
    }

    /// Returns whether the caller may use every tool. The policies about a tool can be asked only for a named one.
    pub(super) fn may_use_every_tool(&self) -> bool {
        self.caller.holds_for_every_tool(self.action) && !self.has_policies()
    }

    /// Returns whether the caller may also take this action, which is about no tool.
    #[must_use]
    pub fn may_also(&self, action: Action) -> bool {
        let request = self.request(action, self.itself(), &CallFacts { user: User::Absent, ..CallFacts::UNKNOWN });
        self.policies().decide(&request).is_allowed()
    }

    /// Returns whether the tool with this name in lower case may be used, judged by its name alone.
    pub(crate) fn may_use_name(&self, folded: &str) -> bool {
        self.may(Resource::ToolNamed(folded), &CallFacts::UNKNOWN).is_ok()
    }

    /// Returns whether the caller sees the tool: if it may call it for some arguments; or if it may list it, and only a
    /// missing permission keeps it from calling it.
    pub(super) fn sees(&self, tool: &Tool, user: Option<&UserId>) -> bool {
        let user = user.map_or(User::Unknown, |user| User::Named(user.as_str()));
        self.may(Resource::Tool(self.facts(tool)), &CallFacts { user, ..CallFacts::UNKNOWN }).is_ok()
    }

    /// Decides on using a tool for the request's action; a call is judged with its arguments.
    pub(super) fn check_tool(&self, tool: &Tool, call: &CallFacts<'_>) -> Result<(), Refusal> {
        self.may(Resource::Tool(self.facts(tool)), call)
    }

    fn may(&self, resource: Resource<'_>, call: &CallFacts<'_>) -> Result<(), Refusal> {
        let not_permitted = || Refusal::new(RefusalKind::ToolNotPermitted);
        let own = |action| self.request(action, resource, call);
        let calling = own(Action::ToolsCall);
        match self.action {
            Action::ToolsList => {
                let (decision, listing) = (self.policies().decide(&calling), own(Action::ToolsList));
                let may_list = || self.policies().decide(&listing).may_be_allowed();
                let is_seen = decision.may_be_allowed()
                    || (decision.verdict == Verdict::Deny(Denial::NotPermitted) && may_list());
                if is_seen { Ok(()) } else { Err(self.refused(&decision, &calling, not_permitted())) }
            }
            // The engine lets the model call it without asking about the arguments: it must be allowed for all.
            Action::ChatCompletions => {
                let chatting = own(Action::ChatCompletions);
                let decision = self.policies().decide(&chatting);
                if !decision.is_allowed() {
                    return Err(self.refused(&decision, &chatting, not_permitted()));
                }
                if !self.has_policies() {
                    return Ok(());
                }
                let called = self.policies().decide(&calling);
                if called.is_clear { Ok(()) } else { Err(self.refused(&called, &calling, depends_on_unknown())) }
            }
            action => {
                let request = own(action);
                let decision = self.policies().decide(&request);
                let is_final = matches!((resource, call.arguments), (Resource::Tool(_), Arguments::Known(_)));
                if is_final {
                    self.note(&decision);
                }
                let is_permitted = if is_final { decision.is_allowed() } else { decision.may_be_allowed() };
                if is_permitted { Ok(()) } else { Err(self.refused(&decision, &request, not_permitted())) }
            }
        }
    }

    fn facts<'t>(&self, tool: &'t Tool) -> ToolFacts<'t>
    where
        'a: 't,
    {
        let says = tool.behavior.says;
        ToolFacts {
            folded: &tool.folded,
            name: tool.name.as_str(),
            version: &tool.version,
            executor: self.rules.executors.get(tool.executor).map_or("", |executor| executor.id.as_str()),
            read_only: says.read_only,
            destructive: says.destructive,
            idempotent: says.idempotent,
            open_world: says.open_world,
        }
    }

    /// Notes the rules behind the decision, for the record.
    fn note(&self, decision: &Decision<'_>) {
        if !self.has_policies() {
            return;
        }
        let mut noted = self.noted.borrow_mut();
        noted.rules = joined(decision.rules.iter().copied().chain(decision.errors.iter().map(|(rule, _)| *rule)));
        let would = |would: &Would<'_>| (name_of(would.verdict), joined(would.rules.iter().copied()));
        noted.would = decision.would.as_ref().map(would);
    }

    /// Turns a decision into its refusal.
    fn refused(&self, decision: &Decision<'_>, request: &PolicyRequest<'_>, not_permitted: Refusal) -> Refusal {
        self.note(decision);
        if self.has_policies() {
            let depends = self.policies().depends(request);
            self.noted.borrow_mut().depends = joined(depends.iter().map(String::as_str));
        }
        match decision.verdict {
            Verdict::Deny(Denial::Error) => {
                let told = decision.errors.iter().map(|(rule, kind)| format!("{rule}: {}", kind.as_str()));
                Refusal::with(RefusalKind::PolicyError, told.collect::<Vec<_>>().join(", "))
            }
            Verdict::Deny(Denial::Forbidden) => Refusal::with(RefusalKind::PolicyDenied, decision.rules.join(", ")),
            Verdict::Deny(Denial::NotPermitted) => not_permitted,
            Verdict::Maybe | Verdict::Allow => depends_on_unknown(),
        }
    }
}

/// Returns the refusal of a request that a policy may forbid, which cannot be decided here.
fn depends_on_unknown() -> Refusal {
    Refusal::with(RefusalKind::PolicyDenied, "it depends on what is not known here, such as the arguments")
}

fn joined<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut list = String::new();
    for name in names {
        if list.is_empty() {
            list.reserve(64);
        } else {
            list.push(',');
        }
        list.push_str(name);
    }
    list
}

/// Returns the name of a verdict in the record.
const fn name_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Maybe => "maybe",
        Verdict::Deny(Denial::NotPermitted) => "not_permitted",
        Verdict::Deny(Denial::Forbidden) => "policy_denied",
        Verdict::Deny(Denial::Error) => "policy_error",
    }
}

const fn is_about_tools(action: Action) -> bool {
    matches!(action, Action::ToolsList | Action::ToolsCall | Action::ToolsAuthorize | Action::ToolsRequirements)
}

impl Context<'_> {
    /// Returns whether the caller sees the tool in lists, requested for this user if one is named.
    #[must_use]
    pub fn sees(&self, tool: &Tool, user: Option<&UserId>) -> bool {
        self.authority.sees(tool, user)
    }
}
