//! Values of application and component variables.

use std::collections::BTreeMap;

use crate::error::StartError;
use crate::manifest::{Component, Manifest};

/// The application's variables with their values.
#[derive(Clone, Debug)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Gives every application variable its value: from `given`, else `SPIN_VARIABLE_NAME` of `environment`, else its default.
    /// A given name that is not declared means nothing, as on Spin.
    ///
    /// # Errors
    /// [`StartError::Variables`] names every required variable without a value.
    pub fn resolve(
        manifest: &Manifest,
        given: &[(String, String)],
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        let mut values = BTreeMap::new();
        let mut faults = Vec::new();
        for (name, declared) in &manifest.variables {
            let value = given
                .iter()
                .rev()
                .find(|(candidate, _)| candidate == name)
                .map(|(_, value)| value.clone())
                .or_else(|| environment(&format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())))
                .or_else(|| declared.default.clone());
            match value {
                Some(value) => drop(values.insert(name.clone(), value)),
                None => faults.push(format!("`{name}` is required and has no value")),
            }
        }
        if faults.is_empty() { Ok(Self(values)) } else { Err(StartError::Variables(faults)) }
    }

    /// The variables that `component` sees.
    ///
    /// # Errors
    /// [`StartError::Variables`] when a name or a template of the component is not valid.
    pub fn of_component(&self, component: &Component) -> Result<BTreeMap<String, String>, StartError> {
        let mut seen = BTreeMap::new();
        let mut faults = Vec::new();
        for (name, template) in &component.variables {
            match check_name(name).map_err(str::to_owned).and_then(|()| self.expand(template)) {
                Ok(value) => drop(seen.insert(name.clone(), value)),
                Err(problem) => faults.push(format!("`{name}`: {problem}")),
            }
        }
        if faults.is_empty() { Ok(seen) } else { Err(StartError::Variables(faults)) }
    }

    /// Replaces each `{{ name }}` of `template` by that variable's value.
    ///
    /// # Errors
    /// A message when a brace pair is not closed or a variable is unknown.
    pub fn expand(&self, template: &str) -> Result<String, String> {
        let mut expanded = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((literal, tail)) = rest.split_once("{{") {
            let (name, after) = tail.split_once("}}").ok_or_else(|| format!("`{template}` has an unclosed `{{{{`"))?;
            let name = name.trim();
            let value = self.0.get(name).ok_or_else(|| format!("`{template}` names the unknown variable `{name}`"))?;
            expanded.push_str(literal);
            expanded.push_str(value);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

/// Checks a variable name: lower-case ASCII letters, digits and single inner underscores, a letter first.
///
/// # Errors
/// The rule that `name` breaks.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Err("must start with a lower-case letter")
    } else if !name.chars().all(allowed) {
        Err("may contain only lower-case letters, digits and underscores")
    } else if name.ends_with('_') || name.contains("__") {
        Err("may contain only single underscores, and none at the end")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Application, Variable};

    fn manifest() -> Manifest {
        let declare = |default: Option<&str>| Variable {
            default: default.map(str::to_owned),
            required: default.is_none(),
            secret: false,
        };
        Manifest {
            directory: ".".into(),
            application: Application { name: "a".to_owned(), version: None, description: None, authors: Vec::new() },
            variables: [("city", declare(Some("Berlin"))), ("key", declare(None))]
                .map(|(name, variable)| (name.to_owned(), variable))
                .into(),
            triggers: Vec::new(),
            components: BTreeMap::new(),
        }
    }

    fn given(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn variables_come_from_arguments_then_environment_then_default() {
        let environment = |name: &str| (name == "SPIN_VARIABLE_KEY").then(|| "from env".to_owned());
        let values = Values::resolve(&manifest(), &[], environment).expect("complete");
        assert_eq!(values.expand("{{city}}/{{ key }}!"), Ok("Berlin/from env!".to_owned()));
        let values =
            Values::resolve(&manifest(), &given(&[("key", "k"), ("city", "Rome")]), environment).expect("complete");
        assert_eq!(values.expand("{{city}}/{{ key }}!"), Ok("Rome/k!".to_owned()));
    }

    #[test]
    fn a_missing_value_is_a_fault_and_an_unknown_name_is_none() {
        let error = Values::resolve(&manifest(), &given(&[("town", "x")]), |_| None).expect_err("faulty").to_string();
        assert!(error.contains("`key` is required") && !error.contains("town"), "{error}");
        let values = Values::resolve(&manifest(), &given(&[("town", "x"), ("key", "k")]), |_| None).expect("complete");
        assert!(values.expand("{{ town }}").is_err());
    }

    #[test]
    fn bad_templates_and_names_are_refused() {
        let values = Values::resolve(&manifest(), &given(&[("key", "k")]), |_| None).expect("complete");
        assert!(values.expand("{{ key").is_err());
        assert!(values.expand("{{ nothing }}").is_err());
        for name in ["", "A", "1a", "a__b", "a_", "a-b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(check_name("a_b2"), Ok(()));
    }
}
