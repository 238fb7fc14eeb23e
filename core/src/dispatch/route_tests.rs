//! The order in which executors are asked, and the reasons for leaving some out.

use super::*;
use crate::config::Config;
use crate::config::tests::load_with;
use crate::words::json::{Json, Limits, parse};
use crate::words::names::TenantId;
use crate::words::time::Timestamp;

const LIMITS: Limits = Limits { depth: 8, values: 100, string_bytes: 1_000, number_bytes: 100 };

/// Returns a configuration in which two engines and the gateway itself offer the tool, by a route with these members.
fn config(route: &str) -> Config {
    let document = format!(
        "callers = []\n\
         [[executors]]\nid = \"local\"\nkind = \"local\"\n\
         [[executors]]\nid = \"near\"\nkind = \"engine\"\nbase_url = \"https://near\"\ncredential_setting = \"KEY\"\n\
         cost = \"0.02\"\nregion = \"eu\"\ncapabilities = [\"gpu\"]\n\
         [[executors]]\nid = \"far\"\nkind = \"engine\"\nbase_url = \"https://far\"\ncredential_setting = \"KEY\"\ncost = \"0.01\"\n\
         [[executors]]\nid = \"off\"\nkind = \"engine\"\nbase_url = \"https://off\"\ncredential_setting = \"NO_KEY\"\n\
         [[routes]]\ntools = [\"Docs.*\"]\n{route}\n"
    );
    load_with(&document, &[("KEY", "k")]).unwrap()
}

fn rules(config: &Config) -> RouteRules<'_> {
    RouteRules { executors: &config.executors, routing: &config.routing, probe_interval: config.breaker.probe_interval }
}

fn tool(executor: usize, parameters: &str) -> Rc<Tool> {
    tool_that(executor, parameters, "{}")
}

fn tool_that(executor: usize, parameters: &str, behavior: &str) -> Rc<Tool> {
    let text = format!(
        "{{\"name\":\"Get\",\"qualified_name\":\"Docs.Get\",\"toolkit\":{{\"name\":\"Docs\",\"version\":\"1\"}},\
         \"input\":{{\"parameters\":[{parameters}]}},\"metadata\":{{\"behavior\":{behavior}}}}}"
    );
    let definition: Json<'_> = parse(text.as_bytes(), LIMITS).unwrap();
    Rc::new(crate::model::tool::of_engine_definition(definition, executor).unwrap())
}

/// Returns a tool of the gateway's own, under the same name.
fn local() -> Rc<Tool> {
    let own = crate::model::tool::of_local(0).remove(0);
    let mut tool = (*tool(0, "")).clone();
    tool.local = own.local;
    Rc::new(tool)
}

fn seen(p50: u64, failed: u32) -> ExecutorFacts {
    let time = Some(Millis::new(p50));
    ExecutorFacts {
        seen: ToolHealth { calls: 100, failed, p50: time, p95: time.map(Millis::twice) },
        limit: 10,
        ..ExecutorFacts::default()
    }
}

struct Asked<'a> {
    tools: &'a [Rc<Tool>],
    facts: &'a [ExecutorFacts],
    whose: u64,
    left: u64,
    is_scheduled: bool,
}

