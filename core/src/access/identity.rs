//! Identifies the caller by the credential in the headers, or refuses it.

pub mod asking;
pub mod claims;
pub mod discovery;
pub mod driver;
pub mod issued;
pub mod jose;
pub mod jwk;
pub mod key;
pub mod keys;
pub mod memory;
pub mod rules;
pub mod signature;
pub mod tokens;

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use hmac_sha256::Hash;
use subtle::ConstantTimeEq;

use issued::Unverified;
use memory::{CredentialFingerprint, CredentialMemory, KnownCredential, Remembered, ValidationContext};

use crate::model::caller::{Caller, CallerKey, ConfiguredCaller, Grant};
use crate::model::request::{Header, RequestHeaders};
use crate::state::epochs::Epochs;
use crate::words::limits;
use crate::words::names::{KeyId, RoleId};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Timestamp;

pub use discovery::is_web_url;
use rules::Issuer;
use tokens::Tokens;

/// Hashes API keys under the hashing secret, so that only keyed hashes are held (HMAC-SHA-256, RFC 2104).
///
/// Both passes are prepared up to the key's own block, once, as RFC 2104 section 4 suggests: a request pays for two
/// blocks of SHA-256 instead of four.
#[derive(Clone)]
pub struct KeyHasher {
    inner: Hash,
    outer: Hash,
    id: u64,
}

/// The block size of SHA-256, in bytes.
const BLOCK_BYTES: usize = 64;

impl fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHasher(..)")
    }
}

impl KeyHasher {
    /// Makes a hasher under `secret`.
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
        let mut hasher = Self { inner: prepared(0x36), outer: prepared(0x5c), id: 0 };
        // No key has a blank in it.
        let of_secret = hasher.hash("id of the hashing secret");
        hasher.id = u64::from_be_bytes(of_secret.first_chunk().copied().unwrap_or_default());
        hasher
    }

    /// Returns an id that distinguishes hashing secrets, and reveals nothing else of them.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Returns the keyed hash of `key`.
    #[must_use]
    pub fn hash(&self, key: &str) -> [u8; 32] {
        let (mut inner, mut outer) = (self.inner, self.outer);
        inner.update(key.as_bytes());
        outer.update(inner.finalize());
        outer.finalize()
    }
}

/// Holds a caller whose credential was verified, and the key it used.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The caller.
    pub caller: Rc<Caller>,
    /// The name of its credential.
    pub key: KeyId,
}

/// Holds the hashers of one isolate: under the current hashing secret, and under another one during a rotation.
#[derive(Clone, Debug)]
pub struct KeyHashers {
    current: KeyHasher,
    other: Option<KeyHasher>,
    lasts: bool,
}

impl KeyHashers {
    /// Makes hashers under a secret that outlives the isolate, and under the other one if there is one.
    #[must_use]
    pub fn new(current: &[u8], other: Option<&[u8]>) -> Self {
        Self { current: KeyHasher::new(current), other: other.map(KeyHasher::new), lasts: true }
    }

    /// Makes a hasher under a secret of this isolate alone: no key can be issued under it.
    #[must_use]
    pub fn of_isolate(random: &[u8]) -> Self {
        Self { current: KeyHasher::new(random), other: None, lasts: false }
    }

    /// Returns the hasher under the current secret.
    #[must_use]
    pub const fn current(&self) -> &KeyHasher {
        &self.current
    }

    /// Returns the hasher that new keys are hashed with, if there is a secret that outlives the isolate.
    #[must_use]
    pub fn issuing(&self) -> Option<&KeyHasher> {
        self.lasts.then_some(&self.current)
    }

    /// Returns the hasher under the secret with this id.
    #[must_use]
    pub fn of(&self, id: u64) -> Option<&KeyHasher> {
        [Some(&self.current), self.other.as_ref()].into_iter().flatten().find(|hasher| hasher.id == id)
    }

    /// Returns the name that lists give to the secret with this id.
    #[must_use]
    pub fn name_of(&self, id: u64) -> &'static str {
        match self.of(id) {
            None => "unknown",
            Some(hasher) if hasher.id == self.current.id => "current",
            Some(_) => "previous",
        }
    }
}

