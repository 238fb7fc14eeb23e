//! The operator's rules about arguments (`[[inputs]]`): a schema beside the tool's own, URLs, files.
//!
//! A rule applies to some tools and constrains a place of their input. All rules that name a tool must hold. They are
//! checked before the cache is read, so a response can only be stored, or served, for an input that passes them.
//! `docs/input.md` gives the purpose of each check, and its limits.

mod address;
mod file;
mod host;
mod place;
mod punycode;
mod url;

use std::rc::Rc;

pub use file::{FileRule, is_media_type};
pub use host::HostPattern;
pub use place::ArgumentPath;
pub use url::{Scheme, UrlRule};

use crate::validate::schema::{Schema, ValidationFault};
use crate::words::json::Json;
use crate::words::limits;
use crate::words::names::ToolPattern;

/// A rule: constraints on the inputs of some tools beside the tools' own schemas.
#[derive(Clone, Debug)]
pub struct InputRule {
    /// The tools.
    pub tools: Vec<ToolPattern>,
    /// The schema of the whole input.
    pub schema: Option<Rc<Schema>>,
    /// Places that hold URLs.
    pub urls: Vec<UrlRule>,
    /// Places that hold files.
    pub files: Vec<FileRule>,
}

/// A broken rule: its name, and a description of a valid value. Neither holds the value.
pub(crate) type Broken = (&'static str, &'static str);

/// Checks the input of the tool with this name in lower case against every rule that names it.
///
/// # Errors
/// At most [`limits::SCHEMA_FAULTS`] faults.
pub fn check(rules: &[InputRule], folded: &str, input: &Json<'_>) -> Result<(), Vec<ValidationFault>> {
    let mut faults = Vec::new();
    for rule in rules.iter().filter(|rule| rule.tools.iter().any(|pattern| pattern.matches(folded))) {
        if let Some(Err(broken)) = rule.schema.as_ref().map(|schema| schema.check(input)) {
            faults.extend(broken);
        }
        for url in &rule.urls {
            url.at.each(input, &mut faults, &|value| url.judge(value));
        }
        for file in &rule.files {
            file.at.each(input, &mut faults, &|value| file.judge(value));
        }
    }
    faults.truncate(limits::SCHEMA_FAULTS);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
