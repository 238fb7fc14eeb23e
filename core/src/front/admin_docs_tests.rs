//! The documentation's tables against the code: the same entries, in the same words.

use crate::config::json_schema;
use crate::model::request::Header;
use crate::words::action::Action;
use crate::words::refusal::{Again, RefusalKind};

const API: &str = include_str!("../../../docs/api.md");
const CONFIGURATION: &str = include_str!("../../../docs/configuration.md");

/// Returns the text between a comment that begins with `name` and the comment that ends it.
fn between<'d>(document: &'d str, name: &str) -> &'d str {
    let (_, rest) = document.split_once(&format!("<!-- {name}: ")).unwrap();
    let (_, rest) = rest.split_once("-->\n").unwrap();
    rest.split_once(&format!("\n<!-- end of {name} -->")).unwrap().0
}

#[test]
fn every_refusal_is_in_the_documentation() {
    let table: Vec<_> = between(API, "refusals").lines().skip(2).collect();
    assert_eq!(table.len(), RefusalKind::ALL.len());
    for (kind, line) in RefusalKind::ALL.iter().zip(table) {
        let again = kind.again() == Again::Later;
        let expected = format!("| `{}` | {} | {again} | {} | ", kind.name(), kind.status(), kind.message());
        assert!(line.starts_with(&expected), "{line}\nshould begin with\n{expected}");
    }
}

#[test]
fn every_action_is_in_the_documentation() {
    let listed: Vec<_> =
        CONFIGURATION.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    for action in Action::ALL {
        assert_eq!(listed.iter().filter(|(name, _)| *name == action.as_str()).count(), 1, "{action}");
        assert!(API.contains(&format!("| `{action}` |")), "no route of {action}");
    }
}

#[test]
fn every_member_of_the_configuration_is_in_the_documentation() {
    let mut members = Vec::new();
    collect_members("", &json_schema(), &mut members);
    assert!(members.len() > 30, "the schema was not read");
    for member in members {
        assert!(CONFIGURATION.contains(&format!("| `{member}` | ")), "{member}");
    }
}

/// Collects the names of all members that hold a value: `callers[].keys[].id`.
fn collect_members(place: &str, schema: &serde_json::Value, found: &mut Vec<String>) {
    let items = schema.get("items").filter(|items| items.get("properties").is_some());
    if let Some(items) = items {
        collect_members(&format!("{place}[]"), items, found);
    } else if let Some(properties) = schema.get("properties").and_then(serde_json::Value::as_object) {
        for (name, member) in properties {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            if place == "callers[].keys" {
                found.push(place.clone());
            }
            collect_members(&place, member, found);
        }
    } else {
        found.push(place.to_owned());
    }
}

#[test]
fn every_request_header_is_in_the_documentation() {
    let (_, rest) = API.split_once("## Request headers").unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let listed: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    assert_eq!(listed.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), Header::NAMES);
}
