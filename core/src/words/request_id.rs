//! Request ids, from which the isolate and the request's number in it can be read.

use std::cell::Cell;

/// The low 48 bits: the number, mixed.
const LOW: u128 = 0xFFFF_FFFF_FFFF;

/// An odd factor makes mixing a bijection of the low 48 bits: ids of one isolate never collide, and do not look alike.
const FACTOR: u64 = 0x9E37_79B9_7F4B;

/// Its inverse modulo 2^48.
const INVERSE: u64 = 0x393D_EE21_9263;

/// Makes ids that differ across isolates by 80 random bits and within one by a count: no randomness is needed per
/// request.
#[derive(Debug)]
pub(crate) struct Ids {
    isolate: u128,
    count: Cell<u64>,
}

impl Ids {
    /// Starts at the count 0 in an isolate identified by these random bytes.
    pub(crate) fn new(random: [u8; 16]) -> Self {
        Self { isolate: u128::from_be_bytes(random) >> 48, count: Cell::new(0) }
    }

    /// Returns a start for a counter: 64 random bits.
    pub(crate) fn number(&self) -> u64 {
        u64::from_be_bytes(self.next().to_be_bytes().last_chunk().copied().unwrap_or_default())
    }

    /// Returns the next id.
    pub(crate) fn next(&self) -> u128 {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        let low = u128::from(count.wrapping_mul(FACTOR)) ^ self.isolate;
        (self.isolate << 48) | (low & LOW)
    }
}

/// Returns the isolate that created an id, and its number in that isolate.
#[must_use]
pub(crate) fn origin_of(id: u128) -> (u128, u64) {
    let isolate = id >> 48;
    let mixed = u64::try_from((id ^ isolate) & LOW).unwrap_or_default();
    (isolate, mixed.wrapping_mul(INVERSE) & 0xFFFF_FFFF_FFFF)
}

/// Returns the first ids of an isolate.
#[cfg(test)]
pub(crate) fn test_ids(count: u64) -> Vec<String> {
    let ids = Ids { isolate: 7, count: Cell::new(0) };
    (0..count).map(|_| crate::words::hex::prefixed("req_", &ids.next().to_be_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_where_it_was_made() {
        for isolate in [0, 1, 0xFFFF_FFFF_FFFF_FFFF_FFFF, 0x0123_4567_89AB_CDEF_0123] {
            let ids = Ids { isolate, count: Cell::new(0) };
            for count in 0..1_000 {
                assert_eq!(origin_of(ids.next()), (isolate, count));
            }
            ids.count.set(0x1_0000_0000_0005);
            assert_eq!(origin_of(ids.next()), (isolate, 5), "2^48 requests later they meet");
        }
    }
}
