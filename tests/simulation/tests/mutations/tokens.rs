//! Deliberate defects of tokens.

use crate::defect::{Defect, of_tokens};

pub(crate) const DEFECTS: &[Defect] = &[
    of_tokens(
        "tokens: no signature",
        "    check_signature(text, &compact, &keys, issuer, now)?;\n",
        "    let _ = check_signature(text, &compact, &keys, issuer, now);\n",
    ),
    of_tokens(
        "tokens: any algorithm",
        "if !rules.algorithms.contains(&compact.algorithm) {",
        "if false && !rules.algorithms.contains(&compact.algorithm) {",
    ),
    of_tokens(
        "tokens: any type",
        "if !rules.types.contains(&compact.kind) {",
        "if false && !rules.types.contains(&compact.kind) {",
    ),
    of_tokens(
        "tokens: revoked ones go on",
        "if revocations.iter().any(|name| held.epochs.revoked.contains(name)) {",
        "if false && revocations.iter().any(|name| held.epochs.revoked.contains(name)) {",
    ),
    of_tokens(
        "tokens: signed ones go to whoever takes every opaque one",
        "!is_signed && !text.starts_with(\"tg_\")",
        "true",
    ),
    of_tokens(
        "tokens: what an issuer said holds for a day",
        "asked_at.after(limits::OPAQUE_KEPT)",
        "asked_at.after(limits::KEYS_FRESH_MAX)",
    ),
    of_tokens(
        "tokens: a header may bring its key",
        "if let Some(name) = FORBIDDEN.into_iter().find(|name| members.get(name).is_some()) {",
        "if let Some(name) = FORBIDDEN.into_iter().take(0).find(|name| members.get(name).is_some()) {",
    ),
    of_tokens("tokens: for any audience", "if named.iter().any(", "if true || named.iter().any("),
    of_tokens("tokens: expired", "exp.after(leeway) <= now", "exp.after(leeway) <= now && false"),
    of_tokens("tokens: before their time", "time > now.after(leeway)", "time > now.after(leeway) && false"),
    of_tokens("tokens: required claims are not", "        if !is_met {", "        if false && !is_met {"),
    of_tokens(
        "tokens: of any Entra tenant",
        "claims.get(\"tid\").and_then(Json::as_str) == Some(tenant)",
        "claims.get(\"tid\").is_some()",
    ),
    of_tokens(
        "tokens: hold though their key is gone",
        " && self.issuer.is_none_or(is_vouched)",
        " && (self.issuer.is_none_or(is_vouched) || true)",
    ),
    of_tokens("tokens: keys are fetched for each", "let may = used < most;", "let may = used < most || true;"),
    of_tokens("tokens: keys are used for ever", "_ => Age::Gone", "            _ => Age::Stale"),
    of_tokens(
        "tokens: whoever writes the store adds keys",
        "bool::from(is_ours).then(",
        "(bool::from(is_ours) || true).then(",
    ),
    of_tokens(
        "tokens: inactive is active",
        "Some(false) => Err(Refusal::new(RefusalKind::TokenInactive)),",
        "Some(false) => Ok(body),",
    ),
    of_tokens("tokens: short keys", "RSA_BITS.contains(&bits)", "(512..=4_096).contains(&bits)"),
    of_tokens(
        "tokens: a key for another algorithm",
        "is_kind && self.algorithm.is_none_or(|own| own == algorithm || is_twin(own))",
        "is_kind && self.algorithm.is_none_or(|own| own == algorithm || is_twin(own) || true)",
    ),
];
