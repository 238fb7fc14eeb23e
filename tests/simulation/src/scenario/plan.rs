//! The plan that a run's seed makes: isolates, faults, and requests, some of which follow up others.

use super::{ASKS, Ask, Execute, INPUTS, OPERATOR, Planned, Variant};
use crate::facts::TOOLS;
use crate::world::{Faults, World};

/// The isolates of a run: two alike, and one that is configured otherwise; or the other way round.
pub(super) fn isolates(world: &World) -> Vec<Variant> {
    let odd = [
        Variant::OtherAccount,
        Variant::Worker,
        Variant::OtherProject,
        Variant::ShortLived,
        Variant::Fleeting,
        Variant::Plain,
    ];
    match world.below(odd.len() + 2) {
        more if more >= odd.len() => vec![Variant::Windowed, Variant::Windowed, Variant::Plain],
        one => vec![Variant::Plain, Variant::Plain, odd[one]],
    }
}

/// The faults of a run.
pub(super) fn faults(world: &World) -> Faults {
    match world.below(4) {
        0 => Faults::default(),
        1 => Faults { kv_stale: 30, kv_lost: 20, kv_broken: 10, ..tiers() },
        2 => Faults { origin: 30, ..Faults::default() },
        _ => Faults { kv_stale: 10, kv_lost: 10, kv_broken: 5, durable_away: 20, origin: 30, ..tiers() },
    }
}

/// The faults of the data centre's cache and the database.
fn tiers() -> Faults {
    Faults {
        tier_slow: 4,
        tier_damaged: 15,
        edge_away: 10,
        edge_missing: 40,
        sql_away: 10,
        sql_stale: 30,
        sql_lost: 10,
        ..Faults::default()
    }
}

/// The tiers that the isolates of a run use: in general, and for the tools that a rule names.
pub(super) fn strategies(world: &World) -> (&'static str, &'static str) {
    let general = ["persistent", "persistent", "persistent", "hybrid", "hybrid", "memory"];
    let ruled = ["persistent", "persistent", "hybrid", "memory", "off"];
    (general[world.below(general.len())], ruled[world.below(ruled.len())])
}

/// The next request; some follow up what was planned before.
pub(super) fn next(world: &World, isolates: usize, before: &[Planned]) -> Planned {
    let follows_up = match world.below(100) {
        0..8 => repetition(world, before),
        8..12 => question(world, before),
        _ => None,
    };
    let mut planned = follows_up.unwrap_or_else(|| fresh(world, before.len()));
    planned.isolate = world.below(isolates);
    planned
}

/// An earlier call under an idempotency key once more, at whichever isolate: what a client does that lost the answer. Now and
/// then it is a neighbour of the same tenant that happens to use the same key.
fn repetition(world: &World, before: &[Planned]) -> Option<Planned> {
    let has_key = |planned: &&Planned| matches!(&planned.ask, Ask::Execute(call) if call.idempotency_key.is_some());
    let first = one_of_all(world, before.iter().filter(has_key))?;
    let caller = match first.caller {
        Some(of_a @ (0 | 1)) if world.chance(25) => Some(1 - of_a),
        same => same,
    };
    Some(Planned { at_ms: first.at_ms + [5, 500, 30_000, 60_000][world.below(4)], caller, ..first.clone() })
}

/// Somebody of the same tenant asks how an authorisation stands.
fn question(world: &World, before: &[Planned]) -> Option<Planned> {
    let begins = before.iter().enumerate().filter(|(_, planned)| matches!(planned.ask, Ask::AuthBegin(_)));
    let (of, begun) = one_of_all(world, begins)?;
    let caller = Some([0, 1, 2][world.below(3)]);
    Some(Planned { at_ms: begun.at_ms + 1_000, isolate: 0, caller, ask: Ask::AuthStatus(of) })
}

fn one_of_all<T>(world: &World, all: impl Iterator<Item = T>) -> Option<T> {
    let mut all: Vec<T> = all.collect();
    if all.is_empty() { None } else { Some(all.swap_remove(world.below(all.len()))) }
}

/// A request that follows nothing.
fn fresh(world: &World, index: usize) -> Planned {
    let one_of = |users: &[Option<&'static str>]| users[world.below(users.len())];
    // Bursts, so that requests meet in flight.
    let mut at_ms = (world.below(12) * 10_000 + world.below(40)) as u64;
    let mut caller = Some([0, 0, 0, 1, 2, 2, 2, 3][world.below(8)]);
    let ask = match world.below(100) {
        0..88 => {
            let tool = [0, 0, 0, 0, 1, 2, 2, 3, 3, 3, 4, 5, 5, 5, 5, 6][world.below(16)];
            Ask::Execute(Box::new(Execute {
                tool,
                with_version: TOOLS[tool].name == "Docs.Get" && world.chance(70),
                user: one_of(&[
                    Some("u1"),
                    Some("u1"),
                    Some("u1"),
                    Some("u1"),
                    Some("u2"),
                    Some("u2"),
                    None,
                    Some("stranger"),
                ]),
                input: [0, 1, 0, 1, 0, 1, world.below(INPUTS.len())][world.below(7)],
                project: one_of(&[None, None, None, None, None, None, Some("o/p"), Some("o/q")]),
                idempotency_key: world.chance(20).then(|| format!("key-{}", world.below(6))),
                cache_control: world.chance(25).then(|| ASKS[world.below(ASKS.len())]),
            }))
        }
        88..91 => {
            caller = Some(OPERATOR);
            at_ms += 60_000;
            let changes = [
                r#"{"invalidate":"all"}"#,
                r#"{"invalidate":"tenant","tenant":"a"}"#,
                r#"{"invalidate":"toolkit","tenant":"b","toolkit":"Mail"}"#,
                r#"{"kill":"tool:Mail.Search"}"#,
                r#"{"revoke":"narrow-a"}"#,
                r#"{"revoke":"wide-b"}"#,
            ];
            Ask::Change(changes[world.below(changes.len())].to_owned())
        }
        91..93 => Ask::AuthBegin(one_of(&[Some("u1"), Some("stranger")])),
        93..96 if index > 0 => Ask::AuthStatus(world.below(index)),
        96..98 => {
            caller = None;
            Ask::Execute(Box::new(Execute {
                tool: 0,
                with_version: false,
                user: None,
                input: 0,
                project: None,
                idempotency_key: None,
                cache_control: None,
            }))
        }
        _ => Ask::Nonsense(
            ["", "{", "[]", "{\"tool_name\":1}", "{\"tool_name\":\"Mail.Search\",\"input\":[]}", "{\"a\":1,\"a\":2}"]
                [world.below(6)],
        ),
    };
    Planned { at_ms, isolate: 0, caller, ask }
}
