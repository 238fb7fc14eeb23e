//! Equality of values, and membership in sets.

use super::super::value::{EvaluationErrorKind, RecordValue, SetValue, Value, weight};
use super::Evaluator;
use crate::words::json::Json;

impl<'a> Evaluator<'a> {
    /// Returns true if an item of the set equals the value; both are whole.
    pub(super) fn contains(&self, set: &SetValue<'a>, value: &Value<'a>) -> Result<bool, EvaluationErrorKind> {
        self.spend(u32::try_from(set.len()).unwrap_or(u32::MAX))?;
        if let Value::Text(text) = value
            && let Some(is_there) = set.has_text(text)
        {
            return Ok(is_there);
        }
        for index in 0..set.len() {
            if let Some(item) = set.get(index)
                && self.equal(&item, value)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if all (or any) of `wanted` are in the set.
    pub(super) fn contains_each(
        &self,
        set: &SetValue<'a>,
        wanted: &SetValue<'a>,
        all: bool,
    ) -> Result<bool, EvaluationErrorKind> {
        for index in 0..wanted.len() {
            if let Some(item) = wanted.get(index)
                && self.contains(set, &item)? != all
            {
                return Ok(!all);
            }
        }
        Ok(all)
    }

    pub(super) fn equal_whole(&self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, EvaluationErrorKind> {
        self.check_whole(left)?;
        self.check_whole(right)?;
        self.equal(left, right)
    }

    /// Checks a value for use as a whole: nothing in it may be unrepresentable or unknown.
    pub(super) fn check_whole(&self, value: &Value<'a>) -> Result<(), EvaluationErrorKind> {
        match value {
            Value::Set(SetValue::Values(values)) => values.iter().try_for_each(|value| self.check_whole(value)),
            Value::Record(RecordValue::Json(object)) => object
                .iter()
                .filter(|(_, member)| **member != Json::Null)
                .try_for_each(|(_, member)| self.spend(weight(member).ok_or(EvaluationErrorKind::Unrepresentable)?)),
            Value::Record(RecordValue::Values(members)) => {
                members.iter().try_for_each(|(_, value)| self.check_whole(value))
            }
            Value::Record(record @ RecordValue::Context) => {
                self.request.names(record).into_iter().try_for_each(|name| {
                    let (value, _) = self.request.of_record(record, name).ok_or(EvaluationErrorKind::Missing)??;
                    self.check_whole(&value)
                })
            }
            _ => Ok(()),
        }
    }

    /// Returns true if two whole values are equal; values of different types are not.
    fn equal(&self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, EvaluationErrorKind> {
        self.spend(1)?;
        Ok(match (left, right) {
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Long(left), Value::Long(right)) | (Value::Decimal(left), Value::Decimal(right)) => left == right,
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::Entity(kind, id), Value::Entity(other_kind, other)) => kind == other_kind && id == other,
            (Value::Ip(left), Value::Ip(right)) => left == right,
            (Value::Set(left), Value::Set(right)) => {
                self.contains_each(left, right, true)? && self.contains_each(right, left, true)?
            }
            (Value::Record(left), Value::Record(right)) => self.same_members(left, right)?,
            _ => false,
        })
    }

    fn same_members(&self, left: &RecordValue<'a>, right: &RecordValue<'a>) -> Result<bool, EvaluationErrorKind> {
        let names = self.request.names(left);
        if names.len() != self.request.names(right).len() {
            return Ok(false);
        }
        self.spend(u32::try_from(names.len()).unwrap_or(u32::MAX))?;
        for name in names {
            let Some((Ok((left, _)), Ok((right, _)))) =
                self.request.of_record(left, name).zip(self.request.of_record(right, name))
            else {
                return Ok(false);
            };
            if !self.equal(&left, &right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
