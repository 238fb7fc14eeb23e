//! Tokens of another implementation: every good one is taken for whom it is, every attack is refused by its name; and how keys
//! and answers of issuers are kept, in simulated time.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod asking;
mod driving;
mod gate;

use std::collections::BTreeSet;

use gate::{Gate, KEY, vectors};
use serde_json::Value;
use toolgate::model::caller::UserRule;
use toolgate::model::request::Header;
use toolgate::words::action::Action;
use toolgate::words::method::Method;

/// The headers of a vector.
fn headers(vector: &Value) -> Vec<(Header, &str)> {
    let headers = vector["headers"].as_object().unwrap().iter();
    let header = |name: &str| if name == "x-api-key" { Header::XApiKey } else { Header::Authorization };
    headers.map(|(name, value)| (header(name), value.as_str().unwrap())).collect()
}

#[test]
fn tokens_of_every_algorithm_are_taken_for_whom_they_are() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let valid = vectors["valid"].as_array().unwrap();
    assert!(valid.len() >= 40, "{}", valid.len());
    for vector in valid {
        let (name, token) = (vector["name"].as_str().unwrap(), vector["token"].as_str().unwrap());
        // The second time it is remembered.
        for _ in 0..2 {
            let found = gate.identify(&[(Header::Authorization, &format!("Bearer {token}"))]);
            let found = found.unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
            let caller = &found.caller;
            assert_eq!(caller.id.as_str(), vector["caller"], "{name}");
            assert_eq!(caller.id.as_str().split_once(':').unwrap().0, found.key.as_str(), "{name}");
            let tenant = vector["tenant"].as_str().unwrap_or("acme");
            assert_eq!(caller.tenant.as_str(), tenant, "{name}");
            if let Some(roles) = vector["roles"].as_array() {
                assert_eq!(caller.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(), *roles, "{name}");
                assert_eq!(caller.grants.len(), roles.len(), "{name}");
            }
            if let Some(users) = vector["users"].as_array() {
                let UserRule::Only(named) = &caller.users else { panic!("{name}: everybody") };
                assert_eq!(named.iter().map(|user| user.as_str()).collect::<Vec<_>>(), *users, "{name}");
            }
            if let Some(claims) = vector["claims"].as_array() {
                assert_eq!(caller.claims.keys().map(String::as_str).collect::<Vec<_>>(), *claims, "{name}");
            }
            let within = caller.within.as_ref().map(|within| {
                let actions =
                    Action::ALL.iter().filter(|action| within.iter().any(|pattern| pattern.matches(**action)));
                actions.map(|action| action.as_str()).collect::<BTreeSet<_>>()
            });
            let expected = vector["within"].as_array();
            let expected = expected.map(|actions| actions.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>());
            assert_eq!(within, expected, "{name}");
        }
        let (status, refusal, _) = gate.ask(&[(Header::XApiKey, token)], Method::Get, "/v1/tools", &Value::Null);
        let may_list = expected_to_list(vector);
        assert_eq!(status, if may_list { 200 } else { 403 }, "{name}: {refusal}");
    }
}

fn expected_to_list(vector: &Value) -> bool {
    vector["within"].as_array().is_none_or(|within| within.iter().any(|action| action == "tools/list"))
}

#[test]
fn every_attack_is_refused_by_its_name() {
    let vectors = vectors();
    let refused = vectors["refused"].as_array().unwrap();
    assert!(refused.len() >= 150, "{}", refused.len());
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for vector in refused {
        let (name, expected) = (vector["name"].as_str().unwrap(), vector["refusal"].as_str().unwrap());
        names.insert(expected);
        // Each meets an isolate that has asked nobody for anything yet.
        let gate = Gate::new(&vectors);
        let by_identity = gate.identify(&headers(vector)).map(|found| found.caller.id.to_string());
        let by_identity =
            by_identity.map_or_else(|refusal| refusal.kind.name().to_owned(), |id| format!("taken for {id}"));
        let (status, by_gateway, body) = gate.ask(&headers(vector), Method::Get, "/v1/tools", &Value::Null);
        let tells = headers(vector)
            .iter()
            .any(|(_, value)| value.len() > 40 && body.contains(value.trim_start_matches("Bearer ")));
        if by_identity != expected || by_gateway != expected || !(400..=503).contains(&status) || tells {
            wrong.push(format!("{name}: {by_identity}, {status} {by_gateway}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), refused.len());
    assert!(names.len() >= 15, "{names:?}");
}

#[test]
fn another_credential_goes_before_an_access_assertion() {
    let vectors = vectors();
    let gate = Gate::new(&vectors);
    let of = |name: &str| {
        let valid = vectors["valid"].as_array().unwrap().iter();
        valid.clone().find(|vector| vector["name"] == name).unwrap()
    };
    let access = of("cloudflare access");
    let token = access["token"].as_str().unwrap();
    let by = |headers: &[(Header, &str)]| {
        gate.identify(headers).map(|found| found.caller.id.to_string()).map_err(|refusal| refusal.kind.name())
    };
    let expected = access["caller"].as_str().unwrap().to_owned();
    assert_eq!(by(&[(Header::CfAccessJwtAssertion, token)]), Ok(expected));
    assert_eq!(by(&[(Header::CfAccessJwtAssertion, token), (Header::XApiKey, KEY)]), Ok("key-holder".to_owned()));
    assert_eq!(by(&[(Header::CfAccessJwtAssertion, "")]), Err("credential_missing"));
    let altered = format!("{}A", token.split_at(token.len() - 9).0);
    assert!(by(&[(Header::CfAccessJwtAssertion, &altered)]).is_err());
}

#[test]
fn a_key_is_a_key_beside_issuers_too() {
    let gate = Gate::new(&vectors());
    assert_eq!(gate.token(KEY), Ok("key-holder".to_owned()));
    assert_eq!(gate.token("key-holder-0123456788.eyJ"), Err("token_check_unavailable"));
    assert_eq!(*gate.asked.borrow(), ["https://as.test/introspect"], "an unknown key is an opaque token");
}
