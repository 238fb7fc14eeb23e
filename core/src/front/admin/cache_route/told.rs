//! Writes the state of the cache as JSON.

use crate::cache::{Bypass, Cache, CacheInspection, Condition, Saved, TierContent};
use crate::model::call::ToolCall;
use crate::pipeline::call::StorageTarget;
use crate::pipeline::warm::Warmed;
use crate::telemetry::savings::{self, OTHER, decimal};
use crate::words::hex;
use crate::words::json::{ObjectWriter, write_array};
use crate::words::names::TenantId;
use crate::words::time::{Millis, Timestamp};

/// Writes the statistics. Savings are itemised for the tools that `may_see` lets through.
pub(super) fn statistics(cache: &Cache, sums: &[(String, u64)], may_see: impl Fn(&str) -> bool) -> Vec<u8> {
    let rules = &cache.rules;
    let mut memory = ObjectWriter::new();
    {
        let held = cache.memory.borrow();
        memory.size("entries", held.len());
        memory.size("bytes", held.bytes());
        memory.size("bound", held.bound());
    }
    memory.text("eviction", rules.eviction.as_str());
    let mut outcomes = ObjectWriter::new();
    for (series, sum) in sums {
        let outcome = series.strip_prefix("toolgate_cache_total{outcome=\"").and_then(|rest| rest.strip_suffix("\"}"));
        if let Some(outcome) = outcome {
            outcomes.number(outcome, *sum);
        }
    }
    let mut all = Saved::default();
    let mut tools = Vec::new();
    for (tool, saved) in savings::of_sums(sums) {
        all.add(saved);
        if tool == OTHER || may_see(tool) {
            tools.push(saving(Some(tool), saved));
        }
    }
    let mut told = ObjectWriter::new();
    told.text("strategy", rules.strategy.as_str());
    told.json("memory", &memory.end());
    told.json("outcomes", &outcomes.end());
    told.json("saved", &saving(None, all));
    write_array(told.value("saved_by_tool"), tools, |out, tool| out.extend_from_slice(&tool));
    told.end()
}

fn saving(tool: Option<&str>, Saved { millis, tokens, nanos }: Saved) -> Vec<u8> {
    let mut told = ObjectWriter::new();
    if let Some(tool) = tool {
        told.text("tool", tool);
    }
    told.number("milliseconds", millis);
    told.number("tokens", tokens);
    // Text, as it has more digits than some readers' numbers hold.
    told.text("cost", &decimal(nanos, 9));
    told.end()
}

fn call_told(call: &ToolCall<'_>) -> ObjectWriter {
    let mut told = ObjectWriter::new();
    told.text("tool", call.tool.name.as_str());
    told.text("version", &call.tool.version);
    told
}

/// Writes the look-up of a call that bypasses the cache.
pub(super) fn bypassed(call: &ToolCall<'_>, bypass: Bypass) -> Vec<u8> {
    let mut told = call_told(call);
    told.boolean("cacheable", false);
    told.text("bypass", bypass.name());
    told.end()
}

/// The look-up of a cacheable call.
#[derive(Debug)]
pub(super) struct Look<'l> {
    pub(super) call: &'l ToolCall<'l>,
    pub(super) place: &'l StorageTarget,
    pub(super) floor: u64,
    pub(super) epoch: u64,
    pub(super) now: Timestamp,
    /// The caller's permission to see values.
    pub(super) shows_values: bool,
}

impl Look<'_> {
    /// Writes the facts of each tier.
    pub(super) fn tell(&self, facts: &CacheInspection) -> Vec<u8> {
        let mut told = call_told(self.call);
        told.boolean("cacheable", true);
        told.text("key", &hex::encode(&self.place.key.digest()));
        told.text("scope", self.place.policy.scope.as_str());
        told.number("ttl_ms", self.place.policy.ttl.get());
        told.number("epoch", self.epoch);
        told.number("floor", self.floor);
        for (tier, held) in &facts.0 {
            told.json(tier.name(), &self.tier(held));
        }
        told.end()
    }

    fn tier(&self, held: &TierContent) -> Vec<u8> {
        let mut told = ObjectWriter::new();
        told.text("standing", held.condition.name());
        if let Condition::Unreadable(fault) = held.condition {
            told.text("fault", fault.name());
        }
        if let Some((entry, bytes)) = &held.entry {
            told.text("stored_at", &entry.stored_at.to_string());
            told.text("expires_at", &entry.expires_at.to_string());
            told.text("stale_until", &entry.stale_until.to_string());
            told.number("age_ms", self.now.since(entry.stored_at).get());
            told.number("epoch", entry.epoch);
            told.size("bytes", *bytes);
            told.number("milliseconds", entry.millis());
            told.number("tokens", entry.tokens());
            if self.shows_values {
                told.json("output", &entry.output);
            }
        }
        told.end()
    }
}

/// Writes an invalidation, and the time within which every isolate applies it.
pub(super) fn invalidated(word: &str, tenant: Option<&TenantId>, version: u64, lease: Millis) -> Vec<u8> {
    let mut told = ObjectWriter::new();
    told.text("scope", word);
    if let Some(tenant) = tenant {
        told.text("tenant", tenant.as_str());
    }
    told.number("version", version);
    told.number("holds_within_ms", lease.get());
    told.end()
}

/// Writes the outcome of each configured call.
pub(super) fn warmed(warmed: &[Warmed<'_>]) -> Vec<u8> {
    let items = warmed.iter().map(|Warmed { index, call, outcome }| {
        let mut told = ObjectWriter::new();
        told.size("item", *index);
        told.text("tenant", call.tenant.as_str());
        told.text("tool", call.tool.as_str());
        told.text("outcome", outcome.name());
        told.end()
    });
    let mut told = ObjectWriter::new();
    write_array(told.value("items"), items, |out, item| out.extend_from_slice(&item));
    told.end()
}
