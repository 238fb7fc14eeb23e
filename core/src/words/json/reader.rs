//! The bounded reader: one pass over the text, no recursion deeper than the depth limit.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::{Json, Number, Object};

/// Bounds on a document, checked while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers open at once; a scalar document has depth 0. Never above [`Limits::MAX_DEPTH`].
    pub depth: usize,
    /// Values in the whole document, containers included.
    pub values: usize,
    /// Bytes in one string or member name, after unescaping.
    pub string_bytes: usize,
    /// Bytes in one number's text.
    pub number_bytes: usize,
}

impl Limits {
    /// The reader recurses once per level: this bounds its stack.
    pub const MAX_DEPTH: usize = 128;
}

/// The reason for refusing a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Not JSON by RFC 8259.
    Syntax,
    /// Not UTF-8, or an unpaired surrogate in an escape.
    Unicode,
    /// The same member name twice in one object.
    DuplicateMember,
    /// More open containers than [`Limits::depth`].
    TooDeep,
    /// More values than [`Limits::values`].
    TooManyValues,
    /// A string or member name over [`Limits::string_bytes`].
    StringTooLong,
    /// A number's text over [`Limits::number_bytes`].
    NumberTooLong,
}

/// A refused document: the reason, and the byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// The reason.
    pub kind: FaultKind,
    /// Byte offset from the start of the text.
    pub offset: usize,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FaultKind::Syntax => "not valid JSON",
            FaultKind::Unicode => "not valid UTF-8 text",
            FaultKind::DuplicateMember => "an object has the same member twice",
            FaultKind::TooDeep => "nested too deeply",
            FaultKind::TooManyValues => "too many values",
            FaultKind::StringTooLong => "a string is too long",
            FaultKind::NumberTooLong => "a number has too many digits",
        };
        write!(f, "{what}, at byte {}", self.offset)
    }
}

/// Reads one JSON document; nothing but white space may follow it.
///
/// # Errors
/// The first [`JsonFault`] found, with its offset.
pub fn parse(text: &[u8], limits: Limits) -> Result<Json<'_>, JsonFault> {
    let text = std::str::from_utf8(text)
        .map_err(|error| JsonFault { kind: FaultKind::Unicode, offset: error.valid_up_to() })?;
    let mut reader = JsonReader { text, at: 0, values_left: limits.values, limits };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at == text.len() { Ok(value) } else { Err(reader.fault(FaultKind::Syntax)) }
}

struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    values_left: usize,
    limits: Limits,
}

