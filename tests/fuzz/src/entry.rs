//! Kept answers: what was stored under a key is read under that key and no other, whatever became of its bytes.

use toolgate::cache::{Entry, TierFault};
use toolgate::limits::STORED_BYTES;
use toolgate::time::Timestamp;

use crate::text::{parts, unescaped};

/// A key that no damage to one byte makes of another.
const OTHER: &[u8] = b"\x01another key \xff altogether";

/// The first part is a key, the second an entry as it might be stored.
pub(crate) fn run(data: &[u8]) {
    let parts = parts(data);
    let key = unescaped(parts.first().copied().unwrap_or_default());
    let stored = unescaped(parts.get(1).copied().unwrap_or_default());
    if let Some(entry) = Entry::decode(&stored, &key) {
        assert_eq!(Entry::decode(&entry.encode(&key), &key), Some(entry), "what was read can be stored again");
        assert!(key == OTHER || Entry::decode(&stored, OTHER).is_none(), "read under two keys");
    }
    check_compressed(&stored, &key);
    // The same bytes as what a compressed form holds.
    check_compressed(&[&[2, 1], stored.as_slice()].concat(), &key);
    let text = |part: &[u8]| String::from_utf8_lossy(part.get(..part.len().min(40)).unwrap_or_default()).into_owned();
    let entry = Entry {
        duration: text(&key),
        finished_at: text(&stored),
        stored_at: Timestamp::from_millis(u64::try_from(key.len()).unwrap_or(0)),
        expires_at: Timestamp::from_millis(u64::MAX),
        epoch: u64::try_from(stored.len()).unwrap_or(0),
        output: stored,
    };
    if key != OTHER {
        check_damaged(&entry, &key);
    }
}

/// A compressed form that says it holds more than any entry does is not unpacked; another holds no more than it says.
fn check_compressed(stored: &[u8], key: &[u8]) {
    let [2, 1, length @ ..] = stored else { return };
    let Some((length, _)) = length.split_first_chunk() else { return };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    match Entry::read(stored, key) {
        Ok(entry) => assert!(entry.output.len() < length && length <= STORED_BYTES, "more than it says"),
        Err(fault) => {
            assert!((fault == TierFault::TooLarge) == (length > STORED_BYTES), "{length} bytes are {fault:?}")
        }
    }
}

fn check_damaged(entry: &Entry, key: &[u8]) {
    let bytes = entry.encode(key);
    assert_eq!(Entry::decode(&bytes, key).as_ref(), Some(entry), "what was stored is read");
    assert_eq!(Entry::decode(&bytes, OTHER), None, "read under another key");
    // Some fifty places in all: the head byte by byte, the rest in strides.
    let stride = bytes.len().checked_div(32).unwrap_or(0).max(1);
    let places = (0..bytes.len()).filter(|at| *at < 16 || at.checked_rem(stride) == Some(0));
    for at in places {
        assert_eq!(Entry::decode(bytes.get(..at).unwrap_or_default(), key), None, "read though cut at {at}");
        for bit in [0x01, 0x10, 0x80] {
            let mut damaged = bytes.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= bit;
            }
            assert_eq!(Entry::decode(&damaged, OTHER), None, "read under another key though damaged at {at}");
            // Two compressed forms may hold the same.
            let in_key = at < key.len() && bytes.get(1) == Some(&0);
            let read = Entry::decode(&damaged, key);
            assert!(read.as_ref() != Some(entry) || !in_key, "read as if whole though damaged at {at}");
        }
    }
}
