//! Random policies: mostly well typed, so that they come to something, and sometimes not.

use fastrand::Rng;

use crate::world::{ARGUMENTS, CALLERS, DECIMALS, EXECUTORS, NUMBERS, ROLES, TENANTS, TEXTS, TOOLKITS, TOOLS, pick};

/// A text of `count` random policies.
pub fn policies(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| policy(rng)).collect()
}

/// One random policy.
pub fn policy(rng: &mut Rng) -> String {
    let effect = if rng.u8(..3) == 0 { "forbid" } else { "permit" };
    let mut text = format!("{effect} ({}, {}, {})", principal(rng), action(rng), resource(rng));
    for _ in 0..pick(rng, &[0, 1, 1, 1, 2]) {
        let word = if rng.u8(..3) == 0 { "unless" } else { "when" };
        let depth = rng.usize(1..4);
        text.push_str(&format!(" {word} {{ {} }}", boolean(rng, depth)));
    }
    text.push_str(";\n");
    text
}

fn principal(rng: &mut Rng) -> String {
    let entity = caller_entity(rng);
    match rng.u8(..8) {
        0 => format!("principal == Caller::\"{}\"", pick(rng, &CALLERS)),
        1 => format!("principal in {entity}"),
        2 => "principal is Caller".to_owned(),
        3 => format!("principal is Caller in {entity}"),
        _ => "principal".to_owned(),
    }
}

fn action(rng: &mut Rng) -> String {
    const ONE: [&str; 5] = ["tools/call", "tools/list", "tools/authorize", "admin/read", "auth/authorize"];
    const GROUP: [&str; 4] = ["*", "tools/*", "admin/*", "tools/call"];
    match rng.u8(..6) {
        0 | 1 => format!("action == Action::\"{}\"", pick(rng, &ONE)),
        2 => format!("action in Action::\"{}\"", pick(rng, &GROUP)),
        3 => format!("action in [Action::\"{}\", Action::\"{}\"]", pick(rng, &ONE), pick(rng, &GROUP)),
        _ => "action".to_owned(),
    }
}

fn resource(rng: &mut Rng) -> String {
    let entity = resource_entity(rng);
    match rng.u8(..10) {
        0 => format!("resource == Tool::\"{}\"", pick(rng, &TOOLS)),
        1 | 2 => format!("resource in {entity}"),
        3 => "resource is Tool".to_owned(),
        4 => format!("resource is Tool in {entity}"),
        5 => format!("resource == {}", pick(rng, &["Gateway::\"gateway\"", "Project::\"org/one\""])),
        _ => "resource".to_owned(),
    }
}

fn caller_entity(rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => format!("Caller::\"{}\"", pick(rng, &CALLERS)),
        1 => format!("Role::\"{}\"", pick(rng, &ROLES)),
        _ => format!("Tenant::\"{}\"", pick(rng, &TENANTS)),
    }
}

fn resource_entity(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => format!("Tool::\"{}\"", pick(rng, &TOOLS)),
        1 => format!("Toolkit::\"{}\"", pick(rng, &TOOLKITS)),
        2 => format!("Executor::\"{}\"", pick(rng, &EXECUTORS)),
        _ => "Gateway::\"gateway\"".to_owned(),
    }
}

fn entity(rng: &mut Rng) -> String {
    match rng.u8(..7) {
        0 | 1 => "principal".to_owned(),
        2 | 3 => "resource".to_owned(),
        4 => "action".to_owned(),
        5 => caller_entity(rng),
        _ => resource_entity(rng),
    }
}

/// A condition of about this depth.
pub fn boolean(rng: &mut Rng, depth: usize) -> String {
    let below = depth.saturating_sub(1);
    if rng.u8(..40) == 0 {
        return anything(rng, below);
    }
    if depth == 0 || rng.u8(..3) == 0 {
        return test(rng, below);
    }
    let (left, right) = (boolean(rng, below), boolean(rng, below));
    match rng.u8(..7) {
        0 | 1 => format!("({left} && {right})"),
        2 | 3 => format!("({left} || {right})"),
        4 => format!("!({left})"),
        5 => format!("({left}) == ({right})"),
        _ => format!("(if {left} then {right} else {})", boolean(rng, below)),
    }
}

