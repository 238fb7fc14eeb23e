//! The `filter` parameter: a JSON text over the declarations of tools.

use super::FILTER_LIMITS;
use crate::words::json::{self, Json};
use crate::words::refusal::{Refusal, RefusalKind};

/// A filter; without one every tool matches.
#[derive(Debug, Default)]
pub(super) struct Filter {
    flags: Vec<(&'static str, bool)>,
    lists: Vec<(&'static str, Words)>,
    extras: Option<Json<'static>>,
}

/// Words required of a tool's list: any of, all of, none of.
#[derive(Debug, Default)]
struct Words {
    any_of: Vec<String>,
    all_of: Vec<String>,
    none_of: Vec<String>,
}

const FLAGS: [&str; 4] = ["read_only", "destructive", "idempotent", "open_world"];
const LISTS: [&str; 2] = ["operations", "service_domains"];

impl Filter {
    /// Reads the parameter.
    ///
    /// # Errors
    /// [`RefusalKind::QueryInvalid`] for an invalid filter.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let invalid = |what: &str| Refusal::with(RefusalKind::QueryInvalid, format!("filter: {what}"));
        let parsed = json::parse(text.as_bytes(), FILTER_LIMITS).map_err(|fault| invalid(&fault.to_string()))?;
        let object = parsed.as_object().ok_or_else(|| invalid("must be an object"))?;
        let mut filter = Self::default();
        for (name, value) in object.iter() {
            if let Some(flag) = FLAGS.into_iter().find(|flag| *flag == name) {
                filter
                    .flags
                    .push((flag, value.as_bool().ok_or_else(|| invalid(&format!("{flag} must be true or false")))?));
            } else if let Some(list) = LISTS.into_iter().find(|list| *list == name) {
                let words = words_of(value)
                    .ok_or_else(|| invalid(&format!("{list} must be an array, or have any_of, all_of or none_of")))?;
                filter.lists.push((list, words));
            } else if name == "extras" {
                filter.extras = Some(value.clone().into_owned());
            } else {
                return Err(invalid(&format!("known are {}, {}, extras", FLAGS.join(", "), LISTS.join(", "))));
            }
        }
        Ok(filter)
    }

    /// Returns true if a tool's definition matches. A tool that does not declare a thing does not match a filter on it.
    pub(super) fn matches(&self, definition: &Json<'_>) -> bool {
        let metadata = definition.get("metadata");
        let behavior = metadata.and_then(|metadata| metadata.get("behavior"));
        let classification = metadata.and_then(|metadata| metadata.get("classification"));
        let flags = self.flags.iter().all(|(flag, wanted)| {
            behavior.and_then(|behavior| behavior.get(flag)).and_then(Json::as_bool) == Some(*wanted)
        });
        let lists = self.lists.iter().all(|(list, words)| {
            let holder = if *list == "operations" { behavior } else { classification };
            let items = holder.and_then(|holder| holder.get(list)).and_then(Json::as_array).unwrap_or_default();
            let has = |word: &String| items.iter().filter_map(Json::as_str).any(|item| item.eq_ignore_ascii_case(word));
            (words.any_of.is_empty() || words.any_of.iter().any(has))
                && words.all_of.iter().all(has)
                && !words.none_of.iter().any(has)
        });
        let extras = self.extras.as_ref().is_none_or(|wanted| {
            metadata.and_then(|metadata| metadata.get("extras")).is_some_and(|extras| is_within(wanted, extras))
        });
        flags && lists && extras
    }
}

fn words_of(value: &Json<'_>) -> Option<Words> {
    let list = |value: &Json<'_>| -> Option<Vec<String>> {
        value.as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect()
    };
    match value {
        Json::Array(_) => Some(Words { any_of: list(value)?, ..Words::default() }),
        Json::Object(object) => {
            let mut words = Words::default();
            for (name, value) in object.iter() {
                match name {
                    "any_of" => words.any_of = list(value)?,
                    "all_of" => words.all_of = list(value)?,
                    "none_of" => words.none_of = list(value)?,
                    _ => return None,
                }
            }
            Some(words)
        }
        _ => None,
    }
}

/// Returns true if `value` has every member of `wanted`, case-sensitively.
fn is_within(wanted: &Json<'_>, value: &Json<'_>) -> bool {
    match (wanted, value) {
        (Json::Object(wanted), Json::Object(value)) => {
            wanted.iter().all(|(name, member)| value.get(name).is_some_and(|known| is_within(member, known)))
        }
        (wanted, value) => wanted == value,
    }
}
