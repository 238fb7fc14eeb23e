//! Checks arguments against the operator's rules and a tool's declared parameters, before an executor is asked.
//!
//! Of the tool's own declarations, only certain faults are refused: a missing required argument, an undeclared one, a
//! JSON type that no worker takes, a text outside of the declared list ([`Tool::input_schema`]). The faults are
//! reported as a worker reports them, each with its path.

use crate::model::tool::Tool;
use crate::tools::error::{ErrorKind, ToolError};
use crate::validate::input::{self, InputRule};
use crate::validate::schema::ValidationFault;
use crate::words::json::Json;

/// Checks `input` against the parameters that the tool declares.
///
/// # Errors
/// A tool error of kind `TOOL_RUNTIME_BAD_INPUT_VALUE` that lists every fault with its path.
pub fn check(tool: &Tool, input: &Json<'_>) -> Result<(), ToolError> {
    let Some(Err(faults)) = tool.input_schema().map(|schema| schema.check(input)) else {
        return Ok(());
    };
    let message = message(&faults);
    Err(ToolError::new(ErrorKind::ToolRuntimeBadInputValue, message.clone(), message).in_tool(tool.name.tool()))
}

/// Checks `input` against the operator's rules for the tool with this qualified name in lower case, a local one too.
/// `name` is its name in messages.
///
/// # Errors
/// A tool error of kind `TOOL_RUNTIME_BAD_INPUT_VALUE` that lists faults with their paths. Its developer message has
/// the names of the rules that are broken, in the form of a worker's: `url[url_scheme]`.
pub fn check_rules(rules: &[InputRule], folded: &str, name: &str, input: &Json<'_>) -> Result<(), ToolError> {
    let Err(faults) = input::check(rules, folded, input) else {
        return Ok(());
    };
    let mut names = "Input rules failed: ".to_owned();
    for (index, fault) in faults.iter().enumerate() {
        let path = if fault.path.is_empty() { "<root>" } else { &fault.path };
        let separator = if index > 0 { "; " } else { "" };
        names.extend([separator, path, "[", fault.rule, "]"]);
    }
    Err(ToolError::new(ErrorKind::ToolRuntimeBadInputValue, message(&faults), names).in_tool(name))
}

/// Writes `Invalid input: a: Field required; b.1: ...`, as workers do.
fn message(faults: &[ValidationFault]) -> String {
    let mut message = "Invalid input: ".to_owned();
    for (index, fault) in faults.iter().enumerate() {
        if index > 0 {
            message.push_str("; ");
        }
        message.push_str(if fault.path.is_empty() { "<root>" } else { &fault.path });
        message.push_str(": ");
        message.push_str(&fault.message);
    }
    message
}

#[cfg(test)]
#[path = "arguments_tests.rs"]
mod tests;
