//! Keys that rotate, issuers that are away, tokens that are remembered, in simulated time.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::{Kv, OriginError, OriginResponse};
use toolgate::words::base64;
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::gate::{Gate, KEY, answer, vectors};

const CORP_KEYS: &str = "https://corp.test/keys";
const METADATA: &str = "https://corp.test/realm/.well-known/openid-configuration";
const ACCESS_KEYS: &str = "https://acme.cloudflareaccess.com/cdn-cgi/access/certs";
const ACCESS: &str = "access:7335d417-61da-459d-899c-0a01c76a2f94";

/// The good token with this name.
fn good(vectors: &Value, name: &str) -> String {
    let found = vectors["valid"].as_array().unwrap().iter().find(|vector| vector["name"] == name);
    found.unwrap()["token"].as_str().unwrap().to_owned()
}

/// The keys of "corp" with these names.
fn corp_keys(vectors: &Value, kids: &[&str]) -> Value {
    let keys = vectors["jwks"][CORP_KEYS]["keys"].as_array().unwrap().iter();
    json!({"keys": keys.filter(|key| kids.iter().any(|kid| key["kid"] == **kid)).collect::<Vec<_>>()})
}

/// A token of "corp" that names this key; its signature is nobody's.
fn naming(kid: &str) -> String {
    let part = |value: Value| {
        base64::encode(value.to_string().as_bytes()).replace('+', "-").replace('/', "_").replace('=', "")
    };
    let claims =
        json!({"iss": "https://corp.test/realm", "aud": "https://gate.test", "sub": "x", "exp": 1_790_000_600});
    format!("{}.{}.AAAA", part(json!({"alg": "RS256", "kid": kid})), part(claims))
}

/// Returns the time that identifying takes, in milliseconds.
fn time_of(gate: &Gate, token: &str) -> u64 {
    let before = gate.world.now();
    gate.token(token).unwrap();
    gate.world.now().since(before).get()
}

#[test]
fn a_remembered_token_is_checked_again_only_when_it_expires() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let token = good(&vectors, "jose ES256");
    assert!(time_of(&gate, &token) >= 40, "metadata and keys are fetched");
    assert_eq!((time_of(&gate, &token), gate.asked.borrow().len()), (0, 2));
    gate.wait(Millis::from_secs(595));
    assert_eq!(gate.token(&token), Ok("corp:alice".to_owned()));
    gate.wait(Millis::from_secs(31));
    assert_eq!(gate.token(&token), Ok("corp:alice".to_owned()), "within the leeway");
    gate.wait(Millis::from_secs(5));
    assert_eq!(gate.token(&token), Err("token_expired"));
    assert_eq!(gate.times(METADATA), 1, "where the keys are is remembered");
}

#[test]
fn a_new_key_is_taken_when_a_token_names_it() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let published = Rc::new(Cell::new(false));
    let (is_published, old, new) =
        (Rc::clone(&published), corp_keys(&vectors, &["ed-1"]), corp_keys(&vectors, &["ed-1", "p256-1"]));
    gate.issuers(move |request| {
        (request.url == CORP_KEYS).then(|| answer(200, if is_published.get() { &new } else { &old }))
    });
    assert_eq!(gate.token(&good(&vectors, "jose EdDSA")), Ok("corp:alice".to_owned()));
    gate.wait(Millis::from_secs(11));
    published.set(true);
    assert_eq!(gate.token(&good(&vectors, "jose ES256")), Ok("corp:alice".to_owned()));
    assert_eq!(gate.times(CORP_KEYS), 2);
}

#[test]
fn what_was_checked_under_a_key_that_went_away_is_checked_again() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let is_gone = Rc::new(Cell::new(false));
    let (gone, old, new) =
        (Rc::clone(&is_gone), corp_keys(&vectors, &["ed-1", "p256-1"]), corp_keys(&vectors, &["ed-1"]));
    gate.issuers(move |request| (request.url == CORP_KEYS).then(|| answer(200, if gone.get() { &new } else { &old })));
    let (stays, goes) = (good(&vectors, "jose EdDSA"), good(&vectors, "jose ES256"));
    assert_eq!((gate.token(&stays).is_ok(), gate.token(&goes).is_ok()), (true, true));
    is_gone.set(true);
    gate.wait(Millis::from_secs(300));
    assert_eq!(gate.token(&goes), Ok("corp:alice".to_owned()), "the keys are fresh, and the token is remembered");
    // Another token finds the new keys.
    assert_eq!(gate.token(&naming("unheard-of")), Err("token_key_unknown"));
    assert_eq!(gate.token(&goes), Err("token_key_unknown"));
    assert_eq!(gate.token(&stays), Ok("corp:alice".to_owned()));
}

