//! A stored response, and its stored form.

use minicbor::{Decode, Encode};

use super::envelope::{self, Opened};
use super::tier::TierFault;
use crate::words::cbor::{self, DecodeFault};
use crate::words::limits::REFRESH_AHEAD_PARTS;
use crate::words::time::Timestamp;

/// Holds a successful response of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Entry {
    /// The `output` object, as JSON text.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub output: Vec<u8>,
    /// The execution time, as the JSON number that the executor gave.
    #[n(1)]
    pub duration: String,
    /// The time of completion, as the executor wrote it.
    #[n(2)]
    pub finished_at: String,
    /// The time of storing.
    #[n(3)]
    pub stored_at: Timestamp,
    /// The end of its freshness.
    #[n(4)]
    pub expires_at: Timestamp,
    /// The end of its use: from then on it is not served at all, not even stale.
    #[n(5)]
    pub stale_until: Timestamp,
    /// The version of the epochs that was current before the executor was asked.
    #[n(6)]
    pub epoch: u64,
}

/// The version of the stored form, in every tier below memory and at the durable owners: one byte of format, then CBOR
/// of the whole key and the entry in an envelope (see [`envelope`]). `docs/decisions/0023-stored-form.md` has the
/// reasons. No other format is read: changes are made within it, by field number (see `cbor.rs`).
const FORMAT: u8 = 3;

/// Holds the content of the envelope: an [`Entry`] when it is read, a reference to one when it is written.
#[derive(Encode, Decode)]
struct Stored<'s, E> {
    #[cbor(b(0), with = "minicbor::bytes")]
    key: &'s [u8],
    #[n(1)]
    entry: E,
}

impl Entry {
    /// Returns whether the entry is fresh and usable (see [`Entry::is_usable`]).
    #[must_use]
    pub fn is_servable(&self, now: Timestamp, floor: u64) -> bool {
        now < self.expires_at && self.is_usable(now, floor)
    }

    /// Returns whether the entry may be of any use, fresh or stale: not expired, not from the future, and read under
    /// epochs no older than `floor`.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp, floor: u64) -> bool {
        now < self.stale_until && self.stored_at <= now.after(CLOCK_SKEW) && self.epoch >= floor
    }

    /// Returns whether the entry is in the last part of its freshness.
    #[must_use]
    pub(crate) fn is_nearly_over(&self, now: Timestamp) -> bool {
        let part = self.stored_at.until(self.expires_at).get() / REFRESH_AHEAD_PARTS;
        now.until(self.expires_at).get() <= part
    }

    /// Returns the stored form under `key`.
    #[must_use]
    pub fn encode(&self, key: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        // Writing to memory cannot fail for these types; were it to, an empty form is a miss.
        match minicbor::encode(Stored { key, entry: self }, &mut plain) {
            Ok(()) => envelope::seal(&[FORMAT], &plain),
            Err(_) => Vec::new(),
        }
    }

    /// Decodes a stored form; `None` unless it is one and was stored under `key`.
    #[must_use]
    pub fn decode(bytes: &[u8], key: &[u8]) -> Option<Self> {
        Self::read(bytes, key).ok()
    }

    /// Decodes a stored form that was stored under `key`.
    ///
    /// # Errors
    /// The fault of the bytes.
    pub fn read(bytes: &[u8], key: &[u8]) -> Result<Self, TierFault> {
        let sealed = match bytes {
            [] => return Err(TierFault::Truncated),
            [FORMAT, sealed @ ..] => sealed,
            _ => return Err(TierFault::Format),
        };
        let Opened { plain, is_whole } = envelope::open(sealed)?;
        let stored: Stored<'_, Self> = cbor::read(&plain).map_err(fault_of)?;
        if !is_whole {
            return Err(TierFault::Damaged);
        }
        if stored.key == key { Ok(stored.entry) } else { Err(TierFault::OtherKey) }
    }

    /// Returns a stored form with these flags and this body, its checksum right, as a tier might come to hold it: for
    /// tests of reading.
    #[must_use]
    pub fn forged(flags: u8, body: &[u8]) -> Vec<u8> {
        envelope::sealed(&[FORMAT], flags, body)
    }

    /// Returns the bytes that the entry takes in memory, its key included, bookkeeping estimated.
    #[must_use]
    pub fn weight(&self, key: &[u8]) -> usize {
        // Allocated capacity counts, used or not.
        [self.output.capacity(), self.duration.capacity(), self.finished_at.capacity(), key.len(), BOOKKEEPING_BYTES]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    /// Returns the execution time in whole milliseconds, which a hit saves; 0 for an invalid duration.
    #[must_use]
    pub fn millis(&self) -> u64 {
        // The conversion saturates: negative values and NaN become 0, too large ones the maximum.
        self.duration.parse::<f64>().map_or(0, |millis| millis as u64)
    }

    /// Estimates the output's tokens of a language model: four bytes a token, as is common for English text and JSON;
    /// no tokeniser is asked.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        u64::try_from(self.output.len() / 4).unwrap_or(u64::MAX)
    }
}

fn fault_of(fault: DecodeFault) -> TierFault {
    match fault {
        DecodeFault::Cut => TierFault::Truncated,
        DecodeFault::Other => TierFault::Damaged,
    }
}

/// Largest tolerated difference between the clocks of two hosts.
const CLOCK_SKEW: crate::words::time::Millis = crate::words::time::Millis::from_secs(60);

/// Bytes of an entry's bookkeeping: its list node, its slot in a table, lengths, timestamps.
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
            assert_eq!(Entry::read(&bytes[..length], b"key"), Err(TierFault::Truncated), "cut at {length}");
        }
        let damaged = |at: usize, byte: u8| {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            Entry::read(&damaged, b"key")
        };
        assert_eq!(damaged(0, FORMAT + 1), Err(TierFault::Format));
        assert_eq!(damaged(0, FORMAT - 1), Err(TierFault::Format));
        assert_eq!(damaged(1, 2), Err(TierFault::Format), "a flag that nobody knows");
        assert_eq!(damaged(1, 1), Err(TierFault::TooLarge), "not compressed though it says so");
        assert_eq!(damaged(2, 0xc3), Err(TierFault::Damaged));
        assert_eq!(damaged(4, b'K'), Err(TierFault::Damaged));
        for at in 0..bytes.len() * 8 {
            let byte = bytes[at / 8] ^ (1 << (at % 8));
            assert!(damaged(at / 8, byte).is_err(), "bit {at}");
        }
    }

    #[test]
    fn a_large_one_is_stored_compressed() {
        let large = Entry { output: br#"{"value":"five"}"#.repeat(500), ..entry() };
        let bytes = large.encode(b"key");
        assert!(bytes[..2] == [FORMAT, 1] && bytes.len() * 10 < large.output.len(), "{}", bytes.len());
        assert_eq!(Entry::decode(&bytes, b"key"), Some(large));
        assert_eq!(Entry::read(&bytes, b"other"), Err(TierFault::OtherKey));
        for length in 0..bytes.len() {
            assert_eq!(Entry::read(&bytes[..length], b"key"), Err(TierFault::Truncated), "cut at {length}");
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
