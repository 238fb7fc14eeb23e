//! Opaque tokens: how their issuer is asked, what its answer means, and for how long.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use toolgate::model::request::Header;
use toolgate::ports::OriginError;
use toolgate::words::time::Millis;

use crate::gate::{Gate, answer, vectors};

const ENDPOINT: &str = "https://as.test/introspect";
const GITHUB: &str = "https://api.github.com/applications/Iv1.0123456789abcdef/token";
const TOKEN: &str = "opaque+token/0123";

fn active(more: &Value) -> Value {
    let mut body = json!({"active": true, "sub": "bob", "aud": "https://gate.test", "client_id": "x"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A gate whose issuer of opaque tokens answers this.
fn gate_that_hears(status: u16, body: Value) -> Gate {
    let gate = Gate::new(&vectors());
    gate.issuers(move |request| (request.url == ENDPOINT || request.url == GITHUB).then(|| answer(status, &body)));
    gate
}

#[test]
fn the_question_is_rfc_7662_with_the_gateways_own_credential() {
    let gate = Gate::new(&vectors());
    gate.issuers(|request| {
        let credential = request.authorization.as_ref().unwrap().expose().to_owned();
        // "gate+way" and "pass%3Aword" are what RFC 6749 would have; %20 is read as the same.
        assert_eq!(credential, format!("Basic {}", toolgate::words::base64::encode(b"gate%20way:pass%3Aword")));
        assert_eq!(request.body, b"token=opaque%2Btoken%2F0123&token_type_hint=access_token");
        assert!(request.headers.contains(&("content-type", "application/x-www-form-urlencoded".to_owned())));
        Some(answer(200, &active(&json!({}))))
    });
    assert_eq!(gate.token(TOKEN), Ok("asked:bob".to_owned()));
}

#[test]
fn an_issuers_answer_holds_a_minute_then_its_revocation() {
    let gate = Gate::new(&vectors());
    let is_active = Rc::new(Cell::new(true));
    let says = Rc::clone(&is_active);
    gate.issuers(move |request| {
        let body = if says.get() { active(&json!({"exp": 1_790_003_600})) } else { json!({"active": false}) };
        (request.url == ENDPOINT).then(|| answer(200, &body))
    });
    assert!(gate.token(TOKEN).is_ok());
    is_active.set(false);
    gate.wait(Millis::from_secs(59));
    assert_eq!((gate.token(TOKEN), gate.times(ENDPOINT)), (Ok("asked:bob".to_owned()), 1));
    gate.wait(Millis::from_secs(1));
    assert_eq!((gate.token(TOKEN), gate.times(ENDPOINT)), (Err("token_inactive"), 2));
    // And a refusal for ten seconds.
    is_active.set(true);
    gate.wait(Millis::from_secs(9));
    assert_eq!((gate.token(TOKEN), gate.times(ENDPOINT)), (Err("token_inactive"), 2));
    gate.wait(Millis::from_secs(1));
    assert_eq!((gate.token(TOKEN), gate.times(ENDPOINT)), (Ok("asked:bob".to_owned()), 3));
}

#[test]
fn an_answer_that_took_long_is_as_old_as_its_question() {
    let gate = gate_that_hears(200, active(&json!({})));
    let script = gate.world.script.borrow().clone().unwrap();
    *gate.world.script.borrow_mut() =
        Some(Rc::new(move |request| script(request).map(|(_, answer)| (Millis::from_secs(2), answer))));
    assert!(gate.token(TOKEN).is_ok());
    gate.wait(Millis::from_secs(57));
    assert!(gate.token(TOKEN).is_ok() && gate.times(ENDPOINT) == 1);
    gate.wait(Millis::from_secs(1));
    assert!(gate.token(TOKEN).is_ok() && gate.times(ENDPOINT) == 2);
}

#[test]
fn what_an_answer_says_is_checked_as_claims_are() {
    for (more, refusal) in [
        (json!({"aud": "https://other.test"}), "token_audience_wrong"),
        (json!({"aud": null}), "token_claims_invalid"),
        (json!({"iss": "https://evil.test"}), "token_issuer_unknown"),
        (json!({"exp": 1_789_999_000}), "token_expired"),
        (json!({"exp": "later"}), "token_claims_invalid"),
        (json!({"nbf": 1_790_000_100}), "token_not_yet_valid"),
        (json!({"sub": ""}), "token_claims_invalid"),
        (json!({"active": false}), "token_inactive"),
        (json!({"active": "true"}), "token_check_unavailable"),
        (json!({"active": 1}), "token_check_unavailable"),
        (json!({"active": null}), "token_check_unavailable"),
    ] {
        let gate = gate_that_hears(200, active(&more));
        assert_eq!(gate.token(TOKEN), Err(refusal), "{more}");
    }
    assert_eq!(
        gate_that_hears(200, active(&json!({"iss": "https://as.test"}))).token(TOKEN),
        Ok("asked:bob".to_owned())
    );
}

#[test]
fn an_issuer_that_cannot_answer_opens_nothing() {
    for (status, body) in [
        (500, json!({})),
        (401, json!({"active": true})),
        (302, active(&json!({}))),
        (200, json!("active")),
        (204, Value::Null),
    ] {
        assert_eq!(gate_that_hears(status, body).token(TOKEN), Err("token_check_unavailable"), "{status}");
    }
    for error in [OriginError::Timeout, OriginError::BodyTooLarge, OriginError::Unreachable] {
        let gate = Gate::new(&vectors());
        gate.issuers(move |_| Some(Err(error)));
        assert_eq!(gate.token(TOKEN), Err("token_check_unavailable"), "{error:?}");
    }
}

#[test]
fn a_token_that_expires_sooner_is_forgotten_sooner() {
    let gate = gate_that_hears(200, active(&json!({"exp": 1_790_000_010})));
    assert!(gate.token(TOKEN).is_ok());
    gate.wait(Millis::from_secs(9));
    assert!(gate.token(TOKEN).is_ok() && gate.times(ENDPOINT) == 1);
    gate.wait(Millis::from_secs(2));
    assert!(gate.token(TOKEN).is_ok() && gate.times(ENDPOINT) == 2, "within the leeway, asked anew");
    gate.wait(Millis::from_secs(30));
    assert_eq!(gate.token(TOKEN), Err("token_expired"));
}

#[test]
fn strangers_cannot_make_the_gateway_ask_without_bound() {
    let gate = gate_that_hears(200, json!({"active": false}));
    let tokens: Vec<String> = (0..500).map(|number| format!("Bearer guess-{number}")).collect();
    let pending: Vec<_> = tokens.iter().map(|token| gate.begin(&[(Header::Authorization, token)])).collect();
    gate.world.run(|| pending.iter().all(|pending| pending.borrow().is_some()));
    let unavailable =
        pending.iter().filter(|pending| pending.take().unwrap().unwrap_err().kind.name() == "token_check_unavailable");
    assert_eq!(unavailable.count(), 450);
    assert_eq!(gate.times(ENDPOINT), 50);
}

#[test]
fn only_opaque_tokens_are_sent_to_an_issuer() {
    let gate = gate_that_hears(200, active(&json!({})));
    for (text, refusal) in [
        ("tg_0123456789abcdef", "credential_unknown"),
        ("tgk_0123456789abcdef", "credential_malformed"),
        ("e30.e30.e30", "token_algorithm_refused"),
        ("eyJ.x y.z", "credential_malformed"),
        ("eyJhbGciOiJub25lIn0.e30.", "token_algorithm_refused"),
        ("W10.e30.AAAA", "token_malformed"),
        ("aaaa.bbbb.cccc", "token_malformed"),
        ("a.b.c.d.e", "token_encrypted"),
    ] {
        assert_eq!(gate.token(text), Err(refusal), "{text}");
    }
    let vectors = vectors();
    for vector in vectors["refused"].as_array().unwrap() {
        let headers = vector["headers"].as_object().unwrap();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (if name == "x-api-key" { Header::XApiKey } else { Header::Authorization }, value))
            .map(|(header, value)| (header, value.as_str().unwrap()))
            .collect();
        assert!(gate.identify(&headers).is_err(), "{}", vector["name"]);
    }
    assert_eq!(gate.times(ENDPOINT), 0);
}

#[test]
fn githubs_own_check_says_whose_a_user_token_is() {
    let body = json!({
        "id": 1, "scopes": ["repo"], "token": "gho_x", "app": {"client_id": "Iv1.0123456789abcdef", "name": "x", "url": "x"},
        "expires_at": "2026-10-01T00:00:00Z", "user": {"login": "octocat", "id": 583_231, "type": "User"},
    });
    let gate = Gate::new(&vectors());
    let says = body.clone();
    gate.issuers(move |request| {
        (request.url == GITHUB).then(|| {
            let credential = request.authorization.as_ref().unwrap().expose().to_owned();
            let expected = toolgate::words::base64::encode(b"Iv1.0123456789abcdef:github-secret");
            assert_eq!(
                (credential, &request.body[..]),
                (format!("Basic {expected}"), &br#"{"access_token":"gho_abc"}"#[..])
            );
            assert!(request.headers.iter().any(|(name, _)| *name == "user-agent"));
            answer(200, &says)
        })
    });
    assert_eq!(gate.token("gho_abc"), Ok("github:octocat".to_owned()));
    assert_eq!((gate.times(GITHUB), gate.times(ENDPOINT)), (1, 0));
    let mut other = body;
    other["app"]["client_id"] = json!("Iv1.other");
    assert_eq!(gate_that_hears(200, other).token("ghu_abc"), Err("token_check_unavailable"));
    for status in [404, 422] {
        assert_eq!(gate_that_hears(status, json!({"message": "Not Found"})).token("gho_abc"), Err("token_inactive"));
    }
    assert_eq!(gate_that_hears(401, json!({})).token("gho_abc"), Err("token_check_unavailable"));
}
