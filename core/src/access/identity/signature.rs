//! Checks the signature of a token: `jwt-simple` does the arithmetic.

use jwt_simple::prelude::{
    Duration, ECDSAP256PublicKeyLike as _, ECDSAP384PublicKeyLike as _, ES256PublicKey, ES384PublicKey,
    Ed25519PublicKey, EdDSAPublicKeyLike as _, JWTClaims, NoCustomClaims, PS256PublicKey, PS384PublicKey,
    PS512PublicKey, RS256PublicKey, RS384PublicKey, RS512PublicKey, RSAPublicKeyLike as _, UnixTimeStamp,
    VerificationOptions,
};
use jwt_simple::{Error, JWTError};

use super::jwk::{Material, PublicKey};
use crate::access::identity::rules::Algorithm;
use crate::words::limits;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

/// The one accepted exponent of RSA keys, 65,537.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// Checks the signature of a token whose form and claims were checked already. The library parses the token again and
/// checks its times again, under the same clock and leeway.
///
/// # Errors
/// [`RefusalKind::TokenSignatureInvalid`].
pub fn check(
    token: &str,
    algorithm: Algorithm,
    key: &PublicKey,
    now: Timestamp,
    leeway: Millis,
) -> Result<(), Refusal> {
    let options = VerificationOptions {
        artificial_time: Some(UnixTimeStamp::from_millis(now.as_millis())),
        time_tolerance: Some(Duration::from_millis(leeway.get())),
        max_token_length: Some(limits::TOKEN_BYTES_MAX),
        ..Default::default()
    };
    let checked = verify(token, algorithm, &key.material, options);
    checked.map(drop).map_err(|_| Refusal::new(RefusalKind::TokenSignatureInvalid))
}

fn verify(
    token: &str,
    algorithm: Algorithm,
    key: &Material,
    options: VerificationOptions,
) -> Result<JWTClaims<NoCustomClaims>, Error> {
    let options = Some(options);
    match (algorithm, key) {
        (Algorithm::Rs256, Material::Rsa(n)) => {
            RS256PublicKey::from_components(n, &EXPONENT)?.verify_token(token, options)
        }
        (Algorithm::Rs384, Material::Rsa(n)) => {
            RS384PublicKey::from_components(n, &EXPONENT)?.verify_token(token, options)
        }
        (Algorithm::Rs512, Material::Rsa(n)) => {
            RS512PublicKey::from_components(n, &EXPONENT)?.verify_token(token, options)
        }
        (Algorithm::Ps256, Material::Rsa(n)) => {
            PS256PublicKey::from_components(n, &EXPONENT)?.verify_token(token, options)
        }
        (Algorithm::Ps384, Material::Rsa(n)) => {
            PS384PublicKey::from_components(n, &EXPONENT)?.verify_token(token, options)
        }
        (Algorithm::Ps512, Material::Rsa(n)) => {
            PS512PublicKey::from_components(n, &EXPONENT)?.verify_token(token, options)
        }
        (Algorithm::Es256, Material::P256(point)) => ES256PublicKey::from_bytes(point)?.verify_token(token, options),
        (Algorithm::Es384, Material::P384(point)) => ES384PublicKey::from_bytes(point)?.verify_token(token, options),
        (Algorithm::EdDsa | Algorithm::Ed25519, Material::Ed25519(point)) => {
            Ed25519PublicKey::from_bytes(point)?.verify_token(token, options)
        }
        // Keys are chosen by algorithm: this one is for another.
        _ => Err(JWTError::InvalidSignature.into()),
    }
}
