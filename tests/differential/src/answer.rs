//! The outcome of a call, here or there, in the members that must agree.

use serde_json::Value;
use toolgate::tools::{self, ToolContext};
use toolgate::words::json::{self, Json, Limits};

use crate::Case;
use crate::random::Random;

/// An answer: a value or an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The tool's value, always text for these tools.
    Value(String),
    /// The tool's error, member for member as a worker writes it.
    Error(Value),
}

impl Answer {
    /// Reads the `output` of a worker's answer.
    #[must_use]
    pub fn from_output(output: &Value) -> Option<Self> {
        match output.get("error").filter(|error| !error.is_null()) {
            Some(error) => Some(Self::Error(error.clone())),
            None => Some(Self::Value(output.get("value")?.as_str()?.to_owned())),
        }
    }

    /// Runs `case` here.
    ///
    /// # Panics
    /// When the case names no local tool or holds no JSON: the generator's fault.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a broken generator must fail the test")]
    pub fn local(case: &Case) -> Self {
        let limits = Limits { depth: 16, values: 100_000, string_bytes: 1 << 20, number_bytes: 1 << 12 };
        let inputs = json::parse(case.inputs.as_bytes(), limits).expect("generated inputs are JSON");
        let tool = tools::find("Calc", &case.tool).expect("generated calls name local tools");
        let mut random = Random::new(case.inputs.len() as u64);
        let mut bits = || random.bits();
        match tool.call(&inputs, &mut ToolContext::new(&mut bits)) {
            Ok(Json::String(value)) => Self::Value(value.into_owned()),
            Ok(other) => Self::Value(format!("not text: {}", other.kind())),
            Err(error) => {
                let mut text = Vec::new();
                error.write_worker_json(&mut text);
                Self::Error(serde_json::from_slice(&text).expect("an error is JSON"))
            }
        }
    }

    /// Returns the name of the fault for which the call was refused.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        match self {
            Self::Error(error) => Some(error.pointer("/extra/fault").and_then(Value::as_str).unwrap_or("input")),
            Self::Value(_) => None,
        }
    }

    /// Tells whether this local answer to `case` is as good as `theirs`: equal, or drawn from the same range.
    #[must_use]
    pub fn agrees_with(&self, theirs: &Self, case: &Case) -> bool {
        match (self, theirs) {
            (Self::Value(ours), Self::Value(theirs)) if case.is_random() => {
                in_range(ours, case) && in_range(theirs, case)
            }
            _ => self == theirs,
        }
    }
}

/// Tells whether a number lies between the bounds of its call.
fn in_range(value: &str, case: &Case) -> bool {
    let Ok(inputs) = serde_json::from_str::<Value>(&case.inputs) else { return false };
    let bound = |name: &str| inputs.get(name)?.as_str()?.parse::<i64>().ok();
    match (bound("low"), bound("high"), value.parse()) {
        (Some(low), Some(high), Ok(number)) => (low..=high).contains(&number),
        _ => false,
    }
}
