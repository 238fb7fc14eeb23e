//! Entries in the order of what they save: who goes first when the memory tier is full and evicts by cost.
//!
//! GreedyDual-Size-Frequency, in queues as CAMP has them: `docs/decisions/0022-eviction.md`. An entry is due at the level of
//! its last use plus its worth; whoever is due first goes, and the level rises to where that one was due. So what is worth
//! twice as much stays twice as long unused, and nothing stays for ever.

use std::collections::BTreeMap;
use std::rc::Rc;

use lru::LruCache;

use super::entry::Entry;

/// What an entry's place in a table takes, also after the entry is gone: two pointers and a byte, in a table that is at least
/// 7/32 full at its fullest, as it doubles when it is 7/8 full and half of that are keys.
pub(super) const PLACE_BYTES: usize = 80;

/// The keys of all entries, by when they are due.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    /// One queue for each worth. The level never falls, so a queue is in the order in which its keys are due.
    queues: BTreeMap<u64, Queue>,
    /// Where the last one to go was due.
    level: u64,
    /// How many went, to see whether any did.
    gone: u32,
    /// How often a key was lined up: of keys that are due at once, the one unused for longest goes first.
    turn: u64,
    bytes: usize,
}

/// What is remembered of one entry.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// What one use saves, per byte: a power of two.
    density: u64,
    /// The uses that counted.
    uses: u8,
    /// The level at the last use.
    level: u64,
    /// `Ranks::gone` at the last use.
    gone: u32,
}

/// Keys of one worth, each with the level at which it is due, and its turn.
#[derive(Debug)]
struct Queue {
    keys: LruCache<Rc<[u8]>, (u64, u64)>,
    /// Most keys at a time so far.
    peak: usize,
}

impl Ranks {
    /// Ranks a new entry.
    pub(super) fn enter(&mut self, key: &Rc<[u8]>, entry: &Entry, weight: usize) -> Standing {
        let standing = Standing { density: density(entry, weight), uses: 1, level: self.level, gone: self.gone };
        self.line_up(key, standing.worth());
        standing
    }

    /// Ranks an entry anew that was used.
    pub(super) fn hit(&mut self, key: &Rc<[u8]>, standing: &mut Standing) {
        // Where nothing had to go there is nothing to decide, and a use costs nothing.
        if standing.gone == self.gone {
            return;
        }
        self.leave(key, standing);
        // Uses close together are one: a session that repeats itself and then ends is not popular. Apart are those between
        // which the level rose by a quarter of what the entry could have stayed as a new one.
        let risen = self.level.saturating_sub(standing.level);
        if risen >= standing.density / 4 && standing.uses < USES_MAX {
            standing.uses = standing.uses.saturating_add(1);
        }
        (standing.level, standing.gone) = (self.level, self.gone);
        self.line_up(key, standing.worth());
    }

    /// Takes an entry out.
    pub(super) fn leave(&mut self, key: &[u8], standing: &Standing) {
        let worth = standing.worth();
        if self.queues.get_mut(&worth).is_some_and(|queue| queue.keys.pop(key).is_some()) {
            self.shrink(worth);
        }
    }

    /// The key of the entry that is due first.
    pub(super) fn pop_least(&mut self) -> Option<Rc<[u8]>> {
        let dues = self.queues.iter().filter_map(|(worth, queue)| Some((*queue.keys.peek_lru()?.1, *worth)));
        let ((due, _), worth) = dues.min()?;
        let (key, _) = self.queues.get_mut(&worth)?.keys.pop_lru()?;
        self.level = self.level.max(due);
        self.gone = self.gone.wrapping_add(1);
        self.shrink(worth);
        Some(key)
    }

    /// Bytes of the queues.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn line_up(&mut self, key: &Rc<[u8]>, worth: u64) {
        let bytes = &mut self.bytes;
        let queue = self.queues.entry(worth).or_insert_with(|| {
            *bytes = bytes.saturating_add(QUEUE_BYTES);
            Queue { keys: LruCache::unbounded(), peak: 0 }
        });
        // At an end that no isolate lives to see, all are due at once, and who is unused for longest goes first.
        queue.keys.put(Rc::clone(key), (self.level.saturating_add(worth), self.turn));
        self.turn = self.turn.saturating_add(1);
        if queue.keys.len() > queue.peak {
            queue.peak = queue.keys.len();
            self.bytes = self.bytes.saturating_add(PLACE_BYTES);
        }
        self.bytes = self.bytes.saturating_add(NODE_BYTES);
    }

    /// Counts a key less in a queue, which goes with its last key.
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

impl Standing {
    /// What all its uses save, per byte; rounded down to four steps from each power of two to the next, so that there are
    /// few queues.
    fn worth(&self) -> u64 {
        let exact = self.density.saturating_mul(u64::from(self.uses));
        let dropped = exact.checked_ilog2().unwrap_or(0).saturating_sub(2);
        exact & u64::MAX.checked_shl(dropped).unwrap_or(0)
    }
}

/// What one use saves, per byte, to the next power of two: entries that are alike so stay apart by their uses alone.
fn density(entry: &Entry, weight: usize) -> u64 {
    let saved = entry.millis().min(MILLIS_MAX).saturating_mul(TOKENS_PER_MILLI).saturating_add(entry.tokens());
    let weight = u64::try_from(weight).unwrap_or(u64::MAX);
    let exact = saved.saturating_mul(SCALE).checked_div(weight).unwrap_or(0);
    // A third less, and then up: what is nearer to the power below goes down to it.
    let lowered = exact.saturating_sub(exact / 3);
    lowered.checked_next_power_of_two().unwrap_or(1 << 63)
}

/// Tokens that weigh as much as a millisecond of somebody who waits.
const TOKENS_PER_MILLI: u64 = 4;

/// Longest execution that is believed: an executor says itself how long it took.
const MILLIS_MAX: u64 = 1 << 20;

/// So that whole numbers tell small differences apart.
const SCALE: u64 = 1 << 16;

/// Most uses that count: how many times as long as a new entry a popular one stays unused.
const USES_MAX: u8 = 63;

/// What a key takes in its queue, besides its place in the table.
const NODE_BYTES: usize = 48;

/// What a queue takes without its keys: two ends, a small table, its place among the queues.
const QUEUE_BYTES: usize = 256;
