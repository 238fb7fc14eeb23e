//! The gateway itself as an executor: runs tools inside the isolate.

use std::rc::Rc;

use super::{Failed, Invocation, Listing, OutputKind, Ran, Target, Traits};
use crate::model::tool::{self, Tool};
use crate::ports::Platform;
use crate::tools::{LocalTool, ToolContext, ToolOutcome};
use crate::words::json::{Json, ObjectWriter, write_json};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Timestamp;

pub(super) const TRAITS: Traits = Traits { is_remote: false, has_engine_api: false, health_path: "" };

/// Lists the tools compiled into the gateway.
pub(super) async fn list<P>(listing: &Listing<'_, P>) -> Result<Vec<Rc<Tool>>, RefusalKind> {
    Ok(tool::of_local(listing.index))
}

/// Runs the tool; it cannot fail to answer.
pub(super) async fn call<P: Platform>(invocation: &Invocation<'_, P>) -> Result<Ran, Failed> {
    match invocation.target {
        Target::Local(local) => Ok(run(invocation.platform, local, &invocation.call.input)),
        Target::Remote(_) => Err(Failed::refused(Refusal::new(RefusalKind::ExecutorInactive), true)),
    }
}

fn run<P: Platform>(platform: &P, local: &LocalTool, input: &Json<'_>) -> Ran {
    let started = platform.now();
    let outcome = call_tool(platform, local, input);
    let finished = platform.now();
    let mut output = ObjectWriter::with_capacity(64);
    let error_kind = match &outcome {
        Ok(value) => {
            write_json(output.value("value"), value);
            None
        }
        Err(error) => {
            error.write_json(output.value("error"));
            Some(error.kind.as_str().to_owned())
        }
    };
    Ran {
        retry_after: None,
        output: output.end(),
        success: outcome.is_ok(),
        kind: if outcome.is_ok() { OutputKind::Value } else { OutputKind::Other },
        duration: finished.since(started).get().to_string(),
        finished_at: finished.to_string(),
        error_kind,
        authorization: None,
        whole: None,
    }
}

/// Calls the tool with the host's randomness.
pub(crate) fn call_tool<P: Platform>(platform: &P, local: &LocalTool, input: &Json<'_>) -> ToolOutcome {
    let mut random = || {
        let mut bytes = [0; 8];
        platform.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    };
    local.call(input, &mut ToolContext::new(&mut random))
}

/// Appends the outcome as a worker answers it (`ToolCallResponse`), nulls included.
pub fn write_result(
    out: &mut Vec<u8>,
    execution_id: &str,
    outcome: &ToolOutcome,
    started: Timestamp,
    finished: Timestamp,
) {
    let mut object = ObjectWriter::new();
    object.text("execution_id", execution_id);
    // Workers write no zone.
    object.text("finished_at", finished.to_string().trim_end_matches('Z'));
    object.number("duration", finished.since(started).get());
    object.boolean("success", outcome.is_ok());
    let mut output = ObjectWriter::new();
    match outcome {
        Ok(value) => write_json(output.value("value"), value),
        Err(_) => output.null("value"),
    }
    output.null("logs");
    match outcome {
        Ok(_) => output.null("error"),
        Err(error) => error.write_worker_json(output.value("error")),
    }
    output.null("requires_authorization");
    object.json("output", &output.end());
    out.extend_from_slice(&object.end());
}
