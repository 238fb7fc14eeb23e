//! Randomness: Web Crypto.

use toolgate::ports::Entropy;

use crate::glue;
use crate::host::Host;

impl Entropy for Host {
    fn fill(&self, bytes: &mut [u8]) {
        glue::fill(bytes);
    }
}
