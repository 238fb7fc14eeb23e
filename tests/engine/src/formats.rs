//! A tool's schema as the model providers want it.

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::ask::text;
use crate::catalogue::Tool;

/// The formats that exist.
pub(crate) const FORMATS: [&str; 3] = ["arcade", "openai", "anthropic"];

/// Reads a comma list of formats.
///
/// # Errors
/// 400 naming one that does not exist.
pub(crate) fn parse_list(list: Option<&str>) -> Result<Vec<&str>, Answer> {
    let named: Vec<&str> = list.unwrap_or_default().split(',').filter(|name| !name.is_empty()).collect();
    match named.iter().find(|name| !FORMATS.contains(name)) {
        Some(unknown) => Err(Answer::error(
            400,
            "invalid_format",
            &format!("there is no format {unknown}; use {}", FORMATS.join(", ")),
        )),
        None => Ok(named),
    }
}

/// The tool in one format; `arcade` is the tool as it is shown anyway.
pub(crate) fn formatted(tool: &Tool, shown: &Value, format: &str) -> Value {
    let name = tool.qualified_name().replace('.', "_");
    match format {
        "openai" => json!({"type": "function", "function": {
            "name": name, "description": tool.description, "strict": true, "parameters": openai_parameters(&tool.parameters),
        }}),
        "anthropic" => {
            json!({"name": name, "description": tool.description, "input_schema": anthropic_schema(&tool.parameters)})
        }
        _ => shown.clone(),
    }
}

/// Strict mode: every property is required, and one that may be absent may be null.
fn openai_parameters(parameters: &[Value]) -> Value {
    let mut properties = Map::new();
    for (name, parameter) in named(parameters) {
        let mut schema = schema(parameter);
        if !required(parameter)
            && let Some(members) = schema.as_object_mut()
        {
            let kind = members.get("type").cloned().unwrap_or_default();
            members.insert("type".to_owned(), json!([kind, "null"]));
            if let Some(Value::Array(choices)) = members.get_mut("enum") {
                choices.push(Value::Null);
            }
        }
        properties.insert(name.to_owned(), schema);
    }
    let names: Vec<&str> = named(parameters).map(|(name, _)| name).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    require(&mut schema, &names);
    schema
}

fn anthropic_schema(parameters: &[Value]) -> Value {
    let properties: Map<String, Value> =
        named(parameters).map(|(name, parameter)| (name.to_owned(), schema(parameter))).collect();
    let names: Vec<&str> =
        named(parameters).filter(|(_, parameter)| required(parameter)).map(|(name, _)| name).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    require(&mut schema, &names);
    schema
}

/// Lists the required names; Arcade's own converters leave an empty list out.
fn require(schema: &mut Value, names: &[&str]) {
    if let Some(members) = schema.as_object_mut().filter(|_| !names.is_empty()) {
        members.insert("required".to_owned(), json!(names));
    }
}

fn named(parameters: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    parameters.iter().filter_map(|parameter| text(parameter, "name").map(|name| (name, parameter)))
}

fn required(parameter: &Value) -> bool {
    parameter.get("required") == Some(&Value::Bool(true))
}

/// JSON Schema of one parameter: `json` becomes `object`, the other types keep their names.
fn schema(parameter: &Value) -> Value {
    let none = Value::Null;
    let value_schema = parameter.get("value_schema").unwrap_or(&none);
    let kind = |name: &str| {
        if name == "json" { "object".to_owned() } else { name.to_owned() }
    };
    let mut schema = json!({"type": kind(text(value_schema, "val_type").unwrap_or("string"))});
    if let Some(members) = schema.as_object_mut() {
        if let Some(description) = text(parameter, "description") {
            members.insert("description".to_owned(), description.into());
        }
        if let Some(choices) = value_schema.get("enum") {
            members.insert("enum".to_owned(), choices.clone());
        }
        if let Some(inner) = text(value_schema, "inner_val_type") {
            members.insert("items".to_owned(), json!({"type": kind(inner)}));
        }
    }
    schema
}
