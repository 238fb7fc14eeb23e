//! Decisions before everything is known: never against the later one.

use fastrand::Rng;
use toolgate::policy::{Arguments, PolicyRequest, Resource, User, Verdict};
use toolgate_policy::text;
use toolgate_policy::world::{World, world};
use toolgate_share::seeds;

use crate::read;

/// The same request with some parts not known yet.
fn blurred<'w>(rng: &mut Rng, world: &'w World) -> PolicyRequest<'w> {
    let mut request = world.request();
    if world.has_arguments() && rng.u8(..4) > 0 {
        request.arguments = Arguments::Unknown;
    }
    if rng.u8(..3) == 0 {
        request.user = User::Unknown;
    }
    if rng.u8(..4) == 0 {
        request.at = None;
    }
    if let Some(tool) = &world.tool {
        match rng.u8(..6) {
            0 => request.resource = Resource::ToolNamed(tool.folded),
            1 => request.resource = Resource::AnyTool,
            _ => {}
        }
    }
    request
}

#[test]
fn what_is_known_early_holds_later() {
    let mut verdicts = [0_u64; 4];
    for seed in seeds(6_000) {
        let mut rng = Rng::with_seed(seed);
        let count = rng.usize(1..6);
        let text = text::policies(&mut rng, count);
        let policies = read(&text).unwrap();
        for _ in 0..8 {
            let world = world(&mut rng);
            let full = world.request();
            let later = policies.decide(&full);
            let early_request = blurred(&mut rng, &world);
            let early = policies.decide(&early_request);
            let told =
                || format!("seed {seed}\n{text}\n{early_request:?}\n{world:?}\nearly {early:?}\nlater {later:?}");
            match early.verdict {
                Verdict::Allow => assert!(later.is_allowed(), "{}", told()),
                Verdict::Deny(_) => assert!(!later.may_be_allowed(), "{}", told()),
                Verdict::Maybe => {}
            }
            verdicts[match (early.verdict, later.is_allowed()) {
                (Verdict::Allow, _) => 0,
                (Verdict::Deny(_), _) => 1,
                (Verdict::Maybe, true) => 2,
                (Verdict::Maybe, false) => 3,
            }] += 1;
        }
    }
    println!("surely allowed, surely denied, maybe and was, maybe and was not: {verdicts:?}");
    assert!(verdicts[1] < 100 || verdicts.iter().all(|count| *count > 50), "too few of each: {verdicts:?}");
}
