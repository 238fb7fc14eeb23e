//! Facts about a call besides its answer: the permitted source, and the place in the cache.

use super::look::{key_for, wanted};
use crate::access::admission::{Context, check_rules};
use crate::cache::{Bypass, CacheKey, CachePolicy, CacheRules, Directives, Wanted};
use crate::model::call::ToolCall;
use crate::validate::input::InputRule;

/// The permitted source of a call's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerSource {
    /// The cache, if it has a response.
    Anywhere,
    /// The executor, so that its answer replaces the stored response.
    Executor,
}

/// The place of a response in the cache, and the policy for storing it.
#[derive(Clone, Debug)]
pub(crate) struct StorageTarget {
    /// The policy.
    pub(crate) policy: CachePolicy,
    /// The key.
    pub(crate) key: CacheKey,
}

impl StorageTarget {
    /// Returns the place of this call's response, found as for a call that is made; or the reason for a bypass.
    pub(crate) fn of(
        rules: &CacheRules,
        inputs: &[InputRule],
        context: &Context<'_>,
        call: &ToolCall<'_>,
        directives: Directives,
    ) -> Result<Self, Bypass> {
        if check_rules(inputs, &call.tool.folded, call.tool.name.tool(), &call.input).is_err() {
            return Err(Bypass::InputRefused);
        }
        key_for(rules, context, call, directives)
    }

    /// Returns the look-up of this place.
    pub(crate) fn wanted(&self, rules: &CacheRules, context: &Context<'_>, call: &ToolCall<'_>) -> Wanted<'_> {
        wanted(rules, context, call, self, Directives::default())
    }
}
