//! `POST /v1/chat/completions`: a model that repeats the last message, whole or as a stream of words.
//!
//! With `tools` it asks for the first of them by a tool call; a tool whose consent is missing comes back under
//! `tool_authorizations`, as the engine reports it.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::answer::{Answer, Content, Handled};
use crate::ask::{Ask, need, text};
use crate::engine::Engine;
use crate::{authorize, clock};

/// Chunks that may wait for a slow reader.
const CHUNKS_AHEAD: usize = 1;

/// Answers a completion.
pub(crate) fn complete(engine: &Rc<Engine>, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let model = need(&body, "model")?.to_owned();
    let messages = body.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| Answer::error(400, "invalid_request", "messages is required"))?;
    let last = messages.last().and_then(|message| text(message, "content")).unwrap_or_default();
    let reply = format!("You said: {last}");
    let id = engine.id("chat");
    if body.get("stream") == Some(&Value::Bool(true)) {
        return Ok(stream(engine, &id, &model, &reply));
    }
    let words = |text: &str| text.split_whitespace().count();
    let (prompt, completion) = (words(last), words(&reply));
    let choice = match body.get("tools").and_then(Value::as_array).and_then(|tools| tools.first()) {
        None => {
            json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply}})
        }
        Some(tool) => tool_choice(engine, ask, tool, text(&body, "user"))?,
    };
    Ok(Answer::json(
        200,
        &json!({
            "id": id, "object": "chat.completion", "created": clock::now_ms() / 1000, "model": model, "choices": [choice],
            "system_fingerprint": "stand-in",
            "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt.saturating_add(completion)},
        }),
    ))
}

/// A choice that calls a tool, named as `Toolkit.Tool` or by an OpenAI function.
fn tool_choice(engine: &Engine, ask: &Ask, named: &Value, user: Option<&str>) -> Result<Value, Answer> {
    let name = named.as_str().or_else(|| named.pointer("/function/name").and_then(Value::as_str)).unwrap_or_default();
    let account = engine.account(&ask.scope);
    let tool = engine.find_tool(&account.borrow(), name, None)?;
    let call = json!({"id": engine.id("call"), "type": "function", "function": {"name": tool.qualified_name().replace('.', "_"), "arguments": "{}"}});
    let mut choice = json!({
        "index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "", "tool_calls": [call]},
        "tool_authorizations": [], "tool_messages": [],
    });
    if let (Some(provider), Some(user)) = (tool.provider(), user) {
        let begun = authorize::begin(engine, &mut account.borrow_mut(), user, provider, &tool.scopes(), None);
        if let Some(members) = choice.as_object_mut() {
            members.insert("tool_authorizations".to_owned(), json!([begun]));
        }
    }
    Ok(choice)
}

/// Server-sent events, a word at a time with a pause after each, then `[DONE]`.
fn stream(engine: &Engine, id: &str, model: &str, reply: &str) -> Answer {
    let pause = Duration::from_millis(engine.settings.borrow().chat_chunk_ms);
    let event = |delta: Value, finish: Option<&str>| {
        let chunk = json!({
            "id": id, "object": "chat.completion.chunk", "created": clock::now_ms() / 1000, "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        });
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let mut events: Vec<Bytes> = reply.split_inclusive(' ').map(|word| event(json!({"content": word}), None)).collect();
    events.push(event(json!({}), Some("stop")));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let (sender, pieces) = mpsc::channel(CHUNKS_AHEAD);
    tokio::task::spawn_local(async move {
        for event in events {
            // A reader that has left ends the stream.
            if sender.send(event).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    });
    let headers = vec![
        ("content-type".to_owned(), "text/event-stream".to_owned()),
        ("cache-control".to_owned(), "no-cache".to_owned()),
    ];
    Answer { status: 200, headers, content: Content::Pieces(pieces) }
}
