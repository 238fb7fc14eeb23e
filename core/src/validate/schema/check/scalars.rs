//! Rules of numbers, texts and counts.

use super::{At, Check, Overrun};
use crate::validate::schema::number::NormalizedNumber;
use crate::validate::schema::rules::{CountBound, Rule};
use crate::words::json::{Json, Number};

/// Returns true if the number is whole; `None` when it is out of range.
pub(super) fn is_whole(number: &Number<'_>) -> Option<bool> {
    if number.is_integer_text() {
        Some(true)
    } else {
        NormalizedNumber::parse(number.as_str()).map(|number| number.is_whole())
    }
}

impl Check<'_> {
    pub(super) fn number(&mut self, rule: &Rule, at: &At<'_, '_>) -> bool {
        let Json::Number(number) = at.value else { return true };
        if matches!(rule, Rule::Finite) {
            return number.is_integer_text()
                || number.as_f64().is_finite()
                || self.fault(at.path, "finite", || "Input should be a finite number".to_owned());
        }
        if let Rule::Bound { bound, small: Some(limit), text, .. } = rule
            && let Some(value) = number.as_i64()
        {
            let fits = bound.holds(&value, limit);
            let (name, words) = bound.words();
            return fits || self.fault(at.path, name, || format!("Input should be {words} {text}"));
        }
        if !self.spend(number.as_str().len() >> 4) {
            return false;
        }
        let Some(value) = NormalizedNumber::parse(number.as_str()) else {
            return self.give_up(Overrun::NumberRange);
        };
        match rule {
            Rule::Bound { bound, limit, text, .. } => {
                let (name, words) = bound.words();
                bound.holds(&value, limit) || self.fault(at.path, name, || format!("Input should be {words} {text}"))
            }
            Rule::MultipleOf { divisor, text } => {
                divisor.divides(&value)
                    || self.fault(at.path, "multipleOf", || format!("Input should be a multiple of {text}"))
            }
            _ => true,
        }
    }

    pub(super) fn text(&mut self, rule: &Rule, at: &At<'_, '_>) -> bool {
        let Json::String(text) = at.value else { return true };
        match rule {
            Rule::Words(words) => {
                if !self.spend(words.len()) {
                    return false;
                }
                words.iter().any(|word| **word == **text)
                    || self.fault(at.path, "enum", || format!("Input should be one of {}", words.join(", ")))
            }
            Rule::Pattern(pattern) => match pattern.is_match(text, &mut self.steps) {
                None => self.give_up(Overrun::Steps),
                Some(true) => true,
                Some(false) => {
                    self.fault(at.path, "pattern", || ["Input should fit the pattern ", pattern.source()].concat())
                }
            },
            Rule::Format(format) => {
                self.spend(text.len() >> 4)
                    && (format.fits(text)
                        || self.fault(at.path, "format", || ["Input should have the format ", format.name()].concat()))
            }
            _ => true,
        }
    }

    pub(super) fn count(&mut self, count: CountBound, limit: u64, at: &At<'_, '_>) -> bool {
        let counted = match (count, at.value) {
            (CountBound::MinLength | CountBound::MaxLength, Json::String(text)) => {
                // Bytes bound characters from above: often they need not be counted.
                let bytes = text.len();
                let is_short = u64::try_from(bytes).is_ok_and(|bytes| bytes <= limit);
                if count == CountBound::MaxLength && is_short { bytes } else { text.chars().count() }
            }
            (CountBound::MinItems | CountBound::MaxItems, Json::Array(items)) => items.len(),
            (CountBound::MinProperties | CountBound::MaxProperties, Json::Object(object)) => object.len(),
            _ => return true,
        };
        let counted = u64::try_from(counted).unwrap_or(u64::MAX);
        let (name, is_lower, what) = count.words();
        let fits = if is_lower { counted >= limit } else { counted <= limit };
        let side = if is_lower { "least" } else { "most" };
        fits || self.fault(at.path, name, || format!("Input should have at {side} {limit} {what}"))
    }
}
