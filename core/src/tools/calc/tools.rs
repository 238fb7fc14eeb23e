//! The tools: names, words for the model, inputs, and the calculation of each.

use super::decimal::{Decimal, Rounding};
use super::expression;
use super::fault::CalcFault;
use super::operations::{self, parse_list};
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{TextTool, ToolContext};

tool_input! {
    pub(super) struct Pair {
        a: String = "The number on the left, such as -12.5 or 3E+8",
        b: String = "The number on the right",
    }
}

tool_input! {
    pub(super) struct Single {
        a: String = "A decimal number, such as -12.5 or 3E+8",
    }
}

tool_input! {
    pub(super) struct Many {
        numbers: Vec<String> = "Decimal numbers, at most 1000",
    }
}

tool_input! {
    pub(super) struct WholePair {
        a: String = "A whole number, such as -12",
        b: String = "Another whole number",
    }
}

tool_input! {
    pub(super) struct Count {
        a: String = "A whole number from 0 to 1000",
    }
}

tool_input! {
    pub(super) struct Radicand {
        a: String = "The number to take the root of",
        degree: Option<String> = "The degree of the root, from 1 to 100; 2, the square root, when left out",
    }
}

tool_input! {
    pub(super) struct Antilogarithm {
        a: String = "The number to take the logarithm of, above zero",
        base: Option<String> = "The base, above zero and not one; the natural logarithm when left out",
    }
}

tool_input! {
    pub(super) struct Unrounded {
        a: String = "The number to round",
        places: Option<String> = "Digits to keep behind the point, or a negative whole number for places before it; 0 when left out",
        mode: Option<String> = "The direction: half_even (when left out), half_up, half_down, up, down, floor or ceiling",
    }
}

tool_input! {
    pub(super) struct Range {
        low: String = "The smallest whole number that may be drawn, of at most 64 bits",
        high: String = "The largest whole number that may be drawn, of at most 64 bits",
    }
}

tool_input! {
    pub(super) struct Expression {
        expression: String = "An expression, such as (1 + 0.05)^10 * round(99.995, 2): numbers, + - * / % ^, parentheses, and the functions abs, ceil, floor, ln, log(number, base), max, mean, median, min, root(number, degree), round(number, places), sqrt, sum and trunc",
    }
}

/// Declares a tool that is a function of its input alone.
macro_rules! tool {
    ($name:ident($input:ty), $snake:literal, $description:literal, $output:literal, $calculate:expr) => {
        #[doc = $description]
        pub(super) struct $name;

        impl TextTool for $name {
            type Input = $input;
            const NAME: &'static str = stringify!($name);
            const SNAKE: &'static str = $snake;
            const DESCRIPTION: &'static str = $description;
            const OUTPUT: &'static str = $output;

            fn call(input: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
                let calculate: fn($input) -> Result<String, Box<ToolError>> = $calculate;
                calculate(input)
            }
        }
    };
}

/// Calculates with two decimal numbers.
fn pair(
    Pair { a, b }: &Pair,
    operation: fn(&Decimal, &Decimal) -> Result<Decimal, CalcFault>,
) -> Result<String, Box<ToolError>> {
    let (a, b) = (Decimal::parse(a)?, Decimal::parse(b)?);
    Ok(operation(&a, &b)?.to_string())
}

/// Calculates with a list of decimal numbers.
fn many(
    Many { numbers }: &Many,
    operation: fn(&[Decimal]) -> Result<Decimal, CalcFault>,
) -> Result<String, Box<ToolError>> {
    Ok(operation(&parse_list(numbers)?)?.to_string())
}

tool!(Plus(Pair), "plus", "Adds two decimal numbers, to 34 digits.", "The sum", |input| pair(&input, Decimal::plus));

tool!(
    Minus(Pair),
    "minus",
    "Takes one decimal number from another, to 34 digits.",
    "The number on the left less the one on the right",
    |input| pair(&input, Decimal::minus)
);

tool!(Times(Pair), "times", "Multiplies two decimal numbers, to 34 digits.", "The product", |input| pair(
    &input,
    Decimal::times
));

tool!(
    DividedBy(Pair),
    "divided_by",
    "Divides one decimal number by another, to 34 digits.",
    "The number on the left divided by the one on the right",
    |input| pair(&input, Decimal::divided_by)
);

