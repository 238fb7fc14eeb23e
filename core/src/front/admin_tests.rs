//! The interface description (`core/openapi.json`) against the routes: each is described with its needs, and no other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::OPENAPI;
use crate::model::operation::{Gate, Operation, ROUTES, find};
use crate::words::method::Method;
use crate::words::refusal::RefusalKind;

/// Bound on the description, which is compiled into the WASM. Each route, parameter and header that callers can use
/// stands in it, in full: that is worth a per cent or two of the component.
const BYTES: usize = 40 * 1024;

/// The methods that a route can take, as the description writes them. HEAD is GET's, OPTIONS every path's.
const METHODS: [(Method, &str); 5] = [
    (Method::Get, "get"),
    (Method::Post, "post"),
    (Method::Put, "put"),
    (Method::Patch, "patch"),
    (Method::Delete, "delete"),
];

fn description() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// Returns the description's operations by method and path, each parameter of the path written `{}`.
fn described() -> BTreeMap<(String, &'static str), Value> {
    let document = description();
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let segments: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        for (_, name) in METHODS {
            if let Some(operation) = item.get(name) {
                assert!(operations.insert((segments.join("/"), name), operation.clone()).is_none(), "{name} {path}");
            }
        }
    }
    operations
}

/// Returns the paths of the table of operations, each parameter written `{}`.
fn paths() -> BTreeSet<String> {
    let segment = |part: &'static str| if part.starts_with('{') { "{}" } else { part };
    ROUTES.iter().map(|route| route.path.split('/').flat_map(|part| ["/", segment(part)]).collect()).collect()
}

/// Returns the gateway's operation for each method and path that it knows.
fn routed() -> BTreeMap<(String, &'static str), Operation> {
    let mut routed = BTreeMap::new();
    for path in paths() {
        for (method, name) in METHODS {
            if let Ok(asked) = find(method, &path.replace("{}", "x")) {
                routed.insert((path.clone(), name), asked.operation);
            }
        }
    }
    routed
}

#[test]
fn openapi_describes_every_route_and_nothing_else() {
    let described: BTreeSet<_> = described().into_keys().collect();
    let routed: BTreeSet<_> = routed().into_keys().collect();
    assert!(routed.len() > 60, "the table was not read");
    let missing: Vec<_> = routed.difference(&described).collect();
    let invented: Vec<_> = described.difference(&routed).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not described: {missing:?}; no such route: {invented:?}");
}

#[test]
fn openapi_says_who_may_ask_and_who_answers() {
    let routed = routed();
    for (route, described) in described() {
        let operation = &routed[&route];
        let action = described.get("x-toolgate-action").and_then(Value::as_str);
        let security = described.get("security").map(Value::to_string);
        let expected = match operation.gate() {
            Gate::Open => (None, Some("[]")),
            Gate::WorkerToken => (None, Some("[{\"workerToken\":[]}]")),
            Gate::Action(action) => (Some(action.as_str()), None),
        };
        assert_eq!((action, security.as_deref()), expected, "{route:?}");
        let passed_on = matches!(
            operation,
            Operation::Pass(_)
                | Operation::Requirements
                | Operation::AuthAuthorize
                | Operation::AuthStatus
                | Operation::ScheduledList
                | Operation::ScheduledGet
                | Operation::Chat
        );
        let default = described["responses"]["default"]["$ref"].as_str();
        assert_eq!(default == Some("#/components/responses/Engine"), passed_on, "{route:?}");
        let limited = described["responses"]["429"]["$ref"].as_str() == Some("#/components/responses/RateLimited");
        let is_limited = matches!(operation.gate(), Gate::Action(_)) && !operation.is_operators();
        assert_eq!(limited, is_limited, "{route:?}");
    }
}

#[test]
fn openapi_names_the_prefix_of_projects() {
    let prefix = description()["x-toolgate-project-prefix"].as_str().unwrap().replace(['{', '}'], "");
    for ((path, name), operation) in routed() {
        let method = METHODS.into_iter().find(|(_, known)| *known == name).unwrap().0;
        let path = path.replace("{}", "x");
        let below = find(method, &format!("{prefix}{}", path.strip_prefix("/v1").unwrap_or(&path)));
        match below {
            Ok(asked) => {
                assert!(path.starts_with("/v1/"), "{path} belongs to no project");
                assert_eq!((asked.operation, asked.project.unwrap().as_str()), (operation, "org/project"));
            }
            Err(refusal) => assert!(!path.starts_with("/v1/") && refusal.kind == RefusalKind::PathUnknown, "{path}"),
        }
    }
}

#[test]
fn openapi_is_small_and_whole() {
    assert!(OPENAPI.len() <= BYTES, "{} bytes", OPENAPI.len());
    let document = description();
    assert_eq!(
        (&document["openapi"], &document["info"]["version"]),
        (&"3.1.0".into(), &env!("CARGO_PKG_VERSION").into())
    );
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            assert!(references.contains(&format!("#/components/{kind}/{name}")), "nobody uses {kind}/{name}");
        }
    }
    let described = described();
    let ids: Vec<_> = described.values().filter_map(|operation| operation["operationId"].as_str()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an operationId stands twice");
}

#[test]
fn openapi_declares_each_parameter_of_a_path() {
    for (path, item) in description()["paths"].as_object().unwrap() {
        let names: Vec<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let declared = item.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
        let references: Vec<_> = declared.iter().filter_map(|parameter| parameter["$ref"].as_str()).collect();
        let expected: Vec<_> = names.iter().map(|name| format!("#/components/parameters/{name}")).collect();
        assert_eq!(references, expected, "{path}");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(reference) if name == "$ref" => drop(found.insert(reference.to_owned())),
                    _ => collect_references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}
