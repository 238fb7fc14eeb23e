//! Replays the corpus, then a seeded variation of it; a failing input is told so that it can be put into the corpus.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use toolgate_fuzz::mutate::{Mutator, as_command};
use toolgate_fuzz::{TARGETS, Target};
use toolgate_share::seeds;

/// Varied inputs for each target, in the ten shares together.
const VARIATIONS: u64 = 20_000;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The inputs of a target by their names, in order.
fn inputs(target: &Target) -> Vec<(String, Vec<u8>)> {
    let directory = corpus().join(target.name);
    let mut files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// Runs the target. What panics is told, so that it can be kept.
fn holds(target: &Target, from: &str, input: &[u8]) -> bool {
    let held = catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_ok();
    if !held {
        let file = format!("tests/fuzz/corpus/{}/NAME", target.name);
        eprintln!("target {}, {from}; to keep the input:\n{}", target.name, as_command(input, &file));
    }
    held
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let directories: BTreeSet<String> =
        fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(directories, targets);
    for target in TARGETS {
        assert!(inputs(target).len() >= 10, "{}: fewer than ten inputs", target.name);
    }
}

#[test]
fn libfuzzer_has_every_target() {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("libfuzzer");
    let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    for target in TARGETS {
        let path = format!("targets/{}.rs", target.name);
        let entry = fs::read_to_string(package.join(&path)).unwrap();
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{path} is not in Cargo.toml");
        assert!(entry.contains(&format!("run(\"{}\", data)", target.name)), "{path} runs another target");
    }
}

#[test]
fn the_corpus_holds() {
    let mut failed = Vec::new();
    for target in TARGETS {
        let inputs = inputs(target).into_iter();
        let broken = inputs.filter(|(name, input)| !holds(target, name, input));
        failed.extend(broken.map(|(name, _)| format!("{}/{name}", target.name)));
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn variations_of_the_corpus_hold() {
    for target in TARGETS {
        let inputs = inputs(target);
        let corpus: Vec<&[u8]> = inputs.iter().map(|(_, input)| input.as_slice()).collect();
        let failed = seeds(VARIATIONS).into_iter().find(|seed| {
            let input = Mutator::new(*seed).vary(&corpus);
            !holds(target, &format!("seed {seed}"), &input)
        });
        assert_eq!(failed, None, "{}: the first seed that fails", target.name);
    }
}
