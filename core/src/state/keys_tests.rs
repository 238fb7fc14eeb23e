//! The reducer of issued keys: grants, lifetimes, and bounded growth.

use super::*;
use crate::words::limits::{ISSUED_KEY_ONCE, ISSUED_KEYS_LISTED};

const DAY: u64 = 24 * 3600 * 1000;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(Millis::new(ms))
}

fn fresh(id: &str) -> Fresh {
    let hash = id.bytes().cycle().take(32).collect();
    Fresh { id: id.to_owned(), hash, secret: 7, created_by: "maker".to_owned(), lasts: None, once: None }
}

fn once(request: u8, body: u8) -> Option<Once> {
    Some(Once { request: vec![request; 16], body: vec![body; 16] })
}

fn grants(tenant: &str) -> Grants {
    Grants { tenant: tenant.to_owned(), caller: "bot.1".to_owned(), roles: vec!["r".to_owned()], ..Grants::default() }
}

fn create(keys: &mut Keys, fresh: Fresh, tenant: &str, now: u64) -> Reply {
    keys.apply(Command::Create(Box::new(fresh), Box::new(grants(tenant))), at(now)).1
}

fn rotate(keys: &mut Keys, id: &str, fresh: Fresh, overlap: u64, now: u64) -> Reply {
    let overlap = Millis::new(overlap);
    keys.apply(Command::Rotate { id: id.to_owned(), fresh: Box::new(fresh), overlap }, at(now)).1
}

fn revoke(keys: &mut Keys, id: &str, tenant: Option<&str>, now: u64) -> (bool, Reply) {
    let (id, tenant, by) = (id.to_owned(), tenant.map(str::to_owned), "maker".to_owned());
    keys.apply(Command::Revoke { id, tenant, by }, at(now))
}

fn status(keys: &mut Keys, id: &str, now: u64) -> Option<KeyStatus> {
    match keys.apply(Command::Find(id.to_owned()), at(now)).1 {
        Reply::Key(key) => Some(key.status(at(now))),
        _ => None,
    }
}

fn ended_another(reply: &Reply) -> Option<bool> {
    match reply {
        Reply::Made { ended_another, .. } => Some(*ended_another),
        _ => None,
    }
}

fn listed(keys: &mut Keys, tenant: Option<&str>, after: Option<&str>, most: u32) -> Vec<String> {
    let command = Command::List { tenant: tenant.map(str::to_owned), after: after.map(str::to_owned), most };
    let (false, Reply::Keys(found)) = keys.apply(command, at(0)) else { panic!("a list") };
    assert!(found.iter().all(|key| key.hash.is_empty()), "a list tells no hash");
    found.into_iter().map(|key| key.id).collect()
}

#[test]
fn a_key_lives_until_its_end_and_not_a_moment_longer() {
    let mut keys = Keys::default();
    create(&mut keys, Fresh { lasts: Some(Millis::new(100)), ..fresh("a") }, "t", 0);
    create(&mut keys, fresh("b"), "t", 0);
    assert_eq!(status(&mut keys, "a", 99), Some(KeyStatus::Active));
    assert_eq!(status(&mut keys, "a", 100), Some(KeyStatus::Expired));
    assert_eq!(status(&mut keys, "b", 1_000 * DAY), Some(KeyStatus::Active));
    assert_eq!(status(&mut keys, "c", 0), None);
}

#[test]
fn a_rotated_key_overlaps_with_its_follower_and_then_ends() {
    let mut keys = Keys::default();
    create(&mut keys, fresh("a"), "t", 0);
    assert_eq!(ended_another(&rotate(&mut keys, "a", fresh("b"), 50, 10)), Some(false));
    for (now, old) in [(10, KeyStatus::Rotated), (59, KeyStatus::Rotated), (60, KeyStatus::Expired)] {
        assert_eq!(status(&mut keys, "a", now), Some(old), "{now}");
        assert_eq!(status(&mut keys, "b", now), Some(KeyStatus::Active), "{now}");
    }
    assert_eq!(rotate(&mut keys, "a", fresh("c"), 50, 20), Reply::Ended, "it has a follower");
    assert_eq!(rotate(&mut keys, "x", fresh("c"), 50, 20), Reply::Unknown);
    let Reply::Made { key, .. } = rotate(&mut keys, "b", fresh("c"), 0, 70) else { panic!("b can be rotated") };
    assert_eq!(key.grants, grants("t"), "the same grants, and the same caller");
    assert_eq!(status(&mut keys, "b", 70), Some(KeyStatus::Expired));
}

