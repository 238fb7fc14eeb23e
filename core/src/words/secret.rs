//! Values that must never be printed, logged or serialised.

use std::fmt;

/// A secret text: a key, a token, a shared secret.
///
/// INVARIANT (secrets stay inside): there is no `Display`, no `Serialize` and no `PartialEq`, and `Debug` says only
/// that there is one. [`Secret::expose`] is the one way out; its callers are the hashing of keys and the hosts'
/// `origin` adapters, which write it into a request header at the last moment.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps a secret text.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the secret itself, for the one place that must use it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(..)");
    }
}
