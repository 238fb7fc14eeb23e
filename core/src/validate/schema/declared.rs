//! The schema of a tool that declares its parameters in Arcade's form.

use super::Schema;
use super::rules::{Additional, Kinds, Node, NodeId, Property, PropertyRules, Rule};
use crate::words::json::Json;
use crate::words::limits;

/// Deepest nesting of declared values that is checked: below it, anything fits.
const DEPTH: usize = 16;

/// Compiles the parameters. Never fails: anything that a declaration leaves unclear fits.
pub(super) fn of_parameters(parameters: &[Json<'_>]) -> Schema {
    let mut declared = Declared { nodes: vec![Node::default()] };
    let mut properties: Vec<Property> = Vec::new();
    for parameter in parameters {
        let Some(name) = parameter.get("name").and_then(Json::as_str) else {
            continue;
        };
        let is_required = parameter.get("required").and_then(Json::as_bool) == Some(true);
        // An optional argument may be null (OpenAI's strict mode sends it so).
        let node = declared.value(parameter.get("value_schema"), !is_required, 0);
        properties.push(Property { name: name.into(), is_required, node: Some(node) });
    }
    let members = PropertyRules { properties, patterns: Vec::new(), additional: Additional::Refused };
    if let Some(root) = declared.nodes.first_mut() {
        root.rules.push(Rule::Members(Box::new(members)));
    }
    Schema { nodes: declared.nodes, root: 0 }
}

struct Declared {
    nodes: Vec<Node>,
}

impl Declared {
    fn value(&mut self, schema: Option<&Json<'_>>, may_be_null: bool, depth: usize) -> NodeId {
        let mut rules = Vec::new();
        if let Some(schema) = schema.filter(|_| depth <= DEPTH && self.nodes.len() < limits::SCHEMA_NODES) {
            let may_be_null = may_be_null || schema.get("nullable").and_then(Json::as_bool) == Some(true);
            let wanted = schema.get("val_type").and_then(Json::as_str).unwrap_or_default();
            rules.extend(kind(wanted, may_be_null));
            if wanted == "integer" {
                rules.push(Rule::Finite);
            }
            let words = schema.get("enum").and_then(Json::as_array).unwrap_or_default();
            let words: Vec<Box<str>> = words.iter().filter_map(Json::as_str).map(Into::into).collect();
            if !words.is_empty() {
                rules.push(Rule::Words(words));
            }
            if let Some(inner) = schema.get("inner_val_type").and_then(Json::as_str) {
                let rest = Some(self.push(kind(inner, false).into_iter().collect()));
                rules.push(Rule::Items { first: Vec::new(), rest });
            }
            if let Some(members) = schema.get("properties").and_then(Json::as_object) {
                let mut properties = Vec::new();
                for (name, member) in members.iter() {
                    let node = self.value(Some(member), false, depth.saturating_add(1));
                    properties.push(Property { name: name.into(), is_required: false, node: Some(node) });
                }
                rules.push(Rule::Members(Box::new(PropertyRules { properties, ..PropertyRules::default() })));
            }
        }
        self.push(rules)
    }

    fn push(&mut self, rules: Vec<Rule>) -> NodeId {
        self.nodes.push(Node { rules, asks_evaluated: false });
        self.nodes.len().saturating_sub(1)
    }
}

/// Returns the rule for values that some worker accepts as the declared kind; `None` for an unknown kind.
fn kind(wanted: &str, may_be_null: bool) -> Option<Rule> {
    let kinds = match wanted {
        "string" => Kinds::STRING,
        "integer" | "number" | "boolean" => Kinds::NUMBER.or(Kinds::STRING).or(Kinds::BOOLEAN),
        "array" => Kinds::ARRAY,
        "json" => Kinds::OBJECT,
        _ => return None,
    };
    let noun = if wanted == "json" { "object" } else { wanted };
    let kinds = if may_be_null { kinds.or(Kinds::NULL) } else { kinds };
    Some(Rule::Type { kinds, noun: noun.into() })
}