/// Maps each role of the configuration to its grants.
pub type Roles = BTreeMap<RoleId, Rc<Grant>>;

/// Holds an isolate's means of identifying callers: its keys, its issuers with their known keys, and the roles.
#[derive(Debug)]
pub struct Identity {
    keyring: Keyring,
    tokens: Tokens,
    pub(crate) issuers: Rc<[Issuer]>,
    pub(crate) roles: Rc<Roles>,
}

impl Identity {
    /// Makes the identity of an isolate that has seen no credential yet.
    #[must_use]
    pub fn new(keyring: Keyring, issuers: Rc<[Issuer]>, roles: Rc<Roles>) -> Self {
        Self { keyring, tokens: Tokens::new(&issuers), issuers, roles }
    }

    /// Returns the hashers of keys.
    #[must_use]
    pub const fn hashers(&self) -> &KeyHashers {
        self.keyring.hashers()
    }

    /// Returns the time since which the keys of the issuer at this index of the configuration cannot be fetched.
    #[must_use]
    pub fn keys_failing_since(&self, place: usize) -> Option<Timestamp> {
        self.tokens.keys(place).and_then(|keys| keys.borrow().failing_since)
    }
}

/// Holds the credentials of one isolate: the configured keys, by their hash, and the remembered ones.
pub struct Keyring {
    hashers: KeyHashers,
    table: KeyTable,
    memory: CredentialMemory,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With its secret, fingerprints of keys could be made anywhere.
        f.write_str("Keyring(..)")
    }
}

impl Keyring {
    /// Makes the ring of these callers' keys; `secret` must be random and of this isolate alone.
    #[must_use]
    pub fn new(hashers: KeyHashers, callers: &[ConfiguredCaller], secret: [u8; 16]) -> Self {
        Self { hashers, table: KeyTable::new(callers), memory: CredentialMemory::new(secret) }
    }

    /// Returns the hashers of keys.
    #[must_use]
    pub const fn hashers(&self) -> &KeyHashers {
        &self.hashers
    }

    /// Returns the memory of credentials.
    #[must_use]
    pub const fn memory(&self) -> &CredentialMemory {
        &self.memory
    }

    /// Finds the caller of a configured key.
    fn configured(&self, key: &str) -> Option<&Identified> {
        let under = |hasher: &KeyHasher| self.table.find(&hasher.hash(key));
        under(&self.hashers.current).or_else(|| self.hashers.other.as_ref().and_then(under))
    }
}

/// Holds every configured key by its hash, for a look-up whose time does not depend on their number.
#[derive(Clone, Debug, Default)]
struct KeyTable(Vec<([u8; 32], Identified)>);

impl KeyTable {
    fn new(callers: &[ConfiguredCaller]) -> Self {
        let of = |entry: &ConfiguredCaller, key: &CallerKey| {
            (key.hash, Identified { caller: Rc::clone(&entry.caller), key: key.id.clone() })
        };
        let mut rows: Vec<_> =
            callers.iter().flat_map(|entry| entry.keys.iter().map(move |key| of(entry, key))).collect();
        rows.sort_unstable_by_key(|(hash, _)| *hash);
        Self(rows)
    }

    /// Finds the caller of the key with this hash. Rows are found by the first eight bytes (their timing reveals
    /// nothing of a key, as it is a keyed hash) and compared whole in constant time.
    fn find(&self, hash: &[u8; 32]) -> Option<&Identified> {
        let prefix = hash.first_chunk::<8>();
        let from = self.0.partition_point(|(row, _)| row.first_chunk::<8>() < prefix);
        let rows = self.0.get(from..).unwrap_or_default();
        let candidates = rows.iter().take_while(|(row, _)| row.first_chunk::<8>() == prefix);
        candidates.filter(|(row, _)| bool::from(row.ct_eq(hash))).map(|(_, identified)| identified).next()
    }
}

/// Names the credentials that are accepted besides API keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takes {
    /// Tokens: there are issuers.
    pub tokens: bool,
    /// The assertions of Cloudflare Access: it is one of the issuers.
    pub assertions: bool,
}

