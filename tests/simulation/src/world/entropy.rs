//! Randomness of the simulated host, from the seed.

use toolgate::ports::Entropy;

use super::Platform;

impl Entropy for Platform {
    fn fill(&self, bytes: &mut [u8]) {
        self.world.rng.borrow_mut().fill(bytes);
    }
}
