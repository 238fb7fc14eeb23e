//! Tests the verdicts on issued keys, and their callers.

use super::*;
use crate::access::identity::key::{NewKey, RANDOM};
use crate::state::keys::Replaced;

const SECRET: &[u8] = b"the current secret";

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn issued(secret: &[u8]) -> (NewKey, Key) {
    let new = NewKey::new(&[3; RANDOM], None);
    let hasher = crate::access::identity::KeyHasher::new(secret);
    let key = Key {
        id: new.id.clone(),
        hash: hasher.hash(new.text.expose()).to_vec(),
        secret: hasher.id(),
        grants: Grants {
            tenant: "t".to_owned(),
            caller: "bot.1".to_owned(),
            roles: vec!["gone".to_owned()],
            ..Grants::default()
        },
        created_at: at(0),
        created_by: "maker".to_owned(),
        expires_at: None,
        revoked_at: None,
        revoked_by: None,
        replaced: None,
        once: None,
    };
    (new, key)
}

fn judged(key: &Key, text: &str, hashers: &KeyHashers, now: u64) -> Result<bool, RefusalKind> {
    judge(Some(key), text, hashers, at(now)).map(|(_, rehash)| rehash.is_some())
}

#[test]
fn only_the_whole_key_is_accepted_or_told_why_it_is_refused() {
    let hashers = KeyHashers::new(SECRET, None);
    let (new, key) = issued(SECRET);
    let text = new.text.expose();
    assert_eq!(judged(&key, text, &hashers, 1), Ok(false));
    let other = NewKey::new(&[4; RANDOM], None).text;
    let revoked = Key { revoked_at: Some(at(1)), ..key.clone() };
    let expired = Key { expires_at: Some(at(5)), ..key.clone() };
    let rotated = Key { replaced: Some(Replaced { by: "x".to_owned(), until: at(5) }), ..key.clone() };
    for (key, at_4, at_5) in [
        (&key, Ok(false), Ok(false)),
        (&revoked, Err(RefusalKind::CredentialRevoked), Err(RefusalKind::CredentialRevoked)),
        (&expired, Ok(false), Err(RefusalKind::CredentialExpired)),
        (&rotated, Ok(false), Err(RefusalKind::CredentialExpired)),
    ] {
        assert_eq!((judged(key, text, &hashers, 4), judged(key, text, &hashers, 5)), (at_4, at_5));
        assert_eq!(judged(key, other.expose(), &hashers, 4), Err(RefusalKind::CredentialUnknown));
    }
    assert_eq!(judge(None, text, &hashers, at(1)).err(), Some(RefusalKind::CredentialUnknown));
    let no_hash = Key { hash: Vec::new(), ..key };
    assert_eq!(judged(&no_hash, text, &hashers, 1), Err(RefusalKind::CredentialUnknown));
}

#[test]
fn a_hash_under_the_previous_secret_verifies_and_is_rehashed() {
    let (new, key) = issued(b"an older secret");
    let text = new.text.expose();
    let hashers = KeyHashers::new(SECRET, Some(b"an older secret"));
    let (_, rehash) = judge(Some(&key), text, &hashers, at(1)).unwrap();
    let Some(Command::Rehash { from, to, secret, .. }) = rehash else { panic!("a new hash") };
    assert_eq!((from, to, secret), (key.hash.clone(), issued(SECRET).1.hash, hashers.current().id()));
    assert_eq!(judged(&key, text, &KeyHashers::new(SECRET, None), 1), Err(RefusalKind::CredentialUnknown));
}

#[test]
fn lists_that_say_all_mean_all_and_others_what_they_hold() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(user_rule(&texts(&["u", "*"])), UserRule::Every);
    assert_eq!(user_rule(&texts(&["u"])), UserRule::Only(vec![UserId::new("u").unwrap()]));
    assert_eq!(user_rule(&[]), UserRule::Only(Vec::new()));
    assert_eq!(project_rule(&texts(&["*"])), ProjectRule::Every);
    assert_eq!(project_rule(&texts(&["o/p", "no project"])), ProjectRule::Only(vec![Project::new("o/p").unwrap()]));
}