impl<'a> JsonReader<'a> {
    const fn fault(&self, kind: FaultKind) -> JsonFault {
        JsonFault { kind, offset: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn slice(&self, from: usize, to: usize) -> Result<&'a str, JsonFault> {
        self.text.get(from..to).ok_or_else(|| self.fault(FaultKind::Syntax))
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.advance(1);
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.peek() == Some(byte) {
            self.advance(1);
            Ok(())
        } else {
            Err(self.fault(FaultKind::Syntax))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonFault> {
        self.skip_space();
        self.values_left = self.values_left.checked_sub(1).ok_or_else(|| self.fault(FaultKind::TooManyValues))?;
        match self.peek() {
            Some(b'{') => self.object(self.deeper(depth)?),
            Some(b'[') => self.array(self.deeper(depth)?),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.fault(FaultKind::Syntax)),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonFault> {
        let depth = depth.saturating_add(1);
        if depth > self.limits.depth.min(Limits::MAX_DEPTH) { Err(self.fault(FaultKind::TooDeep)) } else { Ok(depth) }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, JsonFault> {
        if self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.advance(word.len());
            Ok(value)
        } else {
            Err(self.fault(FaultKind::Syntax))
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, JsonFault> {
        self.advance(1);
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.advance(1);
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.advance(1),
                Some(b']') => {
                    self.advance(1);
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.fault(FaultKind::Syntax)),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, JsonFault> {
        self.advance(1);
        let mut members = Vec::new();
        let mut names = Names::default();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.advance(1);
            return Ok(Json::Object(Object(members)));
        }
        loop {
            self.skip_space();
            let at_name = self.at;
            let name = self.string()?;
            if !names.is_new(&name, &members) {
                return Err(JsonFault { kind: FaultKind::DuplicateMember, offset: at_name });
            }
            self.skip_space();
            self.expect(b':')?;
            let value = self.value(depth)?;
            members.push((name, value));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.advance(1),
                Some(b'}') => {
                    self.advance(1);
                    return Ok(Json::Object(Object(members)));
                }
                _ => return Err(self.fault(FaultKind::Syntax)),
            }
        }
    }

    fn number(&mut self) -> Result<Json<'a>, JsonFault> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.advance(1);
        }
        match self.peek() {
            Some(b'0') => self.advance(1),
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.fault(FaultKind::Syntax)),
        }
        if self.peek() == Some(b'.') {
            self.advance(1);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.advance(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance(1);
            }
            self.digits()?;
        }
        let text = self.slice(from, self.at)?;
        if text.len() > self.limits.number_bytes {
            return Err(JsonFault { kind: FaultKind::NumberTooLong, offset: from });
        }
        Ok(Json::Number(Number(Cow::Borrowed(text))))
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.advance(1);
        }
        if self.at == from { Err(self.fault(FaultKind::Syntax)) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonFault> {
        self.expect(b'"')?;
        let from = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = self.slice(from, self.at)?;
                    self.check_length(text.len(), from)?;
                    self.advance(1);
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => return self.escaped_string(from),
                Some(0x20..) => self.advance(1),
                _ => return Err(self.fault(FaultKind::Syntax)),
            }
        }
    }

    const fn check_length(&self, length: usize, offset: usize) -> Result<(), JsonFault> {
        if length > self.limits.string_bytes {
            Err(JsonFault { kind: FaultKind::StringTooLong, offset })
        } else {
            Ok(())
        }
    }

    /// Reads the rest of a string from its first escape on, and copies the text before it.
    fn escaped_string(&mut self, from: usize) -> Result<Cow<'a, str>, JsonFault> {
        let mut unescaped = self.slice(from, self.at)?.to_owned();
        loop {
            let run = self.at;
            while matches!(self.peek(), Some(byte) if byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.advance(1);
            }
            unescaped.push_str(self.slice(run, self.at)?);
            self.check_length(unescaped.len(), from)?;
            match self.peek() {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(Cow::Owned(unescaped));
                }
                Some(b'\\') => {
                    self.advance(1);
                    unescaped.push(self.escape()?);
                }
                _ => return Err(self.fault(FaultKind::Syntax)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let byte = self.peek().ok_or_else(|| self.fault(FaultKind::Syntax))?;
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.fault(FaultKind::Syntax)),
        };
        self.advance(1);
        Ok(plain)
    }

    /// Reads `\uXXXX`, or a surrogate pair of two; `self.at` stands on the `u`.
    fn unicode_escape(&mut self) -> Result<char, JsonFault> {
        let offset = self.at;
        let first = self.hex4()?;
        let mut units = [first, 0];
        let mut pair = units.get(..1).unwrap_or_default();
        if matches!(first, 0xD800..=0xDBFF) {
            let is_pair = self.peek() == Some(b'\\') && {
                self.advance(1);
                self.peek() == Some(b'u')
            };
            if !is_pair {
                return Err(JsonFault { kind: FaultKind::Unicode, offset });
            }
            units = [first, self.hex4()?];
            pair = &units;
        }
        match char::decode_utf16(pair.iter().copied()).next() {
            Some(Ok(decoded)) => Ok(decoded),
            _ => Err(JsonFault { kind: FaultKind::Unicode, offset }),
        }
    }

    fn hex4(&mut self) -> Result<u16, JsonFault> {
        self.expect(b'u')?;
        let end = self.at.saturating_add(4);
        let digits = self.slice(self.at, end)?;
        // from_str_radix would accept a sign.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(self.fault(FaultKind::Syntax));
        }
        let unit = u16::from_str_radix(digits, 16).map_err(|_| self.fault(FaultKind::Syntax))?;
        self.at = end;
        Ok(unit)
    }
}

/// The names seen so far in one object: small objects are searched in place, large ones through a set.
#[derive(Default)]
struct Names<'a>(Option<BTreeSet<Cow<'a, str>>>);

impl<'a> Names<'a> {
    const SEARCHED_IN_PLACE: usize = 16;

    #[expect(
        clippy::ptr_arg,
        reason = "the set keeps what it is given: borrowed where the text is, owned where it was unescaped"
    )]
    fn is_new(&mut self, name: &Cow<'a, str>, members: &[(Cow<'a, str>, Json<'a>)]) -> bool {
        if members.len() < Self::SEARCHED_IN_PLACE {
            return !members.iter().any(|(member, _)| member == name);
        }
        self.0.get_or_insert_with(|| members.iter().map(|(member, _)| member.clone()).collect()).insert(name.clone())
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
