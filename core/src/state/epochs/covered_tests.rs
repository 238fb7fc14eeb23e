//! The floor of a look-up against a model without a map, and states stored before there were narrow scopes.

use fastrand::Rng;

use super::super::{Command, Reply};
use super::*;
use crate::state::epochs::Change;
use crate::state::{self, step};
use crate::words::time::Timestamp;

const NAMES: [&str; 3] = ["a", "b", "ab"];
const KEYS: [&[u8]; 3] = [b"key-1", b"key-2", b""];

fn name(random: &mut Rng) -> &'static str {
    NAMES[random.usize(..NAMES.len())]
}

fn key(random: &mut Rng) -> &'static [u8] {
    KEYS[random.usize(..KEYS.len())]
}

/// Returns true if a scope covers a look-up, as its documentation says.
fn covers(scope: &CacheScope, of: &Covered<'_>) -> bool {
    match scope {
        CacheScope::All => true,
        CacheScope::Tenant(tenant) => tenant == of.tenant,
        CacheScope::Toolkit(tenant, toolkit) => tenant == of.tenant && toolkit == of.toolkit,
        CacheScope::ToolkitShared(tenant, toolkit) => tenant == of.tenant && toolkit == of.toolkit && of.user.is_none(),
        CacheScope::ToolkitUser(tenant, toolkit, user) => {
            tenant == of.tenant && toolkit == of.toolkit && of.user == Some(user)
        }
        CacheScope::Tool(tenant, tool) => tenant == of.tenant && tool == of.tool,
        CacheScope::Tag(tenant, tag) => tenant == of.tenant && of.tags.iter().any(|own| own.as_str() == tag),
        CacheScope::User(tenant, user) => tenant == of.tenant && of.user == Some(user),
        CacheScope::Key(tenant, digest) => tenant == of.tenant && *digest == Hash::hash(of.key),
    }
}

fn any_scope(random: &mut Rng) -> CacheScope {
    let [tenant, second, third] = [(); 3].map(|()| name(random).to_owned());
    match random.u8(..24) {
        0 => CacheScope::All,
        1..=2 => CacheScope::Tenant(tenant),
        3..=5 => CacheScope::Toolkit(tenant, second),
        6..=8 => CacheScope::ToolkitShared(tenant, second),
        9..=11 => CacheScope::ToolkitUser(tenant, second, third),
        12..=14 => CacheScope::Tool(tenant, format!("{second}.{third}")),
        15..=17 => CacheScope::Tag(tenant, second),
        18..=20 => CacheScope::User(tenant, second),
        _ => CacheScope::Key(tenant, Hash::hash(key(random))),
    }
}

#[test]
fn the_floor_is_that_of_a_naive_model() {
    let mut decided = [0_usize; 9];
    for seed in 0..2_000 {
        let mut random = Rng::with_seed(seed);
        let scopes: Vec<CacheScope> = (0..random.u8(..12)).map(|_| any_scope(&mut random)).collect();
        let mut epochs = Epochs::default();
        for scope in &scopes {
            epochs.apply(Command::Advance(vec![Change::Cache(scope.clone())]));
        }
        for _ in 0..20 {
            let [tenant, toolkit, within, user] = [(); 4].map(|()| name(&mut random));
            let tags: Vec<CacheTag> =
                NAMES.iter().filter(|_| random.bool()).map(|tag| CacheTag::new(tag).unwrap()).collect();
            let of = Covered {
                tenant,
                toolkit,
                tool: &format!("{toolkit}.{within}"),
                tags: &tags,
                user: random.bool().then_some(user),
                key: key(&mut random),
            };
            let last = (1_u64..).zip(&scopes).filter(|(_, scope)| covers(scope, &of)).last();
            if let Some((_, scope)) = last {
                decided[kind(scope)] += 1;
            }
            let expected = last.map_or(0, |(version, _)| version);
            assert_eq!(epochs.cache_floor_of(&of), expected, "seed {seed}: {of:?} under {scopes:?}");
        }
    }
    assert!(decided.iter().all(|times| *times > 50), "not every kind decided: {decided:?}");
}

fn kind(scope: &CacheScope) -> usize {
    match scope {
        CacheScope::All => 0,
        CacheScope::Tenant(_) => 1,
        CacheScope::Toolkit(..) => 2,
        CacheScope::ToolkitShared(..) => 3,
        CacheScope::ToolkitUser(..) => 4,
        CacheScope::Tool(..) => 5,
        CacheScope::Tag(..) => 6,
        CacheScope::User(..) => 7,
        CacheScope::Key(..) => 8,
    }
}

#[test]
fn the_borrowed_order_is_the_maps_order() {
    let mut random = Rng::with_seed(7);
    for _ in 0..5_000 {
        let (left, right) = (any_scope(&mut random), any_scope(&mut random));
        assert_eq!(left.seen().cmp(&right.seen()), left.cmp(&right), "{left:?} {right:?}");
    }
}

/// The stored state after the changes below: numbers are never used again, so this stays readable for ever.
const STORED: &[u8] =
    b"\x02\x82\x00\x81\x88\x06\x05\x00\x00\x00\xa4\x82\x01\x81at\x01\x82\x02\x82atdmail\x02\x82\x03\x82atdmail\x03\
    \x82\x04\x83atdmailau\x04\x81ekey-1\x81\x82\x04\x81imail.send";

/// The command that carries these changes.
const SENT: &[u8] =
    b"\x02\x82\x00\x81\x82\x01\x81\x86\x82\x00\x81\x82\x01\x81at\x82\x00\x81\x82\x02\x82atdmail\x82\x00\x81\x82\x03\
    \x82atdmail\x82\x00\x81\x82\x04\x83atdmailau\x82\x01\x81ekey-1\x82\x03\x81\x82\x04\x81imail.send";

#[test]
fn what_was_stored_and_sent_is_still_read() {
    let now = Timestamp::from_millis(1_000);
    assert_eq!(step(None, SENT, now).state.as_deref(), Some(STORED), "the numbers have not changed");
    let more = state::StateCommand::Epochs(Command::Advance(vec![
        Change::Cache(CacheScope::Tool("t".to_owned(), "docs.get".to_owned())),
        Change::Cache(CacheScope::Key("t".to_owned(), Hash::hash(b"one"))),
    ]));
    let bytes = [&STORED[..1], &minicbor::to_vec(&more).unwrap()].concat();
    let reply = step(Some(STORED), &bytes, now).reply;
    let Ok(state::StateReply::Epochs(Reply::Now(epochs))) = minicbor::decode(&reply[1..]) else {
        panic!("unreadable: {reply:?}");
    };
    assert_eq!((epochs.version, epochs.revoked.len(), epochs.killed.len()), (8, 1, 1));
    let floor =
        |toolkit, tool, user, key| epochs.cache_floor_of(&Covered { tenant: "t", toolkit, tool, tags: &[], user, key });
    assert_eq!(floor("odd", "odd.thing", None, b"other"), 1, "the tenant");
    assert_eq!(floor("mail", "mail.send", Some("v"), b"other"), 2, "the toolkit");
    assert_eq!(floor("mail", "mail.send", None, b"other"), 3, "what its users share");
    assert_eq!(floor("mail", "mail.send", Some("u"), b"other"), 4, "one user's");
    assert_eq!(floor("docs", "docs.get", Some("u"), b"other"), 7, "the tool");
    assert_eq!(floor("docs", "docs.get", Some("u"), b"one"), 8, "the key");
}
