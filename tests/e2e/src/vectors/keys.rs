//! Issued keys: who may make, see, rotate and revoke which, and every way in which that is refused.

use serde_json::{Value, json};

use super::{Caller, Vector};

const KEYS: &str = "/gate/v1/keys";
/// Whole, and nobody's.
const NOBODYS: &str = "tgk_00070e151c232a31383f_464d545b626970777e858c939aa1a8afb6bdc4cbd2d9e0e73a2a17d0";

pub(super) fn all() -> Vec<Vector> {
    let mut vectors = Vec::new();
    life(&mut vectors);
    others(&mut vectors);
    faults(&mut vectors);
    presented(&mut vectors);
    vectors
}

fn post(name: impl Into<String>, caller: Caller, target: impl Into<String>, body: &Value) -> Vector {
    Vector::send(name, caller, "POST", target, body)
}

/// One key from its making to its end, in a tenant that has no other: a list's order is by random ids.
fn life(vectors: &mut Vec<Vector>) {
    let developer = Caller::Developer;
    let body = json!({"name": "bot", "tenant": "solo", "roles": ["adder"], "scopes": ["tools/*"],
        "users": ["ada@acme.example"], "projects": ["acme/web"], "expires_in": 86_400, "note": "für \"Ada\""});
    vectors.push(post("issue a key", developer, KEYS, &body).ok().keep("issued", "/id"));
    let at = format!("{KEYS}/{{{{issued}}}}");
    for target in
        [at.clone(), format!("{KEYS}?tenant=solo"), format!("{KEYS}?tenant=solo&after={{{{issued}}}}&limit=1")]
    {
        vectors.push(Vector::get(format!("read {target}"), developer, &target).ok());
        vectors.push(Vector::new(format!("look at {target}"), developer, "HEAD", target).ok());
    }
    vectors.push(Vector::get("keys of a tenant without any", developer, format!("{KEYS}?tenant=none")).ok());
    let rotation = json!({"overlap": 3_600, "expires_in": 7_200});
    vectors.push(post("rotate a key", developer, format!("{at}/rotate"), &rotation).ok().keep("second", "/id"));
    vectors.push(Vector::get("read a rotated key", developer, &at).ok());
    vectors.push(post("rotate it again", developer, format!("{at}/rotate"), &rotation).ends("key_ended"));
    let second = format!("{KEYS}/{{{{second}}}}");
    vectors.push(
        Vector::new("rotate without a body", developer, "POST", format!("{second}/rotate")).ok().keep("third", "/id"),
    );
    let third = format!("{KEYS}/{{{{third}}}}");
    for what in ["revoke", "revoke again"] {
        vectors.push(Vector::new(format!("{what} a key"), developer, "DELETE", &third).ok());
    }
    vectors.push(Vector::new("rotate a revoked key", developer, "POST", format!("{third}/rotate")).ends("key_ended"));
    let once = |name: &str, body: &Value| post(name, developer, KEYS, body).header("idempotency-key", "once-1");
    let body = json!({"name": "once", "tenant": "once", "roles": ["adder"]});
    vectors.push(once("issue once", &body).ok());
    vectors.push(once("issue once, repeated", &body).ok());
    vectors.push(
        once("issue once, another", &json!({"name": "once", "roles": ["issuer"]})).ends("idempotency_key_reused"),
    );
}

