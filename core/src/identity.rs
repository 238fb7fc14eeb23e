//! Who calls: from the credential in the headers to a caller, or a refusal.

use std::cell::RefCell;
use std::fmt;
use std::hash::Hasher as _;
use std::rc::Rc;

use hmac_sha256::Hash;
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use subtle::ConstantTimeEq;

use crate::config::{Caller, ConfiguredCaller};
use crate::limits;
use crate::names::KeyId;
use crate::refusal::{Refusal, RefusalKind};
use crate::request::{Header, RequestHeaders};
use crate::state::epochs::Epochs;

/// Hashes API keys under the hashing secret, so that only keyed hashes are held (HMAC-SHA-256, RFC 2104).
///
/// Both passes are prepared up to the key's own block, once, as RFC 2104 section 4 suggests: a request pays for two blocks
/// of SHA-256 instead of four.
#[derive(Clone)]
pub struct KeyHasher {
    inner: Hash,
    outer: Hash,
}

/// The block of SHA-256, in bytes.
const BLOCK_BYTES: usize = 64;

impl fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHasher(..)")
    }
}

impl KeyHasher {
    /// A hasher under `secret`.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut block = [0; BLOCK_BYTES];
        let digest;
        let secret = if secret.len() > BLOCK_BYTES {
            digest = Hash::hash(secret);
            &digest[..]
        } else {
            secret
        };
        for (byte, secret) in block.iter_mut().zip(secret) {
            *byte = *secret;
        }
        let prepared = |pad: u8| {
            let mut hash = Hash::new();
            hash.update(block.map(|byte| byte ^ pad));
            hash
        };
        Self { inner: prepared(0x36), outer: prepared(0x5c) }
    }

    /// The keyed hash of `key`.
    #[must_use]
    pub fn hash(&self, key: &str) -> [u8; 32] {
        let (mut inner, mut outer) = (self.inner, self.outer);
        inner.update(key.as_bytes());
        outer.update(inner.finalize());
        outer.finalize()
    }
}

/// A caller whose credential was checked, and the key it used.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The caller.
    pub caller: Rc<Caller>,
    /// The name of what it identified itself with.
    pub key: KeyId,
}

/// Where a key stands in the configuration: its caller's place, and its own among that caller's.
type Place = (usize, usize);

/// The keys of one isolate: whose each is, by its hash; and those that were verified lately, by a digest of the isolate's own.
///
/// A verified key is known again by SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012) under a secret that nothing but
/// this isolate's memory holds: a keyed hash like the other, and as impossible to hit by chance, for a tenth of its price.
/// Only whose key it is is remembered; whether it is revoked is asked of the epochs each time.
pub struct Keyring {
    hasher: KeyHasher,
    table: KeyTable,
    /// Of the digests.
    secret: [u8; 16],
    /// By the digest's first byte; another key with the same one pushes it out.
    verified: RefCell<Vec<Option<Verified>>>,
}

/// A key that was verified: its digest, and whose it is.
type Verified = ([u8; 16], Place);

/// How many verified keys an isolate remembers at most: one for each value of a byte.
const VERIFIED: usize = 256;

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With its secret, digests of keys could be made anywhere.
        f.write_str("Keyring(..)")
    }
}

impl Keyring {
    /// The ring of these callers' keys; `secret` must be random and of this isolate alone.
    #[must_use]
    pub fn new(hasher: KeyHasher, callers: &[ConfiguredCaller], secret: [u8; 16]) -> Self {
        let verified = RefCell::new(vec![None; VERIFIED]);
        Self { hasher, table: KeyTable::new(callers), secret, verified }
    }

    fn find(&self, key: &str) -> Option<Place> {
        let mut digest = SipHasher24::new_with_key(&self.secret);
        digest.write(key.as_bytes());
        let digest = digest.finish128().as_bytes();
        let slot = usize::from(*digest.first()?);
        if let Some((known, place)) = self.verified.borrow().get(slot)?.as_ref()
            && bool::from(known.ct_eq(&digest))
        {
            return Some(*place);
        }
        let place = self.table.find(&self.hasher.hash(key))?;
        if let Some(slot) = self.verified.borrow_mut().get_mut(slot) {
            *slot = Some((digest, place));
        }
        Some(place)
    }
}

