//! Random puts, gets and removals against a map that forgets nothing.

use std::collections::BTreeMap;
use std::rc::Rc;

use toolgate::cache::{Entry, Eviction, Memory};
use toolgate::words::maps::MapHasher;

use crate::replay::{Cost, Keys, entry};
use crate::traces::Random;

const SEEDS: u64 = 100;
const STEPS: u32 = 2_000;
const CALLS: u64 = 200;
const MOST: usize = 64 << 10;

/// Bytes that may still belong to an evicted key.
const GONE_BYTES: usize = 80;

#[test]
fn what_is_got_is_what_was_last_put() {
    for eviction in [Eviction::Lru, Eviction::CostAware] {
        for seed in 0..SEEDS {
            run(eviction, seed);
        }
    }
}

fn run(eviction: Eviction, seed: u64) {
    let say = format!("{eviction:?}, seed {seed}");
    let (mut random, mut keys, mut memory) =
        (Random(seed), Keys::new(), Memory::new(MOST, eviction, MapHasher::new([7; 16])));
    let mut model: BTreeMap<u32, Rc<Entry>> = BTreeMap::new();
    let (mut hits, mut pushed_out, mut peak) = (0, 0, 0);
    for _ in 0..STEPS {
        // The lower of two, so that some calls are made often.
        let call = random.below(CALLS).min(random.below(CALLS)) as u32;
        let key = keys.of(call);
        match random.below(10) {
            0..5 => match (memory.get(&key), model.get(&call)) {
                (Some((got, _)), Some(put)) if Rc::ptr_eq(&got, put) => hits += 1,
                (Some(_), _) => panic!("{say}: call {call}: not what was put"),
                (None, Some(_)) => pushed_out += 1,
                (None, None) => {}
            },
            5..9 => {
                let entry = entry(any_cost(&mut random));
                let fits = entry.weight(key.as_bytes()) <= MOST;
                model.insert(call, Rc::clone(&entry));
                memory.put(key.clone(), entry);
                assert!(fits || memory.get(&key).is_none(), "{say}: call {call}: larger than all");
            }
            _ => {
                model.remove(&call);
                memory.remove(&key);
            }
        }
        peak = peak.max(memory.len());
        assert!(memory.bytes() <= MOST, "{say}: {} bytes", memory.bytes());
        assert!(memory.len() <= model.len(), "{say}: {} entries", memory.len());
    }
    assert!(hits > 100 && pushed_out > 100, "{say}: {hits} hits, {pushed_out} pushed out: nothing was tried");
    (0..CALLS as u32).for_each(|call| memory.remove(&keys.of(call)));
    assert!(memory.is_empty(), "{say}: {} entries are left", memory.len());
    // One more was in the table when one had to go.
    assert!(memory.bytes() <= (peak + 1) * GONE_BYTES, "{say}: {} bytes are left", memory.bytes());
}

/// Nothing, little, much, and now and then more than there is room for; worth nothing, something, or more than is believed.
fn any_cost(random: &mut Random) -> Cost {
    let bytes = match random.below(40) {
        0 => MOST as u64,
        1..4 => random.below(20_000),
        _ => random.below(2_000),
    };
    let millis = match random.below(4) {
        0 => 0,
        1 => random.next(),
        _ => random.below(10_000),
    };
    Cost { bytes: bytes as usize, millis }
}
