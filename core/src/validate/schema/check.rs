//! Checks an instance against a compiled schema, within a bound on steps and depth.

mod members;
mod scalars;

use super::equal::{all_differ, are_equal};
use super::path::{Path, clip};
use super::rules::{Kinds, NodeId, Rule};
use super::{Schema, ValidationFault};
use crate::words::json::Json;
use crate::words::limits;

/// Most steps of one check: about one for each rule applied and each name compared, some tens of nanoseconds each.
pub const STEPS: u64 = 500_000;

/// Deepest recursion: schemas applied within schemas, in place or below.
const DEPTH: u32 = 256;

/// Most bytes of one message: schemas can list many words.
const MESSAGE_BYTES: usize = 1_000;

/// The reason for abandoning a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overrun {
    Steps,
    Depth,
    NumberRange,
}

/// Checks the instance; returns the steps taken too.
pub(super) fn check(schema: &Schema, instance: &Json<'_>, steps: u64) -> (Result<(), Vec<ValidationFault>>, u64) {
    let mut check = Check { schema, steps, faults: Vec::new(), quiet: 0, overrun: None };
    let fits = check.node(schema.root, instance, &Path::ROOT, 0, None);
    let taken = steps.saturating_sub(check.steps);
    let (rule, message) = match check.overrun {
        None if fits => return (Ok(()), taken),
        None => return (Err(check.faults), taken),
        Some(Overrun::Steps) => ("steps", "Input is too complex to be checked"),
        Some(Overrun::Depth) => ("depth", "Input is nested too deeply to be checked"),
        Some(Overrun::NumberRange) => ("number_range", "Input should have no number of so large an exponent"),
    };
    (Err(vec![ValidationFault { path: String::new(), rule, message: message.to_owned() }]), taken)
}

/// Members or items that were evaluated.
#[derive(Debug, Default)]
struct Marks {
    all: bool,
    some: Vec<bool>,
}

impl Marks {
    fn add(&mut self, index: usize) {
        if self.some.len() <= index {
            self.some.resize(index.saturating_add(1), false);
        }
        if let Some(mark) = self.some.get_mut(index) {
            *mark = true;
        }
    }

    fn has(&self, index: usize) -> bool {
        self.all || self.some.get(index).copied().unwrap_or_default()
    }

    fn merge(&mut self, other: &Self) {
        self.all |= other.all;
        for (index, _) in other.some.iter().enumerate().filter(|(_, mark)| **mark) {
            self.add(index);
        }
    }
}

/// A check in progress.
struct Check<'s> {
    schema: &'s Schema,
    /// Remaining steps.
    steps: u64,
    faults: Vec<ValidationFault>,
    /// Above zero while only the outcome of a branch matters, and not its faults.
    quiet: u32,
    overrun: Option<Overrun>,
}

/// One application of a schema to a place: the context of its rules.
struct At<'p, 'v> {
    value: &'v Json<'v>,
    path: &'p Path<'p>,
    depth: u32,
}

impl<'s> Check<'s> {
    /// Spends steps; `false` when none are left.
    fn spend(&mut self, steps: usize) -> bool {
        match self.steps.checked_sub(u64::try_from(steps).unwrap_or(u64::MAX)) {
            Some(left) => {
                self.steps = left;
                true
            }
            None => self.give_up(Overrun::Steps),
        }
    }

    fn give_up(&mut self, why: Overrun) -> bool {
        self.overrun.get_or_insert(why);
        self.steps = 0;
        false
    }

    /// Records a fault, unless the place is tried quietly. Always `false`.
    fn fault(&mut self, path: &Path<'_>, rule: &'static str, message: impl FnOnce() -> String) -> bool {
        if self.quiet == 0 && self.overrun.is_none() && self.faults.len() < limits::SCHEMA_FAULTS {
            let mut told = String::new();
            clip(&mut told, &message(), MESSAGE_BYTES);
            self.faults.push(ValidationFault { path: path.written(), rule, message: told });
        }
        false
    }

    /// Returns `fits`; for a number out of range, abandons the check and returns `false`.
    fn known(&mut self, fits: Option<bool>) -> bool {
        fits.unwrap_or_else(|| self.give_up(Overrun::NumberRange))
    }

    /// Returns true if the check may stop: the outcome is known, and no more faults are wanted.
    fn is_over(&self, fits: bool) -> bool {
        self.overrun.is_some() || (!fits && (self.quiet > 0 || self.faults.len() >= limits::SCHEMA_FAULTS))
    }

