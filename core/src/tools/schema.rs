//! A tool's definition, as Arcade's workers list it and as JSON Schema for MCP.

use crate::words::json::{ObjectWriter, write_array};

use super::LocalTool;

/// The type of a value in the terms of Arcade's definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueSchema {
    /// The type: `string`, `integer`, `number`, `boolean`, `json` or `array`.
    pub val_type: &'static str,
    /// The type of an array's items.
    pub inner_val_type: Option<&'static str>,
}

impl ValueSchema {
    /// The type of a text.
    pub const STRING: Self = Self { val_type: "string", inner_val_type: None };

    /// Returns the type of an array whose items are of `val_type`.
    #[must_use]
    pub const fn array_of(val_type: &'static str) -> Self {
        Self { val_type: "array", inner_val_type: Some(val_type) }
    }
}

/// One parameter of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The parameter's name in the input object.
    pub name: &'static str,
    /// Description for the model.
    pub description: &'static str,
    /// The parameter is required.
    pub required: bool,
    /// The parameter's type.
    pub schema: ValueSchema,
}

/// Returns the type of a value as Arcade's workers write it, nulls included.
fn value_schema(schema: ValueSchema) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    object.text("val_type", schema.val_type);
    object.text_or_null("inner_val_type", schema.inner_val_type);
    for absent in
        ["enum", "properties", "inner_properties", "description", "required_keys", "inner_required_keys", "nullable"]
    {
        object.null(absent);
    }
    object.end()
}

fn parameter_json(parameter: &Parameter) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    object.text("name", parameter.name);
    object.boolean("required", parameter.required);
    object.text("description", parameter.description);
    object.json("value_schema", &value_schema(parameter.schema));
    object.boolean("inferrable", true);
    object.end()
}

fn json_schema(parameter: &Parameter) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    object.text("type", json_type(parameter.schema.val_type));
    if let Some(inner) = parameter.schema.inner_val_type {
        let mut items = ObjectWriter::new();
        items.text("type", json_type(inner));
        object.json("items", &items.end());
    }
    object.text("description", parameter.description);
    object.end()
}

fn json_type(val_type: &'static str) -> &'static str {
    if val_type == "json" { "object" } else { val_type }
}

/// The requirements, deprecation and metadata of every local tool: none has an effect, so all of them declare the same
/// behaviour.
const COMMON: [(&str, &str); 4] = [
    ("requirements", r#"{"authorization":null,"secrets":null,"metadata":null}"#),
    ("deprecation_message", "null"),
    (
        "metadata",
        r#"{"classification":null,"behavior":{"operations":["read"],"read_only":true,"destructive":false,"idempotent":true,"open_world":false},"extras":null}"#,
    ),
    ("_meta", "null"),
];

/// Appends the definition of `tool` as a worker's `GET /worker/tools` lists it, nulls included.
pub(super) fn write_definition(out: &mut Vec<u8>, tool: &LocalTool) {
    let mut toolkit = ObjectWriter::new();
    toolkit.text("name", tool.toolkit.name);
    toolkit.text("description", tool.toolkit.description);
    toolkit.text("version", tool.toolkit.version);
    let mut input = ObjectWriter::new();
    write_array(input.value("parameters"), tool.parameters, |out, one| out.extend_from_slice(&parameter_json(one)));
    let mut output = ObjectWriter::new();
    output.text("description", tool.output);
    output.texts("available_modes", ["value", "error"]);
    output.json("value_schema", &value_schema(ValueSchema::STRING));

    let mut object = ObjectWriter::new();
    object.text("name", tool.name);
    object.text("fully_qualified_name", &[tool.toolkit.name, ".", tool.name].concat());
    object.text("description", tool.description);
    object.json("toolkit", &toolkit.end());
    object.json("input", &input.end());
    object.json("output", &output.end());
    for (name, json) in COMMON {
        object.json(name, json.as_bytes());
    }
    out.extend_from_slice(&object.end());
}

/// Appends the JSON Schema of the input of `tool`.
pub(super) fn write_input_schema(out: &mut Vec<u8>, tool: &LocalTool) {
    let mut properties = ObjectWriter::new();
    for parameter in tool.parameters {
        properties.json(parameter.name, &json_schema(parameter));
    }
    let required = tool.parameters.iter().filter(|parameter| parameter.required);
    let mut object = ObjectWriter::new();
    object.text("type", "object");
    object.json("properties", &properties.end());
    object.texts("required", required.map(|parameter| parameter.name));
    object.boolean("additionalProperties", false);
    out.extend_from_slice(&object.end());
}
