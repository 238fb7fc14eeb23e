//! One kept answer, and its stored form.

use serde::{Deserialize, Serialize};

use crate::limits::REFRESH_AHEAD_PARTS;
use crate::time::Timestamp;

/// A successful answer of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The `output` object, as JSON text.
    #[serde(with = "serde_bytes")]
    pub output: Vec<u8>,
    /// How long the execution took, as the JSON number the executor gave.
    pub duration: String,
    /// When it finished, as the executor wrote it.
    pub finished_at: String,
    /// When it was kept.
    pub stored_at: Timestamp,
    /// Until when it is fresh.
    pub expires_at: Timestamp,
    /// From when on it is not served at all.
    pub stale_until: Timestamp,
    /// The version of the epochs that was current before the executor was asked.
    pub epoch: u64,
}

/// The stored form: one byte of format, one of flags, then MessagePack of the whole key and the entry.
const FORMAT: u8 = 2;

/// No flag is set: the entry stands there as it is.
const PLAIN: u8 = 0;

/// The form before: no flags, and entries that were of no use after their time. Still read, so that a deployment does not begin
/// with an empty store.
const FORMAT_BEFORE: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored<'s> {
    #[serde(with = "serde_bytes", borrow)]
    key: &'s [u8],
    entry: Entry,
}

#[derive(Deserialize)]
struct StoredBefore<'s> {
    #[serde(with = "serde_bytes", borrow)]
    key: &'s [u8],
    entry: EntryBefore,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct EntryBefore {
    #[serde(with = "serde_bytes")]
    output: Vec<u8>,
    duration: String,
    finished_at: String,
    stored_at: Timestamp,
    expires_at: Timestamp,
    epoch: u64,
}

impl From<EntryBefore> for Entry {
    fn from(before: EntryBefore) -> Self {
        let EntryBefore { output, duration, finished_at, stored_at, expires_at, epoch } = before;
        Self { output, duration, finished_at, stored_at, expires_at, stale_until: expires_at, epoch }
    }
}

impl Entry {
    /// Whether the entry is fresh and may be served: as [`Entry::is_usable`], and in its time.
    #[must_use]
    pub fn is_servable(&self, now: Timestamp, floor: u64) -> bool {
        now < self.expires_at && self.is_usable(now, floor)
    }

    /// Whether the entry may be of any use: not too old for everything, not from the future, and read under epochs no older
    /// than `floor`.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp, floor: u64) -> bool {
        now < self.stale_until && self.stored_at <= now.after(CLOCK_SKEW) && self.epoch >= floor
    }

    /// Whether the entry is in the last part of its time.
    #[must_use]
    pub(super) fn is_nearly_over(&self, now: Timestamp) -> bool {
        let part = self.stored_at.until(self.expires_at).get() / REFRESH_AHEAD_PARTS;
        now.until(self.expires_at).get() <= part
    }

    /// The stored form under `key`.
    #[must_use]
    pub fn encode(&self, key: &[u8]) -> Vec<u8> {
        let mut bytes = vec![FORMAT, PLAIN];
        // Writing to memory cannot fail for these types; were it to, the empty bytes would be a miss.
        if rmp_serde::encode::write(&mut bytes, &Stored { key, entry: self.clone() }).is_err() {
            bytes.clear();
        }
        bytes
    }

    /// The entry in a stored form, if it is one and was stored under `key`.
    #[must_use]
    pub fn decode(bytes: &[u8], key: &[u8]) -> Option<Self> {
        match bytes {
            [FORMAT, PLAIN, body @ ..] => {
                let stored: Stored<'_> = rmp_serde::from_slice(body).ok()?;
                (stored.key == key).then_some(stored.entry)
            }
            [FORMAT_BEFORE, body @ ..] => {
                let stored: StoredBefore<'_> = rmp_serde::from_slice(body).ok()?;
                (stored.key == key).then(|| stored.entry.into())
            }
            _ => None,
        }
    }

    /// Bytes that the entry takes in memory, its key included, bookkeeping estimated.
    #[must_use]
    pub fn weight(&self, key: &[u8]) -> usize {
        // What was allocated counts, also where it is not used.
        [self.output.capacity(), self.duration.capacity(), self.finished_at.capacity(), key.len(), BOOKKEEPING_BYTES]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    /// Whole milliseconds that the execution took: what a hit saves in time. 0 for what is no length of time.
    #[must_use]
    pub fn millis(&self) -> u64 {
        // The conversion takes what is below 0, or no number, for 0, and ends at the largest there is.
        self.duration.parse::<f64>().map_or(0, |millis| millis as u64)
    }

    /// About how many tokens of a language model the output is. An estimate: four bytes a token, as is common for English
    /// text and JSON; no tokeniser is asked.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        u64::try_from(self.output.len() / 4).unwrap_or(u64::MAX)
    }
}

