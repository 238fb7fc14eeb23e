//! Tests of names, versions and conflicts.

use super::*;
use crate::backends::ExecutorKind;
use crate::model::route::Strategy;
use crate::model::tool;
use crate::words::json::{Json, Limits, parse};
use crate::words::names::{ExecutorId, ToolPattern};
use crate::words::price::Price;
use crate::words::time::Millis;

const LIMITS: Limits = Limits { depth: 8, values: 100, string_bytes: 1_000, number_bytes: 100 };

fn tool(name: &str, version: &str, executor: usize) -> Rc<Tool> {
    let text = format!(
        "{{\"name\":\"x\",\"qualified_name\":\"{name}\",\"toolkit\":{{\"name\":\"x\",\"version\":\"{version}\"}},\
         \"input\":{{}}}}"
    );
    let definition: Json<'_> = parse(text.as_bytes(), LIMITS).unwrap();
    Rc::new(tool::of_engine_definition(definition, executor).unwrap())
}

fn executor(id: &str, tools: &[&str]) -> Executor {
    Executor {
        id: ExecutorId::new(id).unwrap(),
        kind: ExecutorKind::Local,
        upstream: None,
        tools: tools.iter().map(|pattern| ToolPattern::new(pattern).unwrap()).collect(),
        timeout: Millis::from_secs(1),
        cost: Price::default(),
        region: None,
        capabilities: Vec::new(),
        concurrency: 1,
    }
}

/// Returns rules with one route for `Calc.*` over these executors, if there are any.
fn routing(executors: &[usize]) -> RoutingRules {
    let route = Route {
        tools: vec![ToolPattern::new("Calc.*").unwrap()],
        executors: executors.to_vec(),
        strategy: None,
        weights: Vec::new(),
        latency_objective: Millis::ZERO,
        error_objective: 0,
        region: None,
        capabilities: Vec::new(),
        answer: None,
    };
    let routes = if executors.is_empty() { Vec::new() } else { vec![route] };
    let (strategy, explained) = (Strategy::LocalFirst, Millis::ZERO);
    RoutingRules { strategy, local_priority: 0, remote_threshold: Millis::ZERO, explained, routes }
}

fn registry(first: &[(&str, &str)], second: &[(&str, &str)], conflicts: ConflictRule) -> Registry {
    let offer = |executor: usize, tools: &[(&str, &str)]| Offer {
        executor,
        tools: tools.iter().map(|(name, version)| tool(name, version, executor)).collect(),
    };
    let executors = [executor("a", &["*"]), executor("b", &["*"])];
    Registry::build(&[offer(0, first), offer(1, second)], &executors, conflicts, &routing(&[]))
}

fn resolve(registry: &Registry, name: &str, version: Option<&str>) -> Result<(String, usize), RefusalKind> {
    let found = registry.name_of(name, |_| true).and_then(|named| registry.resolve(&named, version, |_| true));
    found.map(|tool| (tool.version.clone(), tool.executor)).map_err(|refusal| refusal.kind)
}

#[test]
fn a_name_has_many_forms() {
    let registry =
        registry(&[("Calc.Plus", "1.0.0"), ("Calc.Plus", "1.10.0"), ("Calc.Plus", "1.9.0")], &[], ConflictRule::Refuse);
    for name in ["Calc.Plus", "calc.plus", "CALC_PLUS", "Calc.Plus@1.10.0"] {
        assert_eq!(resolve(&registry, name, None), Ok(("1.10.0".to_owned(), 0)), "{name}");
    }
    assert_eq!(resolve(&registry, "Calc.Plus@1.0.0", None), Ok(("1.0.0".to_owned(), 0)));
    assert_eq!(resolve(&registry, "Calc.Plus", Some("1.9.0")), Ok(("1.9.0".to_owned(), 0)));
    assert_eq!(resolve(&registry, "Calc.Plus", Some("3")), Err(RefusalKind::ToolVersionUnknown));
    assert_eq!(resolve(&registry, "Calc.Minus", None), Err(RefusalKind::ToolUnknown));
    assert_eq!(resolve(&registry, "", None), Err(RefusalKind::ToolUnknown));
}

#[test]
fn the_nearest_names_are_only_those_one_may_see() {
    let registry = registry(&[("Calc.Plus", "1"), ("Calc.Plua", "1")], &[], ConflictRule::Refuse);
    let refusal = registry
        .resolve(&registry.name_of("Calc.Plux", |_| true).unwrap(), None, |folded| folded == "calc.plua")
        .unwrap_err();
    assert_eq!(refusal.detail.as_deref(), Some("did you mean Calc.Plua?"));
}

#[test]
fn an_underscored_name_may_be_ambiguous() {
    let registry = registry(&[("A_B.C", "1"), ("A.B_C", "1")], &[], ConflictRule::Refuse);
    assert_eq!(resolve(&registry, "A_B_C", None), Err(RefusalKind::ToolAmbiguous));
    assert_eq!(resolve(&registry, "A.B_C", None), Ok(("1".to_owned(), 0)));
}

