//! Configurations: either one that keeps to every bound, or at least one fault, each with its place; never a secret's value.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use toolgate::config::{self, Config, ConfigFault};
use toolgate::model::route::Strategy;
use toolgate::ports::Settings;
use toolgate::words::limits;

/// The value of a setting that must not be told.
const SECRET: &str = "s3cret";

struct Host(BTreeMap<String, String>);

impl Settings for Host {
    async fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

pub(crate) fn run(data: &[u8]) {
    let Ok(document) = std::str::from_utf8(data) else {
        return;
    };
    let setting = |line: &str| {
        let (name, value) = line.strip_prefix("#:")?.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    let host = Host(document.lines().filter_map(setting).filter(|(_, value)| !value.is_empty()).collect());
    // What the document itself says is no secret.
    let tells = document.lines().any(|line| !line.starts_with("#:") && line.contains(SECRET));
    let names_it = host.0.keys().any(|name| name.contains(SECRET));
    let mut loading = pin!(config::load(document, &host, [7; 32]));
    let Poll::Ready(loaded) = loading.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing here waits");
    };
    let told = match loaded {
        Ok(loaded) => {
            check(&loaded.config);
            format!("{loaded:?}")
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a fault");
            faults.iter().for_each(|fault| check_fault(fault, document));
            format!("{faults:?}")
        }
    };
    assert!(tells || names_it || !told.contains(SECRET), "a secret is told: {told}");
}

fn check_fault(fault: &ConfigFault, document: &str) {
    match fault.line {
        Some(line) => {
            let lines = document.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
            assert!((1..=lines).contains(&line), "no such line: {fault:?}");
        }
        None => assert!(!fault.place.is_empty(), "a fault without a place: {fault:?}"),
    }
    assert!(!fault.message.is_empty() && !fault.to_string().is_empty(), "a fault without words: {fault:?}");
}

fn check(config: &Config) {
    assert!(config.limits.body_bytes <= limits::BODY_BYTES_MAX, "limits.body_bytes");
    assert!(config.limits.json.depth <= toolgate::words::json::Limits::MAX_DEPTH, "limits.json_depth");
    assert!(config.limits.long_poll <= limits::LONG_POLL_MAX, "limits.long_poll");
    assert!(config.epochs.lease <= limits::LEASE_MAX && config.epochs.lease.get() > 0, "epochs.lease");
    assert!(config.cache.memory_bytes <= limits::CACHE_MEMORY_BYTES_MAX, "cache.memory");
    assert!(config.cache.ttl <= limits::CACHE_TTL_MAX, "cache.ttl");
    assert!(config.cache.rules.iter().all(|rule| rule.ttl <= limits::CACHE_TTL_MAX), "cache.rules[].ttl");
    assert!(config.execute.timeout <= limits::EXECUTE_TIMEOUT_MAX, "execute.timeout");
    assert!(config.execute.max_retries <= limits::RETRIES_MAX, "execute.max_retries");
    assert!(config.execute.response_bytes <= limits::RESPONSE_BYTES_MAX, "execute.response_bytes");
    check_routing(config);
    let executors: BTreeSet<_> = config.executors.iter().map(|executor| &executor.id).collect();
    assert_eq!(executors.len(), config.executors.len(), "two executors with one id");
    let callers: BTreeSet<_> = config.callers.iter().map(|configured| &configured.caller.id).collect();
    assert_eq!(callers.len(), config.callers.len(), "two callers with one id");
    let keys: Vec<_> = config.callers.iter().flat_map(|caller| &caller.keys).map(|key| &key.id).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "two keys with one id");
    for upstream in config.executors.iter().filter_map(|executor| executor.upstream.as_ref()) {
        let url = &upstream.base_url;
        let is_url = url.starts_with("http://") || url.starts_with("https://");
        assert!(is_url && !url.ends_with('/') && !url.contains(['?', '#', ' ', '@']), "base_url: {url}");
    }
}

fn check_routing(config: &Config) {
    let routing = &config.routing;
    assert!(routing.strategy.is_general() && routing.local_priority < 100, "routing");
    assert!(routing.routes.len() <= limits::ROUTES, "routes");
    for route in &routing.routes {
        let named: BTreeSet<_> = route.executors.iter().filter(|place| **place < config.executors.len()).collect();
        assert!(!named.is_empty() && named.len() <= limits::ROUTE_EXECUTORS, "routes[].executors");
        assert_eq!(named.len(), route.executors.len(), "routes[].executors: none twice, each of them there");
        let is_weighted = routing.strategy_of(route) == Strategy::Weighted;
        assert_eq!(route.weights.len(), if is_weighted { named.len() } else { 0 }, "routes[].weights");
        assert!(!is_weighted || route.weights.iter().any(|weight| *weight > 0), "routes[].weights: not all 0");
        assert!(route.error_objective <= 100, "routes[].error_objective");
        assert!(route.answer.as_ref().is_none_or(|text| text.len() <= limits::ROUTE_ANSWER_BYTES), "routes[].answer");
    }
    let breaker = &config.breaker;
    assert!((1..=100).contains(&breaker.failure_rate) && (1..=100).contains(&breaker.slow_rate), "breaker rates");
    assert!(breaker.minimum_calls > 0 && breaker.window.get() > 0 && breaker.probe_interval.get() > 0, "breaker");
    assert!(config.execute.retry_budget <= 100 && config.execute.hedge_budget <= 50, "execute budgets");
    assert!(config.executors.iter().all(|executor| (1..=1000).contains(&executor.concurrency)), "concurrency");
}
