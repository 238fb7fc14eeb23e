//! Ours and the official implementation say the same.

use std::collections::BTreeSet;

use fastrand::Rng;
use toolgate_policy::world::{World, world};
use toolgate_policy::{official, text};
use toolgate_share::seeds;

use crate::read;

/// Sets of policies, and requests put to each.
const SETS: u64 = 3_000;
const REQUESTS: usize = 10;

fn compare(
    seed: u64,
    text: &str,
    ours: &toolgate::policy::PolicySet,
    theirs: &cedar_policy::PolicySet,
    world: &World,
) -> bool {
    let request = world.request();
    let decision = ours.decide(&request);
    let said = official::ask(theirs, world);
    let told = || format!("seed {seed}\n{text}\n{world:?}\nours: {decision:?}\ntheirs: {said:?}");
    let errors: BTreeSet<String> = decision.errors.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(errors, said.errors, "{}", told());
    if said.errors.is_empty() {
        let rules: BTreeSet<String> = decision.rules.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(decision.is_allowed(), said.allowed, "{}", told());
        assert_eq!(rules, said.rules, "{}", told());
    } else {
        assert!(!decision.may_be_allowed(), "an error allows: {}", told());
    }
    assert!(
        matches!(decision.verdict, toolgate::policy::Verdict::Allow | toolgate::policy::Verdict::Deny(_)),
        "{}",
        told()
    );
    decision.is_allowed()
}

#[test]
fn decisions_rules_and_errors_are_the_same() {
    let (mut pairs, mut allowed, mut failed) = (0, 0, 0);
    for seed in seeds(SETS) {
        let mut rng = Rng::with_seed(seed);
        let count = rng.usize(1..8);
        let text = text::policies(&mut rng, count);
        let theirs = official::parse(&text).unwrap_or_else(|| panic!("seed {seed}: not Cedar: {text}"));
        let ours = read(&text).unwrap_or_else(|faults| panic!("seed {seed}: {faults}\n{text}"));
        for _ in 0..REQUESTS {
            let world = world(&mut rng);
            pairs += 1;
            allowed += u64::from(compare(seed, &text, &ours, &theirs, &world));
            failed += u64::from(!ours.decide(&world.request()).errors.is_empty());
        }
    }
    println!("{pairs} pairs, {allowed} allowed, {failed} with errors");
    if pairs > 1_000 {
        assert!(pairs >= 2_000 && allowed * 10 >= pairs && failed * 20 >= pairs, "too few of each to mean anything");
        assert!((pairs - failed) * 3 >= pairs, "too many errors to mean anything");
    }
}

/// Puts something else in place of a random piece.
fn mutated(rng: &mut Rng, text: &str) -> String {
    const PIECES: [&str; 40] = [
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        ";",
        ".",
        "::",
        "==",
        "!=",
        "<",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "\"a\"",
        "0",
        "if",
        "then",
        "else",
        "in",
        "is",
        "has",
        "like",
        "when",
        "unless",
        "principal",
        "context",
        "true",
        "Tool",
        "@note(\"x\")",
        "ip(\"::1\")",
        "\"\\u{41}\"",
        "\"\\q\"",
        "9223372036854775808",
        "// x\n",
    ];
    let mut words: Vec<&str> = text.split_inclusive([' ', '(', ')', '.', '"', ',']).collect();
    for _ in 0..rng.usize(1..3) {
        let (at, other) = (rng.usize(..words.len()), rng.usize(..words.len()));
        match rng.u8(..4) {
            0 => words.insert(at, PIECES[rng.usize(..PIECES.len())]),
            1 => {
                words.remove(at);
                if words.is_empty() {
                    words.push("");
                }
            }
            2 => words.swap(at, other),
            _ => words[at] = PIECES[rng.usize(..PIECES.len())],
        }
    }
    words.concat()
}

#[test]
fn what_is_read_here_is_cedar() {
    let (mut both, mut only_theirs) = (0, 0);
    for seed in seeds(30_000) {
        let mut rng = Rng::with_seed(seed);
        let text = text::policy(&mut rng);
        let text = mutated(&mut rng, &text);
        let theirs = official::parse(&text);
        match (read(&text), theirs) {
            (Ok(ours), Some(theirs)) => {
                both += 1;
                compare(seed, &text, &ours, &theirs, &world(&mut rng));
            }
            (Ok(_), None) => panic!("seed {seed}: read here, and no Cedar: {text}"),
            (Err(faults), Some(_)) => {
                only_theirs += 1;
                let is_known = ["there is no ", "no such entity", "no entity of this type", "a group equals no action"]
                    .iter()
                    .chain(&[
                        "this method takes",
                        "this function takes",
                        "namespace",
                        "has no attributes",
                        "a text in quotes",
                        "reserved",
                        "stands here twice",
                    ])
                    .any(|reason| faults.contains(reason));
                assert!(is_known, "seed {seed}: Cedar, and refused here for no documented reason: {faults}\n{text}");
            }
            (Err(_), None) => {}
        }
    }
    println!("{both} read by both, {only_theirs} by the official implementation only");
    assert!(both > 100 || seeds(30_000).len() == 1, "too few to mean anything");
}
