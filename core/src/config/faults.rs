//! Faults of a configuration: all reported at once, each with its place and its remedy.

use std::fmt;
use std::ops::Range;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Line in the document, from 1; `None` for a setting of the host.
    pub line: Option<usize>,
    /// The member (`callers[1].tools[0]`) or the setting.
    pub place: String,
    /// The fault and its remedy. Never the value of a secret.
    pub message: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}: {}", self.place, self.message),
            None => write!(f, "setting {}: {}", self.place, self.message),
        }
    }
}

/// Collects faults while a document is read.
pub(crate) struct Faults<'d> {
    document: &'d str,
    path: Vec<String>,
    tables: Vec<Range<usize>>,
    found: Vec<ConfigFault>,
}

impl<'d> Faults<'d> {
    pub(crate) const fn new(document: &'d str) -> Self {
        Self { document, path: Vec::new(), tables: Vec::new(), found: Vec::new() }
    }

    pub(crate) fn into_found(self) -> Vec<ConfigFault> {
        self.found
    }

    /// Reads a member: its name is part of the place of every fault inside.
    pub(crate) fn inside<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.to_owned());
        let value = read(self);
        self.path.pop();
        value
    }

    pub(crate) fn enter(&mut self, table: Range<usize>) {
        self.tables.push(table);
    }

    pub(crate) fn leave(&mut self) {
        self.tables.pop();
    }

    /// Notes a fault of the value at `span`, in the member being read.
    pub(crate) fn note(&mut self, span: Range<usize>, message: &str) {
        self.push(span, self.place(None), message.to_owned());
    }

    pub(super) fn missing(&mut self, name: &str) {
        let span = self.tables.last().cloned().unwrap_or_default();
        self.push(span, self.place(Some(name)), "is missing".to_owned());
    }

    pub(super) fn unknown(&mut self, name: &str, known: &[&str], span: Range<usize>) {
        let hint = crate::words::nearest::nearest(name, known.iter().copied(), 1).first().map_or_else(
            || format!("is not known here; known are {}", known.join(", ")),
            |near| format!("is not known here; did you mean {near}?"),
        );
        self.push(span, self.place(Some(name)), hint);
    }

    fn push(&mut self, span: Range<usize>, place: String, message: String) {
        let line = Some(self.line_of(span.start));
        self.found.push(ConfigFault { line, place, message });
    }

    pub(super) fn line_of(&self, offset: usize) -> usize {
        let before = self.document.get(..offset).unwrap_or_default();
        before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1)
    }

    fn place(&self, last: Option<&str>) -> String {
        let mut place = String::new();
        for part in self.path.iter().map(String::as_str).chain(last) {
            if !place.is_empty() && !part.starts_with('[') {
                place.push('.');
            }
            place.push_str(part);
        }
        place
    }
}
