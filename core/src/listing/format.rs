//! Tools in the form that model providers take (OpenAI's functions, Anthropic's tools).

use crate::json::{Json, Object};
use crate::registry::Tool;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Arcade,
    OpenAi,
    Anthropic,
}

/// Deepest nesting of schemas that is followed.
const DEPTH: usize = 16;

impl Format {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "arcade" => Some(Self::Arcade),
            "openai" => Some(Self::OpenAi),
            "anthropic" => Some(Self::Anthropic),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Arcade => "arcade",
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    /// The tool in this form. Models cannot write a dot in a name: it becomes `_`.
    pub(super) fn of(self, tool: &Tool) -> Json<'static> {
        let name = text(&tool.name.as_str().replace('.', "_"));
        let description = tool.definition.get("description").cloned().unwrap_or_else(|| text(""));
        match self {
            Self::Arcade => tool.definition.clone(),
            Self::OpenAi => object([
                ("type", text("function")),
                (
                    "function",
                    object([
                        ("name", name),
                        ("description", description),
                        ("parameters", parameters(tool, Strictness::Strict)),
                        ("strict", Json::Bool(true)),
                    ]),
                ),
            ]),
            Self::Anthropic => object([
                ("name", name),
                ("description", description),
                ("input_schema", parameters(tool, Strictness::Plain)),
            ]),
        }
    }
}

/// OpenAI's strict mode wants every property in `required`, and optional ones nullable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Strict,
    Plain,
}

fn parameters(tool: &Tool, strictness: Strictness) -> Json<'static> {
    let declared = tool.definition.get("input").and_then(|input| input.get("parameters")).and_then(Json::as_array);
    let mut properties = Object::new();
    let mut required = Vec::new();
    for parameter in declared.unwrap_or_default() {
        let Some(name) = parameter.get("name").and_then(Json::as_str) else {
            continue;
        };
        let is_required = parameter.get("required").and_then(Json::as_bool) == Some(true);
        let nullable = strictness == Strictness::Strict && !is_required;
        let mut schema = schema_of(parameter.get("value_schema"), nullable, 0);
        if let Some(description) = parameter.get("description") {
            schema.insert("description", description.clone());
        }
        properties.insert(name.to_owned(), Json::Object(schema));
        if is_required || strictness == Strictness::Strict {
            required.push(text(name));
        }
    }
    let mut schema = Object::new();
    schema.insert("type", text("object"));
    schema.insert("properties", Json::Object(properties));
    schema.insert("required", Json::Array(required));
    if strictness == Strictness::Strict {
        schema.insert("additionalProperties", Json::Bool(false));
    }
    Json::Object(schema)
}

/// The JSON Schema of a `ValueSchema`.
fn schema_of(declared: Option<&Json<'static>>, nullable: bool, depth: usize) -> Object<'static> {
    let mut schema = Object::new();
    let Some(declared) = declared.filter(|_| depth < DEPTH) else {
        return schema;
    };
    let member = |name: &str| declared.get(name);
    let kind = json_type(member("val_type").and_then(Json::as_str).unwrap_or("string"));
    schema.insert("type", if nullable { Json::Array(vec![text(kind), text("null")]) } else { text(kind) });
    if let Some(allowed) = member("enum") {
        schema.insert("enum", allowed.clone());
    }
    if let Some(inner) = member("inner_val_type").and_then(Json::as_str) {
        let mut items = Object::new();
        items.insert("type", text(json_type(inner)));
        if let Some(properties) = member("inner_properties") {
            items.insert("properties", properties_of(properties, depth));
        }
        schema.insert("items", Json::Object(items));
    }
    if let Some(properties) = member("properties") {
        schema.insert("properties", properties_of(properties, depth));
    }
    schema
}

fn properties_of(declared: &Json<'static>, depth: usize) -> Json<'static> {
    let mut properties = Object::new();
    for (name, member) in declared.as_object().into_iter().flat_map(Object::iter) {
        properties.insert(name.to_owned(), Json::Object(schema_of(Some(member), false, depth.saturating_add(1))));
    }
    Json::Object(properties)
}

fn json_type(val_type: &str) -> &'static str {
    match val_type {
        "integer" => "integer",
        "number" => "number",
        "boolean" => "boolean",
        "array" => "array",
        "json" => "object",
        _ => "string",
    }
}

fn text(text: &str) -> Json<'static> {
    Json::String(text.to_owned().into())
}

fn object<const N: usize>(members: [(&'static str, Json<'static>); N]) -> Json<'static> {
    let mut object = Object::new();
    for (name, value) in members {
        object.insert(name, value);
    }
    Json::Object(object)
}
