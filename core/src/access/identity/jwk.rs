//! Reads key sets of issuers (RFC 7517): public keys for verifying signatures, and nothing else.

use crate::access::identity::rules::Algorithm;
use crate::words::json::{self, Json, Limits};
use crate::words::{base64, limits};

const JSON_LIMITS: Limits = Limits { depth: 8, values: 8_192, string_bytes: 16 * 1024, number_bytes: 32 };

/// Bounds the bits of an RSA key.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// Holds a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name.
    pub kid: Option<String>,
    /// The one algorithm it is restricted to, if any.
    algorithm: Option<Algorithm>,
    /// The key.
    pub material: Material,
}

/// Holds the key itself, in the form that the signature's check takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// RSA: the modulus. The exponent is 65,537.
    Rsa(Vec<u8>),
    /// A point on P-256, uncompressed (SEC 1 section 2.3.3).
    P256(Vec<u8>),
    /// A point on P-384, uncompressed.
    P384(Vec<u8>),
    /// A point on Ed25519.
    Ed25519(Vec<u8>),
}

/// Holds the usable keys of an issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

/// Names the result of a look-up in a key set.
#[derive(Debug, PartialEq, Eq)]
pub enum KeyLookup<'k> {
    /// The keys with this name; or the only possible one for a token without a name.
    Keys(Vec<&'k PublicKey>),
    /// No key has that name.
    Unknown,
    /// Keys have that name, but are not for this algorithm.
    OtherAlgorithm,
}

impl KeySet {
    /// Reads a key set; `None` when it is invalid, has too many keys, or no usable one. An unusable key (for
    /// encryption, too short, symmetric, private, of an unknown type or curve) is skipped: issuers add kinds of keys.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let set = json::parse(text, JSON_LIMITS).ok()?;
        let items = set.get("keys")?.as_array()?;
        if items.len() > limits::ISSUER_KEYS {
            return None;
        }
        let keys: Vec<PublicKey> = items.iter().filter_map(key).collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// Returns the candidate keys for a token with this header. Without a name, exactly one key must fit.
    #[must_use]
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> KeyLookup<'_> {
        let fits = |key: &&PublicKey| key.fits(algorithm);
        let Some(kid) = kid else {
            let fitting: Vec<&PublicKey> = self.keys.iter().filter(fits).collect();
            return if fitting.len() == 1 { KeyLookup::Keys(fitting) } else { KeyLookup::Unknown };
        };
        let named = || self.keys.iter().filter(|key| key.kid.as_deref() == Some(kid));
        let fitting: Vec<&PublicKey> = named().filter(fits).collect();
        match (fitting.is_empty(), named().next()) {
            (false, _) => KeyLookup::Keys(fitting),
            (true, Some(_)) => KeyLookup::OtherAlgorithm,
            (true, None) => KeyLookup::Unknown,
        }
    }

    /// Returns whether every key of this set is in the other too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.keys.iter().all(|key| other.keys.contains(key))
    }
}

impl PublicKey {
    fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        let is_kind = match self.material {
            Material::Rsa(_) => {
                matches!(algorithm, A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512)
            }
            Material::P256(_) => algorithm == A::Es256,
            Material::P384(_) => algorithm == A::Es384,
            Material::Ed25519(_) => matches!(algorithm, A::EdDsa | A::Ed25519),
        };
        let is_twin = |own: Algorithm| matches!((own, algorithm), (A::EdDsa, A::Ed25519) | (A::Ed25519, A::EdDsa));
        is_kind && self.algorithm.is_none_or(|own| own == algorithm || is_twin(own))
    }
}

fn key(item: &Json<'_>) -> Option<PublicKey> {
    let text = |name: &str| item.get(name).and_then(Json::as_str);
    // A private or symmetric key that is public proves nothing.
    if item.get("d").is_some() || item.get("k").is_some() {
        return None;
    }
    if item.get("use").is_some_and(|purpose| purpose.as_str() != Some("sig")) {
        return None;
    }
    if let Some(operations) = item.get("key_ops")
        && !operations.as_array()?.iter().any(|operation| operation.as_str() == Some("verify"))
    {
        return None;
    }
    let algorithm = match item.get("alg") {
        None => None,
        Some(name) => Some(Algorithm::parse(name.as_str()?)?),
    };
    let kid = match item.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str().filter(|kid| kid.len() <= limits::TOKEN_KID_BYTES)?.to_owned()),
    };
    let material = match (text("kty")?, text("crv")) {
        ("RSA", _) => Material::Rsa(modulus(text("n")?, text("e")?)?),
        ("EC", Some("P-256")) => Material::P256(point(text("x")?, text("y")?, 32)?),
        ("EC", Some("P-384")) => Material::P384(point(text("x")?, text("y")?, 48)?),
        ("OKP", Some("Ed25519")) => Material::Ed25519(base64::decode_url(text("x")?).filter(|x| x.len() == 32)?),
        _ => return None,
    };
    Some(PublicKey { kid, algorithm, material })
}

fn modulus(n: &str, e: &str) -> Option<Vec<u8>> {
    let bytes = base64::decode_url(n)?;
    let leading = bytes.first()?.leading_zeros();
    let bits = bytes.len().checked_mul(8)?.checked_sub(usize::try_from(leading).ok()?)?;
    (e == "AQAB" && leading < 8 && RSA_BITS.contains(&bits)).then_some(bytes)
}

fn point(x: &str, y: &str, bytes: usize) -> Option<Vec<u8>> {
    let (x, y) = (base64::decode_url(x)?, base64::decode_url(y)?);
    // 4: both coordinates follow.
    (x.len() == bytes && y.len() == bytes).then(|| [&[4][..], &x, &y].concat())
}
