//! Holds an isolate's knowledge of one issuer's keys: the last good set and its age, the allowance for asking again,
//! and the names of unknown keys.

pub mod driver;

use std::rc::Rc;

use super::jwk::KeySet;
use crate::words::limits;
use crate::words::time::{Millis, Timestamp};

/// Holds the keys of one issuer, as known to an isolate.
#[derive(Debug, Default)]
pub struct KnownKeys {
    set: Rc<KeySet>,
    /// The time of their fetch; `None` before the first.
    fetched_at: Option<Timestamp>,
    fresh_for: Millis,
    /// The number of times that a key was withdrawn: tokens verified before are verified again.
    generation: u32,
    /// The URL of the keys, by the issuer's metadata.
    pub located: Option<String>,
    /// The time since which the issuer cannot be asked.
    pub failing_since: Option<Timestamp>,
    /// The start of the current window of questions, and their number.
    window: Option<(Timestamp, u32)>,
    /// Names of keys that the issuer did not have, and the times of these answers.
    unknown: Vec<(String, Timestamp)>,
}

/// Names the freshness of the known keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Usable as they are.
    Fresh,
    /// Usable, but to be refreshed.
    Stale,
    /// Not usable any more, or absent.
    Gone,
}

impl KnownKeys {
    /// Returns the keys.
    #[must_use]
    pub fn set(&self) -> Rc<KeySet> {
        Rc::clone(&self.set)
    }

    /// Returns the number of times that a key was withdrawn.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Returns the freshness of the keys; `stale` is the time for which they are used after they ceased to be fresh.
    #[must_use]
    pub fn age(&self, now: Timestamp, stale: Millis) -> Age {
        // After a clock went backwards their age is unknown: they may be used, and are refreshed.
        let Some(fetched_at) = self.fetched_at else {
            return Age::Gone;
        };
        match now.since(fetched_at) {
            _ if now < fetched_at => Age::Stale,
            age if age < self.fresh_for => Age::Fresh,
            _ if now < fetched_at.after(self.fresh_for).after(stale) => Age::Stale,
            _ => Age::Gone,
        }
    }

    /// Returns whether there never were any.
    #[must_use]
    pub const fn never_had(&self) -> bool {
        self.fetched_at.is_none()
    }

    /// Returns whether the issuer may be asked now; counts the question.
    pub fn may_ask(&mut self, now: Timestamp) -> bool {
        let most = if self.fetched_at.is_none() { limits::KEY_FETCHES_COLD } else { 1 };
        let begun = self.window.filter(|(begun, _)| *begun <= now && now < begun.after(limits::KEY_FETCH_WINDOW));
        let (begun, used) = begun.unwrap_or((now, 0));
        let may = used < most;
        self.window = Some((begun, used.saturating_add(u32::from(may))));
        may
    }

    /// Takes a set that was fetched at `fetched_at`.
    pub fn adopt(&mut self, set: KeySet, fetched_at: Timestamp, fresh_for: Millis) {
        if !self.set.is_within(&set) {
            self.generation = self.generation.wrapping_add(1);
        }
        self.set = Rc::new(set);
        self.fetched_at = Some(fetched_at);
        self.fresh_for = fresh_for.max(limits::KEYS_FRESH_MIN).min(limits::KEYS_FRESH_MAX);
        self.failing_since = None;
        self.unknown.clear();
    }

    /// Notes a failed fetch: the issuer could not be asked, or gave no keys.
    pub fn failed(&mut self, now: Timestamp) {
        self.failing_since = self.failing_since.or(Some(now));
        // Its metadata may have changed by now.
        self.located = None;
    }

    /// Returns whether the issuer was asked about this name lately, and had no such key.
    #[must_use]
    pub fn is_unknown(&self, kid: &str, now: Timestamp) -> bool {
        let is_recent = |at: Timestamp| at <= now && now < at.after(limits::KID_UNKNOWN_KEPT);
        self.unknown.iter().any(|(known, at)| known == kid && is_recent(*at))
    }

    /// Notes that the issuer has no such key.
    pub fn note_unknown(&mut self, kid: &str, now: Timestamp) {
        self.unknown.retain(|(known, at)| known != kid && now < at.after(limits::KID_UNKNOWN_KEPT));
        if self.unknown.len() >= limits::KIDS_UNKNOWN {
            self.unknown.remove(0);
        }
        self.unknown.push((kid.to_owned(), now));
    }
}

/// Returns the freshness lifetime of a response (`max-age`, RFC 9111 section 5.2.2.1).
#[must_use]
pub fn fresh_for(cache_control: Option<&str>) -> Millis {
    let directives = cache_control.unwrap_or_default().split(',').map(str::trim);
    let seconds = directives.filter_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse::<u64>().ok())?
    });
    let most = limits::KEYS_FRESH_MAX.get() / 1_000;
    seconds.min().map_or(limits::KEYS_FRESH, |seconds| Millis::from_secs(seconds.min(most)))
}
