//! Whether a kept answer may answer a call now: by the operator's terms, and by what the caller asks.
//!
//! The operator sets the bounds (RFC 5861: `stale-while-revalidate`, `stale-if-error`), the caller may only narrow them.

use super::directives::Directives;
use super::entry::Entry;
use crate::words::time::{Millis, Timestamp};

/// How kept answers live, beside their time to live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// How long after its time an answer is served while it is fetched anew (RFC 5861, section 3).
    pub while_revalidate: Millis,
    /// How long after its time an answer is served where the executor fails (RFC 5861, section 4).
    pub if_error: Millis,
    /// Whether an answer that is asked for often is fetched anew before its time is over.
    pub refresh_ahead: bool,
    /// An answer that is fresh and no older than this is served whatever `max-age` and `min-fresh` say.
    pub max_age_min: Millis,
}

impl Life {
    /// How long after its time an answer is worth keeping.
    #[must_use]
    pub fn stale(&self) -> Millis {
        self.while_revalidate.max(self.if_error)
    }
}

/// What a caller demands that an answer in the cache may not fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// `no-cache`.
    NoCache,
    /// `max-age`.
    MaxAge,
    /// `min-fresh`.
    MinFresh,
}

impl Demand {
    /// The name in records, and the detail in `Cache-Status`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCache => "no_cache",
            Self::MaxAge => "max_age",
            Self::MinFresh => "min_fresh",
        }
    }

    /// The name where the operator's bound (`max_age_min`) overrules the demand.
    #[must_use]
    pub const fn overruled(self) -> &'static str {
        match self {
            // Nothing overrules it.
            Self::NoCache => "no_cache",
            Self::MaxAge => "max_age_bounded",
            Self::MinFresh => "min_fresh_bounded",
        }
    }
}

/// Why the executor is asked (RFC 9211, section 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forward {
    /// There is nothing under the key.
    #[default]
    UriMiss,
    /// There is an answer whose time is over.
    Stale,
    /// There may be one, but the caller demands another.
    Request(Demand),
}

impl Forward {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UriMiss => "uri_miss",
            Self::Stale => "stale",
            Self::Request(demand) => demand.name(),
        }
    }

    /// The value of `fwd` in `Cache-Status`.
    #[must_use]
    pub const fn fwd(self) -> &'static str {
        match self {
            Self::UriMiss => "uri-miss",
            Self::Stale => "stale",
            Self::Request(_) => "request",
        }
    }
}

/// What a kept answer is to one call at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its answer. The demand is one that the operator's bound overruled.
    Fresh(Option<Demand>),
    /// Its answer, which is past its time: another is to be fetched.
    Stale,
    /// Its answer if the executor fails.
    Spare,
    /// Nothing, though it may be another call's answer.
    Unfit(Forward),
    /// Nothing, as to every call from now on.
    Dead,
}

/// The terms on which one call takes a kept answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// The operator's.
    pub life: Life,
    /// The caller's.
    pub asked: Directives,
    /// Only one that was kept after this time.
    pub newer_than: Option<Timestamp>,
}

impl Terms {
    /// The operator's terms, and the caller's.
    #[must_use]
    pub fn of(life: Life, asked: Directives) -> Self {
        Self { life, asked, newer_than: None }
    }

    /// What the entry is to a call on these terms. `floor` is the oldest version of the epochs that it may carry.
    ///
    /// INVARIANT (stale within bounds): an answer past its time is served only within the operator's windows, the caller's
    /// narrower ones, and never below the floor.
    #[must_use]
    pub fn standing(&self, entry: &Entry, now: Timestamp, floor: u64) -> Standing {
        if !entry.is_usable(now, floor) {
            return Standing::Dead;
        }
        if self.newer_than.is_some_and(|than| entry.stored_at <= than) {
            return Standing::Unfit(Forward::Stale);
        }
        let age = now.since(entry.stored_at);
        let demand = self.demand(age, now.until(entry.expires_at));
        if entry.is_servable(now, floor) {
            return match demand {
                Some(demand) if age >= self.life.max_age_min => Standing::Unfit(Forward::Request(demand)),
                overruled => Standing::Fresh(overruled),
            };
        }
        let stale_for = now.since(entry.expires_at);
        if demand.is_some() {
            Standing::Unfit(Forward::Stale)
        } else if stale_for < self.narrowed(self.life.while_revalidate) {
            Standing::Stale
        } else if stale_for < self.narrowed(self.life.if_error) {
            Standing::Spare
        } else {
            Standing::Unfit(Forward::Stale)
        }
    }

    /// What the caller demands that an answer of this age does not fulfil.
    fn demand(&self, age: Millis, fresh_for: Millis) -> Option<Demand> {
        // Of that very age is too old, so that `max-age=0` means the same within one millisecond as after it.
        if self.asked.max_age.is_some_and(|most| age >= most) {
            Some(Demand::MaxAge)
        } else if self.asked.min_fresh.is_some_and(|least| fresh_for < least) {
            Some(Demand::MinFresh)
        } else {
            None
        }
    }

    /// The part of a window of the operator's that the caller takes stale answers in: all of it where it says nothing; none
    /// where it asks for freshness (RFC 9111, section 5.2.1.1) without `max-stale`.
    fn narrowed(&self, window: Millis) -> Millis {
        match self.asked.max_stale {
            Some(most) => window.min(most),
            None if self.asked.max_age.is_some() || self.asked.min_fresh.is_some() => Millis::ZERO,
            None => window,
        }
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
