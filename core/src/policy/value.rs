//! Values of expressions: borrowed from the request or the policy wherever possible.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{Expr, Kind};
use super::extension::{Ip, decimal};
use crate::model::caller::ClaimValue;
use crate::words::json::{Json, Object};
use crate::words::names::RoleId;
use crate::words::time::Timestamp;

/// The reason for a condition without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluationErrorKind {
    /// An operand has a type that the operation does not take.
    Type,
    /// An absent attribute was read.
    Missing,
    /// An argument that has no Cedar value was used.
    Unrepresentable,
    /// A sum, difference, product or negation does not fit into 64 bits.
    Overflow,
    /// A text is no IP range, or no decimal.
    Extension,
    /// The policies took more steps than [`crate::words::limits::POLICY_STEPS`].
    TooCostly,
}

impl EvaluationErrorKind {
    /// Returns the kind in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Missing => "missing",
            Self::Unrepresentable => "unrepresentable",
            Self::Overflow => "overflow",
            Self::Extension => "extension",
            Self::TooCostly => "too_costly",
        }
    }
}

/// The possible outcomes of an expression over unknown parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Possible(u8);

impl Possible {
    pub(super) const NONE: Self = Self(0);
    pub(super) const TRUE: Self = Self(1);
    pub(super) const FALSE: Self = Self(2);
    pub(super) const ERROR: Self = Self(4);
    /// A value that is no Boolean.
    pub(super) const OTHER: Self = Self(8);
    /// The possible outcomes of a test of something unknown.
    pub(super) const TEST: Self = Self(7);
    pub(super) const ANYTHING: Self = Self(15);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Bool(bool),
    Long(i64),
    Text(&'a str),
    Entity(Kind, &'a str),
    Set(SetValue<'a>),
    Record(RecordValue<'a>),
    Ip(Ip),
    /// A decimal in ten thousandths.
    Decimal(i64),
    /// Dependent on parts of the request that are not known yet.
    Unknown(Possible),
}

/// A set; items may repeat, as no operation can observe that.
#[derive(Clone, Debug)]
pub(super) enum SetValue<'a> {
    Values(Rc<[Value<'a>]>),
    Literals(&'a [Expr]),
    /// An array whose items are all representable.
    Json(&'a [Json<'a>]),
    Texts(&'a [String]),
    Roles(&'a [RoleId]),
}

/// A record.
#[derive(Clone, Debug)]
pub(super) enum RecordValue<'a> {
    Values(Rc<[(&'a str, Value<'a>)]>),
    Json(&'a Object<'a>),
    Claims(&'a BTreeMap<String, ClaimValue>),
    Time(Timestamp),
    Context,
    /// The arguments of a call without any.
    Empty,
}

impl<'a> SetValue<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Literals(items) => items.len(),
            Self::Json(items) => items.len(),
            Self::Texts(items) => items.len(),
            Self::Roles(items) => items.len(),
        }
    }

    /// Returns the item at this index.
    pub(super) fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            Self::Values(values) => values.get(index).cloned(),
            Self::Literals(items) => items.get(index).and_then(literal),
            Self::Json(items) => items.get(index).and_then(of_known_json),
            Self::Texts(items) => items.get(index).map(|text| Value::Text(text)),
            Self::Roles(items) => items.get(index).map(|role| Value::Text(role.as_str())),
        }
    }

    /// Returns true if the set contains the text; `None` where that cannot be told without making values.
    pub(super) fn has_text(&self, text: &str) -> Option<bool> {
        match self {
            Self::Literals(items) => {
                Some(items.iter().any(|item| matches!(item, Expr::Text(known) if **known == *text)))
            }
            Self::Texts(items) => Some(items.iter().any(|known| known == text)),
            Self::Roles(items) => Some(items.iter().any(|known| known.as_str() == text)),
            Self::Values(_) | Self::Json(_) => None,
        }
    }
}

/// Returns the value of a literal.
pub(super) fn literal(expr: &Expr) -> Option<Value<'_>> {
    match expr {
        Expr::Bool(value) => Some(Value::Bool(*value)),
        Expr::Long(value) => Some(Value::Long(*value)),
        Expr::Text(text) => Some(Value::Text(text)),
        Expr::Entity(uid) => Some(Value::Entity(uid.kind, &uid.id)),
        _ => None,
    }
}

/// Returns the Cedar value of a JSON value, which [`weight`] has found to exist.
fn of_known_json<'a>(json: &'a Json<'a>) -> Option<Value<'a>> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::Text(text),
        Json::Number(number) if number.is_integer_text() => Value::Long(number.as_i64()?),
        Json::Number(number) => Value::Decimal(decimal(number.as_str())?),
        Json::Array(items) => Value::Set(SetValue::Json(items)),
        Json::Object(object) => Value::Record(RecordValue::Json(object)),
    })
}

/// Returns the Cedar value of a JSON value, and the number of values visited. An array has one if all its items do; an
/// object always does, as its members are only visited one by one.
///
/// # Errors
/// [`EvaluationErrorKind::Unrepresentable`].
pub(super) fn of_json<'a>(json: &'a Json<'a>) -> Result<(Value<'a>, u32), EvaluationErrorKind> {
    let looked_at = if matches!(json, Json::Array(_)) { weight(json) } else { Some(1) };
    let value = of_known_json(json).ok_or(EvaluationErrorKind::Unrepresentable)?;
    Ok((value, looked_at.ok_or(EvaluationErrorKind::Unrepresentable)?))
}

/// Returns the number of values in a JSON value, or `None` when some part has no Cedar value. The JSON reader bounds
/// the recursion.
pub(super) fn weight(json: &Json<'_>) -> Option<u32> {
    match json {
        Json::Object(object) => {
            let members = object.iter().map(|(_, member)| member).filter(|member| **member != Json::Null);
            members.map(weight).try_fold(1_u32, |sum, part| Some(sum.saturating_add(part?)))
        }
        Json::Array(items) => items.iter().map(weight).try_fold(1_u32, |sum, part| Some(sum.saturating_add(part?))),
        scalar => of_known_json(scalar).map(|_| 1),
    }
}

/// Returns the value of a claim.
pub(super) fn of_claim(claim: &ClaimValue) -> Value<'_> {
    match claim {
        ClaimValue::Text(text) => Value::Text(text),
        ClaimValue::Number(number) => Value::Long(*number),
        ClaimValue::Flag(flag) => Value::Bool(*flag),
        ClaimValue::Texts(texts) => Value::Set(SetValue::Texts(texts)),
    }
}
