//! Tests the identification of callers by the keys in headers.

use super::*;
use std::collections::BTreeMap;

use crate::model::caller::{CallerKey, ProjectRule, UserRule};
use crate::words::modes::Priority;
use crate::words::names::{CallerId, TenantId};
use crate::words::time::Timestamp;

fn caller(id: &str, keys: &[&str], hasher: &KeyHasher) -> ConfiguredCaller {
    let caller = Caller {
        id: CallerId::new(id).unwrap(),
        tenant: TenantId::new("t").unwrap(),
        roles: Vec::new(),
        scopes: Vec::new(),
        within: None,
        claims: BTreeMap::new(),
        grants: Vec::new(),
        users: UserRule::Only(Vec::new()),
        projects: ProjectRule::Only(Vec::new()),
        priority: Priority::Normal,
    };
    let keys = keys.iter().map(|key| CallerKey { id: KeyId::new(key).unwrap(), hash: hasher.hash(key) }).collect();
    ConfiguredCaller { caller: Rc::new(caller), keys }
}

/// Nothing was revoked, and no time passes.
struct Always;

impl ValidationContext for Always {
    fn revocation(&self) -> u64 {
        0
    }

    fn time(&self) -> Timestamp {
        Timestamp::default()
    }

    fn generation(&self, _: usize) -> Option<u32> {
        None
    }
}

fn identify_with(headers: &[(Header, &str)], revoked: &[&str]) -> Result<String, RefusalKind> {
    let hasher = KeyHasher::new(b"secret");
    let callers = [caller("a", &["key-a1", "key-a2"], &hasher), caller("b", &["key-b1"], &hasher)];
    let keyring = Keyring::new(KeyHashers::new(b"secret", None), &callers, [7; 16]);
    let mut values = RequestHeaders::default();
    for (header, value) in headers {
        values.0[*header as usize] = Some((*value).to_owned());
    }
    let epochs = Epochs { revoked: revoked.iter().map(|id| (*id).to_owned()).collect(), ..Epochs::default() };
    let answer = || {
        let found = identify(&values, &keyring, Takes::default(), &Always).map_err(|refusal| refusal.kind)?;
        let Recognised::Known(found) = found else { panic!("not known by itself") };
        refuse_revoked(&found, &epochs).map_err(|refusal| refusal.kind)?;
        Ok(format!("{} {}", found.caller.id, found.key))
    };
    let (first, again) = (answer(), answer());
    assert_eq!(first, again, "a key that was verified before is the same key");
    first
}

#[test]
fn an_assertion_counts_only_where_access_is_an_issuer() {
    let keyring = Keyring::new(KeyHashers::new(b"secret", None), &[], [7; 16]);
    let mut headers = RequestHeaders::default();
    headers.0[Header::CfAccessJwtAssertion as usize] = Some("a.b.c".to_owned());
    let found = |takes| identify(&headers, &keyring, takes, &Always).map_err(|refusal| refusal.kind);
    let missing = Some(RefusalKind::CredentialMissing);
    assert_eq!(found(Takes { tokens: true, assertions: false }).err(), missing);
    let taken = found(Takes { tokens: true, assertions: true });
    assert!(matches!(taken, Ok(Recognised::Token("a.b.c", _))));
}

#[test]
fn a_keyring_cannot_be_printed() {
    let keyring = Keyring::new(KeyHashers::new(b"secret", None), &[], [7; 16]);
    assert_eq!(format!("{keyring:?} {:?}", keyring.hashers().current()), "Keyring(..) KeyHasher(..)");
}

#[test]
fn a_hash_under_either_secret_is_of_the_same_key() {
    let (old, new) = (KeyHasher::new(b"old"), KeyHasher::new(b"new"));
    let callers = [caller("a", &["key-a"], &old), caller("b", &["key-b"], &new)];
    let found = |hashers: KeyHashers| {
        let keyring = Keyring::new(hashers, &callers, [7; 16]);
        ["key-a", "key-b"].map(|key| keyring.configured(key).map(|found| found.key.to_string()))
    };
    let [a, b] = ["key-a", "key-b"].map(|key| Some(key.to_owned()));
    assert_eq!(found(KeyHashers::new(b"new", Some(b"old"))), [a.clone(), b.clone()]);
    assert_eq!(found(KeyHashers::new(b"old", Some(b"new"))), [a.clone(), b.clone()]);
    assert_eq!(found(KeyHashers::new(b"new", None)), [None, b]);
    assert_eq!(found(KeyHashers::new(b"old", None)), [a, None]);
    let hashers = KeyHashers::new(b"new", Some(b"old"));
    assert_eq!([new.id(), old.id(), 1].map(|id| hashers.name_of(id)), ["current", "previous", "unknown"]);
    assert!(hashers.issuing().is_some() && KeyHashers::of_isolate(b"random").issuing().is_none());
}

