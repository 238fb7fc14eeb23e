//! Faults of policies: all of them at once, each with its line and column.

use std::fmt;

/// A fault in a text of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// Description of the fault and its remedy.
    pub message: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A fault at a byte offset, as the parser reports it.
#[derive(Clone, Debug)]
pub(super) struct ParseFault {
    pub(super) offset: usize,
    pub(super) message: String,
}

impl ParseFault {
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into() }
    }

    /// Converts the offset to line and column in `text`.
    pub(super) fn placed(self, text: &str) -> PolicyFault {
        let before = text.get(..self.offset).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let last = before.rsplit('\n').next().unwrap_or_default();
        PolicyFault { line, column: last.chars().count().saturating_add(1), message: self.message }
    }
}
