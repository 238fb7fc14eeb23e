//! Lists of tools: what is taken from one is a tool by every later reading, and can be found by its names.

use std::rc::Rc;

use toolgate::backends::{Executor, ExecutorKind};
use toolgate::catalog::{ConflictRule, Offer, Registry};
use toolgate::model::route::{Route, RoutingRules, Strategy};
use toolgate::model::tool::{CATALOGUE_LIMITS, Tool, of_engine_definition, of_worker};
use toolgate::words::json::{Json, parse, write_json};
use toolgate::words::names::{ExecutorId, ToolName, ToolPattern};
use toolgate::words::price::Price;
use toolgate::words::refusal::RefusalKind;
use toolgate::words::time::Millis;

pub(crate) fn run(data: &[u8]) {
    let Ok(list) = parse(data, CATALOGUE_LIMITS) else {
        return;
    };
    let items = list.get("items").unwrap_or(&list).as_array().unwrap_or(std::slice::from_ref(&list)).to_vec();
    let mut tools: Vec<Rc<Tool>> =
        items.iter().cloned().filter_map(|item| of_engine_definition(item, 0)).map(Rc::new).collect();
    let of_worker = of_worker(list.clone(), 1);
    assert_eq!(of_worker.is_some(), list.as_array().is_some(), "a worker's list is a list");
    let of_worker = of_worker.unwrap_or_default();
    assert!(of_worker.len() <= items.len(), "more tools than definitions");
    tools.extend(of_worker);
    tools.iter().for_each(|tool| check_tool(tool));
    check_registry(&tools);
}

fn check_tool(tool: &Tool) {
    assert_eq!(ToolName::new(tool.name.as_str()).as_ref(), Some(&tool.name), "a tool has a name");
    assert_eq!(tool.folded, tool.name.folded(), "the name in lower case");
    assert!(!has_null(tool.definition()), "nulls are left out");
    let behavior = tool.behavior;
    assert!(!(behavior.reads_only && behavior.mutates), "it only reads, or it changes something: {behavior:?}");
    // The store keeps definitions as text: what comes back is the same tool.
    let mut text = Vec::new();
    write_json(&mut text, tool.definition());
    let read = parse(&text, CATALOGUE_LIMITS).expect("a definition fits the limits that it was read under");
    let again = of_engine_definition(read, tool.executor).expect("a definition is a definition");
    assert_eq!(again.definition(), tool.definition(), "the definition comes back");
    assert_eq!((&again.name, &again.version), (&tool.name, &tool.version), "name and version come back");
    assert_eq!(again.schema_hash(), tool.schema_hash(), "the digest of the schemas comes back");
    assert_eq!((again.behavior, again.needs_authorization), (behavior, tool.needs_authorization), "what it declares");
}

fn has_null(value: &Json<'_>) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| *item != Json::Null && has_null(item)),
        Json::Object(object) => object.iter().any(|(_, member)| *member == Json::Null || has_null(member)),
        _ => false,
    }
}

fn executor(id: &str) -> Executor {
    let id = ExecutorId::new(id).expect("an identifier");
    let timeout = Millis::from_secs(1);
    Executor {
        id,
        kind: ExecutorKind::Local,
        upstream: None,
        tools: vec![ToolPattern::Every],
        timeout,
        cost: Price::default(),
        region: None,
        capabilities: Vec::new(),
        concurrency: 1,
    }
}

fn check_registry(tools: &[Rc<Tool>]) {
    let of = |executor: usize| tools.iter().filter(move |tool| tool.executor == executor).cloned().collect();
    let offers = [Offer { executor: 0, tools: of(0) }, Offer { executor: 1, tools: of(1) }];
    let executors = [executor("first"), executor("second")];
    for conflicts in [ConflictRule::First, ConflictRule::Refuse] {
        for has_route in [false, true] {
            let registry = Registry::build(&offers, &executors, conflicts, &routing(has_route));
            assert!(registry.len() <= tools.len(), "more names than tools");
            for tool in tools.iter().take(50) {
                // Of executors that the operator calls equivalent, none is one too many.
                check_names(&registry, tool, conflicts == ConflictRule::Refuse && !has_route);
            }
        }
    }
}

/// Without a route, or with one that holds both executors equivalent for every tool.
fn routing(has_route: bool) -> RoutingRules {
    let route = Route {
        tools: vec![ToolPattern::Every],
        executors: vec![1, 0],
        strategy: None,
        weights: Vec::new(),
        latency_objective: Millis::ZERO,
        error_objective: 0,
        region: None,
        capabilities: Vec::new(),
        answer: None,
    };
    RoutingRules {
        strategy: Strategy::LocalFirst,
        local_priority: 0,
        remote_threshold: Millis::ZERO,
        explained: Millis::ZERO,
        routes: has_route.then_some(route).into_iter().collect(),
    }
}

fn check_names(registry: &Registry, tool: &Tool, may_be_ambiguous: bool) {
    let found = |name: &str| {
        let named = registry.name_of(name, |_| true)?;
        registry.resolve(&named, None, |_| true).map(Rc::clone)
    };
    for name in [tool.name.as_str().to_owned(), tool.folded.to_ascii_uppercase()] {
        match found(&name) {
            Ok(found) => assert_eq!(found.folded, tool.folded, "{name} is found under its name"),
            Err(refusal) => {
                let is_refused = may_be_ambiguous && refusal.kind == RefusalKind::ToolAmbiguous;
                assert!(is_refused, "{name}: {refusal:?}");
            }
        }
    }
    let underscored = tool.folded.replace(['.', '-'], "_");
    match found(&underscored) {
        Ok(found) => assert_eq!(found.folded.replace(['.', '-'], "_"), underscored, "the form that models use"),
        Err(refusal) => assert_eq!(refusal.kind, RefusalKind::ToolAmbiguous, "{underscored}"),
    }
}
