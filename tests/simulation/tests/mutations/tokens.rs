//! Deliberate defects of tokens.

use crate::defect::{Defect, of_tokens};

const DRIVER: &str = "identity/driver.rs";
const CLAIMS: &str = "identity/claims.rs";
const KEYS: &str = "identity/keys.rs";
const JWK: &str = "identity/jwk.rs";

pub(crate) const DEFECTS: &[Defect] = &[
    of_tokens(
        "tokens: no signature",
        DRIVER,
        "    check_signature(token, &compact, &keys, issuer, now)?;\n",
        "    let _ = check_signature(token, &compact, &keys, issuer, now);\n",
    ),
    of_tokens(
        "tokens: any algorithm",
        DRIVER,
        "if !rules.algorithms.contains(&compact.algorithm) {",
        "if false && !rules.algorithms.contains(&compact.algorithm) {",
    ),
    of_tokens(
        "tokens: any type",
        DRIVER,
        "if !rules.types.contains(&compact.kind) {",
        "if false && !rules.types.contains(&compact.kind) {",
    ),
    of_tokens(
        "tokens: revoked ones go on",
        DRIVER,
        "if revocations.iter().any(|name| held.epochs.revoked.contains(name)) {",
        "if false && revocations.iter().any(|name| held.epochs.revoked.contains(name)) {",
    ),
    of_tokens(
        "tokens: signed ones go to whoever takes every opaque one",
        DRIVER,
        "!is_signed && !text.starts_with(\"tg_\")",
        "true",
    ),
    of_tokens(
        "tokens: what an issuer said holds for a day",
        DRIVER,
        "asked_at.after(limits::OPAQUE_KEPT)",
        "asked_at.after(limits::KEYS_FRESH_MAX)",
    ),
    of_tokens(
        "tokens: a header may bring its key",
        "identity/jose.rs",
        "if let Some(name) = FORBIDDEN.into_iter().find(|name| members.get(name).is_some()) {",
        "if let Some(name) = FORBIDDEN.into_iter().take(0).find(|name| members.get(name).is_some()) {",
    ),
    of_tokens("tokens: for any audience", CLAIMS, "if named.iter().any(", "if true || named.iter().any("),
    of_tokens("tokens: expired", CLAIMS, "exp.after(leeway) <= now", "exp.after(leeway) <= now && false"),
    of_tokens("tokens: before their time", CLAIMS, "time > now.after(leeway)", "time > now.after(leeway) && false"),
    of_tokens("tokens: required claims are not", CLAIMS, "        if !is_met {", "        if false && !is_met {"),
    of_tokens(
        "tokens: of any Entra tenant",
        CLAIMS,
        "claims.get(\"tid\").and_then(Json::as_str) == Some(tenant)",
        "claims.get(\"tid\").is_some()",
    ),
    of_tokens(
        "tokens: hold though their key is gone",
        "identity/memory.rs",
        " && self.issuer.is_none_or(is_vouched)",
        " && (self.issuer.is_none_or(is_vouched) || true)",
    ),
    of_tokens("tokens: keys are fetched for each", KEYS, "let may = used < most;", "let may = used < most || true;"),
    of_tokens("tokens: keys are used for ever", KEYS, "            _ => Age::Gone,", "            _ => Age::Stale,"),
    of_tokens(
        "tokens: whoever writes the store adds keys",
        "identity/keys/driver.rs",
        "bool::from(is_ours).then(",
        "(bool::from(is_ours) || true).then(",
    ),
    of_tokens(
        "tokens: inactive is active",
        "identity/asking.rs",
        "Some(false) => Err(Refusal::new(RefusalKind::TokenInactive)),",
        "Some(false) => Ok(body),",
    ),
    of_tokens("tokens: short keys", JWK, "RSA_BITS.contains(&bits)", "(512..=4_096).contains(&bits)"),
    of_tokens(
        "tokens: a key for another algorithm",
        JWK,
        "is_kind && self.algorithm.is_none_or(|own| own == algorithm || is_twin(own))",
        "is_kind && self.algorithm.is_none_or(|own| own == algorithm || is_twin(own) || true)",
    ),
];
