//! Writes one JSON object, member by member: the one way to build JSON text that was not parsed.

use super::writer::write_string;
use crate::words::time::{Timestamp, write_number};

/// Writes an object, member by member, without white space.
#[derive(Debug)]
pub(crate) struct ObjectWriter(Vec<u8>);

/// Names a member.
pub(crate) trait MemberName {
    /// Appends the name with its quotes, comma and colon.
    fn write_to(self, out: &mut Vec<u8>);
}

impl MemberName for &str {
    fn write_to(self, out: &mut Vec<u8>) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        write_string(out, self);
        out.push(b':');
    }
}

/// Holds a member name in its encoded form, `,"name":`, for names written at every request. Never the first member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready(pub(crate) &'static str);

impl MemberName for Ready {
    fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

impl ObjectWriter {
    /// Begins an object.
    pub(crate) fn new() -> Self {
        Self(b"{".to_vec())
    }

    /// Begins an object with a capacity of `bytes`.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes);
        out.push(b'{');
        Self(out)
    }

    /// Reopens an object that was ended.
    pub(crate) fn reopen(mut object: Vec<u8>) -> Self {
        object.pop();
        Self(object)
    }

    /// Begins a member, whose value the caller appends.
    pub(crate) fn value(&mut self, name: impl MemberName) -> &mut Vec<u8> {
        name.write_to(&mut self.0);
        &mut self.0
    }

    /// Writes a string.
    pub(crate) fn text(&mut self, name: impl MemberName, value: &str) {
        write_string(self.value(name), value);
    }

    /// Writes a string; no member for none.
    pub(crate) fn optional(&mut self, name: impl MemberName, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Writes a string, or `null`.
    pub(crate) fn text_or_null(&mut self, name: impl MemberName, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// Writes a time (RFC 3339).
    pub(crate) fn time(&mut self, name: impl MemberName, time: Timestamp) {
        let out = self.value(name);
        out.push(b'"');
        time.write_to(out);
        out.push(b'"');
    }

    /// Writes a time, or `null`.
    pub(crate) fn time_or_null(&mut self, name: impl MemberName, time: Option<Timestamp>) {
        match time {
            Some(time) => self.time(name, time),
            None => self.null(name),
        }
    }

    /// Writes a number.
    pub(crate) fn number(&mut self, name: impl MemberName, value: u64) {
        write_number(self.value(name), value);
    }

    /// Writes a count.
    pub(crate) fn size(&mut self, name: impl MemberName, value: usize) {
        self.number(name, u64::try_from(value).unwrap_or(u64::MAX));
    }

    /// Writes `true` or `false`.
    pub(crate) fn boolean(&mut self, name: impl MemberName, value: bool) {
        self.json(name, if value { b"true" } else { b"false" });
    }

    /// Writes `null`.
    pub(crate) fn null(&mut self, name: impl MemberName) {
        self.json(name, b"null");
    }

    /// Writes an array of strings.
    pub(crate) fn texts<T: AsRef<str>>(&mut self, name: impl MemberName, values: impl IntoIterator<Item = T>) {
        write_array(self.value(name), values, |out, value| write_string(out, value.as_ref()));
    }

    /// Writes a value that is already JSON text.
    pub(crate) fn json(&mut self, name: impl MemberName, value: &[u8]) {
        self.value(name).extend_from_slice(value);
    }

    /// Ends the object and returns its text.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

/// Appends an array; `write` appends each item.
pub(crate) fn write_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_their_order_with_commas_between() {
        let mut object = ObjectWriter::new();
        object.text("a\"", "{");
        object.optional("none", None);
        object.number(Ready(",\"b\":"), 7);
        object.texts("c", ["x", "y"]);
        object.texts("d", [""; 0]);
        object.time_or_null("e", Some(Timestamp::default()));
        object.text_or_null("f", None);
        let inner = ObjectWriter::new().end();
        object.json("g", &inner);
        let mut object = ObjectWriter::reopen(object.end());
        object.size("h", 1);
        object.boolean("i", true);
        object.boolean("j", false);
        object.null("k");
        let expected = r#"{"a\"":"{","b":7,"c":["x","y"],"d":[],"e":"1970-01-01T00:00:00.000Z","f":null,"g":{},"h":1,"i":true,"j":false,"k":null}"#;
        assert_eq!(String::from_utf8(object.end()).unwrap(), expected);
    }
}
