//! Reads signed tokens in the compact form (RFC 7515 section 7.1), strictly: anything ambiguous, or that names a key of
//! its own, is refused before any key is looked up.

use crate::access::identity::rules::{Algorithm, TokenType};
use crate::words::json::{self, Json, Limits};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::{base64, limits};

/// Limits on the JSON of a token; its length is bounded before.
const JSON_LIMITS: Limits = Limits { depth: 8, values: 512, string_bytes: limits::TOKEN_BYTES_MAX, number_bytes: 32 };

/// Names the header members that bring a key or a rule of their own, or change how the rest is read.
const FORBIDDEN: [&str; 11] = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "enc", "zip", "epk", "apu", "apv"];

/// Holds a token of valid form. Nothing in it is verified.
#[derive(Debug)]
pub struct Compact {
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The declared type.
    pub kind: TokenType,
    /// The name of the signing key.
    pub kid: Option<String>,
    /// The text of its claims.
    claims: Vec<u8>,
}

/// Returns whether a credential looks like a signed or encrypted token: two dots or more, and it begins like the header
/// of one, or has the letters of one.
#[must_use]
pub fn is_shaped(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().filter(|byte| *byte == b'.').count() >= 2 && (text.starts_with("ey") || text.bytes().all(is_letter))
}

/// Reads a token.
///
/// # Errors
/// [`RefusalKind::TokenTooLarge`], [`RefusalKind::TokenEncrypted`], [`RefusalKind::TokenMalformed`],
/// [`RefusalKind::TokenHeaderForbidden`], [`RefusalKind::TokenTypeRefused`] and [`RefusalKind::TokenAlgorithmRefused`].
pub fn read(token: &str) -> Result<Compact, Refusal> {
    if token.len() > limits::TOKEN_BYTES_MAX {
        return Err(Refusal::new(RefusalKind::TokenTooLarge));
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), rest) = (parts.next(), parts.next(), parts.next(), parts.count())
    else {
        return Err(malformed("not three parts"));
    };
    if rest == 2 {
        return Err(Refusal::new(RefusalKind::TokenEncrypted));
    }
    if rest > 0 {
        return Err(malformed("not three parts"));
    }
    let decode = |part: &str, what: &'static str| base64::decode_url(part).ok_or_else(|| malformed(what));
    let header = decode(header, "the header is not base64url")?;
    let header = json::parse(&header, JSON_LIMITS).map_err(|_| malformed("the header is not JSON of one meaning"))?;
    let (algorithm, kind, kid) = read_header(&header)?;
    let claims = decode(claims, "the claims are not base64url")?;
    decode(signature, "the signature is not base64url")?;
    Ok(Compact { algorithm, kind, kid, claims })
}

fn read_header(header: &Json<'_>) -> Result<(Algorithm, TokenType, Option<String>), Refusal> {
    let Json::Object(members) = header else {
        return Err(malformed("the header is no object"));
    };
    if let Some(name) = FORBIDDEN.into_iter().find(|name| members.get(name).is_some()) {
        return Err(Refusal::with(RefusalKind::TokenHeaderForbidden, name));
    }
    let kind = match members.get("typ") {
        None => TokenType::Jwt,
        Some(typ) => typ.as_str().and_then(token_type).ok_or_else(|| Refusal::new(RefusalKind::TokenTypeRefused))?,
    };
    let kid = match members.get("kid") {
        None => None,
        Some(kid) => {
            let text = kid.as_str().filter(|text| !text.is_empty() && text.len() <= limits::TOKEN_KID_BYTES);
            Some(text.ok_or_else(|| malformed("kid is no text of 1 to 256 bytes"))?.to_owned())
        }
    };
    // No algorithm outside of the list has a name here: neither "none" nor a symmetric one.
    let algorithm = members.get("alg").and_then(Json::as_str).and_then(Algorithm::parse);
    let algorithm = algorithm.ok_or_else(|| Refusal::new(RefusalKind::TokenAlgorithmRefused))?;
    Ok((algorithm, kind, kid))
}

/// Returns the type for a media type, whose letters have no case (RFC 7515 section 4.1.9).
fn token_type(text: &str) -> Option<TokenType> {
    let folded = text.to_ascii_lowercase();
    match folded.strip_prefix("application/").unwrap_or(&folded) {
        "jwt" => Some(TokenType::Jwt),
        "at+jwt" => Some(TokenType::AccessToken),
        _ => None,
    }
}

impl Compact {
    /// Returns the claims: an object.
    ///
    /// # Errors
    /// [`RefusalKind::TokenMalformed`].
    pub fn claims(&self) -> Result<Json<'_>, Refusal> {
        let claims = json::parse(&self.claims, JSON_LIMITS);
        let claims = claims.map_err(|_| malformed("the claims are not JSON of one meaning"))?;
        if claims.as_object().is_none() { Err(malformed("the claims are no object")) } else { Ok(claims) }
    }
}

fn malformed(what: &'static str) -> Refusal {
    Refusal::with(RefusalKind::TokenMalformed, what)
}
