//! Compiles a schema's JSON to nodes: every place of it once, references last.

use super::compiler::{Compiler, Pending, SchemaLocation};
use super::references::resolve;
use super::rules::{Node, NodeId, Rule};
use super::{Schema, SchemaFault, keywords, weight};
use crate::words::json::{Json, Object};
use crate::words::limits;

/// The only supported draft.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Compiles the document.
pub(super) fn compile(document: &Json<'_>) -> Result<Schema, Vec<SchemaFault>> {
    let mut compiler = Compiler::default();
    compiler.targets.add_resource("", "");
    let root = compiler.schema(document, &SchemaLocation { pointer: String::new(), base: String::new(), depth: 0 });
    compiler.bind();
    if compiler.faults.is_empty()
        && let Err(fault) = weight::check(&compiler.nodes, &compiler.pointers)
    {
        compiler.faults.push(fault);
    }
    if compiler.faults.is_empty() {
        Ok(Schema { nodes: compiler.nodes, root })
    } else {
        compiler.faults.truncate(limits::SCHEMA_FAULTS);
        Err(compiler.faults)
    }
}

impl Compiler {
    /// Compiles one schema; the node of a faulty one is unused.
    pub(super) fn schema(&mut self, schema: &Json<'_>, place: &SchemaLocation) -> NodeId {
        let id = self.nodes.len();
        if id >= limits::SCHEMA_NODES || place.depth > limits::SCHEMA_DEPTH {
            let too_many = id >= limits::SCHEMA_NODES;
            let message = if too_many { "holds too many schemas" } else { "is nested too deeply" };
            if self.faults.last().is_none_or(|fault| fault.message != message) {
                self.fault(place, "", message);
            }
            return 0;
        }
        self.nodes.push(Node::default());
        self.pointers.push(place.pointer.clone());
        self.targets.places.insert(place.pointer.clone(), id);
        let rules = match schema {
            Json::Bool(true) => Vec::new(),
            Json::Bool(false) => vec![Rule::Never],
            Json::Object(object) => self.object(id, object, place),
            other => {
                self.fault(place, "", format!("is a {} and must be an object or a boolean", other.kind()));
                Vec::new()
            }
        };
        let asks = |rule: &Rule| matches!(rule, Rule::UnevaluatedItems(_) | Rule::UnevaluatedProperties(_));
        let asks_evaluated = rules.iter().any(asks);
        if let Some(node) = self.nodes.get_mut(id) {
            *node = Node { rules, asks_evaluated };
        }
        id
    }

    fn object(&mut self, id: NodeId, object: &Object<'_>, place: &SchemaLocation) -> Vec<Rule> {
        let mut place = place.clone();
        self.name(id, object, &mut place);
        let mut rules = Vec::new();
        if let Some(reference) = self.text(object, "$ref", &place) {
            self.pending.push(Pending {
                node: id,
                rule: rules.len(),
                base: place.base.clone(),
                reference: reference.to_owned(),
                pointer: place.below(&["$ref"]).pointer,
            });
            rules.push(Rule::Ref(0));
        }
        keywords::read(self, object, &place, &mut rules);
        rules
    }

    /// Records the names by which the schema can be referenced.
    fn name(&mut self, id: NodeId, object: &Object<'_>, place: &mut SchemaLocation) {
        if let Some(draft) = self.text(object, "$schema", place)
            && draft.trim_end_matches('#') != DRAFT
        {
            self.fault(place, "$schema", format!("must be {DRAFT}"));
        }
        if let Some(uri) = self.text(object, "$id", place) {
            let uri = uri.strip_suffix('#').unwrap_or(uri);
            if uri.contains('#') {
                self.fault(place, "$id", "must have no fragment");
            }
            place.base = resolve(&place.base, uri);
            if !self.targets.add_resource(&place.base, &place.pointer) {
                self.fault(place, "$id", "stands twice");
            }
        }
        if let Some(anchor) = self.text(object, "$anchor", place) {
            let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
            let is_anchor = anchor.bytes().next().is_some_and(is_letter)
                && anchor.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'-' || byte == b'.');
            if !is_anchor {
                self.fault(place, "$anchor", "must be letters, digits, `-`, `_` and `.`, the first a letter or `_`");
            } else if !self.targets.add_anchor(&place.base, anchor, id) {
                self.fault(place, "$anchor", "stands twice");
            }
        }
    }

    fn text<'o>(&mut self, object: &'o Object<'_>, keyword: &str, place: &SchemaLocation) -> Option<&'o str> {
        let value = object.get(keyword)?;
        if value.as_str().is_none() {
            self.fault(place, keyword, "must be a string");
        }
        value.as_str()
    }

    /// Binds every reference to its target.
    fn bind(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let Pending { node, rule, base, reference, pointer } = pending;
            match self.targets.find(&base, &reference) {
                Some(target) => {
                    if let Some(rule) = self.nodes.get_mut(node).and_then(|node| node.rules.get_mut(rule)) {
                        *rule = Rule::Ref(target);
                    }
                }
                None => self.faults.push(SchemaFault {
                    place: pointer,
                    message: "names no schema of this document; others are not fetched".to_owned(),
                }),
            }
        }
    }
}
