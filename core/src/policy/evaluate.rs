//! Evaluates expressions as Cedar defines them; for a partly unknown request, computes the possible outcomes.
//!
//! INVARIANT (sound): where a request with unknown parts gives `Value::Unknown(possible)`, every way of filling in
//! these parts gives an outcome that is in `possible`. Where it gives anything else, every way gives just that.

mod compare;
mod operate;

use std::cell::Cell;

use super::ast::{Binary, Expr, Kind, Variable};
use super::request::PolicyRequest;
use super::value::{EvaluationErrorKind, Possible, RecordValue, SetValue, Value, literal};
use crate::words::limits;
use operate::{like, unary};

/// Evaluates the conditions of one decision, within its budget of steps.
pub(super) struct Evaluator<'a> {
    request: &'a PolicyRequest<'a>,
    steps: Cell<u32>,
}

type Evaluated<'a> = Result<Value<'a>, EvaluationErrorKind>;

impl<'a> Evaluator<'a> {
    pub(super) const fn new(request: &'a PolicyRequest<'a>) -> Self {
        Self { request, steps: Cell::new(limits::POLICY_STEPS) }
    }

    fn spend(&self, steps: u32) -> Result<(), EvaluationErrorKind> {
        let left = self.steps.get().checked_sub(steps).ok_or(EvaluationErrorKind::TooCostly);
        self.steps.set(left.unwrap_or(0));
        left.map(|_| ())
    }

    /// Returns the possible outcomes of all of these conditions together.
    pub(super) fn conditions(&self, conditions: &'a [Expr]) -> (Possible, Option<EvaluationErrorKind>) {
        match self.chain(conditions, false) {
            Ok(value) => (possible(&value), None),
            Err(kind) => (Possible::ERROR, Some(kind)),
        }
    }