#[test]
fn conflicts_are_refused_or_ordered() {
    let (first, second) = ([("Calc.Plus", "1"), ("Calc.Minus", "1")], [("Calc.Plus", "1"), ("Calc.Plus", "2")]);
    let refusing = registry(&first, &second, ConflictRule::Refuse);
    assert_eq!(resolve(&refusing, "Calc.Plus", Some("1")), Err(RefusalKind::ToolAmbiguous));
    assert_eq!(resolve(&refusing, "Calc.Plus", Some("2")), Ok(("2".to_owned(), 1)));
    assert_eq!(resolve(&refusing, "Calc.Minus", None), Ok(("1".to_owned(), 0)));
    let ordering = registry(&first, &second, ConflictRule::First);
    assert_eq!(resolve(&ordering, "Calc.Plus", None), Ok(("1".to_owned(), 0)));
    assert_eq!(resolve(&ordering, "Calc.Plus", Some("2")), Ok(("2".to_owned(), 1)));
}

#[test]
fn a_route_makes_equivalents_of_what_would_be_a_conflict() {
    let offers: Vec<Offer> = [["1", "2"], ["2", "1"], ["2", "3"]]
        .iter()
        .enumerate()
        .map(|(executor, versions)| {
            let tools = versions.iter().flat_map(|version| {
                ["Calc.Plus", "Mail.Send"].map(|name| tool(name, &format!("{version}.{name}"), executor))
            });
            Offer { executor, tools: tools.collect() }
        })
        .collect();
    let executors = [executor("a", &["*"]), executor("b", &["*"]), executor("c", &["*"])];
    let registry = Registry::build(&offers, &executors, ConflictRule::First, &routing(&[2, 0]));
    let first = |name: &str, version| resolve(&registry, name, version).map(|(_, executor)| executor);
    // The route's order, and no other: the second executor is not in it.
    assert_eq!(first("Calc.Plus", None), Ok(2));
    assert_eq!(first("Calc.Plus", Some("1.Calc.Plus")), Ok(0));
    let named = registry.name_of("Calc.Plus", |_| true).unwrap();
    let others = |version| {
        let tool = registry.resolve(&named, Some(version), |_| true).unwrap();
        registry.equivalents(tool).map(|tool| tool.executor).collect::<Vec<_>>()
    };
    assert_eq!((others("2.Calc.Plus"), others("3.Calc.Plus"), others("1.Calc.Plus")), (vec![0], vec![], vec![]));
    // Without a route, the first executor's tool wins, and nothing is equivalent.
    assert_eq!(first("Mail.Send", None), Ok(0));
    let named = registry.name_of("Mail.Send", |_| true).unwrap();
    assert_eq!(registry.equivalents(registry.resolve(&named, None, |_| true).unwrap()).count(), 0);
}

#[test]
fn words_for_humans_are_no_part_of_an_interface() {
    let hash = |parameters: &str| {
        let text =
            format!("{{\"qualified_name\":\"A.B\",\"toolkit\":{{}},\"input\":{{\"parameters\":[{parameters}]}}}}");
        tool::of_engine_definition(parse(text.as_bytes(), LIMITS).unwrap(), 0).unwrap().interface_hash()
    };
    let (q, n) = (r#"{"name":"q","required":true}"#, r#"{"name":"n","value_schema":{"val_type":"number"}}"#);
    let plain = hash(&format!("{q},{n}"));
    assert_eq!(plain, hash(&format!("{n},{}", q.replace('}', r#","description":"d"}"#))));
    for other in
        [q.to_owned(), format!("{q},{}", n.replace("number", "string")), format!("{},{n}", q.replace("true", "false"))]
    {
        assert_ne!(plain, hash(&other), "{other}");
    }
}

#[test]
fn an_executor_gives_only_what_is_taken_from_it() {
    let offers = [Offer { executor: 0, tools: vec![tool("Calc.Plus", "1", 0), tool("Mail.Send", "1", 0)] }];
    let registry = Registry::build(&offers, &[executor("a", &["Calc.*"])], ConflictRule::Refuse, &routing(&[]));
    assert_eq!(registry.len(), 1);
    assert_eq!(resolve(&registry, "Mail.Send", None), Err(RefusalKind::ToolUnknown));
}

#[test]
fn declared_behaviour_is_read_conservatively() {
    let behavior = |text: &str| {
        let definition =
            format!("{{\"qualified_name\":\"A.B\",\"toolkit\":{{}},\"metadata\":{{\"behavior\":{text}}}}}");
        tool::of_engine_definition(parse(definition.as_bytes(), LIMITS).unwrap(), 0).unwrap().behavior
    };
    assert!(behavior(r#"{"read_only":true,"operations":["READ"]}"#).reads_only);
    assert!(!behavior(r#"{"read_only":true,"operations":[]}"#).reads_only);
    assert!(!behavior(r#"{"operations":["read"]}"#).reads_only);
    assert!(behavior(r#"{"read_only":true,"operations":["read","update"]}"#).mutates);
    assert!(behavior(r#"{"read_only":true,"destructive":true,"operations":["read"]}"#).mutates);
    assert!(behavior(r#"{"operations":["opaque"]}"#).mutates);
    assert!(!behavior("{}").mutates && !behavior("{}").reads_only);
}