    /// Returns true if the value fits the node. The evaluated members or items are added to `into`, if it fits.
    fn node(&mut self, id: NodeId, value: &Json<'_>, path: &Path<'_>, depth: u32, into: Option<&mut Marks>) -> bool {
        let schema = self.schema;
        let Some(node) = schema.nodes.get(id) else { return true };
        if depth > DEPTH {
            return self.give_up(Overrun::Depth);
        }
        if !self.spend(1) {
            return false;
        }
        let mut marks = (node.asks_evaluated || into.is_some()).then(Marks::default);
        let at = At { value, path, depth: depth.saturating_add(1) };
        let mut fits = true;
        for rule in &node.rules {
            let asks = matches!(rule, Rule::UnevaluatedItems(_) | Rule::UnevaluatedProperties(_));
            // After a broken rule, its evaluated members are not known.
            if asks && !fits {
                continue;
            }
            fits &= self.rule(rule, &at, marks.as_mut());
            if self.is_over(fits) {
                return false;
            }
        }
        if let (true, Some(into), Some(marks)) = (fits, into, marks) {
            into.merge(&marks);
        }
        fits
    }

    /// Checks the value without recording faults.
    fn quietly(&mut self, id: NodeId, at: &At<'_, '_>, into: Option<&mut Marks>) -> bool {
        self.quiet = self.quiet.saturating_add(1);
        let fits = self.node(id, at.value, at.path, at.depth, into);
        self.quiet = self.quiet.saturating_sub(1);
        fits
    }

    fn rule(&mut self, rule: &'s Rule, at: &At<'_, '_>, mut marks: Option<&mut Marks>) -> bool {
        if !self.spend(1) {
            return false;
        }
        match rule {
            Rule::Never => self.fault(at.path, "false", || "Input should not be here".to_owned()),
            Rule::Type { kinds, noun } => self.kind(*kinds, noun, at),
            Rule::Finite | Rule::Bound { .. } | Rule::MultipleOf { .. } => self.number(rule, at),
            Rule::Words(_) | Rule::Pattern(_) | Rule::Format(_) => self.text(rule, at),
            Rule::Enum(_) | Rule::Const(_) => self.one_of(rule, at),
            Rule::Count { count, limit } => self.count(*count, *limit, at),
            Rule::UniqueItems => self.unique(at),
            Rule::Items { first, rest } => self.items(first, *rest, at, marks),
            Rule::Contains { node, least, most } => self.contains(*node, *least, *most, at, marks),
            Rule::Members(members) => self.members(members, at, marks),
            Rule::PropertyNames(node) => self.names(*node, at),
            Rule::DependentRequired(rules) => self.dependent_required(rules, at),
            Rule::DependentSchemas(rules) => {
                let Json::Object(object) = at.value else { return true };
                let mut fits = true;
                for (name, node) in rules {
                    if self.spend(object.len()) && object.get(name).is_some() {
                        fits &= self.node(*node, at.value, at.path, at.depth, marks.as_deref_mut());
                    }
                }
                fits
            }
            Rule::AllOf(nodes) => {
                let mut fits = true;
                for node in nodes {
                    fits &= self.node(*node, at.value, at.path, at.depth, marks.as_deref_mut());
                    if self.is_over(fits) {
                        return false;
                    }
                }
                fits
            }
            Rule::AnyOf(nodes) => self.any(nodes, at, marks),
            Rule::OneOf(nodes) => self.exactly_one(nodes, at, marks),
            Rule::Not(node) => {
                !self.quietly(*node, at, None)
                    || self.fault(at.path, "not", || "Input should not fit this schema (not)".to_owned())
            }
            Rule::If { condition, then, otherwise } => {
                let holds = self.quietly(*condition, at, marks.as_deref_mut());
                let next = if holds { then } else { otherwise };
                next.is_none_or(|node| self.node(node, at.value, at.path, at.depth, marks))
            }
            Rule::Ref(node) => self.node(*node, at.value, at.path, at.depth, marks),
            Rule::UnevaluatedItems(node) => self.unevaluated_items(*node, at, marks),
            Rule::UnevaluatedProperties(node) => self.unevaluated_properties(*node, at, marks),
        }
    }

    fn any(&mut self, nodes: &[NodeId], at: &At<'_, '_>, mut marks: Option<&mut Marks>) -> bool {
        let mut fits = false;
        for node in nodes {
            fits |= self.quietly(*node, at, marks.as_deref_mut());
            // The evaluated members of the others matter only to a caller that asks.
            if self.overrun.is_some() || (fits && marks.is_none()) {
                break;
            }
        }
        fits || self.fault(at.path, "anyOf", || "Input should fit at least one schema (anyOf)".to_owned())
    }

    fn exactly_one(&mut self, nodes: &[NodeId], at: &At<'_, '_>, mut marks: Option<&mut Marks>) -> bool {
        let mut fitting = 0_u32;
        for node in nodes {
            if self.quietly(*node, at, marks.as_deref_mut()) {
                fitting = fitting.saturating_add(1);
            }
            if self.overrun.is_some() || fitting > 1 {
                break;
            }
        }
        fitting == 1 || self.fault(at.path, "oneOf", || "Input should fit exactly one schema (oneOf)".to_owned())
    }

