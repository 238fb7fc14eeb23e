//! The freshness of a stored response for a call: by the operator's terms and by the caller's directives.
//!
//! The operator sets the bounds (RFC 5861: `stale-while-revalidate`, `stale-if-error`), the caller may only narrow
//! them.

use super::directives::Directives;
use super::entry::Entry;
use crate::words::time::{Millis, Timestamp};

/// Holds the freshness rules of stored responses, beside their time to live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// The window in which a stale response is served while it is revalidated (RFC 5861, section 3).
    pub while_revalidate: Millis,
    /// The window in which a stale response is served if the executor fails (RFC 5861, section 4).
    pub if_error: Millis,
    /// Frequently requested responses are refreshed before they become stale.
    pub refresh_ahead: bool,
    /// The age up to which a fresh response is served in spite of `max-age` and `min-fresh`.
    pub max_age_min: Millis,
}

impl Life {
    /// Returns the time for which a stale response is worth keeping.
    #[must_use]
    pub fn stale(&self) -> Millis {
        self.while_revalidate.max(self.if_error)
    }
}

/// Names a caller's demand that a stored response may fail to meet.
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
    /// Returns the name in records, and the detail in `Cache-Status`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCache => "no_cache",
            Self::MaxAge => "max_age",
            Self::MinFresh => "min_fresh",
        }
    }

    /// Returns the name of the demand as overruled by the operator's bound (`max_age_min`).
    #[must_use]
    pub const fn overruled(self) -> &'static str {
        match self {
            // No bound overrules it.
            Self::NoCache => "no_cache",
            Self::MaxAge => "max_age_bounded",
            Self::MinFresh => "min_fresh_bounded",
        }
    }
}

/// Names the reason for asking the executor (RFC 9211, section 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forward {
    /// Nothing is stored under the key.
    #[default]
    UriMiss,
    /// The stored response is stale.
    Stale,
    /// The caller's demand excludes the stored response, if there is one.
    Request(Demand),
}

impl Forward {
    /// Returns the name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UriMiss => "uri_miss",
            Self::Stale => "stale",
            Self::Request(demand) => demand.name(),
        }
    }

    /// Returns the value of `fwd` in `Cache-Status`.
    #[must_use]
    pub const fn fwd(self) -> &'static str {
        match self {
            Self::UriMiss => "uri-miss",
            Self::Stale => "stale",
            Self::Request(_) => "request",
        }
    }
}

/// Classifies a stored response for one call at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Fresh. The demand is one that the operator's bound overruled.
    Fresh(Option<Demand>),
    /// Stale, but served while it is revalidated.
    StaleWhileRevalidate,
    /// Stale, and served only if the executor fails.
    StaleIfError,
    /// Not for this call, though another call may be served it.
    Rejected(Forward),
    /// Expired for every call from now on.
    Expired,
}

/// Holds the terms on which one call accepts a stored response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// The operator's freshness rules.
    pub life: Life,
    /// The caller's directives.
    pub asked: Directives,
    /// Accept only responses stored after this time.
    pub newer_than: Option<Timestamp>,
}

impl Terms {
    /// Joins the operator's rules and the caller's directives.
    #[must_use]
    pub fn of(life: Life, asked: Directives) -> Self {
        Self { life, asked, newer_than: None }
    }

    /// Classifies the entry for a call on these terms. `floor` is the oldest version of the epochs that it may carry.
    ///
    /// INVARIANT (stale within bounds): a stale response is served only within the operator's windows, the caller's
    /// narrower ones, and never below the floor.
    #[must_use]
    pub fn freshness(&self, entry: &Entry, now: Timestamp, floor: u64) -> Freshness {
        if !entry.is_usable(now, floor) {
            return Freshness::Expired;
        }
        if self.newer_than.is_some_and(|than| entry.stored_at <= than) {
            return Freshness::Rejected(Forward::Stale);
        }
        let age = now.since(entry.stored_at);
        let demand = self.demand(age, now.until(entry.expires_at));
        if entry.is_servable(now, floor) {
            return match demand {
                Some(demand) if age >= self.life.max_age_min => Freshness::Rejected(Forward::Request(demand)),
                overruled => Freshness::Fresh(overruled),
            };
        }
        let stale_for = now.since(entry.expires_at);
        if demand.is_some() {
            Freshness::Rejected(Forward::Stale)
        } else if stale_for < self.narrowed(self.life.while_revalidate) {
            Freshness::StaleWhileRevalidate
        } else if stale_for < self.narrowed(self.life.if_error) {
            Freshness::StaleIfError
        } else {
            Freshness::Rejected(Forward::Stale)
        }
    }

    /// Returns the caller's demand that a response of this age does not meet.
    fn demand(&self, age: Millis, fresh_for: Millis) -> Option<Demand> {
        // A response of exactly that age is too old, so that `max-age=0` means the same within one millisecond as after
        // it.
        if self.asked.max_age.is_some_and(|most| age >= most) {
            Some(Demand::MaxAge)
        } else if self.asked.min_fresh.is_some_and(|least| fresh_for < least) {
            Some(Demand::MinFresh)
        } else {
            None
        }
    }

    /// Narrows a window of the operator's to the part in which the caller accepts stale responses: all of it without a
    /// directive; none for a demand of freshness (RFC 9111, section 5.2.1.1) without `max-stale`.
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
