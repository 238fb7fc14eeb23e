//! Rules of objects.

use super::{At, Check, Marks, Overrun};
use crate::validate::schema::path::Path;
use crate::validate::schema::rules::{Additional, NodeId, Property, PropertyRules};
use crate::words::json::{Json, Object};

impl Check<'_> {
    pub(super) fn members(&mut self, members: &PropertyRules, at: &At<'_, '_>, mut marks: Option<&mut Marks>) -> bool {
        let Json::Object(object) = at.value else { return true };
        let mut fits = true;
        let mut declared = 0_usize;
        for property in &members.properties {
            // A search compares about half of the names.
            if !self.spend((object.len() >> 3).saturating_add(1)) {
                return false;
            }
            let Some(value) = object.get(&property.name) else {
                if property.is_required {
                    let path = at.path.name(&property.name);
                    fits = self.fault(&path, "required", || "Field required".to_owned());
                }
                continue;
            };
            if let Some(node) = property.node {
                declared = declared.saturating_add(1);
                fits &= self.node(node, value, &at.path.name(&property.name), at.depth, None);
            }
            if self.is_over(fits) {
                return false;
            }
        }
        let has_others = declared < object.len();
        if (has_others && (!members.patterns.is_empty() || members.additional != Additional::Any))
            || !members.patterns.is_empty()
            || marks.is_some()
        {
            fits &= self.others(members, object, at, marks.as_deref_mut());
        }
        if let (Some(marks), Additional::Fit(_) | Additional::Refused) = (marks, members.additional) {
            marks.all = true;
        }
        fits
    }

    /// Returns the members that a pattern names, or nothing.
    fn others(
        &mut self,
        members: &PropertyRules,
        object: &Object<'_>,
        at: &At<'_, '_>,
        mut marks: Option<&mut Marks>,
    ) -> bool {
        let mut fits = true;
        for (index, (name, value)) in object.iter().enumerate() {
            if !self.spend((members.properties.len() >> 3).saturating_add(1)) {
                return false;
            }
            let is_declared = |property: &Property| *property.name == *name;
            let mut is_named =
                members.properties.iter().any(|property| property.node.is_some() && is_declared(property));
            for (pattern, node) in &members.patterns {
                match pattern.is_match(name, &mut self.steps) {
                    None => return self.give_up(Overrun::Steps),
                    Some(false) => {}
                    Some(true) => {
                        is_named = true;
                        fits &= self.node(*node, value, &at.path.name(name), at.depth, None);
                    }
                }
            }
            match members.additional {
                _ if is_named => {}
                Additional::Any => continue,
                Additional::Refused => {
                    fits = self.fault(&at.path.name(name), "additionalProperties", || {
                        "Extra inputs are not permitted".to_owned()
                    });
                }
                Additional::Fit(node) => fits &= self.node(node, value, &at.path.name(name), at.depth, None),
            }
            if let Some(marks) = marks.as_deref_mut() {
                marks.add(index);
            }
            if self.is_over(fits) {
                return false;
            }
        }
        fits
    }

    pub(super) fn names(&mut self, node: NodeId, at: &At<'_, '_>) -> bool {
        let Json::Object(object) = at.value else { return true };
        let mut fits = true;
        for (name, _) in object.iter() {
            let path = at.path.name(name);
            let value = Json::String(name.into());
            let at = At { value: &value, path: &path, depth: at.depth };
            if !self.quietly(node, &at, None) {
                fits = self.fault(&path, "propertyNames", || "The name should fit the rule for names".to_owned());
            }
            if self.is_over(fits) {
                return false;
            }
        }
        fits
    }

    pub(super) fn dependent_required(&mut self, rules: &[(Box<str>, Vec<Box<str>>)], at: &At<'_, '_>) -> bool {
        let Json::Object(object) = at.value else { return true };
        let mut fits = true;
        for (name, required) in rules {
            if !self.spend((object.len() >> 3).saturating_add(1)) {
                return false;
            }
            if object.get(name).is_none() {
                continue;
            }
            for needed in required {
                if !self.spend((object.len() >> 3).saturating_add(1)) {
                    return false;
                }
                if object.get(needed).is_none() {
                    fits = self.fault(&at.path.name(needed), "dependentRequired", || "Field required".to_owned());
                }
            }
        }
        fits
    }

    pub(super) fn unevaluated_properties(&mut self, node: NodeId, at: &At<'_, '_>, marks: Option<&mut Marks>) -> bool {
        let (Json::Object(object), Some(marks)) = (at.value, marks) else { return true };
        let mut fits = true;
        for (_, (name, value)) in object.iter().enumerate().filter(|(index, _)| !marks.has(*index)) {
            let path: Path<'_> = at.path.name(name);
            fits &= self.node(node, value, &path, at.depth, None);
            if self.is_over(fits) {
                return false;
            }
        }
        marks.all = true;
        fits
    }
}