#[test]
fn a_rotation_prolongs_no_life_unless_it_says_so() {
    let mut keys = Keys::default();
    create(&mut keys, Fresh { lasts: Some(Millis::new(100)), ..fresh("a") }, "t", 0);
    rotate(&mut keys, "a", fresh("b"), 500, 10);
    assert_eq!(status(&mut keys, "a", 100), Some(KeyStatus::Expired), "an overlap is no new life");
    assert_eq!(status(&mut keys, "b", 100), Some(KeyStatus::Expired));
    create(&mut keys, Fresh { lasts: Some(Millis::new(100)), ..fresh("c") }, "t", 0);
    rotate(&mut keys, "c", Fresh { lasts: Some(Millis::new(1_000)), ..fresh("d") }, 0, 10);
    assert_eq!(status(&mut keys, "d", 1_009), Some(KeyStatus::Active));
    assert_eq!(rotate(&mut keys, "a", fresh("e"), 0, 200), Reply::Ended, "what is over is not rotated");
}

#[test]
fn a_revocation_is_for_good_and_only_of_ones_own_tenant() {
    let mut keys = Keys::default();
    create(&mut keys, fresh("a"), "t", 0);
    assert_eq!(revoke(&mut keys, "a", Some("other"), 5), (false, Reply::Unknown));
    assert_eq!(status(&mut keys, "a", 5), Some(KeyStatus::Active));
    let (wrote, Reply::Key(first)) = revoke(&mut keys, "a", Some("t"), 6) else { panic!("a key") };
    assert!(wrote && first.revoked_at == Some(at(6)));
    let (wrote, Reply::Key(again)) = revoke(&mut keys, "a", None, 7) else { panic!("a key") };
    assert!(!wrote && again == first, "the second time changes nothing");
    assert_eq!(status(&mut keys, "a", 8), Some(KeyStatus::Revoked));
    assert_eq!(rotate(&mut keys, "a", fresh("b"), 50, 9), Reply::Ended);
}

#[test]
fn a_command_that_comes_twice_makes_one_key() {
    let mut keys = Keys::default();
    let first = create(&mut keys, fresh("a"), "t", 0);
    assert!(matches!(first, Reply::Made { .. }));
    assert!(matches!(create(&mut keys, fresh("a"), "t", 1), Reply::Made { .. }));
    assert_eq!(create(&mut keys, Fresh { hash: vec![1; 32], ..fresh("a") }, "t", 1), Reply::Full, "another key");
    rotate(&mut keys, "a", fresh("b"), 50, 10);
    assert!(matches!(rotate(&mut keys, "a", fresh("b"), 50, 20), Reply::Made { .. }));
    assert_eq!(status(&mut keys, "a", 60), Some(KeyStatus::Expired), "its end stays");
    assert_eq!(listed(&mut keys, None, None, 9), ["a", "b"]);
}

#[test]
fn a_request_that_comes_twice_leaves_one_live_key() {
    let mut keys = Keys::default();
    let of = |id, request, body| Fresh { once: once(request, body), ..fresh(id) };
    assert_eq!(ended_another(&create(&mut keys, of("a", 1, 1), "t", 0)), Some(false));
    assert_eq!(ended_another(&create(&mut keys, of("b", 1, 1), "t", 10)), Some(true));
    assert_eq!(status(&mut keys, "a", 10), Some(KeyStatus::Revoked));
    assert_eq!(status(&mut keys, "b", 10), Some(KeyStatus::Active));
    assert_eq!(create(&mut keys, of("c", 1, 2), "t", 20), Reply::Mismatch);
    assert_eq!(ended_another(&create(&mut keys, of("c", 2, 1), "t", 20)), Some(false), "another request");
    assert_eq!(rotate(&mut keys, "b", of("d", 1, 9), 50, 30), Reply::Mismatch);
    assert_eq!(ended_another(&rotate(&mut keys, "b", of("d", 3, 3), 50, 30)), Some(false));
    assert_eq!(ended_another(&rotate(&mut keys, "b", of("e", 3, 3), 500, 60)), Some(true));
    assert_eq!(status(&mut keys, "d", 60), Some(KeyStatus::Revoked));
    assert_eq!(status(&mut keys, "b", 80), Some(KeyStatus::Expired), "the first end counts");
    assert_eq!(ended_another(&rotate(&mut keys, "b", of("f", 3, 3), 0, 90)), Some(true), "also when that has come");
    let later = ISSUED_KEY_ONCE.get() + 20;
    assert_eq!(
        ended_another(&create(&mut keys, of("g", 2, 9), "t", later)),
        Some(false),
        "a day later it is forgotten"
    );
    assert_eq!(status(&mut keys, "c", later), Some(KeyStatus::Active));
}

