//! What is asked about a call besides its answer: where that may come from, and where it is kept.

use super::look::{key_for, wanted};
use crate::access::admission::{Context, check_rules};
use crate::cache::{Bypass, CacheKey, Directives, Keep, Wanted};
use crate::model::call::ToolCall;
use crate::pipeline::runtime::Running;

/// Where the answer to a call may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the cache, if it is there.
    Anywhere,
    /// From the executor, so that what it says takes the place of what is kept.
    Executor,
}

/// Where an answer is kept, and on which terms.
#[derive(Debug)]
pub(crate) struct Place {
    /// The terms.
    pub(crate) keep: Keep,
    /// The key.
    pub(crate) key: CacheKey,
}

impl Place {
    /// The place of this call's answer, found as for a call that is made; or why it has none.
    pub(crate) fn of(
        running: &Running,
        context: &Context<'_>,
        call: &ToolCall<'_>,
        directives: Directives,
    ) -> Result<Self, Bypass> {
        if check_rules(&running.config.inputs, &call.tool.folded, call.tool.name.tool(), &call.input).is_err() {
            return Err(Bypass::InputRefused);
        }
        key_for(running, context, call, directives).map(|(keep, key)| Self { keep, key })
    }

    /// What a look-up of this place looks for.
    pub(crate) fn wanted(&self, running: &Running, context: &Context<'_>, call: &ToolCall<'_>) -> Wanted<'_> {
        wanted(running, context, call, self.keep, &self.key, Directives::default())
    }
}
