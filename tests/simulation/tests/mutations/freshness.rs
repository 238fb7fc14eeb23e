//! Defects in the life of kept answers: how old they may be, who may have them then, and what callers ask.

use crate::defect::{Defect, of_stories, of_the_world};

pub(crate) const DEFECTS: &[Defect] = &[
    of_the_world(
        "freshness: stale beyond its window",
        "stale_for < self.narrowed(self.life.while_revalidate)",
        "stale_for < self.narrowed(self.life.while_revalidate).twice()",
    ),
    of_stories(
        "freshness: stale though invalidated",
        "if !entry.is_usable(now, floor) {",
        "if !entry.is_usable(now, if now < entry.expires_at { floor } else { 0 }) {",
    ),
    of_the_world(
        "freshness: no-cache answered from cache",
        "    if wanted.terms.asked.no_cache {\n",
        "    if wanted.terms.asked.no_cache && wanted.terms.asked.no_store {\n",
    ),
    of_the_world(
        "freshness: only-if-cached asks",
        "Err(_) if directives.only_if_cached =>",
        "Err(_) if directives.only_if_cached && directives.no_store =>",
    ),
    of_stories(
        "freshness: only-if-cached asks in the background",
        "wants_refresh && !wanted.terms.asked.only_if_cached",
        "wants_refresh",
    ),
    of_the_world(
        "freshness: max-age ignored",
        "self.asked.max_age.is_some_and(|most| age >= most)",
        "self.asked.max_age.is_some_and(|most| age > most.twice().twice())",
    ),
    of_stories(
        "freshness: min-fresh ignored",
        "self.asked.min_fresh.is_some_and(|least| fresh_for < least)",
        "self.asked.min_fresh.is_some_and(|least| fresh_for.twice().twice() < least)",
    ),
    of_stories("freshness: max-stale widens", "Some(most) => window.min(most),", "Some(most) => window.max(most),"),
    of_stories(
        "freshness: who wants it fresh is served it stale",
        "None if self.asked.max_age.is_some() || self.asked.min_fresh.is_some() => Millis::ZERO,",
        "",
    ),
    of_stories(
        "freshness: no bound on what callers ask",
        "Some(demand) if age >= self.life.max_age_min =>",
        "Some(demand) =>",
    ),
    of_stories(
        "freshness: a failure is covered for who may not ask any more",
        "        if self.admit(tools, &caller, &held, requested, record).is_err() {\n            return Err(refusal);\n        }\n        let kept",
        "        let _ = (tools, requested);\n        let kept",
    ),
    of_stories(
        "freshness: a failure is covered under old epochs",
        "let floor = floor_of(rules, held, &tenant, user.as_ref(), &tool, &target);",
        "let floor = { let _ = (floor_of, rules, &tool, &user, &target); 0 };",
    ),
    of_stories(
        "freshness: a failure is covered under epochs that nobody knows",
        "is_due && held.is_current() &&",
        "is_due &&",
    ),
    of_stories(
        "freshness: refusals of the executor are covered",
        "self.is_transient() || is_away",
        "self.is_transient() || is_away || true",
    ),
    of_stories(
        "freshness: a refresh under the epochs of its end",
        "epoch: context.held.epochs.version, floor",
        "epoch: u64::MAX, floor",
    ),
    of_stories(
        "freshness: each stale hit is a refresh",
        "under_way < REFRESHES && !places.contains_key(key.as_bytes())",
        "true",
    ),
    of_stories("freshness: a refresh finds what it is to replace", "entry.stored_at <= than", "entry.stored_at < than"),
    of_stories(
        "freshness: a call with a key is run besides",
        "idempotency_key.is_none() ||",
        "true || idempotency_key.is_none() ||",
    ),
    of_stories(
        "freshness: what is malformed is ignored",
        "let span = argument.and_then(delta_seconds).unwrap_or(Millis::ZERO);",
        "let span = argument.and_then(delta_seconds).unwrap_or(FOR_EVER);",
    ),
    of_stories(
        "freshness: a tag of another body",
        "let digest = Hash::hash(body);",
        "let digest = { let _ = body; Hash::hash(b\"\") };",
    ),
];
