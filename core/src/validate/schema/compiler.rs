//! The state of a compilation: nodes, names and faults.

use super::SchemaFault;
use super::references::{Targets, escaped};
use super::rules::{Node, NodeId};

/// Most instructions of all patterns of a schema.
const PATTERNS: usize = 20_000;

/// The place of a schema in the document.
#[derive(Clone, Debug)]
pub(super) struct SchemaLocation {
    /// JSON Pointer from the root.
    pub(super) pointer: String,
    /// The URI of the schema with `$id` around it.
    pub(super) base: String,
    pub(super) depth: usize,
}

impl SchemaLocation {
    /// Returns a place below.
    pub(super) fn below(&self, steps: &[&str]) -> Self {
        let mut pointer = self.pointer.clone();
        for step in steps {
            pointer.push('/');
            pointer.push_str(&escaped(step));
        }
        Self { pointer, base: self.base.clone(), depth: self.depth.saturating_add(1) }
    }
}

/// A reference whose target may not have been read yet.
pub(super) struct Pending {
    pub(super) node: NodeId,
    pub(super) rule: usize,
    pub(super) base: String,
    pub(super) reference: String,
    pub(super) pointer: String,
}

/// Collects nodes and faults.
#[derive(Default)]
pub(super) struct Compiler {
    pub(super) nodes: Vec<Node>,
    /// The place of each node.
    pub(super) pointers: Vec<String>,
    pub(super) targets: Targets,
    pub(super) pending: Vec<Pending>,
    pub(super) faults: Vec<SchemaFault>,
    pattern_size: usize,
}

impl Compiler {
    /// Records a fault of the keyword at a place.
    pub(super) fn fault(&mut self, place: &SchemaLocation, keyword: &str, message: impl Into<String>) {
        let place = if keyword.is_empty() { place.pointer.clone() } else { place.below(&[keyword]).pointer };
        self.faults.push(SchemaFault { place, message: message.into() });
    }

    /// Counts a pattern's instructions; returns `false` when there are too many.
    pub(super) fn has_room_for(&mut self, instructions: usize) -> bool {
        self.pattern_size = self.pattern_size.saturating_add(instructions);
        self.pattern_size <= PATTERNS
    }
}
