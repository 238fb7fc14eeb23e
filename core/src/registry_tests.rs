//! Names, versions and conflicts.

use super::*;
use crate::config::ExecutorKind;
use crate::json::{Json, Limits, parse};
use crate::names::{ExecutorId, ToolPattern};
use crate::time::Millis;

const LIMITS: Limits = Limits { depth: 8, values: 100, string_bytes: 1_000, number_bytes: 100 };

fn tool(name: &str, version: &str, executor: usize) -> Rc<Tool> {
    let text = format!(
        "{{\"name\":\"x\",\"qualified_name\":\"{name}\",\"toolkit\":{{\"name\":\"x\",\"version\":\"{version}\"}},\
         \"input\":{{}}}}"
    );
    let definition: Json<'_> = parse(text.as_bytes(), LIMITS).unwrap();
    Rc::new(catalogue::of_engine_definition(definition, executor).unwrap())
}

fn executor(id: &str, tools: &[&str]) -> Executor {
    Executor {
        id: ExecutorId::new(id).unwrap(),
        kind: ExecutorKind::Local,
        tools: tools.iter().map(|pattern| ToolPattern::new(pattern).unwrap()).collect(),
        timeout: Millis::from_secs(1),
    }
}

fn registry(first: &[(&str, &str)], second: &[(&str, &str)], conflicts: ConflictRule) -> Registry {
    let offer = |executor: usize, tools: &[(&str, &str)]| Offer {
        executor,
        tools: tools.iter().map(|(name, version)| tool(name, version, executor)).collect(),
    };
    let executors = [executor("a", &["*"]), executor("b", &["*"])];
    Registry::build(&[offer(0, first), offer(1, second)], &executors, conflicts)
}

fn resolve(registry: &Registry, name: &str, version: Option<&str>) -> Result<(String, usize), RefusalKind> {
    let found = registry.name_of(name, |_| true).and_then(|named| registry.resolve(&named, version, |_| true));
    found.map(|tool| (tool.version.clone(), tool.executor)).map_err(|refusal| refusal.kind)
}

#[test]
fn a_name_has_many_forms() {
    let registry =
        registry(&[("Math.Add", "1.0.0"), ("Math.Add", "1.10.0"), ("Math.Add", "1.9.0")], &[], ConflictRule::Refuse);
    for name in ["Math.Add", "math.add", "MATH_ADD", "Math.Add@1.10.0"] {
        assert_eq!(resolve(&registry, name, None), Ok(("1.10.0".to_owned(), 0)), "{name}");
    }
    assert_eq!(resolve(&registry, "Math.Add@1.0.0", None), Ok(("1.0.0".to_owned(), 0)));
    assert_eq!(resolve(&registry, "Math.Add", Some("1.9.0")), Ok(("1.9.0".to_owned(), 0)));
    assert_eq!(resolve(&registry, "Math.Add", Some("3")), Err(RefusalKind::ToolVersionUnknown));
    assert_eq!(resolve(&registry, "Math.Sub", None), Err(RefusalKind::ToolUnknown));
    assert_eq!(resolve(&registry, "", None), Err(RefusalKind::ToolUnknown));
}

#[test]
fn the_nearest_names_are_only_those_one_may_see() {
    let registry = registry(&[("Math.Add", "1"), ("Math.Ada", "1")], &[], ConflictRule::Refuse);
    let refusal = registry
        .resolve(&registry.name_of("Math.Adx", |_| true).unwrap(), None, |folded| folded == "math.ada")
        .unwrap_err();
    assert_eq!(refusal.detail.as_deref(), Some("did you mean Math.Ada?"));
}

#[test]
fn an_underscored_name_may_be_ambiguous() {
    let registry = registry(&[("A_B.C", "1"), ("A.B_C", "1")], &[], ConflictRule::Refuse);
    assert_eq!(resolve(&registry, "A_B_C", None), Err(RefusalKind::ToolAmbiguous));
    assert_eq!(resolve(&registry, "A.B_C", None), Ok(("1".to_owned(), 0)));
}

#[test]
fn conflicts_are_refused_or_ordered() {
    let (first, second) = ([("Math.Add", "1"), ("Math.Sub", "1")], [("Math.Add", "1"), ("Math.Add", "2")]);
    let refusing = registry(&first, &second, ConflictRule::Refuse);
    assert_eq!(resolve(&refusing, "Math.Add", Some("1")), Err(RefusalKind::ToolAmbiguous));
    assert_eq!(resolve(&refusing, "Math.Add", Some("2")), Ok(("2".to_owned(), 1)));
    assert_eq!(resolve(&refusing, "Math.Sub", None), Ok(("1".to_owned(), 0)));
    let ordering = registry(&first, &second, ConflictRule::First);
    assert_eq!(resolve(&ordering, "Math.Add", None), Ok(("1".to_owned(), 0)));
    assert_eq!(resolve(&ordering, "Math.Add", Some("2")), Ok(("2".to_owned(), 1)));
}

#[test]
fn an_executor_gives_only_what_is_taken_from_it() {
    let offers = [Offer { executor: 0, tools: vec![tool("Math.Add", "1", 0), tool("Mail.Send", "1", 0)] }];
    let registry = Registry::build(&offers, &[executor("a", &["Math.*"])], ConflictRule::Refuse);
    assert_eq!(registry.len(), 1);
    assert_eq!(resolve(&registry, "Mail.Send", None), Err(RefusalKind::ToolUnknown));
}

#[test]
fn declared_behaviour_is_read_conservatively() {
    let behavior = |text: &str| {
        let definition =
            format!("{{\"qualified_name\":\"A.B\",\"toolkit\":{{}},\"metadata\":{{\"behavior\":{text}}}}}");
        catalogue::of_engine_definition(parse(definition.as_bytes(), LIMITS).unwrap(), 0).unwrap().behavior
    };
    assert!(behavior(r#"{"read_only":true,"operations":["READ"]}"#).reads_only);
    assert!(!behavior(r#"{"read_only":true,"operations":[]}"#).reads_only);
    assert!(!behavior(r#"{"operations":["read"]}"#).reads_only);
    assert!(behavior(r#"{"read_only":true,"operations":["read","update"]}"#).mutates);
    assert!(behavior(r#"{"read_only":true,"destructive":true,"operations":["read"]}"#).mutates);
    assert!(behavior(r#"{"operations":["opaque"]}"#).mutates);
    assert!(!behavior("{}").mutates && !behavior("{}").reads_only);
}
