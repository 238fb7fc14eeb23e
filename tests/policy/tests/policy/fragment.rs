//! Listed implies callable for some arguments, within the fragment that docs/policy.md states: every argument is tested in one
//! place of all policies together, by one comparison with a literal that can come out either way.

use fastrand::Rng;
use toolgate::policy::Arguments;
use toolgate::words::action::Action;
use toolgate_policy::world::{World, parse, pick, world};
use toolgate_share::seeds;

use crate::read;

/// A test of an argument, and JSON values under which it holds and does not.
const TESTS: [(&str, &str, &str, &str); 8] = [
    ("amount", "context.arguments.amount <= 100", "100", "101"),
    ("price", "context.arguments.price.greaterThan(decimal(\"1.5\"))", "1.6", "1.5"),
    ("to", "context.arguments.to like \"*@acme.example\"", "\"x@acme.example\"", "\"x@evil.example\""),
    ("tags", "context.arguments.tags.contains(\"urgent\")", "[\"urgent\"]", "[]"),
    ("flag", "context.arguments.flag", "true", "false"),
    ("count", "(context.arguments has count && context.arguments.count != 7)", "8", "7"),
    ("kind", "\"a\" == context.arguments.kind", "\"a\"", "\"b\""),
    ("range", "ip(context.arguments.range).isInRange(ip(\"10.0.0.0/8\"))", "\"10.1.2.3\"", "\"11.1.2.3\""),
];

/// Conditions without arguments.
const KNOWN: [&str; 6] = [
    "principal.roles.contains(\"ops\")",
    "resource has destructive && resource.destructive",
    "context.time.hour < 12",
    "principal in Tenant::\"acme\"",
    "true",
    "false",
];

/// A formula in which each of `tests` stands once.
fn formula(rng: &mut Rng, tests: &[usize]) -> String {
    let part = match tests {
        [] => pick(rng, &KNOWN).to_owned(),
        [one] => TESTS[*one].1.to_owned(),
        several => {
            let (left, right) = several.split_at(rng.usize(1..several.len()));
            let operation = if rng.bool() { "&&" } else { "||" };
            format!("({} {operation} {})", formula(rng, left), formula(rng, right))
        }
    };
    match rng.u8(..5) {
        0 => format!("!({part})"),
        1 => format!("({} || {part})", pick(rng, &KNOWN)),
        2 => format!("(if {} then {part} else {})", pick(rng, &KNOWN), pick(rng, &KNOWN)),
        _ => part,
    }
}

/// Policies that share out the tests, and which are used.
fn policies(rng: &mut Rng) -> (String, Vec<usize>) {
    let mut left: Vec<usize> = (0..TESTS.len()).collect();
    rng.shuffle(&mut left);
    left.truncate(rng.usize(..=6));
    let used = left.clone();
    let mut text = String::new();
    for _ in 0..rng.usize(1..5) {
        let count = rng.usize(..=left.len());
        let mine = left.split_off(left.len() - count);
        let effect = if rng.u8(..3) == 0 { "forbid" } else { "permit" };
        let word = if rng.bool() { "when" } else { "unless" };
        text.push_str(&format!("{effect} (principal, action, resource) {word} {{ {} }};\n", formula(rng, &mine)));
    }
    (text, used)
}

/// The world with arguments under which exactly these tests hold.
fn with_arguments(world: &World, used: &[usize], holding: usize) -> World {
    let members = used.iter().enumerate().map(|(bit, test)| {
        let (name, _, holds, fails) = TESTS[*test];
        format!("\"{name}\":{}", if holding >> bit & 1 == 1 { holds } else { fails })
    });
    let arguments = parse(&format!("{{{}}}", members.collect::<Vec<_>>().join(",")));
    World { arguments, ..world.clone() }
}

#[test]
fn what_is_listed_can_be_called() {
    let (mut listed, mut hidden) = (0_u64, 0_u64);
    for seed in seeds(4_000) {
        let mut rng = Rng::with_seed(seed);
        let (text, used) = policies(&mut rng);
        let policies = read(&text).unwrap();
        let mut world = world(&mut rng);
        while world.tool.is_none() {
            world = toolgate_policy::world::world(&mut rng);
        }
        world.action = Action::ToolsCall;
        let mut request = world.request();
        request.arguments = Arguments::Unknown;
        let is_listed = policies.decide(&request).may_be_allowed();
        let is_callable = (0..1_usize << used.len()).any(|holding| {
            let world = with_arguments(&world, &used, holding);
            let request = world.request();
            policies.decide(&request).is_allowed()
        });
        assert_eq!(is_listed, is_callable, "seed {seed}\n{text}\n{world:?}");
        listed += u64::from(is_listed);
        hidden += u64::from(!is_listed);
    }
    println!("{listed} listed, {hidden} not");
    assert!(listed + hidden < 100 || (listed > 50 && hidden > 50), "too few of each: {listed}, {hidden}");
}
