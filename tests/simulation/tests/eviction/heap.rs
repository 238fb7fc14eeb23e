//! Counts the tier's share of the heap: never more than its bound.
#![expect(unsafe_code, reason = "an allocator that counts is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use toolgate::cache::{CacheKey, Eviction, Memory};
use toolgate::words::maps::MapHasher;

use crate::replay::{Cost, Keys, entry};
use crate::traces::Random;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    /// Bytes that this thread has asked for and not given back. Another test's are none of ours.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    MOST.set(MOST.get().max(live));
}

// SAFETY: the system's allocator does the work; counting allocates nothing, as neither cell has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

const PUTS: u32 = 1_000_000;
const KEYS: u32 = 100_000;
const BOUND: usize = 4 << 20;

/// Bytes that the heap may hold beyond the bound for a moment: one more entry, and a table beside the one that replaces it.
const MOMENT: isize = (BOUND / 8) as isize;

#[test]
fn a_million_puts_stay_within_the_bound() {
    let mut keys = Keys::new();
    let keys: Vec<CacheKey> = (0..KEYS).map(|call| keys.of(call)).collect();
    for eviction in [Eviction::Lru, Eviction::CostAware] {
        let before = LIVE.get();
        MOST.set(before);
        let mut memory = Memory::new(BOUND, eviction, MapHasher::new([7; 16]));
        let (mut random, mut held) = (Random(7), 0);
        for put in 0..PUTS {
            let key = &keys[random.below(u64::from(KEYS)) as usize];
            if memory.get(key).is_none() {
                memory.put(key.clone(), entry(cost(put, &mut random)));
            }
            held = held.max(LIVE.get() - before);
            assert!(held <= BOUND as isize, "{eviction:?}, put {put}: {held} bytes, says {}", memory.bytes());
        }
        let most = MOST.get() - before;
        drop(memory);
        assert_eq!(LIVE.get(), before, "{eviction:?}: not all was given back");
        assert!(most <= BOUND as isize + MOMENT, "{eviction:?}: {most} bytes within a put");
        // Last: what a test prints is kept on the heap, too.
        println!("{eviction:?}: at most {held} bytes of {BOUND} after a put, {most} within one");
    }
}

/// First as many entries as there can be, then few large ones in the tables that these have left behind, then any.
fn cost(put: u32, random: &mut Random) -> Cost {
    let bytes = match put * 4 / PUTS {
        0 => 0,
        1 => 100_000,
        2 => random.below(100),
        _ => random.below(20_000),
    };
    Cost { bytes: bytes as usize, millis: random.below(1 << 20) }
}

#[test]
fn bookkeeping_is_what_it_is_said_to_be() {
    for (eviction, entries) in
        [(Eviction::Lru, 1_000), (Eviction::Lru, 1_800), (Eviction::CostAware, 1_000), (Eviction::CostAware, 1_800)]
    {
        let mut keys = Keys::new();
        let keys: Vec<CacheKey> = (0..entries).map(|call| keys.of(call)).collect();
        let own = keys[0].as_bytes().len() + "1".len() + entry(Cost { bytes: 0, millis: 1 }).finished_at.len();
        let before = LIVE.get();
        let mut memory = Memory::new(usize::MAX, eviction, MapHasher::new([7; 16]));
        for key in &keys {
            memory.put(key.clone(), entry(Cost { bytes: 0, millis: 1 }));
        }
        let each = |bytes: usize| bytes / keys.len() - own;
        let (takes, says) = (each((LIVE.get() - before) as usize), each(memory.bytes()));
        println!("{eviction:?}, {entries} entries: {takes} bytes of bookkeeping each, counted as {says}");
        assert!(takes <= says && says <= takes * 2, "{eviction:?}: {takes} bytes, counted as {says}");
    }
}
