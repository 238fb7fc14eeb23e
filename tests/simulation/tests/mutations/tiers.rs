//! Deliberate defects of the cache's tiers.

use crate::defect::{Defect, of_stories, of_the_world};

pub(crate) const DEFECTS: &[Defect] = &[
    of_stories(
        "tiers: an old epoch is good enough",
        "if entry.is_usable(now, wanted.floor) {",
        "if entry.is_usable(now, wanted.floor.min(0)) {",
    ),
    of_stories(
        "tiers: what is kept does not end",
        "if entry.is_usable(now, wanted.floor) {",
        "if entry.epoch >= wanted.floor || entry.is_usable(now, wanted.floor) {",
    ),
    of_stories(
        "tiers: what is past its time is nothing",
        "if entry.is_usable(now, wanted.floor) {",
        "if entry.is_servable(now, wanted.floor) {",
    ),
    of_stories(
        "tiers: windows are no part of a life",
        "let stale_until = entry.stale_until;",
        "let stale_until = entry.expires_at;",
    ),
    of_stories(
        "tiers: any key's entry is served",
        "if stored.key == key { Ok(stored.entry) }",
        "if stored.key.len() == key.len() { Ok(stored.entry) }",
    ),
    of_stories("tiers: flags that nobody knows", "if flags & !COMPRESSED != 0 {", "if flags & 2 != 0 {"),
    of_the_world("tiers: a turned bit is nobody's business", "if !is_whole {", "if !is_whole && plain.is_empty() {"),
    of_stories(
        "tiers: a slow tier is waited for",
        "tier.timeout().min(*left)",
        "tier.timeout().min(*left).max(Millis::from_secs(3))",
    ),
    of_stories(
        "tiers: each has its time for itself",
        "*left = left.saturating_sub(now.since(asked_at));",
        "let _ = now.since(asked_at);",
    ),
    of_stories("tiers: none ever rests", "times >= limits::TIER_FAULTS_TO_REST", "times >= u32::MAX"),
    of_stories(
        "tiers: a hit fills nothing",
        ".filter(|above| *above < tier).collect();",
        ".filter(|above| *above < tier && false).collect();",
    ),
    of_stories(
        "tiers: what lives short goes far",
        "CacheStrategy::Persistent if life >= limits::SQL_TTL_MIN",
        "CacheStrategy::Persistent if life >= limits::STORE_TTL_MIN",
    ),
    of_stories(
        "tiers: a life is counted from when it is written",
        "let life = entry.stored_at.until(stale_until);",
        "let life = platform.now().until(stale_until);",
    ),
    of_stories(
        "tiers: the data centre is given less than a second",
        "let ttl = ttl.max(limits::DATA_CENTRE_TTL_MIN);",
        "",
    ),
    of_stories(
        "tiers: a rule's strategy is not asked",
        "rule.and_then(|rule| rule.strategy).unwrap_or(rules.strategy)",
        "rule.map_or(rules.strategy, |_| rules.strategy)",
    ),
    of_stories(
        "tiers: the store is written as often as it comes",
        "now < at.after(limits::STORE_WRITE_GAP)",
        "now < *at",
    ),
    of_stories("tiers: a lost write is nobody's", "self.is_write_lost.set(true);", "self.is_write_lost.set(false);"),
    of_stories(
        "tiers: what a host does not have is asked for again",
        "self.absent.borrow_mut().push(tier);",
        "self.absent.borrow_mut().retain(|absent| *absent != tier);",
    ),
    of_stories("tiers: a bomb is unpacked", "if length > limits::STORED_BYTES {", "if length == usize::MAX {"),
    of_stories(
        "tiers: the table is never swept",
        "vec![integer(now), most]",
        "vec![integer(Timestamp::from_millis(now.as_millis() / 2)), most]",
    ),
    of_stories(
        "tiers: what comes late takes the place of a newer",
        "held.stored_at > entry.stored_at && held.is_usable(now, wanted.floor)",
        "held.stored_at > entry.stored_at && held.epoch == u64::MAX",
    ),
];
