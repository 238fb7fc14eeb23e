//! The refreshes of one isolate: which keys are being fetched anew, so that no key is twice, and there are few at a time.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::key::CacheKey;
use crate::words::limits::{EXECUTE_TIMEOUT_MAX, REFRESH_RETRY, REFRESHES, REFRESHES_RESTING};
use crate::words::time::{Millis, Timestamp};

/// How a refresh ended: the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefreshEnd {
    /// Its answer was kept.
    Stored,
    /// Another call, or another isolate, had kept or was fetching one.
    Elsewhere,
    /// Its answer was none to keep: what was kept stays.
    NotStorable,
    /// The executor failed: what was kept stays.
    Failed,
}

impl RefreshEnd {
    /// The name in metrics.
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

/// The keys that are being refreshed, or whose refresh failed lately.
#[derive(Debug, Default)]
pub(crate) struct Refreshes(RefCell<BTreeMap<Box<[u8]>, Place>>);

#[derive(Clone, Copy, Debug)]
struct Place {
    /// Until then none of the same key may begin.
    until: Timestamp,
    /// It is being fetched; else that failed.
    is_under_way: bool,
}

impl Refreshes {
    /// Whether a refresh of `key` may begin now. If so, none other does for `time`, or until this one has ended: a host may end
    /// one without a word.
    pub(crate) fn begin(&self, key: &CacheKey, now: Timestamp, time: Millis) -> bool {
        let mut places = self.0.borrow_mut();
        // A clock that was set back must not keep a place for ever.
        places.retain(|_, place| now < place.until && place.until <= now.after(EXECUTE_TIMEOUT_MAX));
        let under_way = places.values().filter(|place| place.is_under_way).count();
        // The keys of an executor that fails rest beside, and take no place of others.
        let may_begin = under_way < REFRESHES && !places.contains_key(key.as_bytes());
        if may_begin {
            places.insert(key.as_bytes().into(), Place { until: now.after(time), is_under_way: true });
        }
        may_begin
    }

    /// The refresh of `key` has ended.
    pub(crate) fn ended(&self, key: &CacheKey, end: RefreshEnd, now: Timestamp) {
        let mut places = self.0.borrow_mut();
        match end {
            RefreshEnd::Stored | RefreshEnd::Elsewhere => drop(places.remove(key.as_bytes())),
            // An executor that is down is not asked once for each answer that is served stale.
            RefreshEnd::NotStorable | RefreshEnd::Failed => {
                let resting = || places.iter().filter(|(_, place)| !place.is_under_way);
                if resting().count() >= REFRESHES_RESTING
                    && let Some(first) = resting().min_by_key(|(_, place)| place.until).map(|(key, _)| key.clone())
                {
                    places.remove(&first);
                }
                if let Some(place) = places.get_mut(key.as_bytes()) {
                    *place = Place { until: now.after(REFRESH_RETRY), is_under_way: false };
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
