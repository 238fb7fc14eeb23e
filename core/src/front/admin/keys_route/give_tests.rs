//! A key grants no more than its issuer holds: each member by itself, and the effect of `keys/admin`.

use std::rc::Rc;

use super::*;
use crate::model::caller::Grant;
use crate::words::action::Action;
use crate::words::modes::Priority;
use crate::words::names::{CallerId, Project, RoleId, TenantId, UserId};

fn caller(actions: &[&str]) -> Caller {
    let actions = actions.iter().map(|action| ActionPattern::new(action).unwrap()).collect();
    Caller {
        id: CallerId::new("team").unwrap(),
        tenant: TenantId::new("a").unwrap(),
        roles: ["reader", "sender"].map(|role| RoleId::new(role).unwrap()).to_vec(),
        scopes: Vec::new(),
        within: None,
        claims: BTreeMap::from([("level".to_owned(), ClaimValue::Number(3))]),
        users: UserRule::Only(vec![UserId::new("u1").unwrap(), UserId::new("u2").unwrap()]),
        projects: ProjectRule::Only(vec![Project::new("o/p").unwrap()]),
        priority: Priority::Normal,
        grants: vec![Rc::new(Grant { rule: "caller:team".to_owned(), actions, tools: Vec::new() })],
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn grants(caller: &Caller) -> Grants {
    Grants {
        tenant: "a".to_owned(),
        roles: texts(&["reader"]),
        users: texts(&["u1"]),
        projects: texts(&["o/p"]),
        claims: claims_of(caller, caller.holds(Action::KeysAdmin)),
        ..Grants::default()
    }
}

/// Returns the member that is too wide, if any.
fn refused(caller: &Caller, grants: &Grants) -> Option<String> {
    check(caller, caller.holds(Action::KeysAdmin), grants).err().map(|refusal| {
        assert_eq!(refusal.kind, RefusalKind::GrantNotPermitted);
        refusal.detail.unwrap().into_owned()
    })
}

#[test]
fn each_member_is_bounded_by_what_the_issuer_holds() {
    let caller = caller(&["keys/read", "keys/write", "tools/*"]);
    let base = grants(&caller);
    assert_eq!(refused(&caller, &base), None);
    assert_eq!(refused(&caller, &Grants { users: Vec::new(), projects: Vec::new(), ..base.clone() }), None);
    for (wide, member) in [
        (Grants { tenant: "b".to_owned(), ..base.clone() }, "tenant"),
        (Grants { roles: texts(&["reader", "admin"]), ..base.clone() }, "roles"),
        (Grants { users: texts(&["u1", "u3"]), ..base.clone() }, "users"),
        (Grants { users: texts(&["*"]), ..base.clone() }, "users"),
        (Grants { projects: texts(&["o/q"]), ..base.clone() }, "projects"),
        (Grants { projects: texts(&["*"]), ..base.clone() }, "projects"),
        (Grants { claims: BTreeMap::new(), ..base.clone() }, "claims"),
    ] {
        assert_eq!(refused(&caller, &wide).as_deref(), Some(member));
    }
    let every = Caller { users: UserRule::Every, projects: ProjectRule::Every, ..caller };
    assert_eq!(refused(&every, &Grants { users: texts(&["*"]), projects: texts(&["*"]), ..base }), None);
}

#[test]
fn a_narrowed_issuer_gives_only_narrowed_keys() {
    let within = ["keys/write", "tools/*"].map(|action| ActionPattern::new(action).unwrap()).to_vec();
    let caller = Caller { within: Some(within), ..caller(&["*"]) };
    assert!(!caller.holds(Action::KeysAdmin), "what the scopes leave out is not held");
    let scoped = |scopes: &[&str]| Grants { scopes: texts(scopes), ..grants(&caller) };
    for scopes in [&["tools/call"][..], &["tools/*"], &["tools/*", "keys/write"]] {
        assert_eq!(refused(&caller, &scoped(scopes)), None, "{scopes:?}");
    }
    for scopes in [&[][..], &["*"], &["tools/call", "keys/*"], &["epochs/write"], &["no/action"]] {
        assert_eq!(refused(&caller, &scoped(scopes)).as_deref(), Some("scopes"), "{scopes:?}");
    }
}

#[test]
fn an_administrator_gives_anything_and_nothing_of_itself() {
    let caller = caller(&["keys/*"]);
    let wide = Grants { tenant: "b".to_owned(), roles: texts(&["admin"]), users: texts(&["*"]), ..grants(&caller) };
    assert_eq!(refused(&caller, &wide), None);
    assert_eq!(claims_of(&caller, true), BTreeMap::new());
}
