//! Keys in headers, and whose they are.

use super::*;
use std::collections::BTreeMap;

use crate::config::{CallerKey, ProjectRule, UserRule};
use crate::names::{CallerId, TenantId};

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
    };
    let keys = keys.iter().map(|key| CallerKey { id: KeyId::new(key).unwrap(), hash: hasher.hash(key) }).collect();
    ConfiguredCaller { caller: Rc::new(caller), keys }
}

fn identify_with(headers: &[(Header, &str)], revoked: &[&str]) -> Result<String, RefusalKind> {
    let hasher = KeyHasher::new(b"secret");
    let callers = [caller("a", &["key-a1", "key-a2"], &hasher), caller("b", &["key-b1"], &hasher)];
    let keyring = Keyring::new(hasher, &callers, [7; 16]);
    let mut values = RequestHeaders::default();
    for (header, value) in headers {
        values.0[*header as usize] = Some((*value).to_owned());
    }
    let epochs = Epochs { revoked: revoked.iter().map(|id| (*id).to_owned()).collect(), ..Epochs::default() };
    let answer = || {
        let found = identify(&values, &keyring, &callers, &epochs);
        found.map(|found| format!("{} {}", found.caller.id, found.key)).map_err(|refusal| refusal.kind)
    };
    let (first, again) = (answer(), answer());
    assert_eq!(first, again, "a key that was verified before is the same key");
    first
}

#[test]
fn a_verified_key_is_remembered_and_pushed_out_by_others_without_being_taken_for_them() {
    let hasher = KeyHasher::new(b"secret");
    let names: Vec<String> = (0..2_000).map(|number| format!("key-{number}")).collect();
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let callers = [caller("a", &keys, &hasher)];
    let keyring = Keyring::new(hasher, &callers, [7; 16]);
    for _ in 0..2 {
        for (place, name) in names.iter().enumerate() {
            assert_eq!(keyring.find(name), Some((0, place)));
            assert_eq!(keyring.find(&format!("{name}x")), None);
        }
    }
    assert_eq!(format!("{keyring:?}"), "Keyring(..)");
    let remembered = keyring.verified.borrow().iter().flatten().count();
    assert!(remembered > VERIFIED / 2, "{remembered}");
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
    assert_eq!(crate::hex::encode(&hash), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
