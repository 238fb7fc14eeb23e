//! The cost of reading and deciding, for callgrind: `cost ours|official read|decide POLICIES TIMES`. The difference of two runs
//! with different TIMES is the cost of one; with TIMES 1 against 0 it is the cost when cold. docs/benchmarks.md has the figures.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark that goes wrong must stop")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;

use toolgate::model::caller::{Caller, Grant, ProjectRule, UserRule};
use toolgate::policy::{PolicyMode, PolicySet, PolicySource};
use toolgate::words::action::{Action, ActionPattern};
use toolgate::words::modes::Priority;
use toolgate::words::names::{CallerId, RoleId, TenantId, ToolPattern};
use toolgate::words::time::Timestamp;
use toolgate_policy::official;
use toolgate_policy::world::{Facts, World, parse};

/// Policies as companies write them: rules for roles, tenants, toolkits and single tools, and a few for all.
fn text(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let policy = match number % 10 {
            0 if number == 0 => "permit (principal in Role::\"ops\", action in Action::\"tools/*\", resource in Toolkit::\"mail\") \
                when { context.arguments.to like \"*@acme.example\" && context.arguments.amount <= 100 };"
                .to_owned(),
            1 if number == 1 => "forbid (principal, action == Action::\"tools/call\", resource) \
                when { resource has destructive && resource.destructive } unless { principal.roles.contains(\"admin\") };"
                .to_owned(),
            2 if number == 2 => "forbid (principal in Tenant::\"acme\", action, resource) unless { context.time.hour < 24 };".to_owned(),
            0..=3 => format!("permit (principal, action == Action::\"tools/call\", resource == Tool::\"kit{number}.get\") when {{ context.arguments.amount < {number} }};"),
            4 | 5 => format!("permit (principal in Role::\"role{number}\", action in Action::\"tools/*\", resource in Toolkit::\"kit{number}\");"),
            6 | 7 => format!("forbid (principal in Tenant::\"tenant{number}\", action, resource) when {{ context.time.weekday > 5 }};"),
            _ => format!("permit (principal == Caller::\"caller{number}\", action, resource) unless {{ principal.claims has level && principal.claims.level < 3 }};"),
        };
        text.push_str(&policy);
        text.push('\n');
    }
    text
}

fn world() -> World {
    let grant = Grant {
        rule: "role:reader".to_owned(),
        actions: vec![ActionPattern::new("tools/*").expect("a pattern")],
        tools: vec![ToolPattern::new("Docs.*").expect("a pattern"), ToolPattern::new("Mail.*").expect("a pattern")],
    };
    World {
        caller: Caller {
            id: CallerId::new("ada").expect("an id"),
            tenant: TenantId::new("acme").expect("an id"),
            roles: ["reader", "ops"].into_iter().filter_map(RoleId::new).collect(),
            scopes: Vec::new(),
            within: None,
            claims: BTreeMap::new(),
            users: UserRule::Every,
            projects: ProjectRule::Every,
            priority: Priority::Normal,
            grants: vec![Rc::new(grant)],
        },
        action: Action::ToolsCall,
        tool: Some(Facts {
            folded: "mail.send",
            version: "1.0.0".to_owned(),
            executor: "worker",
            flags: [Some(false); 4],
        }),
        arguments: parse(r#"{"to": "bob@acme.example", "amount": 12, "body": "hello"}"#),
        user: Some("ada@acme.example".to_owned()),
        project: None,
        at: Timestamp::from_millis(1_790_000_000_000),
        country: None,
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<usize>().ok()).expect("a number");
    let word = |place: usize| arguments.get(place).map(String::as_str).unwrap_or_default();
    let (text, world) = (text(number(2)), world());
    let ours = || PolicySet::new(&[PolicySource { text: &text, mode: PolicyMode::Enforce }]).expect("policies");
    let theirs = || official::parse(&text).expect("policies");
    let mut allowed = 0_usize;
    match (word(0), word(1)) {
        ("ours", "read") => (0..number(3)).for_each(|_| drop(black_box(ours()))),
        ("official", "read") => (0..number(3)).for_each(|_| drop(black_box(theirs()))),
        ("ours", "decide") => {
            let policies = ours();
            for _ in 0..number(3) {
                let request = black_box(world.request());
                allowed = allowed.saturating_add(usize::from(policies.decide(&request).is_allowed()));
            }
        }
        ("official", "decide") => {
            // Entities and request are made once: what it costs to make them is left out.
            let asked = official::Question::new(&world);
            let policies = theirs();
            for _ in 0..number(3) {
                allowed = allowed.saturating_add(usize::from(asked.ask(&policies).allowed));
            }
        }
        _ => println!("usage: cost ours|official read|decide POLICIES TIMES"),
    }
    println!("{allowed} allowed");
}
