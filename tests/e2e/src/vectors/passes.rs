//! Requests that are passed on to the engine, each route for callers that may and for one that may not; and what the gateway says of
//! itself.

use serde_json::{Value, json};

use super::{Caller, Vector};

pub(super) fn all() -> Vec<Vector> {
    let mut vectors = Vec::new();
    collections(&mut vectors);
    engine(&mut vectors);
    chat(&mut vectors);
    own(&mut vectors);
    vectors
}

/// Makes, lists, reads, changes and deletes one of each, as the developer; and asks the same as a caller without the actions.
fn collections(vectors: &mut Vec<Vector>) {
    let worker = json!({"id": "w1", "enabled": false, "http": {"uri": "http://127.0.0.1:9", "secret": "s", "retry": 0, "timeout": 5}});
    let kinds: [(&str, Value, Value); 5] = [
        ("workers", worker, json!({"enabled": false})),
        (
            "admin/auth_providers",
            json!({"id": "p1", "oauth2": {"client_id": "c", "client_secret": "s"}}),
            json!({"description": "d"}),
        ),
        ("plugins", json!({"name": "p", "type": "webhook", "webhook_config": {"endpoints": {}}}), json!({"name": "q"})),
        ("hooks", json!({"name": "h", "plugin_id": "p", "hook_point": "tool.pre"}), json!({"name": "i"})),
        (
            "orgs/acme/projects/web/gateways",
            json!({"name": "g", "slug": "g", "auth_type": "arcade_header"}),
            json!({"name": "h"}),
        ),
    ];
    for (path, body, change) in kinds {
        let at = format!("/v1/{path}");
        let item = format!("{at}/{{{{made}}}}");
        vectors.push(Vector::send(format!("make {path}"), Caller::Developer, "POST", &at, &body).keep("made", "/id"));
        for (what, method, target, sent) in [
            ("list", "GET", at.clone(), None),
            ("read", "GET", item.clone(), None),
            ("change", "PATCH", item.clone(), Some(&change)),
            ("look at", "HEAD", at.clone(), None),
            ("delete", "DELETE", item.clone(), None),
            ("delete again", "DELETE", item.clone(), None),
            ("read what is gone", "GET", item.clone(), None),
        ] {
            let vector = Vector::new(format!("{what} {path}"), Caller::Developer, method, target);
            vectors.push(match sent {
                Some(sent) => vector.json(sent.to_string()),
                None => vector,
            });
        }
        for caller in [Caller::Lister, Caller::Operator] {
            for (method, target) in [("GET", &at), ("POST", &at), ("PATCH", &item), ("DELETE", &item)] {
                let vector = Vector::new(format!("{method} {target} of {caller:?}"), caller, method, target);
                vectors.push(vector.json(body.to_string()).ends("action_not_permitted"));
            }
        }
        vectors.push(Vector::get(format!("{path} of nobody"), Caller::Nobody, &at).ends("credential_missing"));
    }
}

fn engine(vectors: &mut Vec<Vector>) {
    let developer = Caller::Developer;
    for target in [
        "/v1/health",
        "/v1/config",
        "/v1/swagger",
        "/v1/admin/secrets",
        "/v1/admin/user_connections?limit=5",
        "/v1/admin/user_connections?user%5Bid%5D=ada%40acme.example",
        "/v1/admin/settings/session_verification",
        "/v1/orgs/acme/projects/web/admin/secrets",
        "/v1/workers/fronted/tools?limit=3",
        "/v1/workers/fronted",
    ] {
        vectors.push(Vector::get(format!("read {target}"), developer, target).ok());
    }
    for (name, method, target, body) in [
        ("set a secret", "POST", "/v1/admin/secrets/API_TOKEN", json!({"value": "v", "description": "d"})),
        ("verification", "PUT", "/v1/admin/settings/session_verification", json!({"unsafe_skip_verification": true})),
        ("test a worker", "POST", "/v1/workers/test", json!({"type": "http"})),
        (
            "confirm nobody",
            "POST",
            "/v1/auth/confirm_user",
            json!({"flow_id": "flow_none", "user_id": "ada@acme.example"}),
        ),
        (
            "a verifier",
            "POST",
            "/v1/auth/validate_custom_verifier",
            json!({"verifier_url": "https://verifier.example"}),
        ),
        ("a free slug", "POST", "/v1/orgs/acme/projects/web/gateways/slug", json!({"name": "Free"})),
        ("hooks at once", "PATCH", "/v1/hooks/bulk", json!({"hooks": []})),
    ] {
        vectors.push(Vector::send(name, developer, method, target, &body));
    }
    for caller in [Caller::Narrow, Caller::Operator] {
        for target in ["/v1/admin/secrets", "/v1/config", "/v1/workers", "/v1/plugins", "/v1/gateways"] {
            vectors.push(Vector::get(format!("{target} of {caller:?}"), caller, target).ends("action_not_permitted"));
        }
    }
    let secret = "/v1/admin/secrets/API_TOKEN";
    vectors.push(
        Vector::send("set it as another", Caller::Narrow, "POST", secret, &json!({"value": "w"}))
            .ends("action_not_permitted"),
    );
}

