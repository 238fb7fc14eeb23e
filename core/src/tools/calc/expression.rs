//! Expressions: read from left to right and calculated at once, every operation with one rounding.
//!
//! From the loosest to the tightest: `+ -`, `* / %`, signs, `^` (from the right; its exponent may have a sign). Names
//! are in lower case.

use super::decimal::{Decimal, Rounding};
use super::fault::{CalcFault, EXPRESSION_BYTES, EXPRESSION_DEPTH, EXPRESSION_OPERATIONS};
use super::operations::{extreme, mean, middle, root, round, total};
use crate::tools::error::ToolError;

/// A function with the least and the most arguments that it takes.
struct Function {
    name: &'static str,
    least: usize,
    most: usize,
    call: fn(&[Decimal]) -> Result<Decimal, CalcFault>,
}

/// The functions, in the order of their names.
const FUNCTIONS: [Function; 14] = [
    Function { name: "abs", least: 1, most: 1, call: |list| first(list)?.magnitude() },
    Function { name: "ceil", least: 1, most: 1, call: |list| first(list)?.round_to(0, Rounding::Ceiling) },
    Function { name: "floor", least: 1, most: 1, call: |list| first(list)?.round_to(0, Rounding::Floor) },
    Function { name: "ln", least: 1, most: 1, call: |list| first(list)?.logarithm(None) },
    Function { name: "log", least: 2, most: 2, call: |list| first(list)?.logarithm(list.get(1)) },
    Function { name: "max", least: 1, most: usize::MAX, call: |list| extreme(list, true) },
    Function { name: "mean", least: 1, most: usize::MAX, call: mean },
    Function { name: "median", least: 1, most: usize::MAX, call: middle },
    Function { name: "min", least: 1, most: usize::MAX, call: |list| extreme(list, false) },
    Function { name: "root", least: 2, most: 2, call: |list| root(first(list)?, second(list)?) },
    Function {
        name: "round",
        least: 1,
        most: 2,
        call: |list| round(first(list)?, list.get(1).unwrap_or(&Decimal::whole(0)), Rounding::HalfEven),
    },
    Function { name: "sqrt", least: 1, most: 1, call: |list| first(list)?.root(2) },
    Function { name: "sum", least: 1, most: usize::MAX, call: total },
    Function { name: "trunc", least: 1, most: 1, call: |list| first(list)?.round_to(0, Rounding::Down) },
];

fn first(list: &[Decimal]) -> Result<&Decimal, CalcFault> {
    list.first().ok_or(CalcFault::ArgumentCount)
}

fn second(list: &[Decimal]) -> Result<&Decimal, CalcFault> {
    list.get(1).ok_or(CalcFault::ArgumentCount)
}

/// A fault and the byte at which it lies, counted from zero.
type LocatedFault = (CalcFault, usize);

/// The state of reading one expression.
struct ExpressionReader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    operations: usize,
}

/// Calculates an expression.
pub(super) fn evaluate(text: &str) -> Result<Decimal, Box<ToolError>> {
    if text.len() > EXPRESSION_BYTES {
        return Err(CalcFault::ExpressionTooLong.into());
    }
    let mut reader = ExpressionReader { text, at: 0, depth: 0, operations: 0 };
    let result = reader.sum().and_then(|value| match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected()),
    });
    result.map_err(|(fault, at)| {
        let before = text.get(..at).unwrap_or(text);
        fault.into_error(Some(before.chars().count().saturating_add(1)))
    })
}

