//! Builds the rules for routing and execution from their sections.

use super::super::document::Located;
use super::super::route_sections::{BreakerSection, ExecuteSection, RouteSection, RoutingSection};
use super::super::words::Label;
use super::{ConfigBuilder, size};
use crate::backends::ExecutorKind;
use crate::dispatch::ExecuteRules;
use crate::dispatch::circuits::BreakerRules;
use crate::model::route::{Route, RoutingRules, Strategy};
use crate::words::json;
use crate::words::limits::{
    EXECUTE_TIMEOUT_MAX, EXECUTOR_CONCURRENCY_MAX, RETRIES_MAX, ROUTE_ANSWER_BYTES, ROUTE_CAPABILITIES,
    ROUTE_EXECUTORS, ROUTE_WEIGHT_MAX, ROUTES,
};
use crate::words::names::ExecutorId;
use crate::words::time::Millis;

/// Default bound on concurrent calls of one isolate at an executor.
const CONCURRENCY: u32 = 128;

impl ConfigBuilder<'_> {
    /// Builds the rules about routing. `known` are the configured executors in their order: a route refers to them by
    /// index.
    #[inline(never)]
    pub(super) fn routing(
        &mut self,
        section: RoutingSection,
        routes: Vec<Located<RouteSection>>,
        known: &[ExecutorId],
        json: json::Limits,
    ) -> RoutingRules {
        let Located { value: strategy, line } = section.strategy;
        if !strategy.is_general() {
            let message = format!("\"{}\" is only for a route: see routes[].strategy", strategy.as_str());
            self.fault(line, "routing.strategy", &message);
        }
        if let Some(first) = routes.get(ROUTES) {
            self.fault(first.line, "routes", &format!("are more than {ROUTES}"));
        }
        let routes = routes.into_iter().enumerate();
        RoutingRules {
            strategy,
            local_priority: percent(section.local_priority),
            remote_threshold: section.remote_threshold,
            explained: section.explained,
            routes: routes.map(|(index, route)| self.route(&format!("routes[{index}]"), route, known, json)).collect(),
        }
    }

    fn route(
        &mut self,
        place: &str,
        Located { value: section, line }: Located<RouteSection>,
        known: &[ExecutorId],
        json: json::Limits,
    ) -> Route {
        let executors = self.chain(&section.executors, line, &format!("{place}.executors"), known);
        let weights = if self.chooses(&section, place) { self.weights(&section, place) } else { Vec::new() };
        self.within(
            section.latency_objective.as_ref(),
            Millis::new(1),
            EXECUTE_TIMEOUT_MAX,
            place,
            "latency_objective",
        );
        self.within(section.error_objective.as_ref(), 0, 100, place, "error_objective");
        Route {
            tools: section.tools,
            executors,
            strategy: section.strategy.map(|strategy| strategy.value),
            weights,
            latency_objective: section.latency_objective.map_or(Millis::from_secs(1), |objective| objective.value),
            error_objective: section.error_objective.map_or(1, |objective| percent(objective.value)),
            region: section.region.map(|Label(region)| region),
            capabilities: self.capabilities(section.capabilities, ROUTE_CAPABILITIES, line, place),
            answer: section.answer.map(|answer| self.answer(answer, &format!("{place}.answer"), json)),
        }
    }

    /// Returns the indices of the executors that a route names.
    fn chain(&mut self, ids: &[Located<ExecutorId>], line: usize, place: &str, known: &[ExecutorId]) -> Vec<usize> {
        if ids.is_empty() {
            self.fault(line, place, "names no executor");
        }
        if let Some(first) = ids.get(ROUTE_EXECUTORS) {
            self.fault(first.line, place, &format!("are more than {ROUTE_EXECUTORS}"));
        }
        let mut chain = Vec::new();
        for Located { value: id, line } in ids {
            match known.iter().position(|known| known == id) {
                None => self.fault(*line, place, &format!("there is no executor {id}")),
                Some(found) if chain.contains(&found) => {
                    self.fault(*line, place, &format!("names {id} twice: a chain that leads back to itself"));
                }
                Some(found) => chain.push(found),
            }
        }
        chain
    }

    /// Returns whether a route leaves a choice; notes a fault for each rule of choice in one that does not: its author
    /// meant something else.
    fn chooses(&mut self, section: &RouteSection, place: &str) -> bool {
        let message = match &section.strategy {
            Some(strategy) if strategy.value == Strategy::Pinned => "means nothing to a pinned route: it has no choice",
            _ if section.executors.len() == 1 => "means nothing to a route of one executor: it has no choice",
            _ => return true,
        };
        if let Some(strategy) = section.strategy.as_ref().filter(|strategy| strategy.value == Strategy::Weighted) {
            self.fault(strategy.line, &format!("{place}.strategy"), "\"weighted\" needs two executors or more");
        }
        for (member, line) in [
            ("weights", section.weights.as_ref().map(|weights| weights.line)),
            ("latency_objective", section.latency_objective.as_ref().map(|objective| objective.line)),
            ("error_objective", section.error_objective.as_ref().map(|objective| objective.line)),
        ] {
            if let Some(line) = line {
                self.fault(line, &format!("{place}.{member}"), message);
            }
        }
        false
    }

    /// Returns the weights of a route that leaves a choice.
    fn weights(&mut self, section: &RouteSection, place: &str) -> Vec<u32> {
        let place = format!("{place}.weights");
        let strategy = section.strategy.as_ref().filter(|strategy| strategy.value == Strategy::Weighted);
        let Located { value: weights, line } = match (strategy, &section.weights) {
            (Some(_), Some(weights)) => weights,
            (Some(strategy), None) => {
                self.fault(strategy.line, &place, "are missing: strategy \"weighted\" needs one for each executor");
                return Vec::new();
            }
            (None, Some(weights)) => {
                self.fault(weights.line, &place, "are only for strategy \"weighted\"");
                return Vec::new();
            }
            (None, None) => return Vec::new(),
        };
        if weights.len() != section.executors.len() {
            let message = format!("must be one for each executor: {}", section.executors.len());
            self.fault(*line, &place, &message);
        }
        if weights.iter().any(|weight| *weight > ROUTE_WEIGHT_MAX) {
            self.fault(*line, &place, &format!("must be from 0 to {ROUTE_WEIGHT_MAX}"));
        }
        if !weights.is_empty() && weights.iter().all(|weight| *weight == 0) {
            self.fault(*line, &place, "are all 0: no executor would get a call");
        }
        weights.iter().map(|weight| u32::try_from(*weight).unwrap_or(u32::MAX)).collect()
    }

    fn answer(&mut self, Located { value: text, line }: Located<String>, place: &str, json: json::Limits) -> String {
        if text.len() > ROUTE_ANSWER_BYTES {
            self.fault(line, place, &format!("has more than {ROUTE_ANSWER_BYTES} bytes"));
        } else if let Err(fault) = json::parse(text.as_bytes(), json) {
            self.fault(line, place, &format!("must be JSON within [limits]: {fault}"));
        }
        text
    }

    /// Notes a fault unless the value, if there is one, lies within its bounds.
    fn within<T: PartialOrd + std::fmt::Display>(
        &mut self,
        value: Option<&Located<T>>,
        low: T,
        high: T,
        place: &str,
        member: &str,
    ) {
        if let Some(given) = value.filter(|given| given.value < low || given.value > high) {
            self.fault(given.line, &format!("{place}.{member}"), &format!("must be from {low} to {high}"));
        }
    }

    /// Returns the capabilities that an executor has, or must have; notes a fault if there are more than `most`.
    pub(super) fn capabilities(&mut self, labels: Vec<Label>, most: usize, line: usize, place: &str) -> Vec<String> {
        if labels.len() > most {
            self.fault(line, &format!("{place}.capabilities"), &format!("are more than {most}"));
        }
        labels.into_iter().map(|Label(label)| label).collect()
    }

    /// Returns the bound on concurrent calls of one isolate at an executor.
    pub(super) fn concurrency(&mut self, given: Option<&Located<u64>>, kind: ExecutorKind, place: &str) -> u32 {
        if let Some(Located { line, .. }) = given.filter(|_| !kind.is_remote()) {
            self.fault(*line, &format!("{place}.concurrency"), "is only for an engine or worker");
        }
        self.within(given, 1, EXECUTOR_CONCURRENCY_MAX, place, "concurrency");
        given.and_then(|given| u32::try_from(given.value).ok()).unwrap_or(CONCURRENCY)
    }
}

/// Builds the rules for making calls.
pub(super) fn execute_rules(section: &ExecuteSection) -> ExecuteRules {
    ExecuteRules {
        timeout: section.timeout,
        max_retries: u32::try_from(section.max_retries).unwrap_or(RETRIES_MAX),
        response_bytes: size(section.response_bytes),
        retry_budget: percent(section.retry_budget),
        hedge_budget: percent(section.hedge_budget),
        queue_time: section.queue_time,
    }
}

/// Builds the rules of the circuit breakers.
pub(super) fn breaker_rules(section: &BreakerSection) -> BreakerRules {
    BreakerRules {
        window: section.window,
        minimum_calls: u32::try_from(section.minimum_calls).unwrap_or(u32::MAX),
        failure_rate: percent(section.failure_rate),
        slow_call: section.slow_call,
        slow_rate: percent(section.slow_rate),
        probe_interval: section.probe_interval,
    }
}

/// Narrows a percentage that its reader has bounded already.
fn percent(value: u64) -> u8 {
    u8::try_from(value).unwrap_or(100)
}
