//! Tokens of an issuer, on both hosts: signed by every kind of key, opaque, wrong in one way each, and keys that are new.

use std::time::Duration;

use jwt_simple::prelude::Duration as Life;
use serde_json::{Value, json};

use crate::clock::until;
use crate::http::{Answer, Ask};
use crate::issuer::{ISSUER, OPAQUE, Signer};
use crate::world::{BOTH, World};

const ADA: &str = "ada@acme.example";

fn add(world: &World, token: &str, user: &str) -> Answer {
    world.send(&Ask::execute("Calc.Plus", &json!({"a": "1", "b": "2"}), user).key(token))
}

/// Tokens that are each wrong in one way, and the names of their refusals.
fn wrong() -> Vec<(&'static str, String, &'static str)> {
    let signer = &ISSUER.signers[2];
    let sound = signer.sign(ISSUER.claims());
    let (signed, signature) = sound.rsplit_once('.').unwrap();
    let (begin, end) = signature.split_at(9);
    let other = if end.starts_with('A') { "B" } else { "A" };
    let altered = [begin, other, &end[1..]].concat();
    let payload = signed.split('.').nth(1).unwrap();
    let mut expired = ISSUER.claims();
    expired.issued_at = expired.issued_at.map(|at| at - Life::from_hours(2));
    expired.invalid_before = expired.issued_at;
    expired.expires_at = expired.issued_at.map(|at| at + Life::from_mins(1));
    let of_others = ISSUER.claims().with_issuer("https://others.example");
    let stranger = Signer::new("ed-1");
    vec![
        ("unsigned", format!("eyJhbGciOiJub25lIn0.{payload}."), "token_algorithm_refused"),
        ("with another signature", format!("{signed}.{altered}"), "token_signature_invalid"),
        ("signed by a stranger", stranger.sign(ISSUER.claims()), "token_signature_invalid"),
        ("cut", signed.to_owned(), "credential_unknown"),
        ("expired", signer.sign(expired), "token_expired"),
        ("for others", signer.sign(ISSUER.claims().with_audience("https://others.example")), "token_audience_wrong"),
        ("of others", signer.sign(of_others), "token_issuer_unknown"),
        ("opaque, not active", format!("{OPAQUE}-not"), "token_inactive"),
    ]
}

/// Returns the answer, less the parts that differ between two requests.
fn told(answer: &Answer) -> (u16, String, Value) {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        for member in ["id", "execution_id", "request_id", "finished_at", "duration"] {
            body.remove(member);
        }
    }
    (answer.status, answer.refusal().to_owned(), body)
}

#[test]
fn tokens_are_taken_and_refused_alike_on_both_hosts() {
    let sound: Vec<_> = ISSUER.signers.iter().map(|signer| (signer.name(), signer.sign(ISSUER.claims()))).collect();
    let wrong = wrong();
    let told = BOTH.map(|platform| {
        let world = World::new(platform, "tokens");
        let mut all = Vec::new();
        for (name, token) in &sound {
            // The second time it is remembered.
            for _ in 0..2 {
                let answer = add(&world, token, ADA);
                assert_eq!(answer.outcome(), (200, ""), "{platform:?}: {name}: {}", answer.text());
                assert_eq!(answer.json()["output"]["value"], "3");
                let record = world.record_of(&answer);
                assert_eq!((&record["caller"], &record["key"]), (&json!("corp:ada"), &json!("corp")), "{record}");
                all.push(told(&answer));
            }
            let other = add(&world, token, "eve@acme.example");
            assert_eq!(other.outcome(), (403, "user_not_permitted"), "{platform:?}: {name}");
            all.push(told(&other));
        }
        let opaque = add(&world, OPAQUE, ADA);
        assert_eq!(opaque.outcome(), (200, ""), "{platform:?}: {}", opaque.text());
        assert_eq!(world.record_of(&opaque)["caller"], "asked:ada");
        for (name, token, refusal) in &wrong {
            let answer = add(&world, token, ADA);
            assert_eq!(answer.outcome(), (401, *refusal), "{platform:?}: {name}: {}", answer.text());
            assert!(!answer.text().contains(token.as_str()), "{platform:?}: {name}: the token is told");
            all.push(told(&answer));
        }
        a_key_that_is_new_is_fetched(&world);
        let log = world.log();
        let mut secrets = sound.iter().map(|(_, token)| token.as_str()).chain([OPAQUE]);
        assert!(secrets.all(|token| !log.contains(token)), "{platform:?}: a token is in the log");
        all
    });
    let [workerd, spin] = told;
    assert_eq!(workerd, spin);
}

fn a_key_that_is_new_is_fetched(world: &World) {
    let signer = Signer::new(&format!("ed-of-{:?}", world.platform));
    let token = signer.sign(ISSUER.claims());
    ISSUER.add(&signer);
    // An isolate asks for an issuer's keys once in ten seconds.
    until("a token under a new key is taken", Duration::from_secs(20), || {
        let answer = add(world, &token, ADA);
        assert!(matches!(answer.outcome(), (200, "") | (401, "token_key_unknown")), "{}", answer.text());
        (answer.status == 200).then_some(())
    });
    let nobodys = Signer::new(&format!("nobodys-{:?}", world.platform)).sign(ISSUER.claims());
    assert_eq!(add(world, &nobodys, ADA).outcome(), (401, "token_key_unknown"));
}
