//! Tests of routing and execution in the document: defaults, every fault with its line, and overriding settings.

use super::Config;
use super::tests::load_with;
use crate::dispatch::circuits::BreakerRules;
use crate::model::route::*;
use crate::words::modes::Priority;
use crate::words::time::Millis;

const HEAD: &str = "callers = []\n\
    executors = [{ id = \"l\", kind = \"local\" }, { id = \"a\", kind = \"worker\", base_url = \"http://a\", credential_setting = \"S\" }, \
    { id = \"b\", kind = \"worker\", base_url = \"http://b\", credential_setting = \"S\" }]\n";

/// Returns the configuration that these lines, from the third on, make of three executors.
fn config(lines: &str) -> Result<Config, Vec<String>> {
    config_with(lines, &[])
}

fn config_with(lines: &str, settings: &[(&'static str, &'static str)]) -> Result<Config, Vec<String>> {
    load_with(&format!("{HEAD}{lines}"), settings)
}

/// Returns a route for all tools; its first line is the third, and `besides` begins on the sixth.
fn route(executors: &str, besides: &str) -> String {
    format!("[[routes]]\ntools = [\"*\"]\nexecutors = [{executors}]\n{besides}\n")
}

/// Asserts that each of these documents has these faults and no others.
fn assert_faults(cases: &[(String, &[&str])]) {
    for (lines, expected) in cases {
        assert_eq!(config(lines).err().unwrap_or_default(), *expected, "{lines}");
    }
}

#[test]
fn where_nothing_is_said_the_defaults_hold() {
    let Config { routing, breaker, execute, executors, .. } = config("").unwrap();
    assert_eq!((routing.strategy, routing.local_priority), (Strategy::LocalFirst, 80));
    assert_eq!((routing.remote_threshold, routing.explained), (Millis::new(100), Millis::from_secs(3600)));
    assert!(routing.routes.is_empty());
    let expected = BreakerRules {
        window: Millis::from_secs(10),
        minimum_calls: 10,
        failure_rate: 50,
        slow_call: Millis::from_secs(10),
        slow_rate: 80,
        probe_interval: Millis::from_secs(5),
    };
    assert_eq!(breaker, expected);
    assert_eq!((execute.retry_budget, execute.hedge_budget, execute.queue_time), (20, 5, Millis::from_secs(2)));
    let engine = &executors[1];
    assert_eq!((engine.cost.micros(), engine.concurrency), (0, 128));
    assert!(engine.region.is_none() && engine.capabilities.is_empty());
    let route = config(&route("\"b\", \"l\"", "")).unwrap().routing.routes[0].clone();
    assert_eq!(route.executors, [2, 0], "places of the executors, in the route's order");
    assert_eq!((route.strategy, route.latency_objective, route.error_objective), (None, Millis::from_secs(1), 1));
    assert!(route.weights.is_empty() && route.capabilities.is_empty());
    assert!(route.region.is_none() && route.answer.is_none());
}

