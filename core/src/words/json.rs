//! JSON from untrusted sources: bounded, exact, borrowed (RFC 8259; I-JSON's unique names, RFC 7493).
//!
//! The safety of the cache rests on three properties, which are why this reader is our own
//! (`docs/decisions/0004-own-json-reader.md`): a number keeps its source text, so `1`, `1.0` and a 30-digit integer
//! stay distinct; a duplicate member is refused, so two readers can never see two different documents; every dimension
//! has a limit that is checked while reading, so hostile input costs no more than its own length.

mod canonical;
mod object;
mod reader;
mod writer;

use std::borrow::Cow;

pub use canonical::write_canonical;
pub(crate) use object::{ObjectWriter, Ready, write_array};
pub use reader::{FaultKind, JsonFault, Limits, parse};
pub use writer::{write_json, write_string};

/// One JSON value, borrowed from its source text unless that text needed unescaping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its exact source text.
    Number(Number<'a>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON number as its exact source text.
///
/// INVARIANT (number grammar): the text matches RFC 8259 section 6; only the reader and the integer constructors make
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number<'a>(Cow<'a, str>);

impl<'a> Number<'a> {
    /// Returns the number's text, as sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number as an `i64`, if its text is a plain integer in range.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// Returns the nearest `f64`; infinite when out of range.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// Returns true if the text has neither fraction nor exponent.
    #[must_use]
    pub fn is_integer_text(&self) -> bool {
        self.0.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    }

    fn into_owned(self) -> Number<'static> {
        Number(Cow::Owned(self.0.into_owned()))
    }
}

impl From<i64> for Number<'static> {
    fn from(value: i64) -> Self {
        Number(Cow::Owned(value.to_string()))
    }
}

/// A JSON object: its members in the order sent.
///
/// INVARIANT (unique names): no two members have the same name; the reader refuses duplicates, [`Object::insert`]
/// replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    /// Returns an object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the member called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Sets the member called `name`, replacing an earlier value in place.
    pub fn insert(&mut self, name: impl Into<Cow<'a, str>>, value: Json<'a>) {
        let name = name.into();
        match self.0.iter_mut().find(|(member, _)| *member == name) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds a member whose name is known to be unique: saves the search of [`Object::insert`].
    pub(crate) fn push_unique(&mut self, name: impl Into<Cow<'a, str>>, value: Json<'a>) {
        self.0.push((name.into(), value));
    }

    /// Returns the members in the order sent, by value.
    pub(crate) fn into_members(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.0.into_iter()
    }

    /// Returns the members in the order sent.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Returns the number of members.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no members.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Json<'a> {
    /// Returns the text of a string value.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the value of a boolean.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the members of an object.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the items of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the member `name` of an object; `None` for a missing member and for anything that is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.as_object().and_then(|object| object.get(name))
    }

    /// Removes the member at `path` (member names from the outside in), if there is one.
    #[must_use]
    pub fn without(self, path: &[&str]) -> Self {
        match (self, path) {
            (Self::Object(object), [last]) => {
                Self::Object(Object(object.0.into_iter().filter(|(name, _)| name != last).collect()))
            }
            (Self::Object(object), [first, rest @ ..]) => {
                let inner = |(name, value): (Cow<'a, str>, Self)| {
                    let value = if name == *first { value.without(rest) } else { value };
                    (name, value)
                };
                Self::Object(Object(object.0.into_iter().map(inner).collect()))
            }
            (other, _) => other,
        }
    }

    /// Returns the JSON type of this value, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Returns a copy that borrows from nothing.
    #[must_use]
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Number(number) => Json::Number(number.into_owned()),
            Self::String(text) => Json::String(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(object) => Json::Object(Object(
                object.0.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned())).collect(),
            )),
        }
    }
}
