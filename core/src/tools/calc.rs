//! The Calc toolkit: decimal arithmetic by the General Decimal Arithmetic specification, lists, whole numbers,
//! expressions.
//!
//! Numbers are texts, so that no digit is lost on the way. The work of every call is bounded, and each refusal has a
//! name ([`fault`]); `tests/differential` compares all of it with the `decimal` module of Python's standard library.

mod decimal;
mod expression;
mod fault;
mod operations;
mod tools;

use super::{LocalTool, Toolkit};

/// The Calc toolkit.
pub(super) static TOOLKIT: Toolkit = Toolkit {
    name: "Calc",
    description: "Exact decimal calculations that run inside the gateway.",
    version: "1.0.0",
    tools: &TOOLS,
};

static TOOLS: [LocalTool; 18] = [
    LocalTool::of::<tools::Plus>(&TOOLKIT),
    LocalTool::of::<tools::Minus>(&TOOLKIT),
    LocalTool::of::<tools::Times>(&TOOLKIT),
    LocalTool::of::<tools::DividedBy>(&TOOLKIT),
    LocalTool::of::<tools::Remainder>(&TOOLKIT),
    LocalTool::of::<tools::RaisedTo>(&TOOLKIT),
    LocalTool::of::<tools::Root>(&TOOLKIT),
    LocalTool::of::<tools::Logarithm>(&TOOLKIT),
    LocalTool::of::<tools::Magnitude>(&TOOLKIT),
    LocalTool::of::<tools::Rounded>(&TOOLKIT),
    LocalTool::of::<tools::Total>(&TOOLKIT),
    LocalTool::of::<tools::Mean>(&TOOLKIT),
    LocalTool::of::<tools::MiddleValue>(&TOOLKIT),
    LocalTool::of::<tools::CommonDivisor>(&TOOLKIT),
    LocalTool::of::<tools::CommonMultiple>(&TOOLKIT),
    LocalTool::of::<tools::Arrangements>(&TOOLKIT),
    LocalTool::of::<tools::Evaluate>(&TOOLKIT),
    LocalTool::of::<tools::Draw>(&TOOLKIT),
];

#[cfg(test)]
#[path = "calc_tests.rs"]
mod tests;