#[test]
fn what_is_said_is_what_holds() {
    let document = "executors = [{ id = \"w\", kind = \"worker\", base_url = \"http://w\", credential_setting = \"S\", cost = \"0.002\", \
         region = \"eu-west\", capabilities = [\"gpu\", \"pdf.a\"], concurrency = 1000 }, { id = \"l\", kind = \"local\", cost = \"1\" }]\n\
        callers = [{ id = \"x\", tenant = \"t\", keys = [], priority = \"high\" }, { id = \"y\", tenant = \"t\", keys = [] }]\n\
        [routing]\nstrategy = \"hybrid\"\nlocal_priority = 0\nremote_threshold = \"60s\"\nexplained = \"1d\"\n\
        [[routes]]\ntools = [\"Pdf.*\"]\nexecutors = [\"l\", \"w\"]\nstrategy = \"weighted\"\nweights = [0, 1000]\n\
        region = \"eu-west\"\ncapabilities = [\"gpu\"]\nanswer = '{\"a\":1.0}'\n\
        [[routes]]\ntools = [\"Web.Get\"]\nexecutors = [\"l\", \"w\"]\nlatency_objective = \"250ms\"\nerror_objective = 100\n\
        [breaker]\nwindow = \"5m\"\nminimum_calls = 10_000\nfailure_rate = 100\nslow_call = \"55s\"\nslow_rate = 1\nprobe_interval = \"500ms\"\n\
        [execute]\nretry_budget = 100\nhedge_budget = 0\nqueue_time = \"10s\"\n";
    let Config { executors, callers, routing, breaker, execute, .. } = load_with(document, &[]).unwrap();
    let worker = &executors[0];
    assert_eq!((worker.cost.micros(), worker.region.as_deref(), worker.concurrency), (2_000, Some("eu-west"), 1000));
    assert_eq!(
        (&worker.capabilities[..], executors[1].cost.micros()),
        (&["gpu".to_owned(), "pdf.a".to_owned()][..], 1_000_000)
    );
    assert_eq!([Priority::High, Priority::Normal], [callers[0].caller.priority, callers[1].caller.priority]);
    assert_eq!((routing.strategy, routing.local_priority), (Strategy::Hybrid, 0));
    assert_eq!((routing.remote_threshold, routing.explained), (Millis::from_secs(60), Millis::from_secs(86_400)));
    let [weighted, general] = &routing.routes[..] else { panic!("two routes") };
    assert_eq!((routing.strategy_of(weighted), routing.strategy_of(general)), (Strategy::Weighted, Strategy::Hybrid));
    assert_eq!((&weighted.executors[..], &weighted.weights[..]), (&[1, 0][..], &[0, 1000][..]));
    assert!(weighted.tools[0].matches("pdf.read") && !weighted.tools[0].matches("web.get"));
    assert_eq!((weighted.region.as_deref(), weighted.answer.as_deref()), (Some("eu-west"), Some("{\"a\":1.0}")));
    assert_eq!(weighted.capabilities, ["gpu"]);
    assert_eq!((general.latency_objective, general.error_objective), (Millis::new(250), 100));
    let expected = BreakerRules {
        window: Millis::from_secs(300),
        minimum_calls: 10_000,
        failure_rate: 100,
        slow_call: Millis::from_secs(55),
        slow_rate: 1,
        probe_interval: Millis::new(500),
    };
    assert_eq!(breaker, expected);
    assert_eq!((execute.retry_budget, execute.hedge_budget, execute.queue_time), (100, 0, Millis::from_secs(10)));
}

#[test]
fn a_route_names_executors_that_there_are_and_none_twice() {
    let many: Vec<String> = (0..9).map(|_| "\"c\"".to_owned()).collect();
    let (missing, surplus) =
        ("line 5: routes[0].executors: there is no executor c", "line 5: routes[0].executors: are more than 8");
    assert_faults(&[
        (route("", ""), &["line 3: routes[0].executors: names no executor"]),
        (
            route("\"a\",\n\"c\",\n\"a\"", ""),
            &[
                "line 6: routes[0].executors: there is no executor c",
                "line 7: routes[0].executors: names a twice: a chain that leads back to itself",
            ],
        ),
        (route(&many.join(","), ""), &[&[surplus][..], &[missing; 9][..]].concat()),
        (
            route("\"a b\"", ""),
            &["line 5: routes[0].executors[0]: must be an identifier: 1 to 64 of a-z A-Z 0-9 _ - ."],
        ),
        (
            "[[routes]]\n".to_owned(),
            &["line 3: routes[0].tools: is missing", "line 3: routes[0].executors: is missing"],
        ),
    ]);
}

#[test]
fn weights_are_what_a_weighted_route_needs_and_no_other_has() {
    let weighted = |weights: &str| route("\"a\", \"b\"", &format!("strategy = \"weighted\"\nweights = {weights}"));
    assert_faults(&[
        (weighted("[1]"), &["line 7: routes[0].weights: must be one for each executor: 2"]),
        (weighted("[]"), &["line 7: routes[0].weights: must be one for each executor: 2"]),
        (weighted("[1, 1001]"), &["line 7: routes[0].weights: must be from 0 to 1000"]),
        (weighted("[0, 0]"), &["line 7: routes[0].weights: are all 0: no executor would get a call"]),
        (
            weighted("[0, 1, 1001]"),
            &[
                "line 7: routes[0].weights: must be one for each executor: 2",
                "line 7: routes[0].weights: must be from 0 to 1000",
            ],
        ),
        (weighted("[-1, 1]"), &["line 7: routes[0].weights[0]: must be a whole number, not negative"]),
        (
            route("\"a\", \"b\"", "strategy = \"weighted\""),
            &["line 6: routes[0].weights: are missing: strategy \"weighted\" needs one for each executor"],
        ),
        (
            route("\"a\", \"b\"", "strategy = \"cost\"\nweights = [1, 1]"),
            &["line 7: routes[0].weights: are only for strategy \"weighted\""],
        ),
        (route("\"a\", \"b\"", "weights = [1, 1]"), &["line 6: routes[0].weights: are only for strategy \"weighted\""]),
    ]);
}

