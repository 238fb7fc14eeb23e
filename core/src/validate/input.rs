//! The operator's rules about arguments (`[[inputs]]`): a schema beside the tool's own, URLs, files.
//!
//! A rule is about some tools and says what a place of their input has to be. All rules that name a tool hold. They are
//! checked before the cache is asked, so an answer can only be kept, or served, for an input that they let through.
//! `docs/input.md` says what each check is for, and what it cannot know.

mod address;
mod file;
mod host;
mod place;
mod punycode;
mod url;

use std::rc::Rc;

pub use file::{FileRule, is_media_type};
pub use host::HostPattern;
pub use place::Place;
pub use url::{Scheme, UrlRule};

use crate::validate::schema::{Fault, Schema};
use crate::words::json::Json;
use crate::words::limits;
use crate::words::names::ToolPattern;

/// A rule: what the inputs of some tools have to fulfil besides what the tools themselves say.
#[derive(Clone, Debug)]
pub struct InputRule {
    /// The tools.
    pub tools: Vec<ToolPattern>,
    /// Tells what the whole input has to fulfil.
    pub schema: Option<Rc<Schema>>,
    /// Places that hold URLs.
    pub urls: Vec<UrlRule>,
    /// Places that hold files.
    pub files: Vec<FileRule>,
}

/// Describes what is wrong with a value: the rule's name, and what would be right. Neither holds the value.
pub(crate) type Broken = (&'static str, &'static str);

/// Checks the input of the tool with this name in lower case against every rule that names it.
///
/// # Errors
/// At most [`limits::SCHEMA_FAULTS`] faults.
pub fn check(rules: &[InputRule], folded: &str, input: &Json<'_>) -> Result<(), Vec<Fault>> {
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
