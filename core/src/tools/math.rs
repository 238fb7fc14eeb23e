//! Arcade's Math toolkit as local tools: twins of arcade-math 2.0.2 as its worker serves it.
//!
//! Same names, definitions, values, error kinds and messages; `tests/differential` compares them with the real worker.
//! What differs is written down in [`limits`]: calls whose work would be too much are refused by name.

mod arithmetic;
mod decimal;
mod exponents;
mod limits;
mod mersenne;
mod miscellaneous;
mod number;
mod python;
mod random;
mod rational;
mod rounding;
mod statistics;
mod trigonometry;

use super::{LocalTool, Toolkit};

/// The toolkit.
pub(super) static TOOLKIT: Toolkit =
    Toolkit { name: "Math", description: "Arcade.dev LLM tools for doing math", version: "2.0.2", tools: &TOOLS };

static TOOLS: [LocalTool; 23] = [
    LocalTool::of::<arithmetic::Add>(&TOOLKIT),
    LocalTool::of::<arithmetic::Subtract>(&TOOLKIT),
    LocalTool::of::<arithmetic::Multiply>(&TOOLKIT),
    LocalTool::of::<arithmetic::Divide>(&TOOLKIT),
    LocalTool::of::<arithmetic::SumList>(&TOOLKIT),
    LocalTool::of::<arithmetic::SumRange>(&TOOLKIT),
    LocalTool::of::<arithmetic::Mod>(&TOOLKIT),
    LocalTool::of::<statistics::Avg>(&TOOLKIT),
    LocalTool::of::<statistics::Median>(&TOOLKIT),
    LocalTool::of::<exponents::Log>(&TOOLKIT),
    LocalTool::of::<exponents::Power>(&TOOLKIT),
    LocalTool::of::<miscellaneous::AbsVal>(&TOOLKIT),
    LocalTool::of::<miscellaneous::Factorial>(&TOOLKIT),
    LocalTool::of::<miscellaneous::Sqrt>(&TOOLKIT),
    LocalTool::of::<rational::Gcd>(&TOOLKIT),
    LocalTool::of::<rational::Lcm>(&TOOLKIT),
    LocalTool::of::<rounding::Ceil>(&TOOLKIT),
    LocalTool::of::<rounding::Floor>(&TOOLKIT),
    LocalTool::of::<rounding::RoundNum>(&TOOLKIT),
    LocalTool::of::<trigonometry::DegToRad>(&TOOLKIT),
    LocalTool::of::<trigonometry::RadToDeg>(&TOOLKIT),
    LocalTool::of::<random::GenerateRandomInt>(&TOOLKIT),
    LocalTool::of::<random::GenerateRandomFloat>(&TOOLKIT),
];
