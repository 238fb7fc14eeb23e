//! The decision: grants and policies together, for lists and for calls alike.

use super::PolicySet;
use super::ast::{Effect, Policy};
use super::evaluate::Evaluator;
use super::request::{PolicyRequest, Resource};
use super::value::{EvaluationErrorKind, Possible};
use crate::model::caller::Grant;
use crate::policy::PolicyMode;

/// The outcome of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed, whatever the unknown parts are.
    Allow,
    /// Dependent on parts of the request that are still unknown.
    Maybe,
    /// Denied, whatever the unknown parts are.
    Deny(Denial),
}

/// The reason for a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No grant and no policy permits the request.
    NotPermitted,
    /// A policy forbids the request.
    Forbidden,
    /// A policy that applies has an error: any error denies, even in a policy that would not have mattered.
    Error,
}

/// A decision, and the rules that determined it.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// The outcome.
    pub verdict: Verdict,
    /// The determining rules: for a denial those that forbid, otherwise those that permit. Grants first, then policies
    /// in their order.
    pub rules: Vec<&'a str>,
    /// The policies with errors, in their order.
    pub errors: Vec<(&'a str, EvaluationErrorKind)>,
    /// No policy forbids the request and none fails, whatever the unknown parts are.
    pub is_clear: bool,
    /// The outcome if the policies in dry run were enforced, where it differs.
    pub would: Option<Would<'a>>,
}

/// The difference that the policies in dry run would make.
#[derive(Clone, Debug)]
pub struct Would<'a> {
    /// The outcome with the dry-run policies enforced.
    pub verdict: Verdict,
    /// The policies in dry run that apply.
    pub rules: Vec<&'a str>,
}

impl Decision<'_> {
    /// Returns true if the request is allowed for certain.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allow
    }

    /// Returns true if the request may be allowed, depending on its unknown parts.
    #[must_use]
    pub fn may_be_allowed(&self) -> bool {
        matches!(self.verdict, Verdict::Allow | Verdict::Maybe)
    }
}

/// Combines the results of the policies that apply.
#[derive(Clone, Copy, Debug, Default)]
struct EffectTally {
    permits: bool,
    may_permit: bool,
    forbids: bool,
    may_forbid: bool,
    fails: bool,
    may_fail: bool,
}

impl EffectTally {
    fn count(&mut self, effect: Effect, possible: Possible) {
        // A condition without a Boolean is an error, too.
        let may_fail = possible.has(Possible::ERROR.or(Possible::OTHER));
        let (may_hold, may_not) = (possible.has(Possible::TRUE), possible.has(Possible::FALSE));
        self.may_fail |= may_fail;
        self.fails |= !may_hold && !may_not;
        match effect {
            Effect::Permit => {
                self.may_permit |= may_hold;
                self.permits |= may_hold && !may_not && !may_fail;
            }
            Effect::Forbid => {
                self.may_forbid |= may_hold;
                self.forbids |= may_hold && !may_not;
            }
        }
    }

    const fn verdict(self) -> Verdict {
        if self.forbids {
            Verdict::Deny(Denial::Forbidden)
        } else if self.fails {
            Verdict::Deny(Denial::Error)
        } else if !self.may_permit {
            Verdict::Deny(Denial::NotPermitted)
        } else if self.permits && !self.may_forbid && !self.may_fail {
            Verdict::Allow
        } else {
            Verdict::Maybe
        }
    }
}

/// A policy that may hold, or has an error.
struct PolicyMatch<'a> {
    policy: &'a Policy,
    place: u16,
    error: Option<EvaluationErrorKind>,
    /// The result is the same, whatever the unknown parts are.
    is_sure: bool,
}

impl PolicySet {
    /// Decides: allowed if permitted by a grant or a policy, within the credential's scopes; and neither forbidden by a
    /// policy nor subject to an error in one that applies.
    #[must_use]
    pub fn decide<'a>(&'a self, request: &'a PolicyRequest<'a>) -> Decision<'a> {
        if !request.caller.is_within(request.action) {
            let verdict = Verdict::Deny(Denial::NotPermitted);
            return Decision { verdict, rules: Vec::new(), errors: Vec::new(), is_clear: true, would: None };
        }
        let mut tally = EffectTally::default();
        let mut rules = Vec::new();
        for grant in &request.caller.grants {
            match permits(grant, request) {
                Some(false) => {}
                sure => {
                    tally.may_permit = true;
                    tally.permits |= sure.is_some();
                    rules.push(grant.rule.as_str());
                }
            }
        }
        if self.policies.is_empty() {
            return Decision { verdict: tally.verdict(), rules, errors: Vec::new(), is_clear: true, would: None };
        }
        self.with_policies(request, tally, rules)
    }

    fn with_policies<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
        granted: EffectTally,
        mut rules: Vec<&'a str>,
    ) -> Decision<'a> {
        let evaluator = Evaluator::new(request);
        let (mut enforced, mut all) = (granted, granted);
        let mut hits: Vec<PolicyMatch<'a>> = Vec::new();
        self.index.candidates(request, |place| {
            let Some(policy) = self.policies.get(usize::from(place)) else { return };
            let applies = policy.applies(request);
            if applies == Some(false) {
                return;
            }
            let (mut possible, error) = evaluator.conditions(&policy.conditions);
            if applies.is_none() {
                possible = possible.or(Possible::FALSE);
            }
            all.count(policy.effect, possible);
            if policy.mode == PolicyMode::Enforce {
                enforced.count(policy.effect, possible);
            }
            let not_boolean = (possible == Possible::OTHER).then_some(EvaluationErrorKind::Type);
            let error = error.or(not_boolean);
            if error.is_some() || possible.has(Possible::TRUE) {
                let is_sure = !possible.has(Possible::FALSE);
                hits.push(PolicyMatch { policy, place, error, is_sure });
            }
        });
        hits.sort_unstable_by_key(|hit| hit.place);
        let verdict = enforced.verdict();
        let effect = if verdict == Verdict::Deny(Denial::Forbidden) { Effect::Forbid } else { Effect::Permit };
        if matches!(verdict, Verdict::Deny(_)) {
            rules.clear();
        }
        let mut errors = Vec::new();
        let is_told = |hit: &&PolicyMatch<'_>| {
            hit.policy.mode == PolicyMode::Enforce && (hit.is_sure || verdict == Verdict::Maybe)
        };
        for hit in hits.iter().filter(is_told) {
            match hit.error {
                Some(kind) => errors.push((&*hit.policy.id, kind)),
                None if hit.policy.effect == effect && verdict != Verdict::Deny(Denial::Error) => {
                    rules.push(&hit.policy.id)
                }
                None => {}
            }
        }
        let would = (all.verdict() != verdict).then(|| {
            let dry = hits.iter().filter(|hit| hit.policy.mode == PolicyMode::DryRun);
            Would { verdict: all.verdict(), rules: dry.map(|hit| &*hit.policy.id).collect() }
        });
        let is_clear = !enforced.may_forbid && !enforced.may_fail;
        Decision { verdict, rules, errors, is_clear, would }
    }
}

/// Returns true if a grant permits the request; `None` where that depends on the still unknown tool.
fn permits(grant: &Grant, request: &PolicyRequest<'_>) -> Option<bool> {
    if !grant.covers(request.action) {
        return Some(false);
    }
    let folded = match request.resource {
        Resource::Tool(tool) => tool.folded,
        Resource::ToolNamed(folded) => folded,
        Resource::AnyTool => return None,
        Resource::Gateway | Resource::Project(_) => return Some(true),
    };
    Some(grant.tools.iter().any(|pattern| pattern.matches(folded)))
}