fn test(rng: &mut Rng, depth: usize) -> String {
    let comparison = pick(rng, &["<", "<=", ">", ">=", "==", "!="]);
    match rng.u8(..16) {
        0 => format!("{} {comparison} {}", number(rng, depth), number(rng, depth)),
        1 => format!("{} == {}", text(rng, depth), text(rng, depth)),
        2 => format!("{}.contains({})", set(rng, depth), text(rng, depth)),
        3 => format!("{}.{}({})", set(rng, depth), pick(rng, &["containsAll", "containsAny"]), set(rng, depth)),
        4 => format!("{}.isEmpty()", set(rng, depth)),
        5 => format!("{} in {}", entity(rng), entities(rng)),
        6 => format!("{} {} {}", entity(rng), pick(rng, &["==", "!="]), entity(rng)),
        7 => format!("{} is {}", entity(rng), pick(rng, &["Caller", "Tool", "Gateway", "Action", "Role"])),
        8 => format!("{} is {} in {}", entity(rng), pick(rng, &["Caller", "Tool", "Action"]), entities(rng)),
        9 => format!(
            "{} like \"{}\"",
            text(rng, depth),
            pick(rng, &["*", "a*", "*a", "a*e", "x\\*y", "", "*c*e*", "D?"])
        ),
        10 => has(rng),
        11 => {
            let method = pick(rng, &["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"]);
            format!("{}.{method}({})", decimal(rng, depth), decimal(rng, depth))
        }
        12 => format!("{} == {}", anything(rng, depth), anything(rng, depth)),
        13 => match rng.u8(..2) {
            0 => format!("{}.isInRange({})", ip(rng), ip(rng)),
            _ => format!("{}.{}()", ip(rng), pick(rng, &["isIpv4", "isIpv6", "isLoopback", "isMulticast"])),
        },
        14 => guarded(rng),
        _ => flag(rng).to_owned(),
    }
}

/// Writes a condition as careful people do: a test that is only made where there is something to test.
fn guarded(rng: &mut Rng) -> String {
    let (guard, test) = pick(
        rng,
        &[
            ("context has arguments && context.arguments has amount", "context.arguments.amount <= 100"),
            ("context has arguments && context.arguments has nested.flag", "context.arguments.nested.flag"),
            ("context has user", "context.user == \"ada\""),
            ("context has country", "[\"DE\", \"FR\"].contains(context.country)"),
            ("resource has destructive", "resource.destructive"),
            ("principal has claims.level", "principal.claims.level > 5"),
            ("context has project", "context.project like \"org/*\""),
        ],
    );
    if rng.bool() { format!("({guard} && {test})") } else { format!("(!({guard}) || {test})") }
}

fn has(rng: &mut Rng) -> String {
    match rng.u8(..6) {
        0 => format!("context.arguments has {}", pick(rng, &ARGUMENTS)),
        1 => format!("context.arguments has nested.{}", pick(rng, &ARGUMENTS)),
        2 => format!("context has {}", pick(rng, &["arguments", "user", "project", "country", "time", "x"])),
        3 => format!("resource has {}", pick(rng, &["destructive", "read_only", "name", "\"open world\""])),
        4 => format!("principal.claims has \"{}\"", pick(rng, &["level", "mfa", "groups", "department"])),
        _ => format!("{} has {}", record(rng, 1), pick(rng, &["a", "b", "c"])),
    }
}

fn flag(rng: &mut Rng) -> &'static str {
    const FLAGS: [&str; 8] = [
        "true",
        "false",
        "context.arguments.flag",
        "resource.destructive",
        "resource.read_only",
        "principal.claims.mfa",
        "resource.idempotent",
        "context.arguments[\"flag\"]",
    ];
    pick(rng, &FLAGS)
}

