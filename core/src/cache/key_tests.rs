//! Keys: equal calls share one, and every part keeps different calls apart.

use super::*;
use crate::cache::CacheStrategy;
use crate::model::tool;
use crate::words::json::{Limits, parse};
use crate::words::time::Millis;

const LIMITS: Limits = Limits { depth: 8, values: 100, string_bytes: 1_000, number_bytes: 100 };

struct Parts {
    tenant: &'static str,
    account: u8,
    project: Option<&'static str>,
    executors: &'static str,
    user: Option<&'static str>,
    scope: CacheScopeChoice,
    tool: usize,
    input: &'static str,
}

const PARTS: Parts = Parts {
    tenant: "t",
    account: 1,
    project: None,
    executors: "e",
    user: Some("u"),
    scope: CacheScopeChoice::User,
    tool: 0,
    input: r#"{"a":1,"b":{"c":[1,2]}}"#,
};

fn key(parts: &Parts) -> CacheKey {
    let tools = tool::of_local(0);
    key_of(&KeyParts {
        tenant: &TenantId::new(parts.tenant).unwrap(),
        account: &[parts.account; 16],
        project: parts.project.and_then(Project::new).as_ref(),
        executors: parts.executors,
        user: parts.user.and_then(UserId::new).as_ref(),
        tool: &tools[parts.tool],
        policy: CachePolicy {
            ttl: Millis::new(1),
            scope: parts.scope,
            strategy: CacheStrategy::Hybrid,
            rule: [0; 8],
            life: crate::cache::Life::default(),
        },
        input: &parse(parts.input.as_bytes(), LIMITS).unwrap(),
    })
}

#[test]
fn the_order_of_members_does_not_matter() {
    assert_eq!(key(&PARTS), key(&Parts { input: r#" {"b":{"c":[1, 2]}, "a":1}"#, ..PARTS }));
}

#[test]
fn every_part_keeps_calls_apart() {
    let others = [
        Parts { tenant: "u", ..PARTS },
        Parts { account: 2, ..PARTS },
        Parts { project: Some("o/p"), ..PARTS },
        Parts { executors: "f", ..PARTS },
        Parts { user: Some("v"), ..PARTS },
        Parts { user: None, ..PARTS },
        Parts { user: Some("shared"), ..PARTS },
        Parts { user: Some("nobody"), ..PARTS },
        Parts { scope: CacheScopeChoice::Shared, ..PARTS },
        Parts { tool: 1, ..PARTS },
        Parts { input: r#"{"a":"1","b":{"c":[1,2]}}"#, ..PARTS },
        Parts { input: r#"{"a":1.0,"b":{"c":[1,2]}}"#, ..PARTS },
        Parts { input: r#"{"a":1,"b":{"c":[2,1]}}"#, ..PARTS },
        Parts { input: "{}", ..PARTS },
        PARTS,
    ];
    let keys: std::collections::BTreeSet<Vec<u8>> = others.iter().map(|parts| key(parts).as_bytes().to_vec()).collect();
    assert_eq!(keys.len(), others.len());
}

#[test]
fn shared_answers_are_the_same_for_every_user() {
    let shared = Parts { scope: CacheScopeChoice::Shared, ..PARTS };
    assert_eq!(key(&shared), key(&Parts { user: Some("v"), ..shared }));
}

#[test]
fn no_part_can_slide_into_the_next() {
    let left = Parts { tenant: "ab", executors: "c", ..PARTS };
    let right = Parts { tenant: "a", executors: "bc", ..PARTS };
    assert_ne!(key(&left), key(&right));
}
