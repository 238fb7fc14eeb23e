//! References within one document: `$id`, `$anchor` and JSON Pointers (core, sections 8.2 and 9).

use std::collections::BTreeMap;

use super::rules::NodeId;
use crate::words::percent;

/// The targets of references.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// Every schema, by its JSON Pointer from the root of the document.
    pub(super) places: BTreeMap<String, NodeId>,
    /// JSON Pointers of schemas with `$id`, by their URI.
    resources: BTreeMap<String, String>,
    /// Anchored schemas, by the URI of the schema around them and the anchor.
    anchors: BTreeMap<(String, String), NodeId>,
}

impl Targets {
    /// Adds a schema with this URI; `false` when there is another.
    pub(super) fn add_resource(&mut self, uri: &str, pointer: &str) -> bool {
        self.resources.insert(uri.to_owned(), pointer.to_owned()).is_none_or(|before| before == pointer)
    }

    /// Adds an anchor; `false` when there is another.
    pub(super) fn add_anchor(&mut self, base: &str, anchor: &str, node: NodeId) -> bool {
        self.anchors.insert((base.to_owned(), anchor.to_owned()), node).is_none()
    }

    /// Returns the schema that `reference` resolves to against the base URI `base`.
    pub(super) fn find(&self, base: &str, reference: &str) -> Option<NodeId> {
        let (uri, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let uri = if uri.is_empty() { base.to_owned() } else { resolve(base, uri) };
        let fragment = percent::decode(fragment)?;
        let root = self.resources.get(&uri)?;
        if fragment.is_empty() || fragment.starts_with('/') {
            let mut pointer = root.clone();
            pointer.push_str(&fragment);
            return self.places.get(&pointer).copied();
        }
        self.anchors.get(&(uri, fragment.into_owned())).copied()
    }
}

/// Escapes one step of a JSON Pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Resolves `reference` against `base` (RFC 3986 section 5.2, without its query rules).
pub(super) fn resolve(base: &str, reference: &str) -> String {
    let has_scheme = |text: &str| {
        text.find(':').is_some_and(|colon| {
            let scheme = text.get(..colon).unwrap_or_default();
            scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        })
    };
    if has_scheme(reference) || base.is_empty() {
        return reference.to_owned();
    }
    let (scheme, after) = base.split_once(':').unwrap_or(("", base));
    if let Some(rest) = reference.strip_prefix("//") {
        return [scheme, "://", rest].concat();
    }
    let (authority, path) = match after.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            (["//", rest.get(..end).unwrap_or_default()].concat(), rest.get(end..).unwrap_or_default())
        }
        None => (String::new(), after),
    };
    let merged = if reference.starts_with('/') {
        reference.to_owned()
    } else {
        let directory = path.rfind('/').map_or("/", |at| path.get(..=at).unwrap_or("/"));
        [directory, reference].concat()
    };
    let scheme = if scheme.is_empty() { String::new() } else { [scheme, ":"].concat() };
    [scheme, authority, without_dots(&merged)].concat()
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." if kept.len() > 1 => {
                kept.pop();
            }
            ".." => {}
            segment => kept.push(segment),
        }
    }
    kept.join("/")
}
