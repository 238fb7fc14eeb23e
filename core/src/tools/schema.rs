//! A tool's definition, as Arcade's workers list it and as JSON Schema for MCP.

use crate::words::json::write_string;

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

/// Writes JSON text as `raw` pieces and escaped strings in turn.
struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        write_string(self.0, text);
        self
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.raw(if flag { "true" } else { "false" })
    }

    fn value_schema(&mut self, schema: ValueSchema) -> &mut Self {
        self.raw("{\"val_type\":").text(schema.val_type).raw(",\"inner_val_type\":");
        match schema.inner_val_type {
            Some(inner) => self.text(inner),
            None => self.raw("null"),
        };
        self.raw(
            ",\"enum\":null,\"properties\":null,\"inner_properties\":null,\"description\":null,\
             \"required_keys\":null,\"inner_required_keys\":null,\"nullable\":null}",
        )
    }

    fn parameter(&mut self, parameter: &Parameter) -> &mut Self {
        self.raw("{\"name\":").text(parameter.name).raw(",\"required\":").flag(parameter.required);
        self.raw(",\"description\":").text(parameter.description).raw(",\"value_schema\":");
        self.value_schema(parameter.schema).raw(",\"inferrable\":true}")
    }

    fn json_schema(&mut self, parameter: &Parameter) -> &mut Self {
        self.text(parameter.name).raw(":{\"type\":").text(json_type(parameter.schema.val_type));
        if let Some(inner) = parameter.schema.inner_val_type {
            self.raw(",\"items\":{\"type\":").text(json_type(inner)).raw("}");
        }
        self.raw(",\"description\":").text(parameter.description).raw("}")
    }

    fn separated<T>(&mut self, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Self, T)) -> &mut Self {
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.raw(",");
            }
            write(self, item);
        }
        self
    }
}

fn json_type(val_type: &'static str) -> &'static str {
    if val_type == "json" { "object" } else { val_type }
}

/// Appends the definition of `tool` as a worker's `GET /worker/tools` lists it, nulls included. No local tool has an
/// effect, so all of them declare the same behaviour.
pub(super) fn write_definition(out: &mut Vec<u8>, tool: &LocalTool) {
    let toolkit = tool.toolkit;
    let mut writer = Writer(out);
    writer.raw("{\"name\":").text(tool.name).raw(",\"fully_qualified_name\":\"").raw(toolkit.name).raw(".");
    writer.raw(tool.name).raw("\",\"description\":").text(tool.description);
    writer.raw(",\"toolkit\":{\"name\":").text(toolkit.name).raw(",\"description\":").text(toolkit.description);
    writer.raw(",\"version\":").text(toolkit.version).raw("},\"input\":{\"parameters\":[");
    writer.separated(tool.parameters.iter(), |writer, parameter| {
        writer.parameter(parameter);
    });
    writer.raw("]},\"output\":{\"description\":").text(tool.output);
    writer.raw(",\"available_modes\":[\"value\",\"error\"],\"value_schema\":").value_schema(ValueSchema::STRING);
    writer.raw(
        "},\"requirements\":{\"authorization\":null,\"secrets\":null,\"metadata\":null},\
         \"deprecation_message\":null,\"metadata\":{\"classification\":null,\"behavior\":{\"operations\":[\"read\"],\
         \"read_only\":true,\"destructive\":false,\"idempotent\":true,\"open_world\":false},\"extras\":null},\
         \"_meta\":null}",
    );
}

/// Appends the JSON Schema of the input of `tool`.
pub(super) fn write_input_schema(out: &mut Vec<u8>, tool: &LocalTool) {
    let mut writer = Writer(out);
    writer.raw("{\"type\":\"object\",\"properties\":{");
    writer.separated(tool.parameters.iter(), |writer, parameter| {
        writer.json_schema(parameter);
    });
    writer.raw("},\"required\":[");
    writer.separated(tool.parameters.iter().filter(|parameter| parameter.required), |writer, parameter| {
        writer.text(parameter.name);
    });
    writer.raw("],\"additionalProperties\":false}");
}
