//! The end of every request: its record.

use std::rc::Rc;

use crate::pipeline::runtime::Isolate;
use crate::ports::Platform;
use crate::telemetry::{Record, explain, metrics};
use crate::words::names::TenantId;

/// Writes the record's line, counts it, and notes the explanation of a refusal for later.
pub(crate) fn emit<P: Platform>(platform: &P, isolate: &Rc<Isolate>, record: &Record, status: u16) {
    let now = platform.now();
    let line = record.line(status, now);
    tracing::info!(line = line.as_str());
    let Ok(running) = isolate.running() else {
        return;
    };
    running.counters.count(record, now.since(record.at));
    metrics::flush_soon(platform, &running.counters);
    let is_told = record.refusal.is_some() || record.engine_refused || record.routed.is_of_use();
    if is_told && running.explained.take(now, record.caller.is_some()) {
        let tenant = record.tenant.as_ref().map(TenantId::as_str);
        running.explained.note(
            tenant,
            &record.request_id,
            &record.routed.beside(&line, &running.config.executors),
            now,
        );
        explain::write_soon(platform, &running.explained);
    }
}
