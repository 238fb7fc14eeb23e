//! The section `[[cache.warm]]`: calls that warm the cache.

use super::document::Located;
use super::faults::ConfigFault;
use super::sections::CacheWarmSection;
use crate::cache::WarmCall;
use crate::words::json::{self, Json};
use crate::words::limits;
use crate::words::names::ToolPattern;

/// Builds the calls, checked as far as possible without the executors' tools: a tool's own declarations are consulted
/// each time. `offered` are the patterns of the tools that are taken from some executor.
pub(super) fn warm(
    sections: Vec<Located<CacheWarmSection>>,
    offered: &[ToolPattern],
    json: json::Limits,
    found: &mut Vec<ConfigFault>,
) -> Vec<WarmCall> {
    let mut fault = |line, place: &str, message: String| {
        found.push(ConfigFault { line: Some(line), place: place.to_owned(), message });
    };
    if let Some(first) = sections.get(limits::CACHE_WARM) {
        fault(first.line, "cache.warm", format!("are more than {}", limits::CACHE_WARM));
    }
    let checked = sections.into_iter().enumerate().map(|(index, Located { value, line })| {
        let CacheWarmSection { tenant, tool, version, input, user, project } = value;
        let place = |member: &str| format!("cache.warm[{index}].{member}");
        let folded = tool.folded();
        if !offered.iter().any(|pattern| pattern.matches(&folded)) {
            fault(line, &place("tool"), format!("{} is taken from no executor: see executors[].tools", tool.as_str()));
        }
        let parsed = json::parse(input.as_bytes(), json).ok().filter(|input| input.as_object().is_some());
        if input.len() > limits::CACHE_WARM_INPUT_BYTES {
            fault(line, &place("input"), format!("has more than {} bytes", limits::CACHE_WARM_INPUT_BYTES));
        } else if parsed.is_none() {
            fault(line, &place("input"), "must be a JSON object within [limits]".to_owned());
        }
        let input = parsed.map_or(Json::Null, Json::into_owned);
        if version.as_ref().is_some_and(|version| version.is_empty() || version.len() > 64) {
            fault(line, &place("version"), "must have 1 to 64 bytes".to_owned());
        }
        WarmCall { tenant, tool, version, input, user, project }
    });
    checked.collect()
}