#[test]
fn a_route_without_a_choice_does_not_say_how_to_choose() {
    let comparisons = "weights = [1]\nlatency_objective = \"1s\"\nerror_objective = 1";
    assert_faults(&[
        (
            route("\"a\", \"b\"", &format!("strategy = \"pinned\"\n{comparisons}")),
            &[
                "line 7: routes[0].weights: means nothing to a pinned route: it has no choice",
                "line 8: routes[0].latency_objective: means nothing to a pinned route: it has no choice",
                "line 9: routes[0].error_objective: means nothing to a pinned route: it has no choice",
            ],
        ),
        (
            route("\"a\"", &format!("strategy = \"weighted\"\n{comparisons}")),
            &[
                "line 6: routes[0].strategy: \"weighted\" needs two executors or more",
                "line 7: routes[0].weights: means nothing to a route of one executor: it has no choice",
                "line 8: routes[0].latency_objective: means nothing to a route of one executor: it has no choice",
                "line 9: routes[0].error_objective: means nothing to a route of one executor: it has no choice",
            ],
        ),
        (route("\"a\"", "strategy = \"pinned\""), &[]),
        (route("\"a\"", ""), &[]),
    ]);
}

#[test]
fn what_a_route_promises_and_asks_for_is_bounded() {
    let besides = |besides: &str| route("\"a\", \"b\"", besides);
    let long = format!("\"{}\"", "x".repeat(crate::words::limits::ROUTE_ANSWER_BYTES - 2));
    let nine: Vec<String> = (0..9).map(|place| format!("\"c{place}\"")).collect();
    let eight = nine[..8].join(",");
    let routes = |count: usize| "[[routes]]\ntools = [\"*\"]\nexecutors = [\"a\"]\n".repeat(count);
    assert_faults(&[
        (
            besides("latency_objective = \"0s\""),
            &["line 6: routes[0].latency_objective: must be from 1 ms to 55000 ms"],
        ),
        (
            besides("latency_objective = \"56s\""),
            &["line 6: routes[0].latency_objective: must be from 1 ms to 55000 ms"],
        ),
        (besides("error_objective = 101"), &["line 6: routes[0].error_objective: must be from 0 to 100"]),
        (besides(&format!("answer = '{long}'")), &[]),
        (besides(&format!("answer = '{long} '")), &["line 6: routes[0].answer: has more than 65536 bytes"]),
        (
            besides("answer = '[1'"),
            &["line 6: routes[0].answer: must be JSON within [limits]: not valid JSON, at byte 2"],
        ),
        (
            besides("answer = '{\"a\":1,\"a\":1}'"),
            &["line 6: routes[0].answer: must be JSON within [limits]: an object has the same member twice, at byte 7"],
        ),
        (besides("answer = '[[1]]'\n[limits]\njson_depth = 2"), &[]),
        (
            besides("answer = '[[[1]]]'\n[limits]\njson_depth = 2"),
            &["line 6: routes[0].answer: must be JSON within [limits]: nested too deeply, at byte 2"],
        ),
        (besides("region = \"\""), &["line 6: routes[0].region: must be an identifier: 1 to 64 of a-z A-Z 0-9 _ - ."]),
        (besides(&format!("capabilities = [{eight}]")), &[]),
        (
            besides(&format!("capabilities = [{}]", nine.join(","))),
            &["line 3: routes[0].capabilities: are more than 8"],
        ),
        (
            besides("capabilities = [\"a b\"]"),
            &["line 6: routes[0].capabilities[0]: must be an identifier: 1 to 64 of a-z A-Z 0-9 _ - ."],
        ),
        (routes(128), &[]),
        (routes(129), &["line 387: routes: are more than 128"]),
    ]);
}