#[test]
fn a_storm_of_unknown_keys_asks_an_issuer_once_in_a_while() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    assert!(gate.token(&good(&vectors, "jose ES256")).is_ok());
    let mut asked = Vec::new();
    for round in 0..30 {
        let before = gate.times(CORP_KEYS);
        let tokens: Vec<String> =
            (0..40).map(|number| format!("Bearer {}", naming(&format!("{round}-{number}")))).collect();
        let pending: Vec<_> = tokens.iter().map(|token| gate.begin(&[(Header::Authorization, token)])).collect();
        gate.world.run(|| pending.iter().all(|pending| pending.borrow().is_some()));
        for pending in pending {
            assert_eq!(pending.take().unwrap().unwrap_err().kind.name(), "token_key_unknown");
        }
        asked.push(gate.times(CORP_KEYS) - before);
        gate.wait(Millis::from_secs(1));
    }
    // 1,200 tokens in 30 s.
    assert!((2..=4).contains(&asked.iter().sum::<usize>()), "{asked:?}");
    assert!(gate.token(&good(&vectors, "jose EdDSA")).is_ok(), "known keys are known throughout");
}

#[test]
fn a_key_unknown_to_its_issuer_is_not_asked_for_again_at_once() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    assert!(gate.token(&good(&vectors, "jose ES256")).is_ok());
    gate.wait(Millis::from_secs(11));
    let token = naming("nobody");
    for (seconds, times) in [(0, 2), (12, 2), (12, 2), (7, 3), (1, 3)] {
        gate.wait(Millis::from_secs(seconds));
        assert_eq!((gate.token(&token), gate.times(CORP_KEYS)), (Err("token_key_unknown"), times), "{seconds}");
    }
}

#[test]
fn an_issuer_without_keys_is_asked_boundedly_and_named_as_such() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let is_up = Rc::new(Cell::new(false));
    let up = Rc::clone(&is_up);
    gate.issuers(move |request| (!up.get() && request.url.contains("corp.test")).then_some(Err(OriginError::Timeout)));
    let token = good(&vectors, "jose RS256");
    for _ in 0..50 {
        assert_eq!(gate.token(&token), Err("token_keys_unavailable"));
    }
    // Two places of metadata each.
    assert_eq!(gate.asked.borrow().len(), 8);
    let bearer = format!("Bearer {token}");
    let (status, refusal, _) = gate.ask(&[(Header::Authorization, &bearer)], Method::Get, "/v1/tools", &Value::Null);
    assert_eq!((status, refusal.as_str()), (503, "token_keys_unavailable"));
    let operator = format!("Bearer {KEY}");
    let (status, _, body) = gate.ask(&[(Header::Authorization, &operator)], Method::Get, "/health/ready", &Value::Null);
    assert!(
        status == 503 && body.contains(r#"{"part":"corp","reason":"token_keys_unavailable","since":"2026"#),
        "{body}"
    );
    is_up.set(true);
    gate.wait(Millis::from_secs(10));
    assert_eq!(gate.token(&token), Ok("corp:alice".to_owned()));
}

#[test]
fn known_keys_serve_a_bounded_time_while_their_issuer_is_away() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let token = good(&vectors, "cloudflare access");
    assert_eq!(gate.token(&token), Ok(ACCESS.to_owned()));
    gate.issuers(|request| (request.url == ACCESS_KEYS).then_some(Err(OriginError::Unreachable)));
    let mut number = 0;
    let mut again = |gate: &Gate| {
        // Another epoch of revocations: nothing that is remembered counts.
        number += 1;
        gate.advance(&json!([{"revoke": format!("nobody-{number}")}]));
        gate.token(&token)
    };
    // The answer said 600 s; the configuration's hour follows.
    for seconds in [590, 100, 3000, 450] {
        gate.wait(Millis::from_secs(seconds));
        assert_eq!(again(&gate), Ok(ACCESS.to_owned()), "{seconds}");
    }
    let asked = gate.times(ACCESS_KEYS);
    assert!((3..=5).contains(&asked), "once, and once in the background for each time it was no longer fresh: {asked}");
    gate.wait(Millis::from_secs(60));
    assert_eq!(again(&gate), Err("token_keys_unavailable"));
}

#[test]
fn stale_keys_are_used_at_once_and_fetched_in_the_background() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let token = good(&vectors, "cloudflare access");
    assert!(gate.token(&token).is_ok());
    gate.advance(&json!([{"revoke": "nobody"}]));
    gate.wait(Millis::from_secs(600));
    // The lease is renewed by another caller.
    assert!(gate.token(KEY).is_ok());
    assert_eq!((time_of(&gate, &token), gate.times(ACCESS_KEYS)), (0, 1));
    gate.wait(Millis::from_secs(1));
    assert_eq!(gate.times(ACCESS_KEYS), 2);
}

