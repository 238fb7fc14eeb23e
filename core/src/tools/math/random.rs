//! Random numbers: with a seed, Python's own sequence; without, the caller's randomness.

use num_bigint::{BigInt, BigUint, Sign};

use super::mersenne::Mersenne;
use super::number::{float, int};
use super::python::{repr_float, str_int};
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct RandomIntInput {
        min_value: String = "The minimum value of the random integer as a string",
        max_value: String = "The maximum value of the random integer as a string",
        seed: Option<String> = "The seed for the random number generator as a string. If None, the current system time is used.",
    }
}

tool_input! {
    pub(super) struct RandomFloatInput {
        min_value: String = "The minimum value of the random float as a string",
        max_value: String = "The maximum value of the random float as a string",
        seed: Option<String> = "The seed for the random number generator as a string. If None, the current system time is used.",
    }
}

/// Where random bits come from.
enum Source<'a, 'b> {
    Seeded(Box<Mersenne>),
    Caller(&'a mut ToolContext<'b>),
}

impl<'a, 'b> Source<'a, 'b> {
    fn new(seed: Option<String>, context: &'a mut ToolContext<'b>) -> Result<Self, Box<ToolError>> {
        Ok(match seed {
            Some(seed) => Self::Seeded(Box::new(Mersenne::seeded(int(&seed)?.magnitude()))),
            None => Self::Caller(context),
        })
    }

    fn word(&mut self) -> u32 {
        match self {
            Self::Seeded(mersenne) => mersenne.next(),
            // The upper half: the better one of simple generators.
            Self::Caller(context) => u32::try_from(context.random() >> 32).unwrap_or_default(),
        }
    }

    /// Python's `getrandbits`: words from the least significant on, the last one shortened from below.
    #[expect(clippy::arithmetic_side_effects, reason = "a chunk of at most 32 bits keeps the shift below 32")]
    fn bits(&mut self, count: u64) -> BigUint {
        let chunks = (0..count).step_by(32).map(|done| (count - done).min(32));
        BigUint::new(chunks.map(|bits| self.word() >> (32 - bits)).collect())
    }

    /// A number below `bound`, which is not zero: the first of the draws that is.
    fn below(&mut self, bound: &BigUint) -> BigUint {
        let bits = bound.bits();
        // Each draw fits with a chance above one half; the bound on the draws is beyond any run that will be met.
        (0..256).map(|_| self.bits(bits)).find(|draw| draw < bound).unwrap_or_default()
    }

    /// A float of 53 random bits in [0, 1).
    fn unit(&mut self) -> f64 {
        let (high, low) = (f64::from(self.word() >> 5), f64::from(self.word() >> 6));
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }
}

/// Generate a random integer between min_value and max_value (inclusive).
pub(super) struct GenerateRandomInt;

impl Tool for GenerateRandomInt {
    type Input = RandomIntInput;
    const NAME: &'static str = "GenerateRandomInt";
    const SNAKE: &'static str = "generate_random_int";
    const DESCRIPTION: &'static str = "Generate a random integer between min_value and max_value (inclusive).";
    const OUTPUT: &'static str = "A random integer between min_value and max_value as a string";
    const DETERMINISTIC: bool = false;

    fn call(
        RandomIntInput { min_value, max_value, seed }: Self::Input,
        context: &mut ToolContext<'_>,
    ) -> Result<String, Box<ToolError>> {
        let mut source = Source::new(seed, context)?;
        let (min, max) = (int(&min_value)?, int(&max_value)?);
        let (width, stop) = width(&min, max);
        if width.sign() != Sign::Plus {
            // Python writes the three with %d, which has the same limit on digits as str().
            let (min, stop, width) = (str_int(&min)?, str_int(&stop)?, str_int(&width)?);
            let message = format!("empty range for randrange() ({min}, {stop}, {width})");
            return Err(ToolError::unhandled("ValueError", &message));
        }
        str_int(&offset(min, source.below(width.magnitude())))
    }
}

/// The width of the half-open range and its end.
#[expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow")]
fn width(min: &BigInt, max: BigInt) -> (BigInt, BigInt) {
    let stop = max + 1;
    (&stop - min, stop)
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers do not overflow")]
fn offset(min: BigInt, by: BigUint) -> BigInt {
    min + BigInt::from(by)
}

/// Generate a random float between min_value and max_value.
pub(super) struct GenerateRandomFloat;

impl Tool for GenerateRandomFloat {
    type Input = RandomFloatInput;
    const NAME: &'static str = "GenerateRandomFloat";
    const SNAKE: &'static str = "generate_random_float";
    const DESCRIPTION: &'static str = "Generate a random float between min_value and max_value.";
    const OUTPUT: &'static str = "A random float between min_value and max_value as a string";
    const DETERMINISTIC: bool = false;

    fn call(
        RandomFloatInput { min_value, max_value, seed }: Self::Input,
        context: &mut ToolContext<'_>,
    ) -> Result<String, Box<ToolError>> {
        let mut source = Source::new(seed, context)?;
        let (min, max) = (float(&min_value)?, float(&max_value)?);
        Ok(repr_float(min + (max - min) * source.unit()))
    }
}