#[test]
fn all_faults_of_all_routes_are_told_at_once() {
    let first = route("\"c\"", "answer = 'no'");
    let second = route("\"a\", \"a\"", "error_objective = 200");
    let told = config(&format!("[routing]\nstrategy = \"pinned\"\n{first}{second}")).unwrap_err();
    let expected = [
        "line 4: routing.strategy: \"pinned\" is only for a route: see routes[].strategy",
        "line 7: routes[0].executors: there is no executor c",
        "line 8: routes[0].answer: must be JSON within [limits]: not valid JSON, at byte 0",
        "line 11: routes[1].executors: names a twice: a chain that leads back to itself",
        "line 12: routes[1].error_objective: must be from 0 to 100",
    ];
    assert_eq!(told, expected);
}

#[test]
fn rules_out_of_their_bounds_are_refused_at_their_lines() {
    for (section, member, values, bounds) in [
        ("routing", "local_priority", ["100", "100"], "0 to 99"),
        ("routing", "remote_threshold", ["'61s'", "'2m'"], "0 ms to 60000 ms"),
        ("routing", "explained", ["'59s'", "'2d'"], "60000 ms to 86400000 ms"),
        ("breaker", "window", ["'999ms'", "'301s'"], "1000 ms to 300000 ms"),
        ("breaker", "minimum_calls", ["0", "10001"], "1 to 10000"),
        ("breaker", "failure_rate", ["0", "101"], "1 to 100"),
        ("breaker", "slow_call", ["'9ms'", "'56s'"], "10 ms to 55000 ms"),
        ("breaker", "slow_rate", ["0", "101"], "1 to 100"),
        ("breaker", "probe_interval", ["'499ms'", "'61s'"], "500 ms to 60000 ms"),
        ("execute", "retry_budget", ["101", "101"], "0 to 100"),
        ("execute", "hedge_budget", ["51", "51"], "0 to 50"),
        ("execute", "queue_time", ["'11s'", "'1m'"], "0 ms to 10000 ms"),
    ] {
        for value in values {
            let told = config(&format!("[{section}]\n{member} = {value}\n")).err().unwrap_or_default();
            assert_eq!(told, [format!("line 4: {section}.{member}: must be from {bounds}")], "{value}");
        }
    }
    assert_faults(&[
        (
            "[routing]\nstrategy = \"weighted\"\n".to_owned(),
            &["line 4: routing.strategy: \"weighted\" is only for a route: see routes[].strategy"],
        ),
        (
            "[routing]\nstrategy = \"random\"\n".to_owned(),
            &[
                "line 4: routing.strategy: must be one of local-first, remote-first, performance, cost, weighted, hybrid, pinned",
            ],
        ),
    ]);
}

#[test]
fn what_is_said_of_an_executor_or_caller_is_refused_at_its_line() {
    let told = |executor: &str| {
        let kind = "kind = \"worker\"\nbase_url = \"http://w\"\ncredential_setting = \"S\"\n";
        let document = format!("callers = []\n[[executors]]\nid = \"w\"\n{kind}{executor}\n");
        load_with(&document, &[]).err().unwrap_or_default()
    };
    for value in ["0", "1001"] {
        let expected = "line 7: executors.w.concurrency: must be from 1 to 1000";
        assert_eq!(told(&format!("concurrency = {value}")), [expected]);
    }
    assert_eq!(told("cost = 1"), ["line 7: executors[0].cost: must be a string"]);
    assert_eq!(told("region = \"e u\"").len(), 1);
    let labels = |count: usize| format!("capabilities = [{}]", "\"c\",".repeat(count));
    assert_eq!(told(&labels(16)), [""; 0]);
    assert_eq!(told(&labels(17)), ["line 2: executors.w.capabilities: are more than 16"]);
    let local = "callers = []\n[[executors]]\nid = \"l\"\nkind = \"local\"\nconcurrency = 1\n";
    let expected = "line 5: executors.l.concurrency: is only for an engine or worker";
    assert_eq!(load_with(local, &[]).unwrap_err(), [expected]);
    let caller = "executors = []\n[[callers]]\nid = \"c\"\ntenant = \"t\"\nkeys = []\npriority = \"urgent\"\n";
    let expected = "line 6: callers[0].priority: must be one of low, normal, high";
    assert_eq!(load_with(caller, &[]).unwrap_err(), [expected]);
}

