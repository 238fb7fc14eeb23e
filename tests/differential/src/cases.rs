//! Generated calls: every tool, well-formed and ill-formed, at every edge that Python's numbers have.

mod number;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// A call of a Math tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// PascalCase.
    pub tool: String,
    /// JSON text, sent as it is.
    pub inputs: String,
}

/// What the arguments of a tool are made of.
#[derive(Clone, Copy, Debug)]
enum Make {
    /// Decimals without bound.
    Decimal,
    /// Decimals whose integer part is short: Python makes an integer of it.
    Short,
    /// Powers: base and exponent.
    Base,
    Exponent,
    /// Factorials.
    Count,
    Integer,
    /// Both ends of a range of bounded length.
    Range,
    Places,
    Float,
    Decimals,
}

type Parameters = &'static [(&'static str, Make)];

/// Every tool with its parameters; the optional seed is added where it belongs.
const TOOLS: [(&str, Parameters); 23] = [
    ("Add", &[("a", Make::Decimal), ("b", Make::Decimal)]),
    ("Subtract", &[("a", Make::Decimal), ("b", Make::Decimal)]),
    ("Multiply", &[("a", Make::Decimal), ("b", Make::Decimal)]),
    ("Divide", &[("a", Make::Decimal), ("b", Make::Decimal)]),
    ("SumList", &[("numbers", Make::Decimals)]),
    ("SumRange", &[("start", Make::Range), ("end", Make::Range)]),
    ("Mod", &[("a", Make::Decimal), ("b", Make::Decimal)]),
    ("Avg", &[("numbers", Make::Decimals)]),
    ("Median", &[("numbers", Make::Decimals)]),
    ("Log", &[("a", Make::Decimal), ("base", Make::Decimal)]),
    ("Power", &[("a", Make::Base), ("b", Make::Exponent)]),
    ("AbsVal", &[("a", Make::Decimal)]),
    ("Factorial", &[("a", Make::Count)]),
    ("Sqrt", &[("a", Make::Decimal)]),
    ("Gcd", &[("a", Make::Integer), ("b", Make::Integer)]),
    ("Lcm", &[("a", Make::Integer), ("b", Make::Integer)]),
    ("Ceil", &[("a", Make::Short)]),
    ("Floor", &[("a", Make::Short)]),
    ("RoundNum", &[("value", Make::Decimal), ("ndigits", Make::Places)]),
    ("DegToRad", &[("degrees", Make::Decimal)]),
    ("RadToDeg", &[("radians", Make::Decimal)]),
    ("GenerateRandomInt", &[("min_value", Make::Integer), ("max_value", Make::Integer)]),
    ("GenerateRandomFloat", &[("min_value", Make::Float), ("max_value", Make::Float)]),
];

impl Case {
    /// The `index`th call of `seed`: the tools take turns.
    #[must_use]
    pub fn generate(seed: u64, index: u64) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9).wrapping_add(index));
        // Neighbouring seeds have related first numbers.
        random.bits();
        let turn = usize::try_from(index % 23).unwrap_or_default();
        let (tool, parameters) = TOOLS.get(turn).copied().unwrap_or(("Add", &[]));
        Self { tool: tool.to_owned(), inputs: inputs(&mut random, tool, parameters) }
    }

    /// Whether the call draws from the shared sequence of the process that serves it.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.tool.starts_with("GenerateRandom")
    }

    /// Whether the answer is random even for the same input.
    #[must_use]
    pub fn is_unseeded_random(&self) -> bool {
        self.is_random() && !self.inputs.contains("\"seed\":\"")
    }
}

fn inputs(random: &mut Random, tool: &str, parameters: Parameters) -> String {
    let mut members = Vec::new();
    let mut range = None;
    for (name, make) in parameters {
        if random.chance(1) {
            continue;
        }
        let value = if random.chance(2) { other_type(random) } else { value(random, *make, &mut range) };
        members.push((*name, value));
    }
    if tool.starts_with("GenerateRandom") {
        match random.below(10) {
            0..3 => {}
            3 => members.push(("seed", "null".to_owned())),
            _ => members.push(("seed", quoted(&number::integer(random)))),
        }
    }
    if random.chance(2) {
        let name = random.pick(&["zz", "", "A", "a b", "é", "seed2", "numbers[]"]);
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

fn value(random: &mut Random, make: Make, range: &mut Option<i64>) -> String {
    let text = match make {
        Make::Decimal => number::decimal(random),
        Make::Short => number::short(random),
        Make::Base => number::base(random),
        Make::Exponent => number::exponent(random),
        Make::Count => number::count(random),
        Make::Integer => number::integer(random),
        Make::Range => number::range(random, range),
        Make::Places => number::places(random),
        Make::Float => number::float(random),
        Make::Decimals => return list(random),
    };
    quoted(&text)
}

fn list(random: &mut Random) -> String {
    let length = if random.chance(5) { random.below(300) } else { random.below(7) };
    let items: Vec<String> = (0..length)
        .map(|_| {
            // In a long list nearly everything must be right, or every long list is an error.
            if random.chance(99) && length > 6 {
                quoted(&number::plain_decimal(random))
            } else if random.chance(1) {
                other_type(random)
            } else {
                quoted(&number::decimal(random))
            }
        })
        .collect();
    format!("[{}]", items.join(","))
}

/// A value of a type that no parameter has.
fn other_type(random: &mut Random) -> String {
    random
        .pick(&["1", "-2.5", "1e400", "true", "false", "null", "{}", "{\"a\":\"1\"}", "[]", "[1]", "[\"1\"]", "\"1\""])
        .to_owned()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
