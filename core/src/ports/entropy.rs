//! Randomness of the host.

/// A cryptographically secure source of random bytes.
pub trait Entropy {
    /// Fills `bytes` with random bytes; cannot fail.
    fn fill(&self, bytes: &mut [u8]);
}
