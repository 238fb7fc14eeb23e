//! Policies parsed and decided: cases beyond the differential tests with the official implementation.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::*;
use crate::model::caller::{Caller, Grant, ProjectRule, UserRule};
use crate::words::action::{Action, ActionPattern};
use crate::words::json::{self, Json};
use crate::words::modes::Priority;
use crate::words::names::{CallerId, TenantId, ToolPattern};
use crate::words::time::Timestamp;

fn caller(grants: Vec<Grant>) -> Caller {
    Caller {
        id: CallerId::new("ada").unwrap(),
        tenant: TenantId::new("acme").unwrap(),
        roles: Vec::new(),
        scopes: Vec::new(),
        within: None,
        claims: BTreeMap::new(),
        users: UserRule::Every,
        projects: ProjectRule::Every,
        priority: Priority::Normal,
        grants: grants.into_iter().map(Rc::new).collect(),
    }
}

const LIMITS: json::Limits = json::Limits { depth: 16, values: 50_000, string_bytes: 100_000, number_bytes: 100 };

fn grant(rule: &str, action: &str, tool: &str) -> Grant {
    Grant {
        rule: rule.to_owned(),
        actions: vec![ActionPattern::new(action).unwrap()],
        tools: vec![ToolPattern::new(tool).unwrap()],
    }
}

fn read(text: &str) -> Result<PolicySet, Vec<String>> {
    let faults = |faults: Vec<(usize, PolicyFault)>| faults.into_iter().map(|(_, fault)| fault.to_string()).collect();
    PolicySet::new(&[PolicySource { text, mode: PolicyMode::Enforce }]).map_err(faults)
}

const TOOL: ToolFacts<'static> = ToolFacts {
    folded: "mail.send",
    name: "Mail.Send",
    version: "1.0.0",
    executor: "worker",
    read_only: None,
    destructive: None,
    idempotent: None,
    open_world: None,
};

fn request<'a>(caller: &'a Caller, arguments: Arguments<'a>) -> PolicyRequest<'a> {
    PolicyRequest {
        caller,
        action: Action::ToolsCall,
        resource: Resource::Tool(TOOL),
        arguments,
        user: User::Absent,
        project: None,
        at: Some(Timestamp::from_millis(1_790_000_000_000)),
        country: None,
    }
}

/// Returns the verdict on a call with these arguments, where a policy permits it when `condition` holds.
fn verdict(condition: &str, arguments: &str) -> Verdict {
    let arguments = json::parse(arguments.as_bytes(), LIMITS).unwrap();
    let set = read(&format!("permit (principal, action, resource) when {{ {condition} }};")).unwrap();
    let caller = caller(Vec::new());
    let request = request(&caller, Arguments::Known(&arguments));
    set.decide(&request).verdict
}

