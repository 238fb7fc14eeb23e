//! The sections about routing and execution, as documents.

use super::document::{Located, document};
use super::quantity::Bytes;
use super::words::Label;
use crate::model::route::Strategy;
use crate::words::limits;
use crate::words::names::{ExecutorId, ToolPattern};
use crate::words::time::Millis;

/// Maximum preference of the gateway's own tools, in percent: at 100 no time would be too long.
pub(super) const LOCAL_PRIORITY_MAX: u64 = 99;

/// Maximum time within which a local tool is preferred whatever the others take.
pub(super) const REMOTE_THRESHOLD_MAX: Millis = Millis::from_secs(60);

document! { default
    /// The choice of a call's executor.
    pub(super) struct RoutingSection {
        /// The strategy of tools whose route names none: "local-first", "remote-first", "performance", "cost" or "hybrid".
        strategy: Located<Strategy> = Located { value: Strategy::LocalFirst, line: 1 };
        /// Preference for the gateway's own tools by measured time, in percent, at most 99: at 80, a local tool that is expected to take five times as long as another still comes first.
        local_priority: u64 = 80, in (0, LOCAL_PRIORITY_MAX);
        /// Expected time up to which a local tool always runs here, whatever the others take. At most 60s.
        remote_threshold: Millis = Millis::new(100), in (Millis::ZERO, REMOTE_THRESHOLD_MAX);
        /// Time for which the explanation of a call can be looked up, 1m to 1d.
        explained: Millis = Millis::from_secs(3600), in (Millis::from_secs(60), Millis::from_secs(24 * 3600));
    }
}

document! {
    /// Executors that the operator declares equivalent for some tools.
    pub(super) struct RouteSection {
        /// The tools: "*", "Toolkit.*" or "Toolkit.Tool".
        tools: Vec<ToolPattern>;
        /// The ids of the executors, in order of preference; at least one, none twice, at most 8.
        executors: Vec<Located<ExecutorId>>;
        /// The strategy: one of routing.strategy, or "weighted" or "pinned". As routing.strategy, if absent.
        strategy: Option<Located<Strategy>>;
        /// The weight of each executor, 0 to 1000, in the order of executors: for "weighted", and for no other strategy.
        weights: Option<Located<Vec<u64>>>;
        /// The latency objective of a call, for "cost", 1ms to 55s; 1s, if absent.
        latency_objective: Option<Located<Millis>>;
        /// The error objective for "cost": failed calls of a hundred; 1, if absent.
        error_objective: Option<Located<u64>>;
        /// The required region of the executor; any, if absent.
        region: Option<Label>;
        /// The required capabilities of the executor; at most 8.
        capabilities: Vec<Label> = Vec::new();
        /// The static fallback, answered when no executor gives a value: a JSON text of at most 64KiB.
        answer: Option<Located<String>>;
    }
}

document! { default
    /// The circuit breakers of executors and their tools.
    pub(super) struct BreakerSection {
        /// The window in which calls are counted, 1s to 5m.
        window: Millis = Millis::from_secs(10), in (Millis::from_secs(1), Millis::from_secs(300));
        /// Fewest calls in the window that can open the circuit.
        minimum_calls: u64 = 10, in (1, 10_000);
        /// The circuit opens at so many failed calls of a hundred.
        failure_rate: u64 = 50, in (1, 100);
        /// A call that takes this long or longer is slow, 10ms to 55s.
        slow_call: Millis = Millis::from_secs(10), in (Millis::new(10), limits::EXECUTE_TIMEOUT_MAX);
        /// The circuit opens at so many slow calls of a hundred.
        slow_rate: u64 = 80, in (1, 100);
        /// Time from the opening of a circuit to the half-open probe, 500ms to 60s.
        probe_interval: Millis = Millis::from_secs(5), in (Millis::new(500), Millis::from_secs(60));
    }
}

document! { default
    /// The execution of calls.
    pub(super) struct ExecuteSection {
        /// Bound on a whole call, retries included, at most 55s (the SDKs give up at 60s).
        timeout: Millis = Millis::from_secs(30), in (Millis::new(10), limits::EXECUTE_TIMEOUT_MAX);
        /// Retries of a repeatable call, at most 3.
        max_retries: u64 = 1, in (0, limits::RETRIES_MAX as u64);
        /// Bytes of an executor's answer, at most 16MiB.
        response_bytes: Bytes = Bytes(4 << 20), in (Bytes(1 << 10), Bytes(limits::RESPONSE_BYTES_MAX as u64));
        /// The retry budget: retries at an executor, of a hundred calls to it, at most 100.
        retry_budget: u64 = 20, in (0, 100);
        /// The hedge budget: hedged calls of a hundred, at most 50; 0 hedges none.
        hedge_budget: u64 = 5, in (0, 50);
        /// Longest wait for a slot at a saturated executor, at most 10s.
        queue_time: Millis = Millis::from_secs(2), in (Millis::ZERO, Millis::from_secs(10));
    }
}