#[test]
fn settings_override_how_calls_are_routed() {
    let lines = [
        "[routing]\nstrategy = \"cost\"\nlocal_priority = 10\nremote_threshold = \"5s\"\n",
        &route("\"a\", \"b\"", ""),
        &route("\"a\", \"b\"", "strategy = \"performance\""),
    ]
    .concat();
    let strategies = |settings: &[(&'static str, &'static str)]| {
        let routing = config_with(&lines, settings).unwrap().routing;
        (routing.strategy, [0, 1].map(|place| routing.strategy_of(&routing.routes[place])))
    };
    assert_eq!(strategies(&[]), (Strategy::Cost, [Strategy::Cost, Strategy::Performance]));
    let overridden = (Strategy::RemoteFirst, [Strategy::RemoteFirst, Strategy::Performance]);
    assert_eq!(strategies(&[("ROUTING_STRATEGY", "remote-first")]), overridden, "a route's own strategy stays");
    for (value, percent) in
        [("0.8", 80), ("0.99", 99), ("0.05", 5), ("0.0", 0), ("0", 0), ("80", 80), ("80%", 80), ("1%", 1)]
    {
        let config = config_with(&lines, &[("LOCAL_EXECUTION_PRIORITY", value)]).unwrap();
        assert_eq!(config.routing.local_priority, percent, "{value}");
        assert!(config.notices.is_empty(), "it has an effect");
    }
    for (value, threshold) in [("100ms", Millis::new(100)), ("0s", Millis::ZERO), ("1m", Millis::from_secs(60))] {
        let config = config_with(&lines, &[("REMOTE_EXECUTION_THRESHOLD", value)]).unwrap();
        assert_eq!(config.routing.remote_threshold, threshold, "{value}");
    }
}

#[test]
fn settings_about_routing_that_cannot_be_meant_are_refused() {
    let strategy = "must be local-first, remote-first, performance, cost or hybrid";
    let priority = "must be from 0 to 0.99, or a percentage such as 80%";
    let threshold = "must be a duration such as 100ms, at most 60s";
    for (name, value, message) in [
        ("ROUTING_STRATEGY", "fastest", strategy),
        ("ROUTING_STRATEGY", "pinned", "pinned is only for a route: see routes[].strategy"),
        ("ROUTING_STRATEGY", "weighted", "weighted is only for a route: see routes[].strategy"),
        ("LOCAL_EXECUTION_PRIORITY", "1", priority),
        ("LOCAL_EXECUTION_PRIORITY", "1.0", priority),
        ("LOCAL_EXECUTION_PRIORITY", "100%", priority),
        ("LOCAL_EXECUTION_PRIORITY", "100", priority),
        ("LOCAL_EXECUTION_PRIORITY", "0.", priority),
        ("LOCAL_EXECUTION_PRIORITY", "0.+5", priority),
        ("LOCAL_EXECUTION_PRIORITY", "0.801", priority),
        ("LOCAL_EXECUTION_PRIORITY", "0.8%", priority),
        ("LOCAL_EXECUTION_PRIORITY", "%", priority),
        ("LOCAL_EXECUTION_PRIORITY", "-1", priority),
        ("REMOTE_EXECUTION_THRESHOLD", "100", threshold),
        ("REMOTE_EXECUTION_THRESHOLD", "61s", threshold),
    ] {
        let told = config_with("", &[(name, value)]).err().unwrap_or_default();
        assert_eq!(told, [format!("setting {name}: {message}")], "{value}");
    }
}

#[test]
fn every_example_of_a_route_in_the_documentation_loads() {
    let text = include_str!("../../../docs/configuration.md");
    let examples: Vec<&str> = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let examples: Vec<&str> = examples.into_iter().filter(|example| example.contains("[[routes]]")).collect();
    assert!(!examples.is_empty());
    for example in examples {
        let config = load_with(&format!("callers = []\n{example}"), &[]);
        let config = config.unwrap_or_else(|faults| panic!("{example}\n{faults:#?}"));
        assert!(!config.routing.routes.is_empty());
    }
}
