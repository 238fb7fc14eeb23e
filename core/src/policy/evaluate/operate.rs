//! Operations on one value, and patterns.

use super::super::ast::{Piece, Unary};
use super::super::extension::{Ip, decimal};
use super::super::value::{EvaluationErrorKind, Possible, Value};
use super::Evaluated;

pub(super) fn unary<'a>(operation: Unary, value: Value<'a>) -> Evaluated<'a> {
    if let Value::Unknown(possible) = value {
        return Ok(Value::Unknown(match operation {
            Unary::Not => negated(possible),
            Unary::Negate | Unary::Ip | Unary::Decimal => Possible::OTHER.or(Possible::ERROR),
            _ => Possible::TEST,
        }));
    }
    Ok(match (operation, value) {
        (Unary::Not, Value::Bool(value)) => Value::Bool(!value),
        (Unary::Negate, Value::Long(value)) => Value::Long(value.checked_neg().ok_or(EvaluationErrorKind::Overflow)?),
        (Unary::IsEmpty, Value::Set(set)) => Value::Bool(set.len() == 0),
        (Unary::Ip, Value::Text(text)) => Value::Ip(Ip::new(text).ok_or(EvaluationErrorKind::Extension)?),
        (Unary::Decimal, Value::Text(text)) => Value::Decimal(decimal(text).ok_or(EvaluationErrorKind::Extension)?),
        (Unary::IsIpv4, Value::Ip(ip)) => Value::Bool(ip.is_ipv4()),
        (Unary::IsIpv6, Value::Ip(ip)) => Value::Bool(!ip.is_ipv4()),
        (Unary::IsLoopback, Value::Ip(ip)) => Value::Bool(ip.is_loopback()),
        (Unary::IsMulticast, Value::Ip(ip)) => Value::Bool(ip.is_multicast()),
        _ => return Err(EvaluationErrorKind::Type),
    })
}

fn negated(possible: Possible) -> Possible {
    let mut all = Possible::NONE;
    for (when, then) in [
        (Possible::TRUE, Possible::FALSE),
        (Possible::FALSE, Possible::TRUE),
        (Possible::ERROR.or(Possible::OTHER), Possible::ERROR),
    ] {
        if possible.has(when) {
            all = all.or(then);
        }
    }
    all
}

/// Returns true if the text matches the pattern. A star that did not fit is retried one letter later, so the work is at
/// most the product of both lengths; its steps are spent as it proceeds.
pub(super) fn like(
    text: &str,
    pattern: &[Piece],
    spend: impl Fn(u32) -> Result<(), EvaluationErrorKind>,
) -> Result<bool, EvaluationErrorKind> {
    let (mut rest, mut at) = (text.chars(), 0_usize);
    // The last star: the pattern's position behind it, and the text from which it is tried next.
    let mut last: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut next = rest.clone();
        match (pattern.get(at), next.next()) {
            (None, None) => return Ok(true),
            (Some(Piece::Any), _) => {
                at = at.saturating_add(1);
                last = Some((at, rest.clone()));
                continue;
            }
            (Some(Piece::Letter(wanted)), Some(letter)) if *wanted == letter => {
                (rest, at) = (next, at.saturating_add(1));
                continue;
            }
            _ => {}
        }
        // Back to the last star, which takes one letter more.
        let Some((behind, mut from)) = last.take() else {
            return Ok(false);
        };
        spend(u32::try_from(at.saturating_sub(behind)).unwrap_or(u32::MAX).saturating_add(1))?;
        if from.next().is_none() {
            return Ok(false);
        }
        (rest, at) = (from.clone(), behind);
        last = Some((behind, from));
    }
}