/// Every key of every caller by its hash, for a look-up that does not depend on how many there are.
#[derive(Clone, Debug, Default)]
struct KeyTable(Vec<([u8; 32], usize, usize)>);

impl KeyTable {
    fn new(callers: &[ConfiguredCaller]) -> Self {
        let mut rows: Vec<_> = callers
            .iter()
            .enumerate()
            .flat_map(|(caller, entry)| entry.keys.iter().enumerate().map(move |(key, row)| (row.hash, caller, key)))
            .collect();
        rows.sort_unstable();
        Self(rows)
    }

    /// The caller and key with this hash. Rows are found by the first eight bytes (what a guesser sees of their timing says
    /// nothing about a key, as it is a keyed hash) and compared whole in constant time.
    fn find(&self, hash: &[u8; 32]) -> Option<Place> {
        let prefix = hash.first_chunk::<8>();
        let from = self.0.partition_point(|(row, ..)| row.first_chunk::<8>() < prefix);
        let rows = self.0.get(from..).unwrap_or_default();
        let candidates = rows.iter().take_while(|(row, ..)| row.first_chunk::<8>() == prefix);
        candidates.filter(|(row, ..)| bool::from(row.ct_eq(hash))).map(|(_, caller, key)| (*caller, *key)).next()
    }
}

/// Finds the caller. `Authorization: KEY`, `Authorization: Bearer KEY` and `X-API-Key: KEY` are the same; both headers at
/// once must agree.
///
/// # Errors
/// [`RefusalKind::CredentialMissing`], [`RefusalKind::CredentialMalformed`], [`RefusalKind::CredentialUnknown`] and
/// [`RefusalKind::CredentialRevoked`].
pub fn identify(
    headers: &RequestHeaders,
    keyring: &Keyring,
    callers: &[ConfiguredCaller],
    epochs: &Epochs,
) -> Result<Identified, Refusal> {
    let key = credential(headers)?;
    let found = keyring.find(key).and_then(|(caller, key)| {
        let configured = callers.get(caller)?;
        Some(Identified { caller: Rc::clone(&configured.caller), key: configured.keys.get(key)?.id.clone() })
    });
    let identified = found.ok_or_else(|| Refusal::new(RefusalKind::CredentialUnknown))?;
    if epochs.revoked.contains(identified.key.as_str()) {
        return Err(Refusal::new(RefusalKind::CredentialRevoked));
    }
    Ok(identified)
}

/// The one API key that the headers present.
fn credential(headers: &RequestHeaders) -> Result<&str, Refusal> {
    let authorization = headers.get(Header::Authorization).map(strip_bearer).filter(|key| !key.is_empty());
    let api_key = headers.get(Header::XApiKey).filter(|key| !key.is_empty());
    let key = match (authorization, api_key) {
        (None, None) => return Err(Refusal::new(RefusalKind::CredentialMissing)),
        (Some(key), None) | (None, Some(key)) => key,
        (Some(left), Some(right)) if left == right => left,
        (Some(_), Some(_)) => return Err(Refusal::new(RefusalKind::CredentialMalformed)),
    };
    // Visible ASCII only: a repeated header arrives joined by ", " and is no key either.
    let is_key = key.len() <= limits::KEY_BYTES_MAX && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    if is_key { Ok(key) } else { Err(Refusal::new(RefusalKind::CredentialMalformed)) }
}

/// The key behind an optional, case-insensitive `Bearer ` (RFC 9110 section 11.1).
fn strip_bearer(value: &str) -> &str {
    match value.split_at_checked(7) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer ") => key.trim_start(),
        _ if value.eq_ignore_ascii_case("bearer") => "",
        _ => value,
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
