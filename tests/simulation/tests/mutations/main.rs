//! Deliberate defects, one at a time, in a copy of the core: the simulation must notice each.
//!
//! A defect is a replacement of a text that stands in the core once. One whose text is gone fails a test too: the list cannot go
//! stale. A run plants those of its share; `TOOLGATE_DEFECT=text` those whose names begin with it.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test fails by panicking, has a clock, and is told its defect by the environment"
)]

mod copy;
mod defect;
mod flights;
mod freshness;
mod graft;
mod keys;
mod operators;
mod pipeline;
mod place;
mod policies;
mod rates;
mod routing;
mod tiers;
mod tokens;

use std::collections::BTreeSet;

use copy::{Copy, Verdict};
use defect::Defect;
use toolgate_share::{Progress, Share};

const DEFECTS: [&[Defect]; 10] = [
    pipeline::DEFECTS,
    freshness::DEFECTS,
    tiers::DEFECTS,
    operators::DEFECTS,
    flights::DEFECTS,
    rates::DEFECTS,
    keys::DEFECTS,
    tokens::DEFECTS,
    policies::DEFECTS,
    routing::DEFECTS,
];

/// Seeds of a test that shows only that the copy holds without a defect: all of them run beside this test anyhow.
const SEEDS_WITHOUT_A_DEFECT: u32 = 20;

#[test]
fn each_deliberate_defect_has_one_place() {
    let sources = copy::sources();
    let faults: Vec<String> = DEFECTS.into_iter().flatten().filter_map(|defect| sources.place(defect).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_deliberate_defect_is_noticed() {
    let only = std::env::var("TOOLGATE_DEFECT").ok();
    let all = (1..).zip(DEFECTS.into_iter().flatten());
    let meant: Vec<(usize, &Defect)> = match &only {
        Some(only) => all.filter(|(_, defect)| defect.name.starts_with(only)).collect(),
        None => Share::asked().of(all).collect(),
    };
    assert!(!meant.is_empty(), "no such defect");

    let mut copy = Copy::new();
    let tests: BTreeSet<_> = meant.iter().map(|(_, defect)| defect.test).collect();
    let alone = copy.plant_all(&meant, &tests.iter().map(|[binary, _]| *binary).collect());
    for test in tests {
        // A test that fails in the copy anyhow would notice nothing.
        let verdict = copy.run(test, 0, Some(SEEDS_WITHOUT_A_DEFECT));
        assert!(matches!(verdict, Verdict::Unnoticed), "{test:?} does not hold without a defect");
    }
    let mut unnoticed = Vec::new();
    let progress = Progress::new("defect", meant.len());
    let (last, first): (Vec<_>, Vec<_>) = meant.into_iter().partition(|(number, _)| alone.contains(number));
    for (number, defect) in first.iter().chain(&last) {
        progress.next();
        if alone.contains(number) {
            copy.plant(defect);
        }
        match copy.run(defect.test, *number, None) {
            Verdict::Noticed(by) => println!("{:<60} {by}", defect.name),
            Verdict::Unnoticed => unnoticed.push(defect.name),
            Verdict::Endless => panic!("{:?} makes {:?} run without end", defect.name, defect.test),
        }
    }
    assert!(unnoticed.is_empty(), "nobody noticed: {unnoticed:?}");
}
