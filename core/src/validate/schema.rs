//! JSON Schema (draft 2020-12) of inputs: compiled once, checked within a bounded cost.
//!
//! [`Schema::compile`] takes every keyword of the applicator and validation vocabularies, or refuses it by name; no
//! accepted schema can loop. [`Schema::check`] returns faults that have a path and name the rule, never the value.
//! Numbers are compared by their decimal text, so nothing is rounded. `docs/input.md` lists keywords, formats and
//! limits.

mod check;
mod compile;
mod compiler;
mod declared;
mod equal;
mod format;
mod keywords;
mod number;
mod path;
mod pattern;
mod references;
mod rules;
mod weight;

use std::fmt;

pub use check::STEPS;
pub(crate) use path::Path;

use crate::words::json::{Json, Limits, parse};
use crate::words::limits;
use rules::Node;

/// A compiled schema.
///
/// INVARIANT (schemas end): no schema leads back to itself without descending into the instance, and the work per place
/// of an instance is bounded; [`Schema::compile`] refuses all else.
#[derive(Clone, Debug)]
pub struct Schema {
    nodes: Vec<Node>,
    root: usize,
}

/// A fault of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// The place in the schema, as a JSON Pointer (RFC 6901); empty for the whole.
    pub place: String,
    /// Description of the fault and its remedy.
    pub message: String,
}

impl fmt::Display for SchemaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "the schema" } else { &self.place };
        write!(f, "{place}: {}", self.message)
    }
}

/// A fault of an instance: never holds a value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationFault {
    /// The place, in the form that Arcade's workers use (`many.1`); empty for the whole. Names are clipped.
    pub path: String,
    /// The broken keyword, or the limit: `steps`, `depth`, `number_range`.
    pub rule: &'static str,
    /// Description of a valid value.
    pub message: String,
}

impl fmt::Display for ValidationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "<root>" } else { &self.path };
        write!(f, "{path}: {}", self.message)
    }
}

/// Limits on reading a schema's text.
const LIMITS: Limits = Limits {
    depth: limits::SCHEMA_DEPTH,
    values: limits::SCHEMA_VALUES,
    string_bytes: limits::SCHEMA_BYTES,
    number_bytes: 64,
};

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// Every fault found, each with its place.
    pub fn compile(document: &Json<'_>) -> Result<Self, Vec<SchemaFault>> {
        compile::compile(document)
    }

    /// Compiles the schema with this JSON text, of at most [`limits::SCHEMA_BYTES`].
    ///
    /// # Errors
    /// As [`Schema::compile`]; a text that is no JSON, or beyond a limit, is one fault.
    pub fn compile_text(text: &str) -> Result<Self, Vec<SchemaFault>> {
        let one = |message: String| vec![SchemaFault { place: String::new(), message }];
        if text.len() > limits::SCHEMA_BYTES {
            return Err(one(format!("is longer than {} bytes", limits::SCHEMA_BYTES)));
        }
        Self::compile(&parse(text.as_bytes(), LIMITS).map_err(|fault| one(fault.to_string()))?)
    }

    /// Builds the schema of the parameters that a tool declares in Arcade's form (`input.parameters`).
    ///
    /// As lenient as workers are: they read numbers and booleans from texts too (pydantic's lax mode takes `"5"` for an
    /// integer and `1` for a boolean), and take null for an optional argument. A value that no worker takes is a fault.
    #[must_use]
    pub fn of_parameters(parameters: &[Json<'_>]) -> Self {
        declared::of_parameters(parameters)
    }

    /// Checks an instance.
    ///
    /// # Errors
    /// At most [`limits::SCHEMA_FAULTS`] faults; one alone when the check would cost more than [`STEPS`].
    pub fn check(&self, instance: &Json<'_>) -> Result<(), Vec<ValidationFault>> {
        check::check(self, instance, STEPS).0
    }

    /// Checks an instance within another bound on its cost, and returns the steps taken.
    ///
    /// # Errors
    /// As [`Schema::check`].
    pub fn check_within(&self, instance: &Json<'_>, steps: u64) -> (Result<(), Vec<ValidationFault>>, u64) {
        check::check(self, instance, steps)
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
