//! Holds the leases of one isolate, by limit and subject; the least recently used is evicted first.

use std::cell::{Cell, RefCell};

use super::lease::TokenLease;
use crate::access::rate::{RateLimit, RatePer};
use crate::model::caller::Caller;
use crate::words::hex;
use crate::words::limits::{RATE_LEASES, RATE_LIMITS};
use crate::words::maps::{LruMap, MapHasher};
use crate::words::time::Timestamp;
use hmac_sha256::Hash;

/// Names the caller and the tool that a request counts for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'s> {
    /// The caller.
    pub(crate) caller: &'s Caller,
    /// The tool it calls, in lower case.
    pub(crate) tool: Option<&'s str>,
}

/// Names the outcome of a request at one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fared {
    /// Took a token.
    Admitted,
    /// Found no token.
    Refused,
    /// Found no token, and the limit is not enforced.
    WouldRefuse,
    /// The owner of the tokens could not be asked.
    Lost,
}

impl Fared {
    /// Lists all outcomes, in the order of their indices.
    pub(crate) const ALL: [Self; 4] = [Self::Admitted, Self::Refused, Self::WouldRefuse, Self::Lost];

    /// Returns the metric's label.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Refused => "refused",
            Self::WouldRefuse => "would_refuse",
            Self::Lost => "lost",
        }
    }
}

/// Holds the leases of an isolate.
#[derive(Debug)]
pub(crate) struct Book {
    leases: RefCell<LruMap<Box<[u8]>, LeaseEntry>>,
    /// The buffer for building keys: one allocation for the isolate's life.
    scratch: RefCell<Vec<u8>>,
    /// The next number of a lease: no two leases of the deployment have the same.
    next_holder: Cell<u64>,
    fared: [[Cell<u64>; Fared::ALL.len()]; RATE_LIMITS],
}

/// Holds a lease, and the key of the owner of its tokens.
#[derive(Clone, Debug)]
pub(crate) struct LeaseEntry {
    pub(crate) lease: TokenLease,
    pub(crate) owner: std::rc::Rc<str>,
}

impl Book {
    /// Makes an empty book, whose leases are numbered from a random number on.
    pub(crate) fn new(first_holder: u64, hasher: MapHasher) -> Self {
        Self {
            leases: RefCell::new(hasher.lru()),
            scratch: RefCell::new(Vec::with_capacity(256)),
            next_holder: Cell::new(first_holder),
            fared: Default::default(),
        }
    }

    /// Returns the lease of the limit at `index` for `subject`; a new one has no tokens.
    pub(crate) fn entry(&self, index: usize, limit: &RateLimit, subject: &Subject<'_>, now: Timestamp) -> LeaseEntry {
        let mut key = self.scratch.borrow_mut();
        key.clear();
        key.push(u8::try_from(index).unwrap_or(u8::MAX));
        write_subject(&mut key, limit, subject);
        let mut leases = self.leases.borrow_mut();
        if let Some(entry) = leases.get(key.as_slice()) {
            return entry.clone();
        }
        let holder = self.next_holder.get();
        self.next_holder.set(holder.wrapping_add(1));
        let entry = LeaseEntry { lease: TokenLease::new(holder, now), owner: owner_key(limit, subject).into() };
        leases.put(key.as_slice().into(), entry.clone());
        // No bound of its own: a cache with one takes all of its room at once.
        if leases.len() > RATE_LEASES {
            leases.pop_lru();
        }
        entry
    }

    /// Counts the outcome of a request at the limit at `index`.
    pub(crate) fn count(&self, index: usize, fared: Fared) {
        if let Some(counter) = self.fared.get(index).and_then(|of| of.get(fared as usize)) {
            counter.set(counter.get().saturating_add(1));
        }
    }

    /// Takes the counts since the last time.
    pub(crate) fn take_counts(&self) -> impl Iterator<Item = (usize, Fared, u64)> + '_ {
        let all = self.fared.iter().enumerate();
        all.flat_map(|(index, of)| Fared::ALL.iter().zip(of).map(move |(fared, count)| (index, *fared, count.take())))
            .filter(|(_, _, count)| *count > 0)
    }
}

/// Returns whether the limit applies to this request.
pub(crate) fn is_about(limit: &RateLimit, subject: &Subject<'_>) -> bool {
    let names_tool = limit.per.contains(&RatePer::Tool) || !limit.tools.is_empty();
    let tool = match subject.tool {
        None => !names_tool,
        Some(tool) => limit.tools.is_empty() || limit.tools.iter().any(|pattern| pattern.matches(tool)),
    };
    tool && (limit.tenants.is_empty() || limit.tenants.contains(&subject.caller.tenant))
        && (limit.callers.is_empty() || limit.callers.contains(&subject.caller.id))
}

/// Writes the subject of a limit's tokens: each part after its length, so that no two subjects have the same text.
fn write_subject(out: &mut Vec<u8>, limit: &RateLimit, subject: &Subject<'_>) {
    for per in &limit.per {
        let part = match per {
            RatePer::Caller => subject.caller.id.as_str(),
            RatePer::Tenant => subject.caller.tenant.as_str(),
            RatePer::Tool => subject.tool.unwrap_or_default(),
        };
        out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
}

fn owner_key(limit: &RateLimit, subject: &Subject<'_>) -> String {
    if limit.per.is_empty() {
        return ["rate/", limit.id.as_str()].concat();
    }
    let mut whose = Vec::new();
    write_subject(&mut whose, limit, subject);
    ["rate/", limit.id.as_str(), "/", &hex::encode(&Hash::hash(&whose))].concat()
}
