//! Faults of policies: all of them at once, each with its line and column.

use std::fmt;

/// One fault of a text of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Tells what is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A fault by its byte offset, as the readers find it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) offset: usize,
    pub(super) message: String,
}

impl Found {
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into() }
    }

    /// The fault with its place in `text`.
    pub(super) fn placed(self, text: &str) -> PolicyFault {
        let before = text.get(..self.offset).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let last = before.rsplit('\n').next().unwrap_or_default();
        PolicyFault { line, column: last.chars().count().saturating_add(1), message: self.message }
    }
}