/// The executors in order and the rejected ones, or the whole refusal.
type Decided = Result<(Vec<usize>, Vec<(usize, &'static str)>), &'static str>;

impl Asked<'_> {
    /// Returns the order, and the rejected executors.
    fn decide(&self, config: &Config) -> Decided {
        let others: Vec<_> = self.tools[1..].iter().map(|tool| (Rc::clone(tool), Ok(()))).collect();
        let question = RoutedCall {
            tool: &self.tools[0],
            others: &others,
            tenant: &TenantId::new("acme").unwrap(),
            whose: self.whose,
            is_scheduled: self.is_scheduled,
            percent: 0,
            now: Timestamp::from_millis(1_000),
            left: Millis::new(self.left),
        };
        let facts = |tool: &Tool| self.facts.get(tool.executor).copied().unwrap_or_default();
        match decide(rules(config), &question, facts) {
            Ok(decision) => {
                let refused = decision.considered.iter().filter_map(|one| Some((one.executor, one.rejection?.name())));
                Ok((decision.ranked.iter().map(Candidate::executor).collect(), refused.collect()))
            }
            Err((refusal, considered)) => {
                assert!(considered.iter().all(|one| one.rejection.is_some()));
                Err(refusal.kind.name())
            }
        }
    }
}

fn all() -> [Rc<Tool>; 3] {
    [local(), tool(1, ""), tool(2, "")]
}

fn order(strategy: &str, facts: &[ExecutorFacts], whose: u64) -> Vec<usize> {
    let config = config(&format!("executors = [\"near\", \"local\", \"far\"]\nstrategy = {strategy}"));
    let [own, near, far] = all();
    let asked = Asked { tools: &[near, own, far], facts, whose, left: 30_000, is_scheduled: false };
    let (ranked, refused) = asked.decide(&config).unwrap();
    assert!(refused.is_empty() || strategy == "\"pinned\"", "{refused:?}");
    ranked
}

#[test]
fn each_strategy_has_its_order() {
    let nothing = [ExecutorFacts::default(); 3];
    assert_eq!(order("\"local-first\"", &nothing, 0), [0, 1, 2]);
    assert_eq!(order("\"remote-first\"", &nothing, 0), [1, 2, 0]);
    assert_eq!(order("\"hybrid\"", &nothing, 0), [0, 1, 2]);
    assert_eq!(order("\"pinned\"", &nothing, 0), [1]);
    assert_eq!(order("\"cost\"", &nothing, 0), [0, 2, 1]);
}

#[test]
fn performance_weighs_time_failures_and_load() {
    let order = |local, near, far| order("\"performance\"", &[local, near, far], 0);
    assert_eq!(order(seen(50, 0), seen(1, 0), seen(2, 0)), [0, 1, 2], "below the threshold the gateway's own is best");
    // 300 ms of its own are worth 60 by its priority of 80 %.
    assert_eq!(order(seen(300, 0), seen(70, 0), seen(50, 0)), [2, 0, 1]);
    assert_eq!(order(seen(9_000, 0), seen(100, 40), seen(150, 0)), [2, 1, 0], "failures cost time");
    let busy = ExecutorFacts { in_flight: 10, ..seen(100, 0) };
    assert_eq!(order(seen(9_000, 0), busy, seen(150, 0)), [2, 1, 0], "so does load");
    assert_eq!(order(seen(9_000, 0), seen(100, 0), ExecutorFacts::default()), [2, 1, 0], "who is not known is tried");
    let dead =
        ExecutorFacts { seen: ToolHealth { calls: 5, failed: 5, p50: None, p95: None }, ..ExecutorFacts::default() };
    assert_eq!(order(seen(9_000, 0), seen(100, 0), dead), [1, 0, 2], "but not who only fails");
}

#[test]
fn the_cheapest_that_meets_its_objectives_is_first() {
    let order = |near, far| {
        let order =
            order("\"cost\"\nlatency_objective = \"300ms\"\nerror_objective = 5", &[seen(400, 0), near, far], 0);
        order[..2].to_vec()
    };
    assert_eq!(order(seen(100, 0), seen(100, 0)), [2, 1]);
    assert_eq!(order(seen(100, 0), seen(200, 0)), [1, 0], "400 ms at the 95th percentile");
    assert_eq!(order(seen(100, 5), seen(100, 6)), [1, 0], "6 of 100");
}

#[test]
fn weights_are_kept_and_the_same_caller_goes_the_same_way() {
    let first = |weights: &str, whose| order(&format!("\"weighted\"\nweights = {weights}"), &[], whose)[0];
    let share = |weights, executor| (0..100).filter(|whose| first(weights, *whose) == executor).count();
    assert_eq!((share("[10, 0, 90]", 1), share("[10, 0, 90]", 0), share("[10, 0, 90]", 2)), (10, 0, 90));
    // Migration: a moved caller stays moved.
    let moved = |weights| (0..100).filter(|whose| first(weights, *whose) == 1).collect::<Vec<u64>>();
    let (ten, half) = (moved("[10, 0, 90]"), moved("[50, 0, 50]"));
    assert!(ten.iter().all(|whose| half.contains(whose)) && half.len() == 50);
    assert_eq!(order("\"weighted\"\nweights = [10, 0, 90]", &[], 50), [2, 1, 0], "the others stand behind");
}

#[test]
fn the_same_question_has_the_same_answer() {
    for strategy in ["\"performance\"", "\"cost\"", "\"hybrid\"", "\"weighted\"\nweights = [1, 1, 1]"] {
        let facts = [seen(300, 3), seen(80, 2), seen(90, 1)];
        for whose in 0..20 {
            assert_eq!(order(strategy, &facts, whose), order(strategy, &facts, whose));
        }
    }
}

const BOTH: &str = "executors = [\"near\", \"far\"]\nstrategy = \"local-first\"";

#[test]
fn who_does_not_fit_is_not_asked() {
    let decide = |route: &str, tools: &[Rc<Tool>], is_scheduled: bool| {
        Asked { tools, facts: &[], whose: 0, left: 9_000, is_scheduled }.decide(&config(route))
    };
    let [own, near, far] = all();
    let reads = tool_that(2, "", r#"{"read_only":true,"operations":["read"]}"#);
    let refused = |executor, name| Ok((vec![1], vec![(executor, name)]));
    let with = |line: &str| format!("{BOTH}\n{line}");
    let pair = [Rc::clone(&near), Rc::clone(&far)];
    assert_eq!(decide(BOTH, &pair, false), Ok((vec![1, 2], vec![])));
    assert_eq!(decide(&with("region = \"eu\""), &pair, false), refused(2, "region_differs"));
    assert_eq!(decide(&with("capabilities = [\"gpu\"]"), &pair, false), refused(2, "capability_missing"));
    let other = [Rc::clone(&near), tool(2, r#"{"name":"q"}"#)];
    assert_eq!(decide(BOTH, &other, false), refused(2, "interface_differs"));
    assert_eq!(decide(BOTH, &[Rc::clone(&near), reads], false), refused(2, "behavior_differs"));
    assert_eq!(decide(BOTH, &pair[..1], false), refused(2, "not_offered"));
    let here = "executors = [\"local\", \"near\"]";
    assert_eq!(decide(here, &[Rc::clone(&own), Rc::clone(&near)], true), refused(0, "cannot_schedule"));
    assert_eq!(decide("executors = [\"local\"]", &[own], true), Err("request_invalid"));
    let off = "executors = [\"near\", \"off\"]";
    assert_eq!(decide(off, &[near, tool(3, "")], false), refused(3, "executor_inactive"));
    assert_eq!(decide("executors = [\"off\"]", &[tool(3, "")], false), Err("executor_inactive"));
    assert_eq!(decide(&BOTH.replace("local-first", "pinned"), &pair, false), refused(2, "not_pinned"));
}

#[test]
fn who_is_not_well_is_not_asked() {
    let decide = |route: &str, facts: &[ExecutorFacts]| {
        let [_, near, far] = all();
        Asked { tools: &[near, far], facts, whose: 0, left: 400, is_scheduled: false }.decide(&config(route))
    };
    let nothing = ExecutorFacts::default();
    let open = ExecutorFacts { open_since: Some(Timestamp::from_millis(1)), ..nothing };
    assert_eq!(decide(BOTH, &[nothing, open, nothing]), Ok((vec![2], vec![(1, "circuit_open")])));
    assert_eq!(decide(BOTH, &[nothing, open, open]), Err("circuit_open"));
    assert_eq!(decide(BOTH, &[nothing, seen(500, 0), seen(50, 0)]), Ok((vec![2], vec![(1, "too_slow")])));
    assert_eq!(decide(BOTH, &[nothing, seen(500, 0), seen(450, 0)]), Ok((vec![1, 2], vec![])), "better than nobody");
    let pinned = BOTH.replace("local-first", "pinned");
    assert_eq!(decide(&pinned, &[nothing, seen(500, 0), nothing]), Ok((vec![1], vec![(2, "not_pinned")])));
    assert_eq!(decide(&pinned, &[nothing, open, nothing]), Err("circuit_open"));
}

#[test]
fn what_the_caller_may_not_have_is_not_asked() {
    let config = config("executors = [\"near\", \"far\"]");
    let [_, near, far] = all();
    let question = RoutedCall {
        tool: &near,
        others: &[(far, Err(Rejection::PolicyDenied))],
        tenant: &TenantId::new("acme").unwrap(),
        whose: 0,
        is_scheduled: false,
        percent: 0,
        now: Timestamp::from_millis(1_000),
        left: Millis::from_secs(1),
    };
    let decision = decide(rules(&config), &question, |_| ExecutorFacts::default()).unwrap();
    assert_eq!(decision.ranked.len(), 1);
    assert_eq!(decision.considered[1].rejection, Some(Rejection::PolicyDenied));
}