#[test]
fn keys_come_only_from_a_whole_answer_of_their_issuer() {
    let vectors = vectors();
    let token = good(&vectors, "jose RS256");
    let keys = vectors["jwks"][CORP_KEYS].clone();
    let metadata = |issuer: &str, uri: &str| json!({"issuer": issuer, "jwks_uri": uri});
    let many = json!({"keys": (0..65).map(|_| keys["keys"][0].clone()).collect::<Vec<_>>()});
    let cases: Vec<(&str, u16, Value)> = vec![
        (METADATA, 200, metadata("https://corp.test/realm/", CORP_KEYS)),
        (METADATA, 200, metadata("https://corp.test", CORP_KEYS)),
        (METADATA, 200, metadata("https://corp.test/realm", "https://evil.test/keys")),
        (METADATA, 200, metadata("https://corp.test/realm", "http://corp.test/keys")),
        (METADATA, 200, metadata("https://corp.test/realm", "https://corp.test@evil.test/keys")),
        (METADATA, 200, json!({"issuer": "https://corp.test/realm"})),
        (METADATA, 404, metadata("https://corp.test/realm", CORP_KEYS)),
        (CORP_KEYS, 302, keys.clone()),
        (CORP_KEYS, 500, keys),
        (CORP_KEYS, 200, json!({"keys": []})),
        (CORP_KEYS, 200, json!({"keys": {}})),
        (CORP_KEYS, 200, json!([])),
        (CORP_KEYS, 200, json!({"keys": [{"kty": "oct", "k": "AAAA", "kid": "rsa-1"}]})),
        (CORP_KEYS, 200, many),
    ];
    for (url, status, body) in cases {
        let gate = Gate::new(&vectors);
        let says = body.clone();
        gate.issuers(move |request| (request.url == url).then(|| answer(status, &says)));
        assert_eq!(gate.token(&token), Err("token_keys_unavailable"), "{url} {status} {body}");
        assert!(gate.asked.borrow().iter().all(|asked| asked.starts_with("https://corp.test/")), "{body}");
    }
    let gate = Gate::new(&vectors);
    gate.issuers(|request| {
        let twice = br#"{"keys":[],"keys":[]}"#.to_vec();
        (request.url == CORP_KEYS).then(|| Ok(OriginResponse { status: 200, headers: Vec::new(), body: twice }))
    });
    assert_eq!(gate.token(&token), Err("token_keys_unavailable"));
}

#[test]
fn rfc_8414_metadata_stands_before_the_path() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let metadata = vectors["metadata"][METADATA].clone();
    gate.issuers(move |request| match request.url.as_str() {
        METADATA => Some(answer(404, &json!({}))),
        "https://corp.test/.well-known/oauth-authorization-server/realm" => Some(answer(200, &metadata)),
        _ => None,
    });
    assert_eq!(gate.token(&good(&vectors, "jose PS512")), Ok("corp:alice".to_owned()));
}

#[test]
fn a_subject_token_or_issuer_is_revoked_within_the_lease() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let (alice, job) = (good(&vectors, "jose ES256"), good(&vectors, "github actions"));
    assert!(gate.token(&alice).is_ok() && gate.token(&job).is_ok());
    for (name, alice_may, job_may) in [
        ("corp:alice", false, true),
        ("corp:alicia", true, true),
        ("ci#example-id", true, false),
        ("ci:example-id", true, true),
        ("corp", false, true),
        ("ci:repo:acme/agents:ref:refs/heads/main", true, false),
    ] {
        gate.advance(&json!([{"revoke": name}]));
        let expected = |may: bool| if may { None } else { Some("token_revoked") };
        assert_eq!(gate.token(&alice).err(), expected(alice_may), "{name}");
        assert_eq!(gate.token(&job).err(), expected(job_may), "{name}");
        gate.advance(&json!([{"unrevoke": name}]));
        assert!(gate.token(&alice).is_ok() && gate.token(&job).is_ok(), "{name}");
    }
}

#[test]
fn a_starting_isolate_takes_only_sealed_keys_from_the_store() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let token = good(&vectors, "cloudflare access");
    assert!(gate.token(&token).is_ok());
    gate.wait(Millis::from_secs(1));
    gate.issuers(|request| (request.url == ACCESS_KEYS).then_some(Err(OriginError::Unreachable)));
    let later = gate.isolate();
    assert_eq!((later.token(&token), gate.times(ACCESS_KEYS)), (Ok(ACCESS.to_owned()), 1));
    // Whoever can write into the store adds a key of their own.
    let platform = gate.platform();
    let forged = Rc::new(Cell::new(false));
    let is_done = Rc::clone(&forged);
    let other = vectors["jwks"][CORP_KEYS].to_string();
    gate.world.spawn(async move {
        let kept = Kv::get(&platform, "jwks/1/access").await.unwrap().unwrap();
        let kept = String::from_utf8(kept).unwrap();
        let head = kept.splitn(4, '\n').take(3).collect::<Vec<_>>().join("\n");
        Kv::put(&platform, "jwks/1/access", format!("{head}\n{other}").into_bytes(), Millis::from_secs(60))
            .await
            .unwrap();
        is_done.set(true);
    });
    gate.world.run(|| forged.get());
    assert_eq!(gate.isolate().token(&token), Err("token_keys_unavailable"));
    assert_eq!(gate.times(ACCESS_KEYS), 2, "the issuer was asked instead");
}
