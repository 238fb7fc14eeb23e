//! The background refreshes of one isolate: no key is refreshed twice at a time, and few are at once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::key::CacheKey;
use crate::words::limits::{EXECUTE_TIMEOUT_MAX, REFRESH_RETRY, REFRESHES, REFRESHES_RESTING};
use crate::words::time::{Millis, Timestamp};

/// Names the outcome of a refresh: the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefreshEnd {
    /// The new response was stored.
    Stored,
    /// Another call, or another isolate, had stored a response or was fetching one.
    Elsewhere,
    /// The new response was not storable: the stored one stays.
    NotStorable,
    /// The executor failed: the stored response stays.
    Failed,
}

impl RefreshEnd {
    /// Returns the name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Elsewhere => "elsewhere",
            Self::NotStorable => "not_storable",
            Self::Failed => "failed",
        }
    }
}

/// Tracks the keys that are being refreshed, or whose refresh failed lately.
#[derive(Debug, Default)]
pub(crate) struct Refreshes(RefCell<BTreeMap<Box<[u8]>, RefreshState>>);

#[derive(Clone, Copy, Debug)]
struct RefreshState {
    /// The time before which no other refresh of the key may begin.
    until: Timestamp,
    /// The refresh is under way; otherwise it failed.
    is_under_way: bool,
}

impl Refreshes {
    /// Begins a refresh of `key`, and returns whether it may. If so, no other refresh of the key begins for `time`, or
    /// until this one has ended: a host may end one silently.
    pub(crate) fn begin(&self, key: &CacheKey, now: Timestamp, time: Millis) -> bool {
        let mut places = self.0.borrow_mut();
        // A clock that was set back must not block a key for ever.
        places.retain(|_, place| now < place.until && place.until <= now.after(EXECUTE_TIMEOUT_MAX));
        let under_way = places.values().filter(|place| place.is_under_way).count();
        // The keys of a failing executor are paused, but take up no room for running refreshes.
        let may_begin = under_way < REFRESHES && !places.contains_key(key.as_bytes());
        if may_begin {
            places.insert(key.as_bytes().into(), RefreshState { until: now.after(time), is_under_way: true });
        }
        may_begin
    }

    /// Ends the refresh of `key`.
    pub(crate) fn ended(&self, key: &CacheKey, end: RefreshEnd, now: Timestamp) {
        let mut places = self.0.borrow_mut();
        match end {
            RefreshEnd::Stored | RefreshEnd::Elsewhere => drop(places.remove(key.as_bytes())),
            // A failing executor is not asked once for each response that is served stale.
            RefreshEnd::NotStorable | RefreshEnd::Failed => {
                let resting = || places.iter().filter(|(_, place)| !place.is_under_way);
                if resting().count() >= REFRESHES_RESTING
                    && let Some(first) = resting().min_by_key(|(_, place)| place.until).map(|(key, _)| key.clone())
                {
                    places.remove(&first);
                }
                if let Some(place) = places.get_mut(key.as_bytes()) {
                    *place = RefreshState { until: now.after(REFRESH_RETRY), is_under_way: false };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Millis = Millis::from_secs(30);

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000).after(Millis::from_secs(secs))
    }

    fn key(number: usize) -> CacheKey {
        CacheKey::of_bytes(&number.to_be_bytes())
    }

    #[test]
    fn no_key_is_refreshed_twice_and_few_are_at_a_time() {
        let refreshes = Refreshes::default();
        for number in 0..REFRESHES {
            assert!(refreshes.begin(&key(number), at(0), TIME), "{number}");
        }
        assert!(!refreshes.begin(&key(0), at(1), TIME));
        assert!(!refreshes.begin(&key(REFRESHES), at(1), TIME));
        refreshes.ended(&key(0), RefreshEnd::Stored, at(1));
        assert!(refreshes.begin(&key(REFRESHES), at(1), TIME));
    }

    #[test]
    fn one_that_failed_is_not_repeated_at_once() {
        let refreshes = Refreshes::default();
        for end in [RefreshEnd::Failed, RefreshEnd::NotStorable] {
            assert!(refreshes.begin(&key(0), at(0), TIME));
            refreshes.ended(&key(0), end, at(0));
            assert!(!refreshes.begin(
                &key(0),
                Timestamp::from_millis(at(0).after(REFRESH_RETRY).as_millis() - 1),
                TIME
            ));
            assert!(refreshes.begin(&key(0), at(0).after(REFRESH_RETRY), TIME));
            refreshes.ended(&key(0), RefreshEnd::Elsewhere, at(9));
        }
    }

    #[test]
    fn those_that_failed_take_no_place_of_others() {
        let refreshes = Refreshes::default();
        for number in 0..2 * REFRESHES_RESTING {
            assert!(refreshes.begin(&key(number), at(0), TIME), "{number}");
            refreshes.ended(&key(number), RefreshEnd::Failed, at(0));
        }
        assert_eq!(refreshes.0.borrow().len(), REFRESHES_RESTING);
        assert!(!refreshes.begin(&key(2 * REFRESHES_RESTING - 1), at(1), TIME), "it rests");
    }

    #[test]
    fn a_place_that_nobody_gave_back_is_free_again() {
        let refreshes = Refreshes::default();
        assert!(refreshes.begin(&key(0), at(0), TIME));
        assert!(!refreshes.begin(&key(0), at(29), TIME));
        assert!(refreshes.begin(&key(0), at(30), TIME));
        // The clock is set back an hour.
        let before = Timestamp::from_millis(at(0).as_millis() - 900_000);
        assert!(refreshes.begin(&key(0), before, TIME));
    }
}
