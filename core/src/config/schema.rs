//! The JSON Schema of `toolgate.toml`, generated from the types that read it.

use super::document::DocumentValue;
use super::sections::Document;

/// Returns the schema (draft 2020-12) of the whole document.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let mut schema = Document::schema();
    if let Some(root) = schema.as_object_mut() {
        root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        root.insert("title".to_owned(), "toolgate.toml".into());
    }
    schema
}
