//! Port `entropy`: the host's secure random source.

use spin_sdk::wasip3::random::random::get_random_bytes;
use toolgate::ports::Entropy;

use crate::Spin;

impl Entropy for Spin {
    fn fill(&self, bytes: &mut [u8]) {
        let mut rest = bytes;
        // The host may give fewer bytes than asked for, but at least one.
        while !rest.is_empty() {
            let random = get_random_bytes(rest.len() as u64);
            let (filled, unfilled) = rest.split_at_mut(random.len().min(rest.len()));
            for (to, from) in filled.iter_mut().zip(random) {
                *to = from;
            }
            rest = unfilled;
        }
    }
}