/// How far the clocks of two hosts may differ.
const CLOCK_SKEW: crate::time::Millis = crate::time::Millis::from_secs(60);

/// What an entry takes besides its bytes: the node of its list, its place in a table, lengths, stamps.
const BOOKKEEPING_BYTES: usize = 272;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            output: br#"{"value":"5"}"#.to_vec(),
            duration: "1.5".to_owned(),
            finished_at: "2026-01-01T00:00:00Z".to_owned(),
            stored_at: Timestamp::from_millis(1_000),
            expires_at: Timestamp::from_millis(2_000),
            stale_until: Timestamp::from_millis(3_000),
            epoch: 7,
        }
    }

    #[test]
    fn is_stored_and_read_back_only_under_its_key() {
        let bytes = entry().encode(b"key");
        assert_eq!(Entry::decode(&bytes, b"key"), Some(entry()));
        assert_eq!(Entry::decode(&bytes, b"other"), None);
    }

    #[test]
    fn no_damaged_form_is_read() {
        let bytes = entry().encode(b"key");
        for length in 0..bytes.len() {
            assert_eq!(Entry::decode(&bytes[..length], b"key"), None, "cut at {length}");
        }
        for (at, byte) in [(0, FORMAT + 1), (0, FORMAT_BEFORE), (1, PLAIN + 1)] {
            let mut other = bytes.clone();
            other[at] = byte;
            assert_eq!(Entry::decode(&other, b"key"), None, "{byte} at {at}");
        }
    }

    /// What a gateway of the version before has stored.
    const BEFORE: &[u8] =
        b"\x01\x92\xc4\x03key\x96\xc4\x0d{\"value\":\"5\"}\xa31.5\xb42026-01-01T00:00:00Z\xcd\x03\xe8\xcd\x07\xd0\x07";

    #[test]
    fn reads_the_form_of_the_version_before() {
        let before = EntryBefore {
            output: entry().output,
            duration: entry().duration,
            finished_at: entry().finished_at,
            stored_at: entry().stored_at,
            expires_at: entry().expires_at,
            epoch: entry().epoch,
        };
        let mut bytes = vec![FORMAT_BEFORE];
        rmp_serde::encode::write(&mut bytes, &(serde_bytes::Bytes::new(b"key"), before)).unwrap();
        assert_eq!(bytes, BEFORE, "the version before wrote this");
        let expected = Entry { stale_until: entry().expires_at, ..entry() };
        assert_eq!(Entry::decode(BEFORE, b"key"), Some(expected));
        assert_eq!(Entry::decode(BEFORE, b"other"), None);
        for length in 0..BEFORE.len() {
            assert_eq!(Entry::decode(&BEFORE[..length], b"key"), None, "cut at {length}");
        }
    }

    #[test]
    fn says_what_it_saves() {
        for (text, millis) in [("1.5", 1), ("250", 250), ("2e3", 2_000), ("-4", 0), ("soon", 0), ("1e400", u64::MAX)] {
            assert_eq!(Entry { duration: text.to_owned(), ..entry() }.millis(), millis, "{text}");
        }
        assert_eq!(entry().tokens(), 3);
    }

    #[test]
    fn is_served_only_in_its_time_and_epoch() {
        let at = Timestamp::from_millis;
        assert!(entry().is_servable(at(1_999), 7));
        assert!(!entry().is_servable(at(2_000), 7));
        assert!(!entry().is_servable(at(1_500), 8));
        assert!(entry().is_usable(at(2_999), 7));
        assert!(!entry().is_usable(at(3_000), 7));
        assert!(!entry().is_usable(at(2_500), 8));
        let future = Entry { stored_at: at(100_000), expires_at: at(200_000), ..entry() };
        assert!(!future.is_servable(at(1_000), 7));
    }
}