tool!(
    Remainder(Pair),
    "remainder",
    "Finds what remains of a division with a whole quotient; its sign is that of the dividend.",
    "The remainder",
    |input| pair(&input, Decimal::remainder)
);

tool!(
    RaisedTo(Pair),
    "raised_to",
    "Raises a decimal number to a power, whole or not, to 34 digits.",
    "The number on the left raised to the one on the right",
    |input| pair(&input, Decimal::raised_to)
);

tool!(
    Root(Radicand),
    "root",
    "Takes the square root of a decimal number, or another real root, to 34 digits.",
    "The root",
    |Radicand { a, degree }| {
        let degree = degree.map_or(Ok(Decimal::whole(2)), |degree| Decimal::parse(&degree))?;
        Ok(operations::root(&Decimal::parse(&a)?, &degree)?.to_string())
    }
);

tool!(
    Logarithm(Antilogarithm),
    "logarithm",
    "Takes the natural logarithm of a decimal number, or that to another base, to 34 digits.",
    "The logarithm",
    |Antilogarithm { a, base }| {
        let base = base.map(|base| Decimal::parse(&base)).transpose()?;
        Ok(Decimal::parse(&a)?.logarithm(base.as_ref())?.to_string())
    }
);

tool!(Magnitude(Single), "magnitude", "Takes the sign off a decimal number.", "The absolute value", |Single { a }| Ok(
    Decimal::parse(&a)?.magnitude()?.to_string()
));

tool!(
    Rounded(Unrounded),
    "rounded",
    "Rounds a decimal number to a number of places, in one of seven directions.",
    "The rounded number",
    |Unrounded { a, places, mode }| {
        let places = places.map_or(Ok(Decimal::whole(0)), |places| Decimal::parse(&places))?;
        let mode = Rounding::named(mode.as_deref().unwrap_or("half_even")).ok_or(CalcFault::ModeUnknown)?;
        Ok(operations::round(&Decimal::parse(&a)?, &places, mode)?.to_string())
    }
);

tool!(
    Total(Many),
    "total",
    "Adds the numbers of a list from the first to the last; nothing adds up to 0.",
    "The sum of the list",
    |input| many(&input, operations::total)
);

tool!(
    Mean(Many),
    "mean",
    "Finds the arithmetic mean of a list of numbers.",
    "The sum of the list divided by its length",
    |input| many(&input, operations::mean)
);

tool!(
    MiddleValue(Many),
    "middle_value",
    "Finds the median of a list of numbers: the one in the middle of their order, or the mean of the two.",
    "The median",
    |input| many(&input, operations::middle)
);

tool!(
    CommonDivisor(WholePair),
    "common_divisor",
    "Finds the greatest whole number that divides two whole numbers.",
    "The greatest common divisor",
    |WholePair { a, b }| Ok(operations::common_divisor(&a, &b)?.to_string())
);

tool!(
    CommonMultiple(WholePair),
    "common_multiple",
    "Finds the least whole number that two whole numbers divide; 0 when one of them is 0.",
    "The least common multiple",
    |WholePair { a, b }| Ok(operations::common_multiple(&a, &b)?.to_string())
);

tool!(
    Arrangements(Count),
    "arrangements",
    "Counts the orders in which a number of things can stand: its factorial, with every digit.",
    "The factorial",
    |Count { a }| Ok(operations::factorial(&a)?.to_string())
);

tool!(
    Evaluate(Expression),
    "evaluate",
    "Calculates an expression; each of its operations is rounded to 34 digits.",
    "The value of the expression",
    |Expression { expression }| Ok(expression::evaluate(&expression)?.to_string())
);

/// Draws a random whole number between two bounds, both included.
pub(super) struct Draw;

impl TextTool for Draw {
    type Input = Range;
    const NAME: &'static str = "Draw";
    const SNAKE: &'static str = "draw";
    const DESCRIPTION: &'static str = "Draws a random whole number between two bounds, both included.";
    const OUTPUT: &'static str = "The number drawn";
    const DETERMINISTIC: bool = false;

    fn call(Range { low, high }: Self::Input, context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        Ok(operations::draw(&low, &high, || context.random())?.to_string())
    }
}