#[test]
fn an_issued_key_that_is_cut_is_refused_without_a_look_up() {
    let key = key::NewKey::new(&[9; key::RANDOM], None);
    let text = key.text.expose();
    let keyring = Keyring::new(KeyHashers::new(b"secret", None), &[], [7; 16]);
    let identify = |keyring: &Keyring, text: &str| {
        let mut headers = RequestHeaders::default();
        headers.0[Header::XApiKey as usize] = Some(text.to_owned());
        let found = identify(&headers, keyring, Takes::default(), &Always).map_err(|refusal| refusal.kind)?;
        let Recognised::Issued(unverified) = found else { panic!("nobody knows it") };
        Ok(unverified.id.to_owned())
    };
    assert_eq!(identify(&keyring, text), Ok(key.id));
    assert_eq!(identify(&keyring, text.split_at(80).0), Err(RefusalKind::CredentialMalformed));
    assert_eq!(identify(&keyring, "tgk_"), Err(RefusalKind::CredentialMalformed));
    let without_secret = Keyring::new(KeyHashers::of_isolate(b"random"), &[], [7; 16]);
    assert_eq!(identify(&without_secret, text), Err(RefusalKind::KeyHashSecretMissing));
}

#[test]
fn a_key_is_taken_from_either_header_in_every_form() {
    for value in ["key-a2", "Bearer key-a2", "bearer  key-a2", " BEARER key-a2 "] {
        assert_eq!(identify_with(&[(Header::Authorization, value)], &[]), Ok("a key-a2".to_owned()), "{value:?}");
    }
    assert_eq!(identify_with(&[(Header::XApiKey, "key-b1")], &[]), Ok("b key-b1".to_owned()));
    let both = [(Header::XApiKey, "key-b1"), (Header::Authorization, "Bearer key-b1")];
    assert_eq!(identify_with(&both, &[]), Ok("b key-b1".to_owned()));
}

#[test]
fn what_is_no_single_key_is_refused_by_name() {
    for value in ["", "Bearer", "Bearer ", "   "] {
        assert_eq!(
            identify_with(&[(Header::Authorization, value)], &[]),
            Err(RefusalKind::CredentialMissing),
            "{value:?}"
        );
    }
    for value in ["key a1", "key-a1, key-a1", "Basic key-a1", "kéy", &"x".repeat(513)] {
        assert_eq!(
            identify_with(&[(Header::Authorization, value)], &[]),
            Err(RefusalKind::CredentialMalformed),
            "{value:?}"
        );
    }
    let both = [(Header::XApiKey, "key-b1"), (Header::Authorization, "key-a1")];
    assert_eq!(identify_with(&both, &[]), Err(RefusalKind::CredentialMalformed));
    assert_eq!(identify_with(&[(Header::XApiKey, "key-c1")], &[]), Err(RefusalKind::CredentialUnknown));
    assert_eq!(identify_with(&[], &[]), Err(RefusalKind::CredentialMissing));
}

#[test]
fn a_revoked_key_is_refused_and_its_twin_is_not() {
    assert_eq!(identify_with(&[(Header::XApiKey, "key-a1")], &["key-a1"]), Err(RefusalKind::CredentialRevoked));
    assert_eq!(identify_with(&[(Header::XApiKey, "key-a2")], &["key-a1"]), Ok("a key-a2".to_owned()));
}

#[test]
fn the_hash_is_keyed_hmac_sha_256() {
    // RFC 4231, test case 2.
    let hash = KeyHasher::new(b"Jefe").hash("what do ya want for nothing?");
    assert_eq!(crate::words::hex::encode(&hash), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
