//! The saving of a hit: the time, the tokens and the price of the call that is not made again.

use super::{Entry, rule_of};
use crate::cache::CacheRules;
use crate::model::tool::Tool;
use crate::words::limits;

/// Holds the saving of one or more hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Milliseconds of execution.
    pub millis: u64,
    /// Tokens of output, estimated.
    pub tokens: u64,
    /// Money, in billionths: a few tokens cost less than a millionth.
    pub nanos: u64,
}

impl Saved {
    /// Returns the saving of a hit on this entry. Executors report the execution time themselves, so it is capped at
    /// the longest time that a call may take.
    #[must_use]
    pub fn by(rules: &CacheRules, tool: &Tool, entry: &Entry) -> Self {
        let tokens = entry.tokens();
        // A millionth for a million tokens is a billionth for a thousand.
        let of_tokens = tokens.saturating_mul(rules.price_per_million_tokens.micros()) / 1_000;
        let per_call = rule_of(rules, tool).map_or(0, |rule| rule.price_per_call.micros());
        Self {
            millis: entry.millis().min(limits::EXECUTE_TIMEOUT_MAX.get()),
            tokens,
            nanos: of_tokens.saturating_add(per_call.saturating_mul(1_000)),
        }
    }

    /// Adds another saving.
    pub fn add(&mut self, other: Self) {
        self.millis = self.millis.saturating_add(other.millis);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.nanos = self.nanos.saturating_add(other.nanos);
    }
}
