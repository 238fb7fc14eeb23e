//! What a call came to, here or there, in the members that must agree.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use toolgate::tools::{self, ToolContext};
use toolgate::words::json::{self, Json, Limits};

use crate::Case;
use crate::random::Random;

/// An answer: a value or an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// The tool's value.
    Value {
        /// Always text for these tools.
        value: String,
    },
    /// The tool's error.
    Error {
        /// See [`tools::error::ErrorKind`].
        kind: String,
        /// For the caller.
        message: String,
        /// For the developer.
        developer_message: Option<String>,
        /// Whether to try again.
        can_retry: bool,
        /// An HTTP status.
        status_code: Option<u64>,
        /// The name of the local limit that refused the call; Arcade's worker has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<String>,
    },
}

impl Answer {
    /// Reads the `output` of a worker's answer.
    #[must_use]
    pub fn from_output(output: &Value) -> Option<Self> {
        let Some(error) = output.get("error").filter(|error| !error.is_null()) else {
            return Some(Self::Value { value: output.get("value")?.as_str()?.to_owned() });
        };
        Some(Self::Error {
            kind: error.get("kind")?.as_str()?.to_owned(),
            message: error.get("message")?.as_str()?.to_owned(),
            developer_message: error.get("developer_message")?.as_str().map(str::to_owned),
            can_retry: error.get("can_retry")?.as_bool()?,
            status_code: error.get("status_code")?.as_u64(),
            limit: None,
        })
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
        let tool = tools::find("Math", &case.tool).expect("generated calls name local tools");
        let mut random = Random::new(case.inputs.len() as u64);
        let mut bits = || random.bits();
        match tool.call(&inputs, &mut ToolContext::new(&mut bits)) {
            Ok(Json::String(value)) => Self::Value { value: value.into_owned() },
            Ok(other) => Self::Value { value: format!("not text: {}", other.kind()) },
            Err(error) => Self::Error {
                kind: error.kind.as_str().to_owned(),
                limit: error.extra.as_deref().and_then(|extra| extra.get("limit")?.as_str().map(str::to_owned)),
                message: error.message,
                developer_message: error.developer_message,
                can_retry: error.can_retry,
                status_code: error.status_code.map(u64::from),
            },
        }
    }

    /// The local limit that refused the call.
    #[must_use]
    pub fn limit(&self) -> Option<&str> {
        match self {
            Self::Error { limit, .. } => limit.as_deref(),
            Self::Value { .. } => None,
        }
    }

    /// Whether this local answer to `case` is as good as `theirs`: equal, but for the last place of a logarithm and
    /// for random numbers without a seed, which only share their range.
    #[must_use]
    pub fn agrees_with(&self, theirs: &Self, case: &Case) -> bool {
        match (self, theirs) {
            (Self::Value { value: ours }, Self::Value { value: theirs }) => {
                ours == theirs
                    || (case.tool == "Log" && within_one_ulp(ours, theirs))
                    || (case.is_unseeded_random() && in_range(ours, case) && in_range(theirs, case))
            }
            _ => self == theirs,
        }
    }
}

fn within_one_ulp(left: &str, right: &str) -> bool {
    let (Ok(left), Ok(right)) = (left.parse::<f64>(), right.parse::<f64>()) else { return false };
    left == right || left.next_up() == right || left.next_down() == right
}

/// Whether a random number lies between the bounds of its call, and is an integer where it should be.
fn in_range(value: &str, case: &Case) -> bool {
    let Ok(inputs) = serde_json::from_str::<Value>(&case.inputs) else { return false };
    let bound = |name: &str| inputs.get(name)?.as_str()?.trim().replace('_', "").parse::<f64>().ok();
    let (Some(min), Some(max), Ok(number)) = (bound("min_value"), bound("max_value"), value.parse::<f64>()) else {
        // Bounds that only Python reads (other digits, say): a number will do.
        return value.parse::<f64>().is_ok();
    };
    let whole = case.tool != "GenerateRandomInt" || value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let span = max - min;
    whole && (number.is_nan() || !span.is_finite() || (min.min(max) <= number && number <= min.max(max)))
}
