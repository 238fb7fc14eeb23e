//! `POST /v1/tools/requirements`: what a user still has to consent to, and which secrets are missing, over several tools.

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::answer::{Answer, Handled};
use crate::ask::{Ask, need, text};
use crate::authorize;
use crate::catalogue::Tool;
use crate::engine::Engine;

/// Answers for the named tools; with `authorize`, consents that are missing are begun.
pub(crate) fn check(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let user = need(&body, "user_id")?;
    let account = engine.account(&ask.scope);
    let mut account = account.borrow_mut();
    let tools = named_tools(engine, &account, &body)?;
    let begin = body.get("authorize") == Some(&Value::Bool(true));
    let consents = consents(engine, &mut account, user, &tools, begin);
    let secrets = secrets(&account, &tools);
    let all_met = |items: &Map<String, Value>| items.values().all(|item| item.get("met") == Some(&Value::Bool(true)));
    let (consents_met, secrets_met) = (all_met(&consents), all_met(&secrets));
    Ok(Answer::json(
        200,
        &json!({
            "met": consents_met && secrets_met,
            "authorization": {"met": consents_met, "items": consents}, "secrets": {"met": secrets_met, "items": secrets},
        }),
    ))
}

fn named_tools(engine: &Engine, account: &Account, body: &Value) -> Result<Vec<Tool>, Answer> {
    let list = |name: &str| body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut tools = Vec::new();
    for wanted in list("tools") {
        tools.push(engine.find_tool(account, need(&wanted, "tool_name")?, text(&wanted, "tool_version"))?);
    }
    for name in list("tool_names") {
        tools.push(engine.find_tool(account, name.as_str().unwrap_or_default(), None)?);
    }
    Ok(tools)
}

fn consents(engine: &Engine, account: &mut Account, user: &str, tools: &[Tool], begin: bool) -> Map<String, Value> {
    let mut items = Map::new();
    for tool in tools {
        let Some(provider) = tool.provider() else {
            continue;
        };
        let status = account.consent(user, provider);
        let item = items.entry(provider).or_insert_with(|| {
            json!({
                "met": status == "completed", "provider_id": provider, "provider_type": "oauth2", "scopes": tool.scopes(),
                "status": "active", "token_status": status, "tool_names": [],
            })
        });
        add_name(item, tool);
        if begin && status != "completed" {
            let begun = authorize::begin(engine, account, user, provider, &tool.scopes(), None);
            if let Some(members) = item.as_object_mut() {
                members.insert("url".to_owned(), begun.get("url").cloned().unwrap_or_default());
                members.insert("authorization_id".to_owned(), begun.get("id").cloned().unwrap_or_default());
                members.insert("token_status".to_owned(), begun.get("status").cloned().unwrap_or_default());
            }
        }
    }
    items
}

fn secrets(account: &Account, tools: &[Tool]) -> Map<String, Value> {
    let mut items = Map::new();
    for tool in tools {
        for key in &tool.secrets {
            let item = items.entry(key).or_insert_with(|| {
                let mut need = account.secret_need(key);
                if let Some(members) = need.as_object_mut() {
                    members.remove("key");
                    members.insert("tool_names".to_owned(), json!([]));
                }
                need
            });
            add_name(item, tool);
        }
    }
    items
}

fn add_name(item: &mut Value, tool: &Tool) {
    if let Some(names) = item.get_mut("tool_names").and_then(Value::as_array_mut) {
        names.push(tool.qualified_name().into());
    }
}
