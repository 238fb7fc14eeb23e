//! Generated calls: every tool, well-formed and ill-formed, at every edge that its numbers have.

mod expression;
mod number;

use std::fmt::Write as _;

use serde_json::Value;

use crate::random::Random;

/// A call of a Calc tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// PascalCase.
    pub tool: String,
    /// JSON text, sent as it is.
    pub inputs: String,
}

/// A way to make an argument.
type Make = fn(&mut Random) -> String;

/// A parameter: its name, whether it may be left out, and its maker.
type Parameter = (&'static str, bool, Make);

const A: Parameter = ("a", false, number::decimal);
const B: Parameter = ("b", false, number::decimal);
const WHOLES: &[Parameter] = &[("a", false, number::whole), ("b", false, number::whole)];
/// A list, which is not quoted as one.
const NUMBERS: &[Parameter] = &[("numbers", false, list)];
const EXPRESSION: &[Parameter] = &[("expression", false, expression::expression)];

/// Every tool with its parameters; expressions have the most to go wrong, and come three times.
const TOOLS: [(&str, &[Parameter]); 20] = [
    ("Plus", &[A, B]),
    ("Minus", &[A, B]),
    ("Times", &[A, B]),
    ("DividedBy", &[A, B]),
    ("Remainder", &[A, B]),
    ("RaisedTo", &[("a", false, number::base), ("b", false, number::exponent)]),
    ("Root", &[A, ("degree", true, number::degree)]),
    ("Logarithm", &[("a", false, number::base), ("base", true, number::base)]),
    ("Magnitude", &[A]),
    ("Rounded", &[A, ("places", true, number::places), ("mode", true, mode)]),
    ("Total", NUMBERS),
    ("Mean", NUMBERS),
    ("MiddleValue", NUMBERS),
    ("CommonDivisor", WHOLES),
    ("CommonMultiple", WHOLES),
    ("Arrangements", &[("a", false, number::count)]),
    ("Draw", &[("low", false, number::bound), ("high", false, number::bound)]),
    ("Evaluate", EXPRESSION),
    ("Evaluate", EXPRESSION),
    ("Evaluate", EXPRESSION),
];

impl Case {
    /// Returns the `index`th call of `seed`: the tools take turns.
    #[must_use]
    pub fn generate(seed: u64, index: u64) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9).wrapping_add(index));
        // Neighbouring seeds have related first numbers.
        random.bits();
        let turn = usize::try_from(index % 20).unwrap_or_default();
        let (tool, parameters) = TOOLS.get(turn).copied().unwrap_or(("Plus", &[]));
        Self { tool: tool.to_owned(), inputs: inputs(&mut random, parameters) }
    }

    /// Tells whether two equal calls may have different answers.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.tool == "Draw"
    }
}

fn inputs(random: &mut Random, parameters: &[Parameter]) -> String {
    let mut members = Vec::new();
    for (name, optional, make) in parameters {
        if random.chance(if *optional { 40 } else { 1 }) {
            continue;
        }
        let value = match (random.chance(2), *name) {
            (true, _) => other_type(random),
            (false, "numbers") => make(random),
            (false, _) => quoted(&make(random)),
        };
        members.push((*name, value));
    }
    if random.chance(2) {
        let name = random.pick(&["zz", "", "A", "a b", "é", "numbers[]"]);
        members.push((name, other_type(random)));
    }
    if random.chance(5) {
        members.reverse();
    }
    let mut text = String::from("{");
    for (name, value) in members {
        let separator = if text.len() == 1 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{}:{value}", quoted(name));
    }
    text.push('}');
    text
}

fn mode(random: &mut Random) -> String {
    random
        .pick(&["half_even", "half_up", "half_down", "up", "down", "floor", "ceiling", "ceiling", "Up", "nearest", ""])
        .to_owned()
}

fn list(random: &mut Random) -> String {
    let length = match random.below(100) {
        0..94 => random.below(7),
        94..99 => random.below(300),
        _ => random.below(10).saturating_add(995),
    };
    let items: Vec<String> = (0..length)
        .map(|_| {
            // In a long list nearly everything must be right, or every long list is an error.
            if length > 6 && (length > 900 || random.chance(99)) {
                quoted(&number::plain(random))
            } else if random.chance(1) {
                other_type(random)
            } else {
                quoted(&number::decimal(random))
            }
        })
        .collect();
    format!("[{}]", items.join(","))
}

/// Returns a value of a type that no parameter has.
fn other_type(random: &mut Random) -> String {
    random
        .pick(&["1", "-2.5", "1e400", "true", "false", "null", "{}", "{\"a\":\"1\"}", "[]", "[1]", "[\"1\"]", "\"1\""])
        .to_owned()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
