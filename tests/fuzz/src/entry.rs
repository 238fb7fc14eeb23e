//! Kept answers: what was stored under a key is read under that key and no other, whatever became of its bytes.

use toolgate::cache::{Entry, TierFault};
use toolgate::words::limits::STORED_BYTES;
use toolgate::words::time::Timestamp;

use crate::text::{parts, unescaped};

/// A key that no damage to one byte makes of another.
const OTHER: &[u8] = b"\x01another key \xff altogether";

/// The check sum at the end of a stored form.
const SUM_BYTES: usize = 8;

/// The first part is a key, the second an entry as it might be stored.
pub(crate) fn run(data: &[u8]) {
    let parts = parts(data);
    let key = unescaped(parts.first().copied().unwrap_or_default());
    let stored = unescaped(parts.get(1).copied().unwrap_or_default());
    if let Some(entry) = Entry::decode(&stored, &key) {
        assert_eq!(Entry::decode(&entry.encode(&key), &key), Some(entry), "what was read can be stored again");
        assert!(key == OTHER || Entry::decode(&stored, OTHER).is_none(), "read under two keys");
    }
    // The same with an envelope whose check sum is right: as the format says, and as what is compressed.
    if let [3, flags, summed @ ..] = stored.as_slice() {
        let (body, _sum) = summed.split_at(summed.len().saturating_sub(SUM_BYTES));
        check_forged(*flags, body, &key);
    }
    check_forged(0, &stored, &key);
    check_forged(1, &stored, &key);
    let text = |part: &[u8]| String::from_utf8_lossy(part.get(..part.len().min(40)).unwrap_or_default()).into_owned();
    let entry = Entry {
        duration: text(&key),
        finished_at: text(&stored),
        stored_at: Timestamp::from_millis(u64::try_from(key.len()).unwrap_or(0)),
        expires_at: Timestamp::from_millis(u64::MAX),
        stale_until: Timestamp::from_millis(u64::MAX),
        epoch: u64::try_from(stored.len()).unwrap_or(0),
        output: stored,
    };
    if key != OTHER {
        check_damaged(&entry, &key);
    }
}

/// Forges a compressed form that says it holds more than any entry does: it is not unpacked.
fn check_forged(flags: u8, body: &[u8], key: &[u8]) {
    let read = Entry::read(&Entry::forged(flags, body), key);
    if flags > 1 {
        assert_eq!(read, Err(TierFault::Format), "a flag that nobody knows");
        return;
    }
    let length = match body.split_first_chunk() {
        Some((length, _)) if flags == 1 => usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX),
        _ => body.len(),
    };
    match read {
        Ok(entry) => {
            assert!(entry.output.len() <= length, "more than it says");
            assert!(flags == 0 || length <= STORED_BYTES, "more than any entry");
            assert_eq!(Entry::read(&entry.encode(key), key), Ok(entry), "what was read can be stored again");
        }
        Err(fault) => {
            let is_bomb = flags == 1 && body.len() >= 4 && length > STORED_BYTES;
            assert_eq!(fault == TierFault::TooLarge, is_bomb, "{length} bytes are {fault:?}");
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
            assert_eq!(Entry::decode(&damaged, key), None, "read though damaged at {at}");
        }
    }
}
