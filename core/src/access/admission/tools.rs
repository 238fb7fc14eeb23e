//! Finds the tool, and its executor, that a caller may use.

use std::rc::Rc;

use super::Context;
use super::authority::CallFacts;
use super::switches::check_tool_switches;
use crate::model::call::ToolCall;
use crate::model::tool::Tool;
use crate::policy::{Arguments, User};
use crate::words::refusal::{Refusal, RefusalKind};

impl Context<'_> {
    /// Returns the tool that a text names, if the caller may use it for some arguments. Its existence is revealed only
    /// to callers that may use it.
    ///
    /// # Errors
    /// [`RefusalKind::ToolNotPermitted`], [`RefusalKind::PolicyDenied`], [`RefusalKind::PolicyError`], and those of
    /// [`crate::catalog::Registry::resolve`].
    pub fn tool(&self, name: &str, version: Option<&str>) -> Result<Rc<Tool>, Refusal> {
        self.tool_for(name, version, &CallFacts::UNKNOWN)
    }

    pub(super) fn tool_for(
        &self,
        name: &str,
        version: Option<&str>,
        call: &CallFacts<'_>,
    ) -> Result<Rc<Tool>, Refusal> {
        let may_use = |folded: &str| self.authority.may_use_name(folded);
        let named = self.registry.name_of(name, may_use)?;
        // A name in the models' form without a meaning here has no tool to be permitted.
        let is_underscored = !named.folded.contains('.');
        let resolved = self.registry.resolve(&named, version, may_use);
        match resolved {
            Ok(tool) => match self.check_one(tool, call) {
                Ok(()) => Ok(Rc::clone(tool)),
                // A tool with a route may be permitted on another executor where it is not on the first.
                Err(refusal) if self.rules.routing.route_of(&tool.folded).is_some() => {
                    let mut others = self.registry.equivalents(tool);
                    others.find(|other| self.check_one(other, call).is_ok()).map(Rc::clone).ok_or(refusal)
                }
                Err(refusal) => Err(refusal),
            },
            Err(_) if !is_underscored && !may_use(&named.folded) => Err(Refusal::new(RefusalKind::ToolNotPermitted)),
            Err(refusal) if refusal.kind == RefusalKind::ToolUnknown && self.registry_is_incomplete => {
                Err(Refusal::new(RefusalKind::RegistryUnavailable))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Checks that the caller may use this tool of this executor.
    fn check_one(&self, tool: &Tool, call: &CallFacts<'_>) -> Result<(), Refusal> {
        self.authority.check_tool(tool, call)?;
        check_tool_switches(&self.held.epochs, tool, &self.rules.executors)
    }
}

/// Checks that an admitted call may run on another executor's equivalent of its tool: by the same decisions, about that
/// one.
///
/// # Errors
/// The refusal that a call of that executor's tool would meet.
pub(crate) fn check_equivalent(context: &Context<'_>, call: &ToolCall<'_>, other: &Tool) -> Result<(), Refusal> {
    let facts = CallFacts {
        arguments: Arguments::Known(&call.input),
        user: call.user.as_ref().map_or(User::Absent, |user| User::Named(user.as_str())),
        is_now: call.run_at.is_none(),
    };
    context.check_one(other, &facts)
}
