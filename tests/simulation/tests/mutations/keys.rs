//! Deliberate defects of issued keys.

use crate::defect::{Defect, of_keys, of_stories};

pub(crate) const DEFECTS: &[Defect] = &[
    of_keys("issued: revocations ignored where remembered", "self.revocation == revocation && ", ""),
    of_keys("issued: remembered for ever", " && now < self.ends_at", ""),
    of_keys("issued: an end ignored", "self.ends_at().is_some_and(|end| end <= now)", "false"),
    of_keys("issued: remembered beyond the end", "key.ends_at().map_or(ends_at, |end| end.min(ends_at))", "ends_at"),
    of_keys("issued: any secret fits", "if !bool::from(hasher.hash(text).ct_eq(key.hash.as_slice())) {", "if false {"),
    of_keys(
        "issued: scopes narrow nothing",
        "(!scopes.is_empty()).then_some(within)",
        "scopes.is_empty().then_some(within)",
    ),
    of_keys("issued: every user", "if users.iter().any(|user| user == EVERY) {", "if !users.is_empty() {"),
    of_keys(
        "issued: revoked keys go on",
        "KeyStatus::Revoked => return Err(RefusalKind::CredentialRevoked)",
        "KeyStatus::Revoked => {}",
    ),
    of_keys(
        "issued: nobody is told of a revocation",
        "    tell(platform, parts.lease).await?;\n    Ok(Answer::json(200,",
        "    Ok(Answer::json(200,",
    ),
    of_keys(
        "issued: others' keys are revoked",
        ".filter(|key| tenant.is_none_or(|tenant| key.grants.tenant == tenant));\n        let Some(key) = found",
        ";\n        let _ = tenant;\n        let Some(key) = found",
    ),
    of_keys("issued: for any tenant", "if grants.tenant != caller.tenant.as_str() {", "if false {"),
    of_keys(
        "issued: any role",
        "if !grants.roles.iter().all(|role| caller.roles.iter().any(|held| held.as_str() == role)) {",
        "if false {",
    ),
    of_keys(
        "issued: wider than the issuer's scopes",
        "if grants.scopes.is_empty() || !grants.scopes.iter().all(is_within) {",
        "if !grants.scopes.iter().all(is_within) {",
    ),
    of_keys(
        "issued: for any user",
        "(UserRule::Only(_), UserRule::Every) => false,",
        "(UserRule::Only(_), UserRule::Every) => true,",
    ),
    of_keys(
        "issued: whoever rotates gets it",
        "    give::check(context.caller, is_administrator(context), &earlier.grants)?;\n",
        "",
    ),
    of_keys(
        "issued: rotated twice",
        "KeyStatus::Rotated | KeyStatus::Expired => is_repeated(),",
        "KeyStatus::Rotated | KeyStatus::Expired => true,",
    ),
    of_keys("issued: no overlap", "let end = now.after(overlap);", "let end = now.after(Millis::ZERO.min(overlap));"),
    of_keys(
        "issued: the hash is told with the key",
        "out.text(\"note\", note);",
        "out.text(\"note\", &format!(\"{note}canary\"));",
    ),
    of_stories(
        "issued: a lost owner knows nobody",
        "Ok(_) | Err(DurableError::Unavailable) => return Err(Refusal::new(RefusalKind::CredentialUnverifiable)),",
        "Ok(_) | Err(DurableError::Unavailable) => None,",
    ),
    of_stories(
        "issued: a revocation that nobody learns of is a success",
        "    tell(platform, parts.lease).await?;\n    Ok(Answer::json(200,",
        "    let _lost = tell(platform, parts.lease).await;\n    Ok(Answer::json(200,",
    ),
    of_stories(
        "issued: every unknown key asks its owner",
        "if is_flood || pending >= KEY_LOOKUPS_PENDING {",
        "if is_flood && pending >= KEY_LOOKUPS_PENDING {",
    ),
    of_stories(
        "issued: refusals are forgotten",
        "is_recent.then_some(refused.kind)",
        "(!is_recent).then_some(refused.kind)",
    ),
    of_stories(
        "issued: hashes stay under the old secret",
        "(key.secret != current.id()).then(",
        "(key.secret == current.id()).then(",
    ),
    of_stories(
        "issued: a repeated request makes two live keys",
        "filter(|key| !key.is_over(now)).map(|key| key.id.clone())",
        "filter(|key| key.is_over(now)).map(|key| key.id.clone())",
    ),
];
