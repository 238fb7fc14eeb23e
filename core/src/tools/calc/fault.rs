//! The named reasons for refusing a calculation, and the remedy for each.

use crate::tools::error::{ErrorKind, ToolError};
use crate::words::json::{Json, Number, Object};

/// Most bytes of one number's text.
pub(super) const NUMBER_BYTES: usize = 256;
/// Most numbers in a list.
pub(super) const LIST_NUMBERS: usize = 1_000;
/// Largest operand of a factorial.
pub(super) const FACTORIAL_OPERAND: u32 = 1_000;
/// Largest magnitude of a whole exponent.
pub(super) const WHOLE_EXPONENT: u64 = 999_999_999;
/// Largest degree of a root.
pub(super) const ROOT_DEGREE: u32 = 100;
/// Most bytes of an expression.
pub(super) const EXPRESSION_BYTES: usize = 512;
/// Deepest nesting of parentheses, calls, signs and powers.
pub(super) const EXPRESSION_DEPTH: usize = 24;
/// Most operations and calls of an expression.
pub(super) const EXPRESSION_OPERATIONS: usize = 100;

/// A reason for refusing a calculation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalcFault {
    NotANumber,
    NotAWholeNumber,
    NumberTooLong,
    NumberOutOfRange,
    ListEmpty,
    ListTooLong,
    DivisionByZero,
    QuotientTooLong,
    ResultTooLarge,
    ResultTooSmall,
    TooManyDigits,
    Undefined,
    ExponentTooLong,
    DegreeOutOfRange,
    OperandTooLarge,
    BoundsReversed,
    ModeUnknown,
    ExpressionTooLong,
    ExpressionTooDeep,
    ExpressionTooLarge,
    ExpressionCut,
    CharacterUnexpected,
    FunctionUnknown,
    ArgumentCount,
}

impl CalcFault {
    /// Returns the name for programs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NotANumber => "not_a_number",
            Self::NotAWholeNumber => "not_a_whole_number",
            Self::NumberTooLong => "number_too_long",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::ListEmpty => "list_empty",
            Self::ListTooLong => "list_too_long",
            Self::DivisionByZero => "division_by_zero",
            Self::QuotientTooLong => "quotient_too_long",
            Self::ResultTooLarge => "result_too_large",
            Self::ResultTooSmall => "result_too_small",
            Self::TooManyDigits => "too_many_digits",
            Self::Undefined => "undefined",
            Self::ExponentTooLong => "exponent_too_long",
            Self::DegreeOutOfRange => "degree_out_of_range",
            Self::OperandTooLarge => "operand_too_large",
            Self::BoundsReversed => "bounds_reversed",
            Self::ModeUnknown => "mode_unknown",
            Self::ExpressionTooLong => "expression_too_long",
            Self::ExpressionTooDeep => "expression_too_deep",
            Self::ExpressionTooLarge => "expression_too_large",
            Self::ExpressionCut => "expression_cut",
            Self::CharacterUnexpected => "character_unexpected",
            Self::FunctionUnknown => "function_unknown",
            Self::ArgumentCount => "argument_count",
        }
    }

    /// Returns a sentence on the fault and its remedy; it holds no argument.
    const fn advice(self) -> &'static str {
        match self {
            Self::NotANumber => "write a finite decimal number in ASCII, such as -12.5 or 3E+8",
            Self::NotAWholeNumber => "write a whole number with digits only, such as -12",
            Self::NumberTooLong => "write the number in at most 256 bytes",
            Self::NumberOutOfRange => "a number other than zero has a magnitude from 1E-6143 to below 1E+6145",
            Self::ListEmpty => "give at least one number",
            Self::ListTooLong => "give at most 1000 numbers",
            Self::DivisionByZero => "give a divisor other than zero",
            Self::QuotientTooLong => "the whole quotient has more than 34 digits: give operands closer in size",
            Self::ResultTooLarge => "the magnitude of the result is 1E+6145 or more: give smaller operands",
            Self::ResultTooSmall => "the magnitude of the result is below 1E-6143: give operands closer to one",
            Self::TooManyDigits => "the result would need more than 34 digits: ask for fewer places",
            Self::Undefined => "the result is no real number, or no single one: give other operands",
            Self::ExponentTooLong => "give a whole exponent of at most nine digits",
            Self::DegreeOutOfRange => "give a degree from 1 to 100",
            Self::OperandTooLarge => "give a whole number from 0 to 1000",
            Self::BoundsReversed => "give a lower bound that is not above the upper one",
            Self::ModeUnknown => "use half_even, half_up, half_down, up, down, floor or ceiling",
            Self::ExpressionTooLong => "write the expression in at most 512 bytes",
            Self::ExpressionTooDeep => "nest at most 24 levels: calculate in steps",
            Self::ExpressionTooLarge => "use at most 100 operations: calculate in steps",
            Self::ExpressionCut => "the expression ends where a number, a name or a parenthesis must follow",
            Self::CharacterUnexpected => "use numbers, + - * / % ^, parentheses, commas and functions",
            Self::FunctionUnknown => {
                "use abs, ceil, floor, ln, log, max, mean, median, min, root, round, sqrt, sum or trunc"
            }
            Self::ArgumentCount => "give the function as many arguments as it takes",
        }
    }

    /// Builds the tool's error, with the character of an expression at which the fault lies, counted from one.
    pub(super) fn into_error(self, position: Option<usize>) -> Box<ToolError> {
        let at = position.map_or_else(String::new, |position| format!(" at character {position}"));
        let message = format!("Invalid input: {}{at}: {}", self.name(), self.advice());
        let mut error = ToolError::new(ErrorKind::ToolRuntimeBadInputValue, message.clone(), message);
        let mut extra = Object::new();
        extra.insert("fault", Json::String(self.name().into()));
        if let Some(position) = position {
            extra.insert("position", Json::Number(Number::from(i64::try_from(position).unwrap_or(i64::MAX))));
        }
        error.extra = Some(Box::new(Json::Object(extra)));
        Box::new(error)
    }
}

impl From<CalcFault> for Box<ToolError> {
    fn from(fault: CalcFault) -> Self {
        fault.into_error(None)
    }
}
