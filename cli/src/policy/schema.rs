//! The Cedar schema of the requests to policies, made from the core's actions.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use toolgate::words::action::Action;

/// Returns the schema, as it is committed: docs/policy.cedarschema.json.
#[must_use]
pub fn schema() -> String {
    format!("{:#}", value())
}

fn value() -> Value {
    let string = || json!({ "type": "String" });
    let optional = |kind: &str| json!({ "type": kind, "required": false });
    let texts = || json!({ "type": "Set", "element": { "type": "String" } });
    // Each deployment has its own claims and arguments.
    let open =
        |required| json!({ "type": "Record", "attributes": {}, "additionalAttributes": true, "required": required });
    let caller = json!({
        "memberOfTypes": ["Role", "Tenant"],
        "shape": { "type": "Record", "attributes": {
            "id": string(), "tenant": string(), "roles": texts(), "scopes": texts(), "claims": open(true),
        } },
    });
    let tool = json!({
        "memberOfTypes": ["Toolkit", "Executor"],
        "shape": { "type": "Record", "attributes": {
            "name": string(), "toolkit": string(), "version": string(), "executor": string(), "owner": string(),
            "read_only": optional("Boolean"), "destructive": optional("Boolean"),
            "idempotent": optional("Boolean"), "open_world": optional("Boolean"),
        } },
    });
    let time = json!({ "type": "Record", "attributes": {
        "epoch": { "type": "Long" }, "hour": { "type": "Long" }, "weekday": { "type": "Long" },
    } });
    let mut actions = serde_json::Map::new();
    let mut groups = BTreeSet::new();
    for action in Action::ALL {
        let family = format!("{}/*", action.as_str().split('/').next().unwrap_or_default());
        let mut context = json!({
            "user": optional("String"), "project": optional("String"), "country": optional("String"), "time": time,
        });
        if let (Action::ToolsCall | Action::ToolsAuthorize, Some(context)) = (action, context.as_object_mut()) {
            context.insert("arguments".to_owned(), open(true));
        }
        let resources = match action {
            Action::ToolsList | Action::ToolsCall | Action::ToolsAuthorize | Action::ToolsRequirements => {
                json!(["Tool"])
            }
            Action::ChatCompletions => json!(["Tool", "Gateway", "Project"]),
            _ => json!(["Gateway", "Project"]),
        };
        let entry = json!({
            "memberOf": [{ "id": family }, { "id": "*" }],
            "appliesTo": {
                "principalTypes": ["Caller"],
                "resourceTypes": resources,
                "context": { "type": "Record", "attributes": context },
            },
        });
        actions.insert(action.as_str().to_owned(), entry);
        groups.insert(family);
    }
    for group in groups.into_iter().chain(["*".to_owned()]) {
        actions.insert(group, json!({}));
    }
    json!({ "": {
        "entityTypes": {
            "Caller": caller, "Role": {}, "Tenant": {}, "Tool": tool, "Toolkit": {}, "Executor": {}, "Gateway": {}, "Project": {},
        },
        "actions": actions,
    } })
}