fn number(rng: &mut Rng, depth: usize) -> String {
    if depth > 0 && rng.u8(..3) == 0 {
        let below = depth.saturating_sub(1);
        let operation = pick(rng, &["+", "-", "*"]);
        return format!("({} {operation} {})", number(rng, below), number(rng, below));
    }
    match rng.u8(..7) {
        0 => "context.arguments.amount".to_owned(),
        1 => "context.time.hour".to_owned(),
        2 => "context.time.weekday".to_owned(),
        3 => "principal.claims.level".to_owned(),
        4 => format!("-({})", pick(rng, &NUMBERS)),
        5 => "context.arguments.nested.amount".to_owned(),
        _ => pick(rng, &NUMBERS).to_string(),
    }
}

fn text(rng: &mut Rng, depth: usize) -> String {
    if depth > 0 && rng.u8(..8) == 0 {
        return anything(rng, depth.saturating_sub(1));
    }
    const PLACES: [&str; 10] = [
        "principal.id",
        "principal.tenant",
        "resource.name",
        "resource.toolkit",
        "resource.executor",
        "context.user",
        "context.country",
        "context.arguments.to",
        "principal.claims.department",
        "context.project",
    ];
    if rng.bool() { (pick(rng, &PLACES)).to_owned() } else { format!("\"{}\"", pick(rng, &TEXTS)) }
}

fn set(rng: &mut Rng, depth: usize) -> String {
    const PLACES: [&str; 5] =
        ["principal.roles", "principal.scopes", "principal.claims.groups", "context.arguments.tags", "[]"];
    if rng.bool() {
        return (pick(rng, &PLACES)).to_owned();
    }
    let below = depth.saturating_sub(1);
    let items: Vec<String> = (0..rng.usize(..4)).map(|_| text(rng, below)).collect();
    format!("[{}]", items.join(", "))
}

fn entities(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => format!("[{}, {}]", entity(rng), entity(rng)),
        1 => "[]".to_owned(),
        2 => "Action::\"tools/*\"".to_owned(),
        _ => entity(rng),
    }
}

fn record(rng: &mut Rng, depth: usize) -> String {
    let below = depth.saturating_sub(1);
    format!("{{a: {}, \"b\": {}}}", anything(rng, below), number(rng, below))
}

fn decimal(rng: &mut Rng, depth: usize) -> String {
    match rng.u8(..4) {
        0 => "context.arguments.price".to_owned(),
        1 => format!("decimal({})", text(rng, depth)),
        _ => format!("decimal(\"{}\")", pick(rng, &DECIMALS)),
    }
}

fn ip(rng: &mut Rng) -> String {
    const RANGES: [&str; 7] = ["10.0.0.0/8", "10.1.2.3", "127.0.0.1", "::1", "ff00::/8", "224.0.0.1", "fe80::/10"];
    if rng.u8(..5) == 0 { "ip(context.arguments.to)".to_owned() } else { format!("ip(\"{}\")", pick(rng, &RANGES)) }
}

/// An expression of any type.
fn anything(rng: &mut Rng, depth: usize) -> String {
    let below = depth.saturating_sub(1);
    if depth == 0 {
        return if rng.bool() { number(rng, 0) } else { text(rng, 0) };
    }
    match rng.u8(..12) {
        0 => number(rng, below),
        1 => text(rng, below),
        2 => set(rng, below),
        3 => record(rng, below),
        4 => entity(rng),
        5 => decimal(rng, below),
        6 => ip(rng),
        7 => "context.arguments".to_owned(),
        8 => format!("context.arguments.{}", pick(rng, &ARGUMENTS)),
        9 => format!("{}.a", record(rng, below)),
        10 => format!("({}).{}", entity(rng), pick(rng, &["id", "name", "tenant", "read_only"])),
        _ => pick(rng, &["principal.claims", "context.time", "context"]).to_string(),
    }
}