/// Holds a credential that is not known to be invalid.
pub enum Recognised<'r> {
    /// A valid credential, with its caller.
    Known(Identified),
    /// An issued key, whose owner must be asked: [`issued::verify`].
    Issued(Unverified<'r>),
    /// A possible token of an issuer: its text and its fingerprint.
    Token(&'r str, CredentialFingerprint),
}

/// Finds the caller. `Authorization: KEY`, `Authorization: Bearer KEY` and `X-API-Key: KEY` are equivalent; both
/// headers at once must agree. Where neither is sent, `Cf-Access-Jwt-Assertion` may identify the user behind Cloudflare
/// Access. Revocation is a check of its own: [`refuse_revoked`].
///
/// # Errors
/// [`RefusalKind::CredentialMissing`], [`RefusalKind::CredentialMalformed`], [`RefusalKind::CredentialUnknown`],
/// [`RefusalKind::KeyHashSecretMissing`], and the recent refusal of the same credential.
pub fn identify<'r>(
    headers: &'r RequestHeaders,
    keyring: &Keyring,
    takes: Takes,
    now: &impl ValidationContext,
) -> Result<Recognised<'r>, Refusal> {
    let text = presented(headers, takes)?;
    let fingerprint = keyring.memory.fingerprint(text);
    let was_valid = match keyring.memory.recall(fingerprint, now) {
        // Its letters were checked when it was new.
        Remembered::Valid(identified) => return Ok(Recognised::Known(identified)),
        Remembered::Stale => true,
        Remembered::Nothing => false,
    };
    let is_issued = text.starts_with(key::PREFIX);
    let may_be_token = takes.tokens && !is_issued;
    let is_key_sized = text.len() <= limits::KEY_BYTES_MAX;
    if !is_written_well(text) || !(is_key_sized || may_be_token) {
        return Err(Refusal::new(RefusalKind::CredentialMalformed));
    }
    if is_key_sized && let Some(identified) = keyring.configured(text) {
        keyring.memory.remember(fingerprint, KnownCredential { identified: identified.clone(), validity: None });
        return Ok(Recognised::Known(identified.clone()));
    }
    if !is_issued && !may_be_token {
        return Err(Refusal::new(RefusalKind::CredentialUnknown));
    }
    if let Some(kind) = keyring.memory.refusal(fingerprint, now.time()) {
        return Err(Refusal::new(kind));
    }
    if may_be_token {
        return Ok(Recognised::Token(text, fingerprint));
    }
    let cut = || Refusal::with(RefusalKind::CredentialMalformed, "the key is not whole: it was cut or mistyped");
    let id = key::id_of(text).ok_or_else(cut)?;
    if keyring.hashers.issuing().is_none() {
        return Err(Refusal::new(RefusalKind::KeyHashSecretMissing));
    }
    Ok(Recognised::Issued(Unverified { text, id, fingerprint, was_valid }))
}

/// Refuses a caller or credential that the epochs revoke.
///
/// # Errors
/// [`RefusalKind::CredentialRevoked`].
pub fn refuse_revoked(identified: &Identified, epochs: &Epochs) -> Result<(), Refusal> {
    if epochs.revoked.contains(identified.key.as_str()) {
        return Err(Refusal::new(RefusalKind::CredentialRevoked));
    }
    Ok(())
}

/// Returns whether a credential is visible ASCII only; a repeated header arrives joined by ", " and is refused too.
fn is_written_well(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// Returns the one credential in the headers, of any kind.
fn presented(headers: &RequestHeaders, takes: Takes) -> Result<&str, Refusal> {
    let authorization = headers.get(Header::Authorization).map(strip_bearer).filter(|key| !key.is_empty());
    let api_key = headers.get(Header::XApiKey).filter(|key| !key.is_empty());
    match (authorization, api_key) {
        (None, None) => {
            let assertion = takes.assertions.then(|| headers.get(Header::CfAccessJwtAssertion)).flatten();
            assertion.filter(|text| !text.is_empty()).ok_or_else(|| Refusal::new(RefusalKind::CredentialMissing))
        }
        (Some(key), None) | (None, Some(key)) => Ok(key),
        (Some(left), Some(right)) if left == right => Ok(left),
        (Some(_), Some(_)) => Err(Refusal::new(RefusalKind::CredentialMalformed)),
    }
}

/// Returns the key behind an optional, case-insensitive `Bearer ` (RFC 9110 section 11.1).
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
