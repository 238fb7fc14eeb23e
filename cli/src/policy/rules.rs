//! The policies and roles of a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::str::FromStr as _;

use cedar_policy::{PolicySet as Official, Schema, ValidationMode, Validator};
use miette::Diagnostic;
use serde::Deserialize;
use toml::Spanned;
use toolgate::model::caller::Grant;
use toolgate::policy::{PolicyMode, PolicySet, PolicySource};
use toolgate::words::action::ActionPattern;
use toolgate::words::names::ToolPattern;

use super::schema::schema;
use crate::failure::Failure;

/// The parts of a configuration that are read.
#[derive(Debug, Default, Deserialize)]
struct Document {
    #[serde(default)]
    policies: Vec<Section>,
    #[serde(default)]
    roles: Vec<Role>,
}

#[derive(Debug, Deserialize)]
struct Section {
    text: Spanned<String>,
    #[serde(default)]
    mode: String,
}

#[derive(Debug, Deserialize)]
struct Role {
    id: String,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    tools: Vec<String>,
}

/// A text of policies, and the line of its file on which it begins.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    line: usize,
    mode: PolicyMode,
}

/// Policies and roles.
#[derive(Debug)]
pub struct Rules {
    pub(super) policies: PolicySet,
    pub(super) texts: Vec<Text>,
    pub(super) roles: BTreeMap<String, Rc<Grant>>,
    file: String,
}

impl Rules {
    /// Reads a configuration, or Cedar text. Of a configuration, only policies and roles are looked at.
    ///
    /// # Errors
    /// Every fault, as `file:line:column: what is wrong`.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let content = fs::read_to_string(file).map_err(Failure::file(file))?;
        let name = file.display().to_string();
        if file.extension().is_none_or(|extension| extension != "toml") {
            return Self::new(name, vec![Text { text: content, line: 1, mode: PolicyMode::Enforce }], Vec::new());
        }
        let document: Document = toml::from_str(&content).map_err(|error| Failure::new(format!("{name}: {error}")))?;
        let text = |section: Section| {
            let start = section.text.span().start;
            let before = content.get(..start).unwrap_or_default();
            // A line break right behind the quotes is no part of the text.
            let quoted = content.get(start..).unwrap_or_default().trim_start_matches(['\'', '"']);
            let line =
                before.matches('\n').count().saturating_add(if quoted.starts_with(['\n', '\r']) { 2 } else { 1 });
            let mode = if section.mode == "dry_run" { PolicyMode::DryRun } else { PolicyMode::Enforce };
            Text { text: section.text.into_inner(), line, mode }
        };
        Self::new(name, document.policies.into_iter().map(text).collect(), document.roles)
    }

    fn new(file: String, texts: Vec<Text>, roles: Vec<Role>) -> Result<Self, Failure> {
        let sources: Vec<_> = texts.iter().map(|text| PolicySource { text: &text.text, mode: text.mode }).collect();
        let policies = PolicySet::new(&sources).map_err(|faults| {
            let place = |(place, fault): &(usize, toolgate::policy::PolicyFault)| {
                let first = texts.get(*place).map_or(1, |text| text.line);
                format!(
                    "{file}:{}:{}: {}",
                    first.saturating_add(fault.line).saturating_sub(1),
                    fault.column,
                    fault.message
                )
            };
            Failure::new(faults.iter().map(place).collect::<Vec<_>>().join("\n"))
        })?;
        let grant = |role: Role| {
            let grant = Grant {
                rule: format!("role:{}", role.id),
                actions: role.actions.iter().filter_map(|text| ActionPattern::new(text)).collect(),
                tools: role.tools.iter().filter_map(|text| ToolPattern::new(text)).collect(),
            };
            (role.id, Rc::new(grant))
        };
        let roles = roles.into_iter().map(grant).collect();
        Ok(Self { policies, texts, roles, file })
    }

    /// Checks the policies with the official reader, and against the schema.
    ///
    /// # Errors
    /// Every fault, as `file:line:column: what is wrong`.
    pub fn validate(&self) -> Result<(), Failure> {
        let schema = Schema::from_json_str(&schema()).map_err(|error| Failure::new(format!("the schema: {error}")))?;
        let validator = Validator::new(schema);
        let mut faults = Vec::new();
        for text in &self.texts {
            match Official::from_str(&text.text) {
                Err(errors) => faults.extend(errors.iter().map(|error| self.told(text, error))),
                Ok(policies) => {
                    let result = validator.validate(&policies, ValidationMode::Partial);
                    faults.extend(result.validation_errors().map(|error| self.told(text, error)));
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n"))) }
    }

    fn told<E: Diagnostic>(&self, text: &Text, error: &E) -> String {
        let offset = error.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset());
        let before = text.text.get(..offset).unwrap_or_default();
        let line = text.line.saturating_add(before.matches('\n').count());
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
        format!("{}:{line}:{column}: {error}", self.file)
    }
}
