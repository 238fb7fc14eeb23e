//! Decisions depend on nothing but their declared dependencies.

use fastrand::Rng;
use toolgate_policy::text;
use toolgate_policy::world::{World, world};
use toolgate_share::seeds;

use crate::read;

/// Changes the first world to what the second is.
type Change = fn(&mut World, &World);

/// Attributes that the test changes, and how.
const CHANGES: [(&str, Change); 19] = [
    ("principal.scopes", |world, other| world.caller.scopes.clone_from(&other.caller.scopes)),
    ("principal.claims.level", |world, other| change_claim(world, other, "level")),
    ("principal.claims.mfa", |world, other| change_claim(world, other, "mfa")),
    ("principal.claims.groups", |world, other| change_claim(world, other, "groups")),
    ("principal.claims.department", |world, other| change_claim(world, other, "department")),
    ("principal.roles", |world, other| world.caller.roles.clone_from(&other.caller.roles)),
    ("principal.tenant", |world, other| world.caller.tenant = other.caller.tenant.clone()),
    ("resource.version", |world, other| change_tool(world, other, 4)),
    ("resource.read_only", |world, other| change_tool(world, other, 0)),
    ("resource.destructive", |world, other| change_tool(world, other, 1)),
    ("resource.idempotent", |world, other| change_tool(world, other, 2)),
    ("resource.open_world", |world, other| change_tool(world, other, 3)),
    ("context.user", |world, other| world.user.clone_from(&other.user)),
    ("context.time", |world, other| world.at = other.at),
    ("context.country", |world, other| world.country.clone_from(&other.country)),
    ("context.arguments.amount", |world, other| change_argument(world, other, "amount")),
    ("context.arguments.to", |world, other| change_argument(world, other, "to")),
    ("context.arguments.tags", |world, other| change_argument(world, other, "tags")),
    ("context.arguments.nested", |world, other| change_argument(world, other, "nested")),
];

fn change_claim(world: &mut World, other: &World, name: &str) {
    match other.caller.claims.get(name) {
        Some(claim) => world.caller.claims.insert(name.to_owned(), claim.clone()),
        None => world.caller.claims.remove(name),
    };
}

fn change_tool(world: &mut World, other: &World, part: usize) {
    if let (Some(tool), Some(other)) = (&mut world.tool, &other.tool) {
        match tool.flags.get_mut(part) {
            Some(flag) => *flag = other.flags[part],
            None => tool.version.clone_from(&other.version),
        }
    }
}

fn change_argument(world: &mut World, other: &World, name: &str) {
    let given = other.arguments.get(name).cloned();
    let mut arguments = std::mem::replace(&mut world.arguments, toolgate::words::json::Json::Null).without(&[name]);
    if let (toolgate::words::json::Json::Object(object), Some(given)) = (&mut arguments, given) {
        object.insert(name.to_owned(), given);
    }
    world.arguments = arguments;
}

/// Returns true if one path lies within the other.
fn touches(depends: &str, changed: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
    };
    within(depends, changed) || within(changed, depends)
}

#[test]
fn a_decision_depends_on_nothing_else() {
    let (mut same, mut skipped) = (0_u64, 0_u64);
    for seed in seeds(3_000) {
        let mut rng = Rng::with_seed(seed);
        let count = rng.usize(1..6);
        let text = text::policies(&mut rng, count);
        let policies = read(&text).unwrap();
        for _ in 0..4 {
            let (before, other) = (world(&mut rng), world(&mut rng));
            let request = before.request();
            let depends = policies.depends(&request);
            for (attribute, change) in CHANGES {
                if depends.iter().any(|path| touches(path, attribute)) {
                    skipped += 1;
                    continue;
                }
                let mut after = before.clone();
                change(&mut after, &other);
                same += 1;
                let after_request = after.request();
                let (first, second) = (policies.decide(&request), policies.decide(&after_request));
                assert_eq!(
                    (first.verdict, &first.rules, &first.errors),
                    (second.verdict, &second.rules, &second.errors),
                    "seed {seed}: {attribute} is not in {depends:?}\n{text}\n{before:?}\n{after:?}"
                );
            }
        }
    }
    println!("{same} changes that must not matter, {skipped} that may");
    assert!(same < 1_000 || (same > 5_000 && skipped > 1_000), "too few of each to mean anything");
}
