//! Issued keys: a text is one only whole; a body makes a key that works, or a refusal in words.

use toolgate::access::identity::key;
use toolgate::gateway::Gateway;
use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::words::method::Method;

use crate::exchange::{Answered, ask};
use crate::host::{Host, KEY};
use crate::request::well;
use crate::text::parts;

/// A caller that may issue keys, for little.
const DOCUMENT: &str = include_str!("key.toml");

/// The first part is presented as a key; each other is the body of a request for one, and of one for its rotation.
pub(crate) fn run(data: &[u8]) {
    let parts = parts(data);
    let Some((text, bodies)) = parts.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    check_text(&text);
    let (gateway, host) = (Gateway::new(DOCUMENT), Host::new(well));
    let value: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let presented = ask(&gateway, &host, request(&value, Method::Get, "/v1/tools", b""));
    let is_refused = presented.status == 401 || value.trim().ends_with(KEY);
    assert!(is_refused, "a key out of nowhere: {}", presented.status);
    for body in bodies.iter().take(4) {
        let made = ask(&gateway, &host, request(KEY, Method::Post, "/gate/v1/keys", body));
        let Some(id) = check_made(&gateway, &host, &made) else { continue };
        let target = format!("/gate/v1/keys/{id}/rotate");
        let rotated = ask(&gateway, &host, request(KEY, Method::Post, &target, body));
        assert!(rotated.status == 201 || rotated.status == 400, "{}", rotated.status);
        check_made(&gateway, &host, &rotated);
    }
}

fn check_text(text: &str) {
    let Some(id) = key::id_of(text) else { return };
    assert!(key::is_id(id) && text.starts_with(key::PREFIX) && text.is_ascii(), "{text}");
    for at in 0..text.len() {
        let (before, behind) = text.split_at(at);
        assert_eq!(key::id_of(before), None, "cut at {at}");
        let other = if behind.starts_with('0') { '1' } else { '0' };
        let mistyped: String = before.chars().chain([other]).chain(behind.chars().skip(1)).collect();
        assert_eq!(key::id_of(&mistyped), None, "mistyped at {at}");
    }
}

/// A key that was made: it is whole, it grants no more than its issuer holds, and its list does not tell it.
fn check_made(gateway: &Gateway, host: &Host, made: &Answered) -> Option<String> {
    if made.status != 201 {
        assert!((400..500).contains(&made.status) && made.refusal.is_some(), "{}", made.status);
        return None;
    }
    let answer = made.json();
    let text = answer.get("key").and_then(serde_json::Value::as_str).expect("a key");
    let id = key::id_of(text).expect("a whole key").to_owned();
    assert_eq!(answer.get("id").and_then(serde_json::Value::as_str), Some(id.as_str()));
    let listed = ask(gateway, host, request(KEY, Method::Get, &format!("/gate/v1/keys/{id}"), b"")).json();
    let mut without = answer.clone();
    without.as_object_mut().expect("an object").remove("key");
    assert_eq!(listed, without, "what is listed is what was answered, without the key");
    let held = |name: &str, held: &[&str]| {
        let items = answer.get(name).and_then(serde_json::Value::as_array).expect("a list");
        assert!(items.iter().all(|item| item.as_str().is_some_and(|item| held.contains(&item))), "{name}: {items:?}");
    };
    held("roles", &["reader", "lead"]);
    held("users", &["ada@acme.example"]);
    held("projects", &[]);
    assert_eq!(answer.get("tenant").and_then(serde_json::Value::as_str), Some("acme"));
    let used = ask(gateway, host, request(text, Method::Get, "/metrics", b""));
    assert_eq!(used.refusal.as_deref(), Some("action_not_permitted"), "it is known, and may not do this");
    Some(id)
}

fn request(key: &str, method: Method, target: &str, body: &[u8]) -> Request {
    let mut headers = RequestHeaders::default();
    for (header, value) in [(Header::Authorization, key), (Header::ContentType, "application/json")] {
        if let Some(slot) = headers.0.get_mut(header as usize) {
            *slot = Some(value.to_owned());
        }
    }
    Request { method, target: target.to_owned(), headers, body: RequestBody::Whole(body.to_vec()) }
}