    fn value(&self, expr: &'a Expr) -> Evaluated<'a> {
        self.spend(1)?;
        match expr {
            Expr::Bool(_) | Expr::Long(_) | Expr::Text(_) | Expr::Entity(_) => {
                literal(expr).ok_or(EvaluationErrorKind::Type)
            }
            Expr::Variable(variable) => Ok(match variable {
                Variable::Principal => Value::Entity(Kind::Caller, self.request.caller.id.as_str()),
                Variable::Action => Value::Entity(Kind::Action, self.request.action.as_str()),
                Variable::Resource => self.request.resource_value(),
                Variable::Context => self.whole_context(),
            }),
            Expr::If(parts) => self.conditional(parts),
            Expr::And(parts) => self.chain(parts, false),
            Expr::Or(parts) => self.chain(parts, true),
            Expr::Unary(operation, operand) => unary(*operation, self.value(operand)?),
            Expr::Binary(operation, operands) => {
                let [left, right] = &**operands;
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.binary(*operation, left, right)
            }
            Expr::Attribute(base, name) => self.attribute(&self.base(base)?, name),
            Expr::Has(base, names) => self.has(self.base(base)?, names),
            Expr::Like(operand, pattern) => match self.value(operand)? {
                Value::Text(text) => {
                    self.spend(u32::try_from(text.len() / 64).unwrap_or(u32::MAX))?;
                    like(text, pattern, |steps| self.spend(steps)).map(Value::Bool)
                }
                Value::Unknown(_) => Ok(Value::Unknown(Possible::TEST)),
                _ => Err(EvaluationErrorKind::Type),
            },
            Expr::Is(operand, kind, container) => match (self.value(operand)?, container) {
                (Value::Entity(found, _), _) if found != *kind => Ok(Value::Bool(false)),
                (Value::Entity(..), None) => Ok(Value::Bool(true)),
                (entity @ Value::Entity(..), Some(container)) => {
                    let container = self.value(container)?;
                    self.binary(Binary::In, entity, container)
                }
                (Value::Unknown(_), _) => Ok(Value::Unknown(Possible::TEST)),
                _ => Err(EvaluationErrorKind::Type),
            },
            Expr::LiteralSet(items) => Ok(Value::Set(SetValue::Literals(items))),
            Expr::Set(items) => {
                let values = items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
                if values.iter().any(is_unknown) {
                    return Ok(Value::Unknown(Possible::OTHER.or(Possible::ERROR)));
                }
                Ok(Value::Set(SetValue::Values(values.into())))
            }
            Expr::Record(members) => {
                let member = |(name, value): &'a (Box<str>, Expr)| Ok((&**name, self.value(value)?));
                let values = members.iter().map(member).collect::<Result<Vec<_>, EvaluationErrorKind>>()?;
                if values.iter().any(|(_, value)| is_unknown(value)) {
                    return Ok(Value::Unknown(Possible::OTHER.or(Possible::ERROR)));
                }
                Ok(Value::Record(RecordValue::Values(values.into())))
            }
        }
    }

    /// Evaluates the value that an attribute is read from.
    fn base(&self, expr: &'a Expr) -> Evaluated<'a> {
        match expr {
            Expr::Variable(Variable::Context) => Ok(Value::Record(RecordValue::Context)),
            _ => self.value(expr),
        }
    }

    /// Returns the context as one value: unknown as soon as a part of it is.
    fn whole_context(&self) -> Value<'a> {
        let record = RecordValue::Context;
        let is_unknown = |name| matches!(self.request.of_record(&record, name), Some(Ok((Value::Unknown(_), _))));
        if self.request.names(&record).into_iter().any(is_unknown) {
            return Value::Unknown(Possible::ANYTHING);
        }
        Value::Record(record)
    }

    /// Evaluates `&&` (ended by `false`) and `||` (ended by `true`).
    fn chain(&self, parts: &'a [Expr], end: bool) -> Evaluated<'a> {
        let (ends, goes_on) = if end { (Possible::TRUE, Possible::FALSE) } else { (Possible::FALSE, Possible::TRUE) };
        // Possible outcomes of the parts before the current one; nothing while all of them were known.
        let mut before = Possible::NONE;
        let mut is_known = true;
        for part in parts {
            let outcome = match self.value(part) {
                Ok(Value::Bool(value)) if value == end => ends,
                Ok(Value::Bool(_)) => continue,
                Ok(Value::Unknown(outcome)) => {
                    is_known = false;
                    if outcome.has(ends) {
                        before = before.or(ends);
                    }
                    if outcome.has(Possible::ERROR.or(Possible::OTHER)) {
                        before = before.or(Possible::ERROR);
                    }
                    if outcome.has(goes_on) {
                        continue;
                    }
                    return Ok(Value::Unknown(before));
                }
                Ok(_) if is_known => return Err(EvaluationErrorKind::Type),
                Err(kind) if is_known => return Err(kind),
                Ok(_) | Err(_) => Possible::ERROR,
            };
            return Ok(if is_known { Value::Bool(end) } else { Value::Unknown(before.or(outcome)) });
        }
        Ok(if is_known { Value::Bool(!end) } else { Value::Unknown(before.or(goes_on)) })
    }

    fn conditional(&self, [condition, then, other]: &'a [Expr; 3]) -> Evaluated<'a> {
        match self.value(condition)? {
            Value::Bool(true) => self.value(then),
            Value::Bool(false) => self.value(other),
            Value::Unknown(outcome) => {
                let mut all = Possible::NONE;
                for (when, expr) in [(Possible::TRUE, then), (Possible::FALSE, other)] {
                    if outcome.has(when) {
                        all = all.or(self.value(expr).map_or(Possible::ERROR, |value| possible(&value)));
                    }
                }
                if outcome.has(Possible::ERROR.or(Possible::OTHER)) {
                    all = all.or(Possible::ERROR);
                }
                Ok(Value::Unknown(all))
            }
            _ => Err(EvaluationErrorKind::Type),
        }
    }

    fn attribute(&self, base: &Value<'a>, name: &str) -> Evaluated<'a> {
        let found = match base {
            Value::Record(record) => self.request.of_record(record, name),
            Value::Entity(kind, id) => self.request.of_entity(*kind, id, name),
            Value::Unknown(_) => return Ok(Value::Unknown(Possible::ANYTHING)),
            _ => return Err(EvaluationErrorKind::Type),
        };
        let (value, looked_at) = found.ok_or(EvaluationErrorKind::Missing)??;
        self.spend(looked_at)?;
        Ok(value)
    }

    fn has(&self, mut base: Value<'a>, names: &'a [Box<str>]) -> Evaluated<'a> {
        for (index, name) in names.iter().enumerate() {
            let found = match &base {
                Value::Record(record) => self.request.of_record(record, name),
                Value::Entity(kind, id) => self.request.of_entity(*kind, id, name),
                Value::Unknown(_) => return Ok(Value::Unknown(Possible::TEST)),
                _ => return Err(EvaluationErrorKind::Type),
            };
            let Some(found) = found else {
                return Ok(Value::Bool(false));
            };
            if index.saturating_add(1) < names.len() {
                let (value, looked_at) = found?;
                self.spend(looked_at)?;
                base = value;
            } else if let Ok((Value::Unknown(_), _)) = found {
                return Ok(Value::Unknown(Possible::TEST));
            }
        }
        Ok(Value::Bool(true))
    }

    fn binary(&self, operation: Binary, left: Value<'a>, right: Value<'a>) -> Evaluated<'a> {
        if is_unknown(&left) || is_unknown(&right) {
            let is_arithmetic = matches!(operation, Binary::Add | Binary::Subtract | Binary::Multiply);
            let error = Possible::ERROR;
            return Ok(Value::Unknown(if is_arithmetic { error.or(Possible::OTHER) } else { Possible::TEST }));
        }
        let compared = |holds: fn(i64, i64) -> bool| match (&left, &right) {
            (Value::Long(left), Value::Long(right)) => Ok(Value::Bool(holds(*left, *right))),
            _ => Err(EvaluationErrorKind::Type),
        };
        let computed = |compute: fn(i64, i64) -> Option<i64>| match (&left, &right) {
            (Value::Long(left), Value::Long(right)) => {
                compute(*left, *right).map(Value::Long).ok_or(EvaluationErrorKind::Overflow)
            }
            _ => Err(EvaluationErrorKind::Type),
        };
        let decimals = |holds: fn(i64, i64) -> bool| match (&left, &right) {
            (Value::Decimal(left), Value::Decimal(right)) => Ok(Value::Bool(holds(*left, *right))),
            _ => Err(EvaluationErrorKind::Type),
        };
        match operation {
            Binary::Equal => self.equal_whole(&left, &right).map(Value::Bool),
            Binary::NotEqual => self.equal_whole(&left, &right).map(|equal| Value::Bool(!equal)),
            Binary::Less => compared(|left, right| left < right),
            Binary::LessEqual => compared(|left, right| left <= right),
            Binary::Greater => compared(|left, right| left > right),
            Binary::GreaterEqual => compared(|left, right| left >= right),
            Binary::Add => computed(i64::checked_add),
            Binary::Subtract => computed(i64::checked_sub),
            Binary::Multiply => computed(i64::checked_mul),
            Binary::DecimalLess => decimals(|left, right| left < right),
            Binary::DecimalLessEqual => decimals(|left, right| left <= right),
            Binary::DecimalGreater => decimals(|left, right| left > right),
            Binary::DecimalGreaterEqual => decimals(|left, right| left >= right),
            Binary::IsInRange => match (left, right) {
                (Value::Ip(left), Value::Ip(right)) => Ok(Value::Bool(left.is_in(right))),
                _ => Err(EvaluationErrorKind::Type),
            },
            Binary::In => self.is_in(&left, &right),
            Binary::Contains => match &left {
                Value::Set(set) => {
                    self.check_whole(&left)?;
                    self.check_whole(&right)?;
                    self.contains(set, &right).map(Value::Bool)
                }
                _ => Err(EvaluationErrorKind::Type),
            },
            Binary::ContainsAll | Binary::ContainsAny => match (&left, &right) {
                (Value::Set(set), Value::Set(wanted)) => {
                    self.check_whole(&left)?;
                    self.check_whole(&right)?;
                    self.contains_each(set, wanted, operation == Binary::ContainsAll).map(Value::Bool)
                }
                _ => Err(EvaluationErrorKind::Type),
            },
        }
    }

    fn is_in(&self, left: &Value<'a>, right: &Value<'a>) -> Evaluated<'a> {
        let Value::Entity(kind, id) = left else {
            return Err(EvaluationErrorKind::Type);
        };
        let is_in = |container: (Kind, &str)| self.request.is_in((*kind, id), container);
        let set = match right {
            Value::Entity(kind, id) => {
                return Ok(is_in((*kind, id)).map_or(Value::Unknown(Possible::TEST), Value::Bool));
            }
            Value::Set(set) => set,
            _ => return Err(EvaluationErrorKind::Type),
        };
        let (mut holds, mut is_known) = (false, true);
        for index in 0..set.len() {
            self.spend(1)?;
            let Some(Value::Entity(kind, id)) = set.get(index) else {
                return Err(EvaluationErrorKind::Type);
            };
            match is_in((kind, id)) {
                Some(is_there) => holds |= is_there,
                None => is_known = false,
            }
        }
        Ok(if holds || is_known { Value::Bool(holds) } else { Value::Unknown(Possible::TEST) })
    }
}

const fn is_unknown(value: &Value<'_>) -> bool {
    matches!(value, Value::Unknown(_))
}

/// Returns the possible outcomes of a condition with this value.
fn possible(value: &Value<'_>) -> Possible {
    match value {
        Value::Bool(true) => Possible::TRUE,
        Value::Bool(false) => Possible::FALSE,
        Value::Unknown(possible) => *possible,
        _ => Possible::OTHER,
    }
}
