//! Documents declared once: a struct, its reader that collects every fault with its place, and its JSON Schema.

use serde_json::json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::faults::Faults;
use crate::words::choice::Choice;

/// A value that can stand in a document.
pub(crate) trait DocumentValue: Sized {
    /// Reads the value; notes a fault and returns `None` when it is invalid.
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self>;

    /// Returns the JSON Schema (draft 2020-12) of the value.
    fn schema() -> serde_json::Value;
}

/// A member of a document, with the meaning of its absence.
pub(crate) trait Field: Sized {
    /// Returns the value of an absent member; `None` when it is required.
    fn absent() -> Option<Self>;
    /// Reads a present member.
    fn read_present(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self>;
    /// Returns the schema of a present member.
    fn field_schema() -> serde_json::Value;
}

impl<T: DocumentValue> Field for T {
    fn absent() -> Option<Self> {
        None
    }
    fn read_present(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        T::read(node, faults)
    }
    fn field_schema() -> serde_json::Value {
        T::schema()
    }
}

impl<T: DocumentValue> Field for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn read_present(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        T::read(node, faults).map(Some)
    }
    fn field_schema() -> serde_json::Value {
        T::schema()
    }
}

/// Reads the member `name` of a table, or its absence.
pub(super) fn member<F: Field>(
    table: &DeTable<'_>,
    name: &str,
    default: Option<F>,
    faults: &mut Faults<'_>,
) -> Option<F> {
    match table.get(name) {
        Some(node) => faults.inside(name, |faults| F::read_present(node, faults)),
        None => default.or_else(F::absent).or_else(|| {
            faults.missing(name);
            None
        }),
    }
}

/// Returns the value when it lies within its bounds; else notes a fault.
pub(super) fn within<T: PartialOrd + std::fmt::Display>(
    table: &DeTable<'_>,
    name: &str,
    value: Option<T>,
    low: T,
    high: T,
    faults: &mut Faults<'_>,
) -> Option<T> {
    let value = value?;
    if value >= low && value <= high {
        return Some(value);
    }
    let span = table.get(name).map(Spanned::span).unwrap_or_default();
    faults.inside(name, |faults| faults.note(span, &format!("must be from {low} to {high}")));
    None
}

/// A value with the line on which it begins, for checks that need more than the value.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

impl<T: DocumentValue> DocumentValue for Located<T> {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        T::read(node, faults).map(|value| Self { value, line: faults.line_of(node.span().start) })
    }

    fn schema() -> serde_json::Value {
        T::schema()
    }
}

/// Notes a fault for every unknown member of a table.
pub(super) fn unknown(table: &DeTable<'_>, known: &[&str], faults: &mut Faults<'_>) {
    for key in table.keys() {
        let name: &str = key.get_ref();
        if !known.contains(&name) {
            faults.unknown(name, known, key.span());
        }
    }
}

/// Returns the table in a node, or notes a fault.
pub(super) fn table<'n, 'd>(node: &'n Spanned<DeValue<'d>>, faults: &mut Faults<'_>) -> Option<&'n DeTable<'d>> {
    match node.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => {
            faults.note(node.span(), "must be a table");
            None
        }
    }
}

/// Declares a document: `name: Type` is required (unless it is an `Option`), `name: Type = default` is optional. With
/// `in (low, high)` the value must lie within these bounds.
macro_rules! document {
    ($(#[doc = $about:literal])* $vis:vis struct $name:ident { $($(#[doc = $doc:literal])* $field:ident : $type:ty $(= $default:expr)? $(, in ($low:expr, $high:expr))?);* $(;)? }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug)]
        $vis struct $name { $($(#[doc = $doc])* $vis $field: $type),* }

        impl $crate::config::document::DocumentValue for $name {
            // A function of its own for each kind of section: V8 compiles a function when it is first called, so a
            // section that a document does not have costs a cold start nothing.
            #[inline(never)]
            fn read(node: &toml::Spanned<toml::de::DeValue<'_>>, faults: &mut $crate::config::faults::Faults<'_>) -> Option<Self> {
                let table = $crate::config::document::table(node, faults)?;
                faults.enter(node.span());
                $(let $field = $crate::config::document::member::<$type>(
                    table, stringify!($field), document!(@default $($default)?), faults);
                $(let $field = $crate::config::document::within(table, stringify!($field), $field, $low, $high, faults);)?)*
                $crate::config::document::unknown(table, &[$(stringify!($field)),*], faults);
                faults.leave();
                Some(Self { $($field: $field?),* })
            }

            fn schema() -> serde_json::Value {
                let mut properties = serde_json::Map::new();
                let mut required = Vec::new();
                $(
                    let mut property = <$type as $crate::config::document::Field>::field_schema();
                    let about = [$($doc),*].concat();
                    if let Some(property) = property.as_object_mut() {
                        property.insert("description".to_owned(), about.trim().into());
                    }
                    properties.insert(stringify!($field).to_owned(), property);
                    let default: Option<$type> = document!(@default $($default)?);
                    if default.is_none() && <$type as $crate::config::document::Field>::absent().is_none() {
                        required.push(stringify!($field));
                    }
                )*
                serde_json::json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
            }
        }
    };
    // A document whose every member has a default may be absent as a whole.
    (default $(#[doc = $about:literal])* $vis:vis struct $name:ident { $($(#[doc = $doc:literal])* $field:ident : $type:ty = $default:expr $(, in ($low:expr, $high:expr))?);* $(;)? }) => {
        document! { $(#[doc = $about])* $vis struct $name { $($(#[doc = $doc])* $field : $type = $default $(, in ($low, $high))?);* } }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

pub(crate) use document;

/// Returns the text in a node, or notes a fault.
pub(crate) fn text<'n>(node: &'n Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<&'n str> {
    match node.get_ref() {
        DeValue::String(text) => Some(text),
        _ => {
            faults.note(node.span(), "must be a string");
            None
        }
    }
}

impl<T: Choice> DocumentValue for T {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        let choice = T::of_word(text(node, faults)?);
        if choice.is_none() {
            faults.note(node.span(), &format!("must be one of {}", T::WORDS.join(", ")));
        }
        choice
    }

    fn schema() -> serde_json::Value {
        json!({ "enum": T::WORDS })
    }
}

/// Returns a string that a constructor accepts, or notes the fault `must be {what}`.
pub(crate) fn parsed<T>(
    node: &Spanned<DeValue<'_>>,
    faults: &mut Faults<'_>,
    what: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let value = parse(text(node, faults)?);
    if value.is_none() {
        faults.note(node.span(), &format!("must be {what}"));
    }
    value
}

impl DocumentValue for u64 {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        let value = match node.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        if value.is_none() {
            faults.note(node.span(), "must be a whole number, not negative");
        }
        value
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl DocumentValue for bool {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        let value = if let DeValue::Boolean(value) = node.get_ref() { Some(*value) } else { None };
        if value.is_none() {
            faults.note(node.span(), "must be true or false");
        }
        value
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "boolean" })
    }
}

impl<T: DocumentValue> DocumentValue for Vec<T> {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        let DeValue::Array(items) = node.get_ref() else {
            faults.note(node.span(), "must be an array");
            return None;
        };
        // Every item is read, so that every faulty one is reported.
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| faults.inside(&format!("[{index}]"), |faults| T::read(item, faults)))
            .collect();
        read.into_iter().collect()
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "array", "items": T::schema() })
    }
}