#[test]
fn a_hash_is_replaced_only_by_who_knows_it() {
    let mut keys = Keys::default();
    create(&mut keys, fresh("a"), "t", 0);
    let rehash = |from: Vec<u8>, to: Vec<u8>| Command::Rehash { id: "a".to_owned(), from, to, secret: 8 };
    assert_eq!(keys.apply(rehash(vec![0; 32], vec![9; 32]), at(1)), (false, Reply::Unknown));
    assert_eq!(keys.apply(rehash(fresh("a").hash, vec![9]), at(1)), (false, Reply::Unknown));
    let (true, Reply::Key(key)) = keys.apply(rehash(fresh("a").hash, vec![9; 32]), at(1)) else { panic!("a key") };
    assert_eq!((key.hash, key.secret), (vec![9; 32], 8));
}

#[test]
fn a_list_is_in_order_bounded_and_of_one_tenant() {
    let mut keys = Keys::default();
    for (id, tenant) in [("c", "t"), ("a", "t"), ("b", "other"), ("d", "t")] {
        create(&mut keys, fresh(id), tenant, 0);
    }
    assert_eq!(listed(&mut keys, Some("t"), None, 2), ["a", "c"]);
    assert_eq!(listed(&mut keys, Some("t"), Some("c"), 2), ["d"]);
    assert_eq!(listed(&mut keys, None, Some("a"), 9), ["b", "c", "d"]);
    for tenant in 0..20 {
        for n in 0..10 {
            create(&mut keys, fresh(&format!("{tenant:02}{n}")), &tenant.to_string(), 0);
        }
    }
    assert_eq!(listed(&mut keys, None, None, u32::MAX).len(), ISSUED_KEYS_LISTED);
}

#[test]
fn a_tenant_has_its_share_and_what_ended_first_makes_room() {
    let mut keys = Keys::default();
    for n in 0..ISSUED_KEYS_OF_TENANT {
        assert!(matches!(create(&mut keys, fresh(&format!("k{n:02}")), "t", 0), Reply::Made { .. }));
    }
    assert_eq!(create(&mut keys, fresh("one-more"), "t", 0), Reply::Full);
    assert_eq!(rotate(&mut keys, "k00", fresh("one-more"), 5, 0), Reply::Full);
    assert!(matches!(create(&mut keys, fresh("of-another"), "other", 0), Reply::Made { .. }));
    revoke(&mut keys, "k07", None, 20);
    revoke(&mut keys, "k05", None, 10);
    assert!(matches!(create(&mut keys, fresh("one-more"), "t", 30), Reply::Made { .. }));
    assert_eq!((status(&mut keys, "k05", 30), status(&mut keys, "k07", 30)), (None, Some(KeyStatus::Revoked)));
    create(&mut keys, fresh("late"), "other", 20 + ISSUED_KEY_KEPT.get());
    assert_eq!(status(&mut keys, "k07", 30), None, "what ended long ago is forgotten");
}

#[test]
fn an_owner_holds_no_more_than_fits_into_one_value() {
    let mut keys = Keys::default();
    let noted = |tenant: usize, note: usize| Box::new(Grants { note: "n".repeat(note), ..grants(&tenant.to_string()) });
    let small = noted(0, 0).bytes() + fresh("0000").bytes();
    let note = ISSUED_KEY_BYTES - small - 2;
    for n in 0..ISSUED_KEYS {
        let create = Command::Create(Box::new(fresh(&format!("{n:04}"))), noted(n / 60, note));
        assert!(keys.apply(create, at(0)).0, "{n}");
    }
    assert!(!keys.apply(Command::Create(Box::new(fresh("more")), noted(99, 0)), at(0)).0);
    let stored = minicbor::to_vec(&keys).unwrap().len();
    assert!(stored < 1_500_000, "{stored}");
    let large = Command::Create(Box::new(fresh("x")), noted(1, ISSUED_KEY_BYTES));
    assert_eq!(Keys::default().apply(large, at(0)), (false, Reply::Full));
}
