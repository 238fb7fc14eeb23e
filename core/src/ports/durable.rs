//! The durable owner: small states, each changed by one command at a time.

/// A failed request to the durable owner: unreachable, or no reply in time. The command may or may not have been
/// applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DurableError {
    /// The owner is unavailable.
    Unavailable,
    /// This host has no durable store at all; features that need one are refused by name.
    Unsupported,
}

/// Applies commands to the state under a key. The host serialises them per key and survives `kill -9` between two.
///
/// The host knows nothing of states or commands: it loads the stored bytes, calls [`crate::state::step`] with them, the
/// command and its own clock, stores what that returns, and answers its reply.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait Durable {
    /// Applies `command` (as [`crate::state`] encodes it) to the state under `key` (at most 512 bytes).
    ///
    /// # Errors
    /// [`DurableError`]. An answer within about a second, or the error.
    async fn apply(&self, key: &str, command: Vec<u8>) -> Result<Vec<u8>, DurableError>;
}
