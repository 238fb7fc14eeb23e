//! Traces against the memory tier, and against the optimum.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use toolgate::cache::{
    CacheKey, CachePolicy, CacheScopeChoice, CacheStrategy, Entry, Eviction, KeyParts, Life, Memory, key_of,
};
use toolgate::model::tool::{self, Tool};
use toolgate::words::json::{Limits, parse};
use toolgate::words::maps::MapHasher;
use toolgate::words::names::TenantId;
use toolgate::words::time::{Millis, Timestamp};

use crate::traces::Random;

/// The cost of a call.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) bytes: usize,
    pub(crate) millis: u64,
}

/// The savings of hits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Saved {
    pub(crate) hits: u64,
    pub(crate) millis: u64,
    pub(crate) tokens: u64,
}

/// Every call is like every other.
pub(crate) const UNIT: Cost = Cost { bytes: 4_000, millis: 200 };

/// Four kinds of tools, by the call's number: of ten calls five are quick and small, three search, one reads a document, one
/// computes for long and says little.
pub(crate) fn mixed(call: u32) -> Cost {
    let mut random = Random(u64::from(call));
    let mut between = |least: u64, most: u64| least + random.below(most - least);
    let (millis, bytes) = match between(0, 10) {
        0..5 => (between(20, 80), between(200, 1_000)),
        5..8 => (between(300, 1_500), between(4_000, 30_000)),
        8 => (between(100, 400), between(30_000, 200_000)),
        _ => (between(2_000, 20_000), between(500, 4_000)),
    };
    Cost { bytes: bytes as usize, millis }
}

/// Makes the keys of calls, all of one length.
pub(crate) struct Keys {
    tool: Rc<Tool>,
    made: BTreeMap<u32, CacheKey>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self { tool: Rc::clone(&tool::of_local(0)[0]), made: BTreeMap::new() }
    }

    pub(crate) fn of(&mut self, call: u32) -> CacheKey {
        let tool = &self.tool;
        self.made.entry(call).or_insert_with(|| make(tool, call)).clone()
    }
}

fn make(tool: &Tool, call: u32) -> CacheKey {
    let text = format!("{{\"call\":\"{call:010}\"}}");
    key_of(&KeyParts {
        tenant: &TenantId::new("acme").unwrap(),
        account: &[1; 16],
        project: None,
        executors: "engine",
        user: None,
        tool,
        policy: CachePolicy {
            ttl: Millis::from_secs(60),
            scope: CacheScopeChoice::Shared,
            strategy: CacheStrategy::Memory,
            rule: [0; 8],
            life: Life::default(),
        },
        input: &parse(text.as_bytes(), LIMITS).unwrap(),
    })
}

const LIMITS: Limits = Limits { depth: 4, values: 10, string_bytes: 100, number_bytes: 10 };

pub(crate) fn entry(cost: Cost) -> Rc<Entry> {
    Rc::new(Entry {
        output: vec![b'x'; cost.bytes],
        duration: cost.millis.to_string(),
        finished_at: "2026-01-01T00:00:00Z".to_owned(),
        stored_at: Timestamp::from_millis(0),
        expires_at: Timestamp::from_millis(60_000),
        stale_until: Timestamp::from_millis(60_000),
        epoch: 0,
    })
}

/// Returns the savings of a tier of `most` bytes.
pub(crate) fn replay(
    requests: &[u32],
    keys: &mut Keys,
    most: usize,
    eviction: Eviction,
    cost: fn(u32) -> Cost,
) -> Saved {
    let mut memory = Memory::new(most, eviction, MapHasher::new([7; 16]));
    let mut saved = Saved::default();
    for call in requests {
        let key = keys.of(*call);
        if let Some((entry, _)) = memory.get(&key) {
            saved.hits += 1;
            saved.millis += entry.millis();
            saved.tokens += entry.tokens();
        } else {
            memory.put(key, entry(cost(*call)));
        }
        assert!(memory.bytes() <= most, "{} of {most} bytes", memory.bytes());
    }
    saved
}

/// Hits of the optimum with room for `capacity` calls: who is asked for again last goes first (Belady 1966).
pub(crate) fn optimum(requests: &[u32], capacity: usize) -> u64 {
    let mut next = vec![usize::MAX; requests.len()];
    let mut seen = BTreeMap::new();
    for (at, call) in requests.iter().enumerate().rev() {
        next[at] = seen.insert(*call, at).unwrap_or(usize::MAX);
    }
    let (mut held, mut order, mut hits) = (BTreeMap::new(), BTreeSet::new(), 0);
    for (call, next) in requests.iter().zip(next) {
        if let Some(due) = held.insert(*call, next) {
            order.remove(&(due, *call));
            hits += 1;
        }
        order.insert((next, *call));
        if order.len() > capacity {
            let (_, last) = order.pop_last().unwrap();
            held.remove(&last);
        }
    }
    hits
}
