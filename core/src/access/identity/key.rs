//! Writes and reads the text of an issued key: `tgk_{id}_{secret}{checksum}`, in lower-case hexadecimal digits.
//!
//! The prefix is for scanners that look for leaked keys; the id is public, and the checksum lets a truncated or
//! mistyped key be refused without asking its owner. Only the secret, 192 random bits, makes it a key.

use crate::words::hex;
use crate::words::secret::Secret;

/// Begins every issued key.
pub const PREFIX: &str = "tgk_";

/// The number of random bytes in a key.
pub const RANDOM: usize = ID + SECRET;

/// The number of bytes in an id.
const ID: usize = 10;
/// The number of bytes in a secret.
const SECRET: usize = 24;
/// The number of digits in an id.
const ID_DIGITS: usize = ID * 2;
/// The number of digits in a secret and its checksum.
const REST_DIGITS: usize = (SECRET + 4) * 2;

/// Names the durable owners that issued keys are spread over, by the first digit of their ids.
pub const SHARDS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// Holds a new key: its id, and its text, which is shown once.
#[derive(Debug)]
pub struct NewKey {
    /// Its id.
    pub id: String,
    /// The whole text.
    pub text: Secret,
}

impl NewKey {
    /// Returns the key made of these random bytes. Its id begins with the digit `first`, if there is one.
    #[must_use]
    pub fn new(random: &[u8; RANDOM], first: Option<char>) -> Self {
        let (id, secret) = random.split_at(ID);
        let drawn = hex::encode(id);
        let mut digits = drawn.chars();
        let own = digits.next();
        let id: String = first.or(own).into_iter().chain(digits).collect();
        let mut text = String::with_capacity(PREFIX.len().saturating_add(ID_DIGITS).saturating_add(REST_DIGITS));
        text.push_str(PREFIX);
        text.push_str(&id);
        text.push('_');
        text.push_str(&hex::encode(secret));
        let checksum = crc32(text.as_bytes());
        text.push_str(&hex::encode(&checksum.to_be_bytes()));
        Self { id, text: Secret::new(text) }
    }
}

/// Returns the id of an issued key; `None` when the text is not one, or incomplete.
#[must_use]
pub fn id_of(text: &str) -> Option<&str> {
    let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let is_rest = rest.len() == REST_DIGITS && rest.bytes().all(is_digit);
    if !is_id(id) || !is_rest {
        return None;
    }
    let (body, checksum) = text.split_at_checked(text.len().checked_sub(8)?)?;
    (hex::encode(&crc32(body.as_bytes()).to_be_bytes()) == checksum).then_some(id)
}

/// Returns whether a text can be the id of an issued key.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(is_digit)
}

const fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Returns the durable key of the owner of the issued key with this id.
#[must_use]
pub fn owner_of(id: &str) -> String {
    owner(id.chars().next().unwrap_or('0'))
}

/// Returns the durable key of the owner of ids that begin with this digit.
#[must_use]
pub fn owner(shard: char) -> String {
    let mut owner = "keys/".to_owned();
    owner.push(shard);
    owner
}

/// Returns the CRC-32 of ISO 3309, as in gzip (RFC 1952 section 8): it detects accidents, not attacks.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_its_id_has_the_owner_asked_for() {
        let random: [u8; RANDOM] = std::array::from_fn(|index| u8::try_from(index * 7 % 256).unwrap());
        let key = NewKey::new(&random, None);
        assert_eq!(key.id, "00070e151c232a31383f");
        assert_eq!(
            key.text.expose(),
            "tgk_00070e151c232a31383f_464d545b626970777e858c939aa1a8afb6bdc4cbd2d9e0e73a2a17d0"
        );
        assert_eq!(id_of(key.text.expose()), Some(key.id.as_str()));
        let pinned = NewKey::new(&random, Some('e'));
        assert_eq!((pinned.id.as_str(), owner_of(&pinned.id).as_str()), ("e0070e151c232a31383f", "keys/e"));
        assert_eq!(id_of(pinned.text.expose()), Some(pinned.id.as_str()));
    }

    #[test]
    fn what_is_cut_mistyped_or_swapped_is_no_key() {
        let key = NewKey::new(&[0xa5; RANDOM], None).text;
        let key = key.expose();
        for at in 0..key.len() {
            let (before, behind) = key.split_at(at);
            assert_eq!(id_of(before), None, "cut at {at}");
            for other in ["0", "f", "_", "G", "A"] {
                let behind: String = behind.chars().skip(1).collect();
                let mistyped = format!("{before}{other}{behind}");
                assert!(mistyped == key || id_of(&mistyped).is_none(), "{mistyped}");
            }
        }
        assert_eq!(id_of(&key.to_uppercase()), None);
        assert_eq!(id_of(&format!("{key}0")), None);
        assert_eq!(id_of(""), None);
    }

    #[test]
    fn the_checksum_is_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
