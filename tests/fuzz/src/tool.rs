//! Local tools: whatever the arguments are, there is an answer or an error that names the tool, and neither is endless.

use toolgate::backends::write_worker_result;
use toolgate::tools::{LocalTool, ToolContext, ToolOutcome, toolkits};
use toolgate::words::json::{Json, Limits, parse};
use toolgate::words::time::Timestamp;

/// As a request's body is read, only wider.
const ARGUMENTS: Limits = Limits { depth: 64, values: 100_000, string_bytes: 1 << 20, number_bytes: 4_400 };

/// As an answer is read.
const ANSWER: Limits = Limits { depth: 64, values: 100_000, string_bytes: 1 << 24, number_bytes: 4_400 };

/// Most bytes of a number that a tool answers.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Most numbers of 64 random bits that one call draws. With good randomness more than a few are as good as impossible.
const DRAWS_MAX: usize = 4_096;

/// The first line is a tool's name, or `*` for all of them; the rest is its arguments.
pub(crate) fn run(data: &[u8]) {
    let (name, arguments) = crate::text::split(data, b"\n").unwrap_or((b"*", data));
    let Ok(arguments) = parse(arguments, ARGUMENTS) else {
        return;
    };
    for tool in toolkits().iter().flat_map(|toolkit| toolkit.tools) {
        if name == b"*" || name.eq_ignore_ascii_case(tool.name.as_bytes()) {
            check(tool, &arguments);
        }
    }
}

fn check(tool: &LocalTool, arguments: &Json<'_>) {
    let outcome = call(tool, arguments, 1);
    match &outcome {
        Ok(value) => {
            let text = value.as_str().expect("Calc answers texts");
            assert!(!text.is_empty() && text.len() <= VALUE_BYTES_MAX, "{}: {} bytes", tool.name, text.len());
        }
        Err(error) => {
            let developer = error.developer_message.as_deref().unwrap_or_default();
            assert!(!error.message.is_empty() && !developer.is_empty(), "{}: an error says something", tool.name);
            let named = |text: &str| text.contains(&snake(tool.name)) || text.contains(tool.name);
            assert!(named(&error.message) && named(developer), "{}: an error names its tool: {error:?}", tool.name);
        }
    }
    if tool.deterministic {
        assert_eq!(call(tool, arguments, 2), outcome, "{}: the same arguments, two answers", tool.name);
    }
    let mut out = Vec::new();
    write_worker_result(&mut out, "\u{0}\"id\\", &outcome, Timestamp::from_millis(2), Timestamp::from_millis(1));
    let answer = parse(&out, ANSWER).expect("a worker's answer is JSON");
    assert_eq!(answer.get("success").and_then(Json::as_bool), Some(outcome.is_ok()));
}

fn call(tool: &LocalTool, arguments: &Json<'_>, seed: u64) -> ToolOutcome {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut draws = 0_usize;
    let mut draw = || {
        draws = draws.saturating_add(1);
        assert!(draws <= DRAWS_MAX, "draws without end");
        random.u64(..)
    };
    tool.call(arguments, &mut ToolContext::new(&mut draw))
}

/// Writes `DividedBy` as `divided_by`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