fn chat(vectors: &mut Vec<Vector>) {
    let at = "/v1/chat/completions";
    let messages = json!([{"role": "user", "content": "hello there"}]);
    for (name, caller, body, outcome) in [
        ("whole", Caller::Developer, json!({"model": "m", "messages": messages}), "ok"),
        ("streamed", Caller::Narrow, json!({"model": "m", "messages": messages, "stream": true}), "ok"),
        (
            "with a tool",
            Caller::Narrow,
            json!({"model": "m", "messages": messages, "tools": ["Mail.Search"], "user": "ada@acme.example"}),
            "ok",
        ),
        (
            "with a forbidden tool",
            Caller::Narrow,
            json!({"model": "m", "messages": messages, "tools": ["Files.Delete"]}),
            "tool_not_permitted",
        ),
        (
            "with no tool named",
            Caller::Narrow,
            json!({"model": "m", "messages": messages, "tool_choice": "generate"}),
            "tools_unnamed",
        ),
        (
            "for another user",
            Caller::Narrow,
            json!({"model": "m", "messages": messages, "user": "gus@acme.example"}),
            "user_not_permitted",
        ),
        ("without the action", Caller::Lister, json!({"model": "m", "messages": messages}), "action_not_permitted"),
    ] {
        vectors.push(Vector::send(format!("chat {name}"), caller, "POST", at, &body).ends(outcome));
    }
    vectors.push(Vector::send("chat without messages", Caller::Developer, "POST", at, &json!({"model": "m"})));
}

fn own(vectors: &mut Vec<Vector>) {
    for target in ["/health/live", "/openapi.json", "/worker/health", "/v1/health"] {
        vectors.push(Vector::get(format!("open {target}"), Caller::Nobody, target).ok());
    }
    for (target, refusal) in [
        ("/health/ready", "credential_missing"),
        ("/metrics", "credential_missing"),
        ("/gate/v1/epochs", "credential_missing"),
        ("/worker/tools", "worker_token_invalid"),
    ] {
        vectors.push(Vector::get(format!("closed {target}"), Caller::Nobody, target).ends(refusal));
    }
    for target in ["/health/ready", "/gate/v1/epochs"] {
        vectors.push(Vector::get(format!("operator {target}"), Caller::Operator, target).ok());
        vectors.push(Vector::get(format!("narrow {target}"), Caller::Narrow, target).ends("action_not_permitted"));
    }
    for id in ["req_0123456789abcdef0123456789abcdef", "req_x", "..%2Fx", "x"] {
        vectors.push(Vector::get(format!("explain {id}"), Caller::Operator, format!("/gate/v1/explain/{id}")));
    }
    let epochs = "/gate/v1/epochs";
    for (name, body) in [
        ("nothing", json!({"changes": []})),
        ("two verbs", json!({"changes": [{"kill": "all", "revive": "all"}]})),
        ("an unknown switch", json!({"changes": [{"kill": "planet:earth"}]})),
        ("too many", json!({"changes": vec![json!({"advance": "policy"}); 17]})),
        ("no array", json!({"changes": {"kill": "all"}})),
    ] {
        vectors.push(
            Vector::send(format!("epochs {name}"), Caller::Operator, "POST", epochs, &body).ends("request_invalid"),
        );
    }
    let body =
        json!({"changes": [{"invalidate": "toolkit", "tenant": "acme", "toolkit": "Docs"}, {"advance": "policy"}]});
    vectors.push(Vector::send("epochs advance", Caller::Operator, "POST", epochs, &body).ok());
    let docs = json!({"document": "d0"}).to_string();
    vectors.push(Vector::call("docs after it", Caller::Developer, "Docs.Get", &docs, "ada@acme.example").ok());
    vectors.push(Vector::send("epochs of narrow", Caller::Narrow, "POST", epochs, &body).ends("action_not_permitted"));
}
