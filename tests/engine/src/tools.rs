//! The built-in tools. Every answer tells how often its tool has run, so a cached answer is recognised.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::ask::{Ask, text};
use crate::catalogue::Tool;
use crate::clock;
use crate::engine::Engine;
use crate::execute::Output;

/// Checks the input, counts the run, and answers.
pub(crate) fn run(
    engine: &Engine,
    ask: &Ask,
    tool: &Tool,
    input: Option<&RawValue>,
    user: Option<&str>,
    via: &str,
) -> Output {
    let given: Value = input.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_else(|| json!({}));
    let call = engine.count(tool, user, via, ask);
    if let Some(fault) = input_fault(tool, &given) {
        let name = tool.name.to_lowercase();
        let message = format!(
            "[TOOL_RUNTIME_BAD_INPUT_VALUE] ToolInputError during execution of tool '{name}': Invalid input: {fault}"
        );
        return Output::error("TOOL_RUNTIME_BAD_INPUT_VALUE", &message, false, Some(400));
    }
    if let Some(key) = tool
        .secrets
        .iter()
        .find(|key| engine.account(&ask.scope).borrow().secret_need(key).get("met") != Some(&Value::Bool(true)))
    {
        return Output::error("TOOL_REQUIREMENTS_NOT_MET", &format!("the secret {key} is not set"), false, Some(400));
    }
    let who = json!({"user": user, "account": ask.scope.account, "project": ask.scope.project});
    match tool.qualified_name().as_str() {
        "Echo.Say" => echo(input, call),
        "Faulty.Raise" => raise(&given),
        "Clock.Now" => Output::value(&json!({"now": clock::iso(clock::now_ms()), "call": call})),
        "Facts.Lookup" => Output::value(
            &json!({"fact": format!("{} is what it is", text(&given, "topic").unwrap_or_default()), "call": call}),
        ),
        "Notes.Read" => Output::value(&json!({"note": given.get("note"), "version": tool.version, "call": call})),
        "Vault.Peek" => Output::value(&json!({"set": true, "call": call})),
        _ => Output::value(&json!({"input": given, "who": who, "call": call})),
    }
}

/// The input as it was written: `1.0` stays `1.0`, and a number of thirty digits keeps them.
fn echo(input: Option<&RawValue>, call: u64) -> Output {
    #[derive(Serialize)]
    struct Echo<'a> {
        echo: Option<&'a RawValue>,
        call: u64,
    }
    Output::value(&Echo { echo: input, call })
}

/// The error that the input describes; the input's other members go along.
fn raise(given: &Value) -> Output {
    let mut error = given.clone();
    if let Some(members) = error.as_object_mut() {
        members.entry("message").or_insert_with(|| "the tool was told to fail".into());
        members.entry("can_retry").or_insert(Value::Bool(false));
        members.insert("stacktrace".to_owned(), "Traceback (most recent call last): ...".into());
        members.insert("developer_message".to_owned(), "raised by Faulty.Raise".into());
    }
    Output { error: Some(error), ..Output::default() }
}

/// The first thing wrong with an input, as `name: what`.
fn input_fault(tool: &Tool, given: &Value) -> Option<String> {
    let Some(members) = given.as_object() else {
        return Some("input: Input should be an object".to_owned());
    };
    for parameter in &tool.parameters {
        let name = text(parameter, "name").unwrap_or_default();
        let required = parameter.get("required") == Some(&Value::Bool(true));
        let fault = match members.get(name) {
            None if required => Some("Field required".to_owned()),
            None => None,
            Some(Value::Null) if !required => None,
            Some(value) => parameter.get("value_schema").and_then(|schema| value_fault(schema, value)),
        };
        if let Some(fault) = fault {
            return Some(format!("{name}: {fault}"));
        }
    }
    let known = |name: &str| tool.parameters.iter().any(|parameter| text(parameter, "name") == Some(name));
    members.keys().find(|name| !known(name)).map(|name| format!("{name}: Extra inputs are not permitted"))
}

fn value_fault(schema: &Value, value: &Value) -> Option<String> {
    let kind = text(schema, "val_type").unwrap_or("json");
    let fits = match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        _ => true,
    };
    if !fits {
        return Some(format!("Input should be a valid {kind}"));
    }
    let choices = schema.get("enum").and_then(Value::as_array)?;
    (!choices.contains(value)).then(|| format!("Input should be one of {}", Value::Array(choices.clone())))
}
