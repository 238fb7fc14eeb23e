//! Arguments against a tool's declared parameters, before a remote executor is asked.
//!
//! Only what is certainly wrong is refused: a missing required argument, an undeclared one, a JSON type that no worker takes,
//! a text that is not in the declared list. Workers read numbers and booleans leniently (pydantic's lax mode takes `"5"` for
//! an integer and `1` for a boolean), so those are left to them. The faults are told as a worker tells them, each with its
//! path.

use crate::json::Json;
use crate::registry::Tool;
use crate::tools::error::{ErrorKind, ToolError};

/// Most faults that one answer lists.
const FAULTS: usize = 16;

/// Deepest nesting of declared schemas that is followed.
const DEPTH: usize = 16;

/// Checks `input` against the parameters that the tool declares.
///
/// # Errors
/// A tool error of kind `TOOL_RUNTIME_BAD_INPUT_VALUE` that lists every fault with its path.
pub fn check(tool: &Tool, input: &Json<'_>) -> Result<(), ToolError> {
    let Some(parameters) =
        tool.definition().get("input").and_then(|input| input.get("parameters")).and_then(Json::as_array)
    else {
        return Ok(());
    };
    let mut faults = Vec::new();
    for parameter in parameters {
        let Some(name) = parameter.get("name").and_then(Json::as_str) else {
            continue;
        };
        let required = parameter.get("required").and_then(Json::as_bool) == Some(true);
        match (input.get(name), required) {
            (None, true) => faults.push(format!("{name}: Field required")),
            // An optional parameter may be null (OpenAI's strict mode sends it so).
            (None | Some(Json::Null), _) if !required => {}
            (Some(value), _) => check_value(name, value, parameter.get("value_schema"), 0, &mut faults),
            (None, false) => {}
        }
    }
    for (name, _) in input.as_object().into_iter().flat_map(|object| object.iter()) {
        if !parameters.iter().any(|parameter| parameter.get("name").and_then(Json::as_str) == Some(name)) {
            faults.push(format!("{name}: Extra inputs are not permitted"));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    faults.truncate(FAULTS);
    let message = format!("Invalid input: {}", faults.join("; "));
    Err(ToolError::new(ErrorKind::ToolRuntimeBadInputValue, message.clone(), message).in_tool(tool.name.tool()))
}

fn check_value(path: &str, value: &Json<'_>, schema: Option<&Json<'_>>, depth: usize, faults: &mut Vec<String>) {
    let Some(schema) = schema else { return };
    if depth > DEPTH || faults.len() >= FAULTS {
        return;
    }
    if *value == Json::Null && schema.get("nullable").and_then(Json::as_bool) == Some(true) {
        return;
    }
    let wanted = schema.get("val_type").and_then(Json::as_str).unwrap_or_default();
    if !may_fit(value, wanted) {
        let noun = if wanted == "json" { "object" } else { wanted };
        faults.push(format!("{path}: Input should be a valid {noun}"));
        return;
    }
    if let (Some(allowed), Some(text)) = (schema.get("enum").and_then(Json::as_array), value.as_str())
        && !allowed.is_empty()
        && !allowed.iter().any(|item| item.as_str() == Some(text))
    {
        let words: Vec<_> = allowed.iter().filter_map(Json::as_str).collect();
        faults.push(format!("{path}: Input should be one of {}", words.join(", ")));
    }
    if let (Json::Array(items), Some(inner)) = (value, schema.get("inner_val_type").and_then(Json::as_str)) {
        for (index, item) in items.iter().enumerate() {
            check_inner(&format!("{path}.{index}"), item, inner, faults);
        }
    }
    if let (Json::Object(object), Some(properties)) = (value, schema.get("properties")) {
        for (name, member) in object.iter() {
            check_value(&format!("{path}.{name}"), member, properties.get(name), depth.saturating_add(1), faults);
        }
    }
}

fn check_inner(path: &str, item: &Json<'_>, wanted: &str, faults: &mut Vec<String>) {
    if faults.len() >= FAULTS {
        return;
    }
    if !may_fit(item, wanted) {
        faults.push(format!("{path}: Input should be a valid {wanted}"));
    }
}

/// Whether some worker would take a value of this JSON type for the declared one.
fn may_fit(value: &Json<'_>, wanted: &str) -> bool {
    match wanted {
        "string" => matches!(value, Json::String(_)),
        "integer" | "number" | "boolean" => matches!(value, Json::Number(_) | Json::String(_) | Json::Bool(_)),
        "array" => matches!(value, Json::Array(_)),
        "json" => matches!(value, Json::Object(_)),
        _ => true,
    }
}
