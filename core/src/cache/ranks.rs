//! The order of eviction by cost: entries ranked by the work that they save.
//!
//! GreedyDual-Size-Frequency, in queues like CAMP's: `docs/decisions/0022-eviction.md`. An entry is due at the level of
//! its last use plus its worth; the first one due is evicted, and the level rises to its due level. So an entry worth
//! twice as much stays twice as long unused, and none stays for ever.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::entry::Entry;
use crate::words::maps::{LruMap, MapHasher};

/// Bytes of an entry's slot in a table, which outlives the entry: two pointers and a byte, in a table that is at least
/// 7/32 full at its fullest, as it doubles when it is 7/8 full and half of that are keys.
pub(super) const PLACE_BYTES: usize = 80;

/// Ranks the keys of all entries by their due levels.
#[derive(Debug)]
pub(super) struct Ranks {
    hasher: MapHasher,
    /// One queue for each worth. The level never falls, so each queue is sorted by due level.
    queues: BTreeMap<u64, WorthQueue>,
    /// The due level of the last evicted entry.
    level: u64,
    /// Number of evictions, to notice that there were any.
    gone: u32,
    /// Number of insertions into queues: of keys due at the same level, the least recently used is evicted first.
    turn: u64,
    bytes: usize,
}

/// Holds the ranking state of one entry.
#[derive(Debug, Default)]
pub(super) struct EntryRank {
    /// Saving of one use, per byte: a power of two.
    density: u64,
    /// Number of uses that count.
    uses: u8,
    /// The level at the last use.
    level: u64,
    /// `Ranks::gone` at the last use.
    gone: u32,
}

/// Holds the keys of one worth, each with its due level and its turn.
#[derive(Debug)]
struct WorthQueue {
    keys: LruMap<Rc<[u8]>, (u64, u64)>,
    /// Most keys at a time so far.
    peak: usize,
}

impl Ranks {
    /// Creates empty ranks.
    pub(super) const fn new(hasher: MapHasher) -> Self {
        Self { hasher, queues: BTreeMap::new(), level: 0, gone: 0, turn: 0, bytes: 0 }
    }

    /// Ranks a new entry.
    pub(super) fn enter(&mut self, key: &Rc<[u8]>, entry: &Entry, weight: usize) -> EntryRank {
        let standing = EntryRank { density: density(entry, weight), uses: 1, level: self.level, gone: self.gone };
        self.line_up(key, standing.worth());
        standing
    }

    /// Ranks an entry again after a use.
    pub(super) fn hit(&mut self, key: &Rc<[u8]>, standing: &mut EntryRank) {
        // Without evictions there is nothing to decide, and a use costs nothing.
        if standing.gone == self.gone {
            return;
        }
        self.leave(key, standing);
        // Uses close together count as one: a session that repeats itself and then ends is not popular. Two uses are
        // apart if the level rose between them by a quarter of the entry's worth when it was new.
        let risen = self.level.saturating_sub(standing.level);
        if risen >= standing.density / 4 && standing.uses < USES_MAX {
            standing.uses = standing.uses.saturating_add(1);
        }
        (standing.level, standing.gone) = (self.level, self.gone);
        self.line_up(key, standing.worth());
    }

    /// Removes an entry.
    pub(super) fn leave(&mut self, key: &[u8], standing: &EntryRank) {
        let worth = standing.worth();
        if self.queues.get_mut(&worth).is_some_and(|queue| queue.keys.pop(key).is_some()) {
            self.shrink(worth);
        }
    }

    /// Removes and returns the key that is due first.
    pub(super) fn pop_least(&mut self) -> Option<Rc<[u8]>> {
        let dues = self.queues.iter().filter_map(|(worth, queue)| Some((*queue.keys.peek_lru()?.1, *worth)));
        let ((due, _), worth) = dues.min()?;
        let (key, _) = self.queues.get_mut(&worth)?.keys.pop_lru()?;
        self.level = self.level.max(due);
        self.gone = self.gone.wrapping_add(1);
        self.shrink(worth);
        Some(key)
    }

    /// Returns the bytes of the queues.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn line_up(&mut self, key: &Rc<[u8]>, worth: u64) {
        let (bytes, hasher) = (&mut self.bytes, &self.hasher);
        let queue = self.queues.entry(worth).or_insert_with(|| {
            *bytes = bytes.saturating_add(QUEUE_BYTES);
            WorthQueue { keys: hasher.lru(), peak: 0 }
        });
        // At saturation, which no isolate lives to see, all keys are due at once, and the least recently used goes
        // first.
        queue.keys.put(Rc::clone(key), (self.level.saturating_add(worth), self.turn));
        self.turn = self.turn.saturating_add(1);
        if queue.keys.len() > queue.peak {
            queue.peak = queue.keys.len();
            self.bytes = self.bytes.saturating_add(PLACE_BYTES);
        }
        self.bytes = self.bytes.saturating_add(NODE_BYTES);
    }

    /// Counts one key less in a queue, and removes the queue with its last key.
    fn shrink(&mut self, worth: u64) {
        self.bytes = self.bytes.saturating_sub(NODE_BYTES);
        if self.queues.get(&worth).is_some_and(|queue| queue.keys.is_empty())
            && let Some(queue) = self.queues.remove(&worth)
        {
            let room = queue.peak.saturating_mul(PLACE_BYTES).saturating_add(QUEUE_BYTES);
            self.bytes = self.bytes.saturating_sub(room);
        }
    }
}

impl EntryRank {
    /// Returns the saving of all its uses, per byte; rounded down to four steps from each power of two to the next, so
    /// that there are few queues.
    fn worth(&self) -> u64 {
        let exact = self.density.saturating_mul(u64::from(self.uses));
        let dropped = exact.checked_ilog2().unwrap_or(0).saturating_sub(2);
        exact & u64::MAX.checked_shl(dropped).unwrap_or(0)
    }
}

/// Returns the saving of one use, per byte, rounded to a power of two: similar entries then differ by their uses alone.
fn density(entry: &Entry, weight: usize) -> u64 {
    let saved = entry.millis().min(MILLIS_MAX).saturating_mul(TOKENS_PER_MILLI).saturating_add(entry.tokens());
    let weight = u64::try_from(weight).unwrap_or(u64::MAX);
    let exact = saved.saturating_mul(SCALE).checked_div(weight).unwrap_or(0);
    // A third less, and then up: a value nearer to the power below is rounded down to it.
    let lowered = exact.saturating_sub(exact / 3);
    lowered.checked_next_power_of_two().unwrap_or(1 << 63)
}

/// Tokens that weigh as much as a millisecond of a caller's wait.
const TOKENS_PER_MILLI: u64 = 4;

/// Longest execution time that counts: executors report it themselves.
const MILLIS_MAX: u64 = 1 << 20;

/// Scale of densities, so that whole numbers tell small differences apart.
const SCALE: u64 = 1 << 16;

/// Most uses that count: how many times as long as a new entry a popular one stays unused.
const USES_MAX: u8 = 63;

/// Bytes of a key in its queue, besides its slot in the table.
const NODE_BYTES: usize = 48;

/// Bytes of a queue without its keys: two ends, a small table, its slot among the queues.
const QUEUE_BYTES: usize = 256;
