//! Tools in the form that model providers take (OpenAI's functions, Anthropic's tools).

use crate::model::tool::Tool;
use crate::words::json::{Json, Object};

/// A format of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Arcade,
    OpenAi,
    Anthropic,
}

/// Deepest nesting of schemas that is followed; deeper ones are empty.
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

    /// Writes the tool in this format. Models cannot write a dot in a name: it becomes `_`.
    pub(super) fn of(self, tool: &Tool) -> Json<'static> {
        let name = text(&tool.name.as_str().replace('.', "_"));
        let description = tool.definition().get("description").cloned().unwrap_or_else(|| text(""));
        match self {
            Self::Arcade => tool.definition().clone(),
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

/// Strictness of a schema: OpenAI's strict mode wants every property in `required`, and optional ones nullable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Strict,
    Plain,
}

fn parameters(tool: &Tool, strictness: Strictness) -> Json<'static> {
    let declared = tool.definition().get("input").and_then(|input| input.get("parameters")).and_then(Json::as_array);
    let mut properties = Object::new();
    let mut required = Vec::new();
    for parameter in declared.unwrap_or_default() {
        let Some(name) = parameter.get("name").and_then(Json::as_str) else {
            continue;
        };
        let is_required = parameter.get("required").and_then(Json::as_bool) == Some(true);
        let nullable = strictness == Strictness::Strict && !is_required;
        let mut schema = schema_of(parameter.get("value_schema"), nullable, strictness, 0);
        if let Some(description) = described(parameter) {
            schema.insert("description", description);
        }
        properties.insert(name.to_owned(), Json::Object(schema));
        if is_required || strictness == Strictness::Strict {
            required.push(text(name));
        }
    }
    let mut schema = Object::new();
    schema.insert("type", text("object"));
    close(&mut schema, properties, required, strictness);
    Json::Object(schema)
}

/// Writes the properties of an object schema; strict mode refuses others.
fn close(
    schema: &mut Object<'static>,
    properties: Object<'static>,
    required: Vec<Json<'static>>,
    strictness: Strictness,
) {
    schema.insert("properties", Json::Object(properties));
    if !required.is_empty() {
        schema.insert("required", Json::Array(required));
    }
    if strictness == Strictness::Strict {
        schema.insert("additionalProperties", Json::Bool(false));
    }
}

/// Writes the JSON Schema of a `ValueSchema`, as Arcade's own converters do (`arcade-core` 4.23.0, `converters`).
fn schema_of(
    declared: Option<&Json<'static>>,
    nullable: bool,
    strictness: Strictness,
    depth: usize,
) -> Object<'static> {
    let mut schema = Object::new();
    let Some(declared) = declared.filter(|_| depth < DEPTH) else {
        return schema;
    };
    let member = |name: &str| declared.get(name);
    let kind = json_type(member("val_type").and_then(Json::as_str).unwrap_or("string"));
    schema.insert("type", if nullable { Json::Array(vec![text(kind), text("null")]) } else { text(kind) });
    if let (Some(inner), "array") = (member("inner_val_type").and_then(Json::as_str), kind) {
        let mut items = Object::new();
        items.insert("type", text(json_type(inner)));
        if let (Some(fields), "json") = (member("inner_properties").and_then(Json::as_object), inner) {
            fields_of(&mut items, fields, member("inner_required_keys"), strictness, depth);
        } else if let Some(allowed) = allowed(declared, false) {
            // The enumeration is one of the items.
            items.insert("enum", allowed);
        }
        schema.insert("items", Json::Object(items));
    } else if let (Some(fields), "object") = (member("properties").and_then(Json::as_object), kind) {
        fields_of(&mut schema, fields, member("required_keys"), strictness, depth);
    } else if let Some(allowed) = allowed(declared, nullable) {
        schema.insert("enum", allowed);
    }
    schema
}

/// Returns the enumerated values. `type` and `enum` both have to let null through.
fn allowed(declared: &Json<'static>, nullable: bool) -> Option<Json<'static>> {
    let allowed = declared.get("enum").and_then(Json::as_array).filter(|allowed| !allowed.is_empty())?;
    let null = (nullable && !allowed.contains(&Json::Null)).then_some(Json::Null);
    Some(Json::Array(allowed.iter().cloned().chain(null).collect()))
}

/// Writes the fields of an object. Without a list of required ones, those that cannot be null are required.
fn fields_of(
    schema: &mut Object<'static>,
    declared: &Object<'static>,
    required_keys: Option<&Json<'static>>,
    strictness: Strictness,
    depth: usize,
) {
    let required_keys = required_keys.and_then(Json::as_array);
    let is_strict = strictness == Strictness::Strict;
    let mut properties = Object::new();
    let mut required = Vec::new();
    for (name, member) in declared.iter() {
        let can_be_null = member.get("nullable").and_then(Json::as_bool) == Some(true);
        let is_named = required_keys.map(|keys| keys.iter().any(|key| key.as_str() == Some(name)));
        let is_required = is_named.unwrap_or(!can_be_null);
        let nullable = can_be_null || (is_strict && !is_required);
        let mut field = schema_of(Some(member), nullable, strictness, depth.saturating_add(1));
        if let Some(description) = described(member) {
            field.insert("description", description);
        }
        properties.insert(name.to_owned(), Json::Object(field));
        if is_strict || is_named == Some(true) {
            required.push(text(name));
        }
    }
    close(schema, properties, required, strictness);
}

fn described(declared: &Json<'static>) -> Option<Json<'static>> {
    let description = declared.get("description").and_then(Json::as_str)?;
    (!description.is_empty()).then(|| text(description))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tool::CATALOGUE_LIMITS;
    use crate::words::json::parse;

    fn written(declared: &str, nullable: bool, strictness: Strictness) -> String {
        let declared = parse(declared.as_bytes(), CATALOGUE_LIMITS).unwrap().into_owned();
        let mut out = Vec::new();
        crate::words::json::write_json(&mut out, &Json::Object(schema_of(Some(&declared), nullable, strictness, 0)));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn null_must_pass_both_the_type_and_the_enumeration() {
        let mood = r#"{"val_type":"string","enum":["calm","merry"]}"#;
        let strict = r#"{"type":["string","null"],"enum":["calm","merry",null]}"#;
        assert_eq!(written(mood, true, Strictness::Strict), strict);
        assert_eq!(written(mood, false, Strictness::Plain), r#"{"type":"string","enum":["calm","merry"]}"#);
    }

    #[test]
    fn what_an_array_enumerates_are_its_items() {
        let tags = r#"{"val_type":"array","inner_val_type":"string","enum":["a"]}"#;
        let schema = r#"{"type":["array","null"],"items":{"type":"string","enum":["a"]}}"#;
        assert_eq!(written(tags, true, Strictness::Strict), schema);
    }

    #[test]
    fn strict_objects_are_closed_and_name_every_field() {
        let point = r#"{"val_type":"json","properties":{"x":{"val_type":"number"},"n":{"val_type":"string","description":"d"}},"required_keys":["x"]}"#;
        let strict = r#"{"type":"object","properties":{"x":{"type":"number"},"n":{"type":["string","null"],"description":"d"}},"required":["x","n"],"additionalProperties":false}"#;
        let plain = r#"{"type":"object","properties":{"x":{"type":"number"},"n":{"type":"string","description":"d"}},"required":["x"]}"#;
        assert_eq!(written(point, false, Strictness::Strict), strict);
        assert_eq!(written(point, false, Strictness::Plain), plain);
    }
}