impl ExpressionReader<'_> {
    /// Returns the next byte that is no space, and stands at it.
    fn peek(&mut self) -> Option<u8> {
        while self.text.as_bytes().get(self.at) == Some(&b' ') {
            self.at = self.at.saturating_add(1);
        }
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes the next byte when it is this one.
    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn unexpected(&self) -> LocatedFault {
        let cut = self.at >= self.text.len();
        (if cut { CalcFault::ExpressionCut } else { CalcFault::CharacterUnexpected }, self.at)
    }

    /// Passes the longest run of such bytes and returns it.
    fn run(&mut self, belongs: impl Fn(u8) -> bool) -> &str {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| belongs(**byte)).count();
        let start = self.at;
        self.at = start.saturating_add(length);
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Counts an operation at `at`.
    fn count(&mut self, at: usize) -> Result<(), LocatedFault> {
        self.operations = self.operations.saturating_add(1);
        if self.operations > EXPRESSION_OPERATIONS { Err((CalcFault::ExpressionTooLarge, at)) } else { Ok(()) }
    }

    /// Reads something one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, LocatedFault>) -> Result<T, LocatedFault> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > EXPRESSION_DEPTH {
            return Err((CalcFault::ExpressionTooDeep, self.at));
        }
        let result = read(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    /// Calculates `left operator right`, whose operator stands at `at`.
    fn binary(&mut self, at: usize, operator: u8, left: &Decimal, right: &Decimal) -> Result<Decimal, LocatedFault> {
        self.count(at)?;
        let result = match operator {
            b'+' => left.plus(right),
            b'-' => left.minus(right),
            b'*' => left.times(right),
            b'/' => left.divided_by(right),
            b'%' => left.remainder(right),
            _ => left.raised_to(right),
        };
        result.map_err(|fault| (fault, at))
    }

    fn sum(&mut self) -> Result<Decimal, LocatedFault> {
        let mut left = self.product()?;
        while let Some(operator @ (b'+' | b'-')) = self.peek() {
            let at = self.at;
            self.at = at.saturating_add(1);
            let right = self.product()?;
            left = self.binary(at, operator, &left, &right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Decimal, LocatedFault> {
        let mut left = self.sign()?;
        while let Some(operator @ (b'*' | b'/' | b'%')) = self.peek() {
            let at = self.at;
            self.at = at.saturating_add(1);
            let right = self.sign()?;
            left = self.binary(at, operator, &left, &right)?;
        }
        Ok(left)
    }

    fn sign(&mut self) -> Result<Decimal, LocatedFault> {
        if self.take(b'+') {
            return self.deeper(Self::sign);
        }
        if !self.take(b'-') {
            return self.power();
        }
        let at = self.at.saturating_sub(1);
        let operand = self.deeper(Self::sign)?;
        self.count(at)?;
        operand.negated().map_err(|fault| (fault, at))
    }

    fn power(&mut self) -> Result<Decimal, LocatedFault> {
        let base = self.primary()?;
        if !self.take(b'^') {
            return Ok(base);
        }
        let at = self.at.saturating_sub(1);
        let exponent = self.deeper(Self::sign)?;
        self.binary(at, b'^', &base, &exponent)
    }

    fn primary(&mut self) -> Result<Decimal, LocatedFault> {
        match self.peek() {
            Some(b'(') => {
                self.at = self.at.saturating_add(1);
                let value = self.deeper(Self::sum)?;
                if self.take(b')') { Ok(value) } else { Err(self.unexpected()) }
            }
            Some(b'0'..=b'9' | b'.') => self.number(),
            Some(b'a'..=b'z') => self.call(),
            _ => Err(self.unexpected()),
        }
    }

    /// Reads digits, a point among them, and an exponent if a digit follows its letter.
    fn number(&mut self) -> Result<Decimal, LocatedFault> {
        let start = self.at;
        self.run(|byte| byte.is_ascii_digit() || byte == b'.');
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        match rest {
            [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] => self.at = self.at.saturating_add(2),
            [b'e' | b'E', b'0'..=b'9', ..] => self.at = self.at.saturating_add(1),
            _ => {}
        }
        self.run(|byte| byte.is_ascii_digit());
        Decimal::parse(self.text.get(start..self.at).unwrap_or_default()).map_err(|fault| (fault, start))
    }

    fn call(&mut self) -> Result<Decimal, LocatedFault> {
        let start = self.at;
        let name = self.run(|byte| byte.is_ascii_lowercase());
        let function = FUNCTIONS.iter().find(|function| function.name == name);
        let function = function.ok_or((CalcFault::FunctionUnknown, start))?;
        if !self.take(b'(') {
            return Err(self.unexpected());
        }
        let arguments = self.deeper(|reader| {
            let mut arguments = vec![reader.sum()?];
            while reader.take(b',') {
                arguments.push(reader.sum()?);
            }
            if reader.take(b')') { Ok(arguments) } else { Err(reader.unexpected()) }
        })?;
        self.count(start)?;
        if !(function.least..=function.most).contains(&arguments.len()) {
            return Err((CalcFault::ArgumentCount, start));
        }
        (function.call)(&arguments).map_err(|fault| (fault, start))
    }
}