/// The same keys for callers of other tenants, and for those that may not look at all.
fn others(vectors: &mut Vec<Vector>) {
    let at = format!("{KEYS}/{{{{issued}}}}");
    for (method, target, of_lister) in [
        ("GET", KEYS.to_owned(), "ok"),
        ("GET", format!("{KEYS}?tenant=solo"), "action_not_permitted"),
        ("GET", format!("{KEYS}?tenant=*"), "action_not_permitted"),
        ("GET", at.clone(), "key_unknown"),
        ("POST", format!("{at}/rotate"), "key_unknown"),
        ("DELETE", at, "key_unknown"),
        ("DELETE", format!("{KEYS}/00070e151c232a31383f"), "key_unknown"),
        ("GET", format!("{KEYS}/no-id"), "key_unknown"),
    ] {
        vectors.push(
            Vector::new(format!("keys: {method} {target} of another tenant"), Caller::Lister, method, &target)
                .ends(of_lister),
        );
        vectors.push(
            Vector::new(format!("keys: {method} {target} of narrow"), Caller::Narrow, method, &target)
                .ends("action_not_permitted"),
        );
        vectors.push(
            Vector::new(format!("keys: {method} {target} of nobody"), Caller::Nobody, method, target)
                .ends("credential_missing"),
        );
    }
    for (name, body) in [
        ("a role", json!({"name": "bot", "roles": ["adder"]})),
        ("a role beside its own", json!({"name": "bot", "roles": ["issuer", "adder"]})),
        ("a tenant", json!({"name": "bot", "roles": ["issuer"], "tenant": "acme"})),
        ("a user", json!({"name": "bot", "roles": ["issuer"], "users": ["ada@acme.example"]})),
        ("every user", json!({"name": "bot", "roles": ["issuer"], "users": ["*"]})),
        ("a project", json!({"name": "bot", "roles": ["issuer"], "projects": ["acme/web"]})),
    ] {
        let vector = post(format!("keys: {name} that its issuer does not hold"), Caller::Lister, KEYS, &body);
        vectors.push(vector.ends("grant_not_permitted"));
    }
    let own = json!({"name": "bot", "roles": ["issuer"], "scopes": ["keys/read"]});
    vectors.push(post("keys: what its issuer holds", Caller::Lister, KEYS, &own).ok());
}

/// Bodies and queries that are none.
fn faults(vectors: &mut Vec<Vector>) {
    for body in [
        json!([]),
        json!({}),
        json!({"name": "bot"}),
        json!({"name": "bot", "roles": []}),
        json!({"name": "bot", "roles": "adder"}),
        json!({"name": "bot", "roles": [1]}),
        json!({"name": "bot", "roles": ["nobody"]}),
        json!({"name": "a b", "roles": ["adder"]}),
        json!({"name": "", "roles": ["adder"]}),
        json!({"name": "bot", "roles": ["adder"], "admin": true}),
        json!({"name": "bot", "roles": ["adder"], "tenant": "a/b"}),
        json!({"name": "bot", "roles": ["adder"], "scopes": ["tools/delete"]}),
        json!({"name": "bot", "roles": ["adder"], "projects": ["acme"]}),
        json!({"name": "bot", "roles": ["adder"], "expires_in": 0}),
        json!({"name": "bot", "roles": ["adder"], "expires_in": 1.5}),
        json!({"name": "bot", "roles": ["adder"], "expires_in": "1d"}),
        json!({"name": "bot", "roles": ["adder"], "note": "a\nb"}),
    ] {
        vectors.push(post(format!("keys: body {body}"), Caller::Developer, KEYS, &body).ends("request_invalid"));
    }
    let users: Vec<String> = (0..12).map(|n| format!("{n}{}", "u".repeat(240))).collect();
    let large = json!({"name": "bot", "roles": ["adder"], "users": users});
    vectors.push(post("keys: grants that are too large", Caller::Developer, KEYS, &large).ends("keys_full"));
    for query in ["limit=0", "limit=101", "limit=x", "after=x", "tenant=a%2Fb", "offset=1"] {
        vectors.push(
            Vector::get(format!("keys: {query}"), Caller::Developer, format!("{KEYS}?{query}")).ends("query_invalid"),
        );
    }
    for (method, target) in [
        ("PUT", KEYS.to_owned()),
        ("DELETE", KEYS.to_owned()),
        ("POST", format!("{KEYS}/x")),
        ("GET", format!("{KEYS}/x/rotate")),
    ] {
        vectors.push(
            Vector::new(format!("keys: {method} {target}"), Caller::Developer, method, target)
                .ends("method_not_allowed"),
        );
    }
}

/// Texts that look like an issued key and are none.
fn presented(vectors: &mut Vec<Vector>) {
    let (cut, _) = NOBODYS.split_at(NOBODYS.len().saturating_sub(1));
    for (name, key, refusal) in [
        ("nobody's", NOBODYS.to_owned(), "credential_unknown"),
        ("nobody's again", NOBODYS.to_owned(), "credential_unknown"),
        ("cut", cut.to_owned(), "credential_malformed"),
        ("mistyped", NOBODYS.replace("3f_46", "3f_47"), "credential_malformed"),
        ("in capitals", NOBODYS.to_ascii_uppercase(), "credential_unknown"),
    ] {
        let vector = Vector::get(format!("an issued key: {name}"), Caller::Nobody, "/v1/tools");
        vectors.push(vector.header("authorization", &format!("Bearer {key}")).ends(refusal));
    }
}