#[test]
fn numbers_that_no_value_stands_for_are_there_and_of_no_use() {
    let error = Verdict::Deny(Denial::Error);
    for number in ["1e3", "1.00001", "9223372036854775808", "-9223372036854775809", "922337203685477.5808", "1E0"] {
        let arguments = format!("{{\"x\": {number}, \"in\": {{\"x\": {number}}}, \"list\": [1, {number}]}}");
        assert_eq!(
            verdict("context.arguments has x && context.arguments has list", &arguments),
            Verdict::Allow,
            "{number}"
        );
        for used in [
            "context.arguments.x == 1",
            "context.arguments.x != 1",
            "[context.arguments.x].isEmpty()",
            "context.arguments.list.isEmpty()",
            "context.arguments == {a: 1}",
            "context.arguments[\"in\"] != {a: 1}",
            "[{a: 1}].contains(context.arguments)",
            "context != {a: 1}",
        ] {
            assert_eq!(verdict(used, &arguments), error, "{used} {number}");
        }
    }
    for (condition, arguments) in [
        ("context.arguments.x == decimal(\"1.5\")", r#"{"x": 1.50}"#),
        ("context.arguments.x != 1 && context.arguments.x == decimal(\"1.0\")", r#"{"x": 1.0}"#),
        ("context.arguments.x == -9223372036854775808", r#"{"x": -9223372036854775808}"#),
        ("!(context.arguments has x) && context.arguments == {y: 1}", r#"{"x": null, "y": 1}"#),
        ("context.arguments.x == [2, 1, 1]", r#"{"x": [1, 2]}"#),
        ("context.arguments.x.contains({a: [true]})", r#"{"x": [{"a": [true], "b": null}]}"#),
    ] {
        assert_eq!(verdict(condition, arguments), Verdict::Allow, "{condition}");
    }
    assert_eq!(verdict("context.arguments.x.contains(1)", r#"{"x": [1, null]}"#), error);
    assert_eq!(verdict("context.arguments.x == 1", "{}"), error);
}

#[test]
fn an_error_denies_also_where_cedar_would_skip_the_policy() {
    let set = read(
        "permit (principal, action, resource);\n@id(\"broken\") forbid (principal, action, resource) when { context.user == \"x\" };",
    );
    let (set, caller) = (set.unwrap(), caller(Vec::new()));
    let request = request(&caller, Arguments::Unknown);
    let decision = set.decide(&request);
    assert_eq!(decision.verdict, Verdict::Deny(Denial::Error));
    assert_eq!(decision.errors, [("broken", EvaluationErrorKind::Missing)]);
    assert!(decision.rules.is_empty());
    let named = PolicyRequest { user: User::Named("y"), ..request };
    assert_eq!(set.decide(&named).rules, ["policy0"]);
}

#[test]
fn grants_are_permits_and_scopes_narrow_them() {
    let set = read(
        "@id(\"no-mail\") forbid (principal, action, resource in Toolkit::\"MAIL\") unless { context.arguments.to == \"me\" };",
    );
    let set = set.unwrap();
    let mut caller =
        caller(vec![grant("caller:ada", "tools/call", "Docs.*"), grant("role:sender", "tools/*", "Mail.Send")]);
    let arguments = Json::Object(json::Object::default());
    let none = PolicySet::default();
    let plain = request(&caller, Arguments::Known(&arguments));
    assert_eq!((none.decide(&plain).verdict, none.decide(&plain).rules), (Verdict::Allow, vec!["role:sender"]));
    let unknown = request(&caller, Arguments::Unknown);
    assert_eq!((set.decide(&unknown).verdict, set.decide(&unknown).rules.len()), (Verdict::Maybe, 1));
    let early = PolicyRequest { resource: Resource::AnyTool, ..unknown };
    assert_eq!(none.decide(&early).verdict, Verdict::Maybe);
    let other = PolicyRequest { resource: Resource::ToolNamed("web.get"), ..unknown };
    assert_eq!(none.decide(&other).verdict, Verdict::Deny(Denial::NotPermitted));
    let me: Json<'_> = json::parse(br#"{"to": "me"}"#, LIMITS).unwrap();
    let you: Json<'_> = json::parse(br#"{"to": "you"}"#, LIMITS).unwrap();
    let to = |arguments| request(&caller, Arguments::Known(arguments));
    assert!(set.decide(&to(&me)).is_allowed());
    let refused = to(&you);
    let refused = set.decide(&refused);
    assert_eq!((refused.verdict, refused.rules), (Verdict::Deny(Denial::Forbidden), vec!["no-mail"]));
    caller.within = Some(vec![ActionPattern::One(Action::ToolsList)]);
    let narrowed = request(&caller, Arguments::Known(&me));
    assert_eq!(none.decide(&narrowed).verdict, Verdict::Deny(Denial::NotPermitted));
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_it_would() {
    let text =
        "@id(\"strict\") @mode(\"dry_run\") forbid (principal, action, resource) when { context.arguments has x };";
    let set = read(text).unwrap();
    let caller = caller(vec![grant("caller:ada", "*", "*")]);
    let (with, without): (Json<'_>, Json<'_>) =
        (json::parse(br#"{"x": 1}"#, LIMITS).unwrap(), json::parse(b"{}", LIMITS).unwrap());
    let with = request(&caller, Arguments::Known(&with));
    let decision = set.decide(&with);
    assert_eq!((decision.verdict, decision.rules), (Verdict::Allow, vec!["caller:ada"]));
    let would = decision.would.unwrap();
    assert_eq!((would.verdict, would.rules), (Verdict::Deny(Denial::Forbidden), vec!["strict"]));
    let without = request(&caller, Arguments::Known(&without));
    assert!(set.decide(&without).would.is_none());
}

#[test]
fn every_fault_has_its_place() {
    let text = "permit (principal, action, resource) when { context.amount < };\n\
        permit (principal in Tool::\"a.b\", action == Action::\"tools/cal\", resource);\n\
        // a comment\n  forbid (principal, action, resource) unless { principle.id == \"ä\" } when { 1 < 2 < 3 };\n\
        permit (principal, action, resource) when { now() };\n@id(\"a\") @id(\"b\") permit (?principal, action, resource);\n\
        permit (principal, action, resource) when { \"a";
    assert_eq!(
        read(text).unwrap_err(),
        [
            "1:62: expected an expression, found `}`",
            "2:22: no such entity can stand here: see the table of entities in docs/policy.md",
            "2:45: there is no action tools/cal; did you mean tools/call?",
            "4:49: there is no variable principle; did you mean principal?",
            "5:45: there is no function now; did you mean ip or decimal?",
            "6:11: this annotation stands here twice",
            "6:27: templates (`?principal`, `?resource`) are not supported",
            "7:45: this text has no closing quote",
        ]
    );
    let twins = "@id(\"x\") permit (principal, action, resource);\n@id(\"x\") forbid (principal, action, resource);";
    assert_eq!(read(twins).unwrap_err(), ["2:1: the id x is taken: ids must differ"]);
}

#[test]
fn what_could_cost_much_is_refused() {
    let deep = |open: &str, close: &str| {
        format!("permit (principal, action, resource) when {{ {}true{} }};", open.repeat(70), close.repeat(70))
    };
    for text in [deep("(", ")"), deep("if true then true else ", ""), deep("[", "]"), deep("!!!!(", ")")] {
        assert!(read(&text).unwrap_err().concat().contains("nested more than"), "{text}");
    }
    let chain = format!("permit (principal, action, resource) when {{ {}true }};", "true && ".repeat(3_000));
    assert!(read(&chain).unwrap_err().concat().contains("more than 2000 expressions"));
    let many = "permit (principal, action, resource);\n".repeat(2_001);
    assert!(read(&many).unwrap_err().concat().contains("more than 2000 policies"));
    let numbers = |from: u32| (from..from + 2_000).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let sets = format!("{{\"a\": [{}], \"b\": [{}]}}", numbers(0), numbers(5_000));
    assert_eq!(verdict("context.arguments.a.containsAny(context.arguments.b)", &sets), Verdict::Deny(Denial::Error));
    let letters = format!("{{\"a\": \"{}\"}}", "a".repeat(50_000));
    let pattern = format!("context.arguments.a like \"*{}b*c\"", "a".repeat(100));
    assert_eq!(verdict(&pattern, &letters), Verdict::Deny(Denial::Error));
}

#[test]
fn names_of_tools_are_the_same_in_any_case() {
    let set =
        read("forbid (principal, action, resource == Tool::\"MAIL.Send\"); permit (principal, action, resource);")
            .unwrap();
    let caller = caller(Vec::new());
    let request = request(&caller, Arguments::Unknown);
    assert_eq!(set.decide(&request).rules, ["policy0"]);
}