    fn items(&mut self, first: &[NodeId], rest: Option<NodeId>, at: &At<'_, '_>, marks: Option<&mut Marks>) -> bool {
        let Json::Array(items) = at.value else { return true };
        let mut fits = true;
        for (index, item) in items.iter().enumerate() {
            let Some(node) = first.get(index).copied().or(rest) else { break };
            fits &= self.node(node, item, &at.path.index(index), at.depth, None);
            if self.is_over(fits) {
                return false;
            }
        }
        if let Some(marks) = marks {
            marks.all |= rest.is_some();
            (0..first.len().min(items.len())).for_each(|index| marks.add(index));
        }
        fits
    }

    fn contains(
        &mut self,
        node: NodeId,
        least: u64,
        most: Option<u64>,
        at: &At<'_, '_>,
        mut marks: Option<&mut Marks>,
    ) -> bool {
        let Json::Array(items) = at.value else { return true };
        let mut found = 0_u64;
        for (index, item) in items.iter().enumerate() {
            let path = at.path.index(index);
            if self.quietly(node, &At { value: item, path: &path, depth: at.depth }, None) {
                found = found.saturating_add(1);
                if let Some(marks) = marks.as_deref_mut() {
                    marks.add(index);
                }
            }
            if self.overrun.is_some() {
                return false;
            }
        }
        if found < least {
            return self.fault(at.path, "contains", || format!("Input should have at least {least} fitting items"));
        }
        most.is_none_or(|most| found <= most)
            || self.fault(at.path, "maxContains", || "Input should have fewer fitting items".to_owned())
    }

    fn unevaluated_items(&mut self, node: NodeId, at: &At<'_, '_>, marks: Option<&mut Marks>) -> bool {
        let (Json::Array(items), Some(marks)) = (at.value, marks) else { return true };
        let mut fits = true;
        for (index, item) in items.iter().enumerate().filter(|(index, _)| !marks.has(*index)) {
            fits &= self.node(node, item, &at.path.index(index), at.depth, None);
            if self.is_over(fits) {
                return false;
            }
        }
        marks.all = true;
        fits
    }

    fn unique(&mut self, at: &At<'_, '_>) -> bool {
        let Json::Array(items) = at.value else { return true };
        if !self.spend(size(at.value)) {
            return false;
        }
        let fits = all_differ(items);
        self.known(fits)
            || self.overrun.is_some()
            || self.fault(at.path, "uniqueItems", || "Input should have no two equal items".to_owned())
    }

    fn one_of(&mut self, rule: &Rule, at: &At<'_, '_>) -> bool {
        let (name, allowed) = match rule {
            Rule::Enum(items) => ("enum", items.as_slice()),
            Rule::Const(item) => ("const", std::slice::from_ref(&**item)),
            _ => return true,
        };
        let is_whole = matches!(at.value, Json::Array(_) | Json::Object(_));
        let size = if is_whole { size(at.value) } else { 1 };
        for item in allowed {
            if !self.spend(size) {
                return false;
            }
            let fits = are_equal(item, at.value);
            if self.known(fits) {
                return true;
            }
            if self.overrun.is_some() {
                return false;
            }
        }
        let message = || {
            let words: Vec<&str> = allowed.iter().filter_map(Json::as_str).collect();
            if words.len() == allowed.len() {
                format!("Input should be one of {}", words.join(", "))
            } else {
                format!("Input should be a value that the schema names ({name})")
            }
        };
        self.fault(at.path, name, message)
    }

    fn kind(&mut self, kinds: Kinds, noun: &str, at: &At<'_, '_>) -> bool {
        let fits = match at.value {
            Json::Null => kinds.has(Kinds::NULL),
            Json::Bool(_) => kinds.has(Kinds::BOOLEAN),
            Json::String(_) => kinds.has(Kinds::STRING),
            Json::Array(_) => kinds.has(Kinds::ARRAY),
            Json::Object(_) => kinds.has(Kinds::OBJECT),
            Json::Number(_) if kinds.has(Kinds::NUMBER) => true,
            Json::Number(number) if kinds.has(Kinds::INTEGER) => {
                let is_whole = scalars::is_whole(number);
                self.known(is_whole)
            }
            Json::Number(_) => false,
        };
        fits || self.fault(at.path, "type", || format!("Input should be a valid {noun}"))
    }
}

/// Returns the cost of writing the value down: values, and bytes of texts in sixteens.
fn size(value: &Json<'_>) -> usize {
    match value {
        Json::Array(items) => items.iter().fold(1, |sum, item| size(item).saturating_add(sum)),
        Json::Object(object) => {
            object.iter().fold(1, |sum, (name, item)| size(item).saturating_add(sum).saturating_add(name.len() >> 4))
        }
        Json::String(text) => (text.len() >> 4).saturating_add(1),
        Json::Number(number) => (number.as_str().len() >> 4).saturating_add(1),
        Json::Null | Json::Bool(_) => 1,
    }
}
