//! Makes the call: within a deadline, repeated only where that is safe, its answer read into one form.

mod engine;
mod local;
mod pass;
mod worker;

pub use engine::output_authorization;
pub(crate) use local::call as call_local;
pub use local::write_result as write_worker_result;
pub use pass::{Passed, pass};

use crate::admission::ToolCall;
use crate::isolate::Running;
use crate::ports::{OriginError, OriginResponse, Platform};
use crate::record::Record;
use crate::refusal::{Refusal, RefusalKind};
use crate::route::Target;
use crate::time::{Millis, Timestamp};

/// How a tool call ended, where an executor answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The `output` object as JSON text.
    pub output: Vec<u8>,
    /// Whether the tool succeeded.
    pub success: bool,
    /// How long it took, in milliseconds, as a JSON number.
    pub duration: String,
    /// When it finished.
    pub finished_at: String,
    /// The kind of the tool's error, if it failed.
    pub error_kind: Option<String>,
    /// The authorisation that the user must give first, by its id.
    pub authorization: Option<String>,
    /// The executor's whole answer, to be passed on as it is.
    pub whole: Option<Vec<u8>>,
}

/// A call that gave no answer of a tool.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// Whether the tool provably did not run.
    pub surely_not_run: bool,
}

/// Why a call gave no answer of a tool.
#[derive(Debug)]
pub enum Failure {
    /// A refusal of ours.
    Refused(Refusal),
    /// The engine refused, in its own words, which are passed on.
    Answered(OriginResponse),
}

impl Failed {
    fn refused(refusal: Refusal, surely_not_run: bool) -> Self {
        Self { failure: Failure::Refused(refusal), surely_not_run }
    }

    fn origin(error: OriginError) -> Self {
        Self::refused(Refusal::new(error.into()), error.surely_not_sent())
    }

    /// Whether another attempt could end differently.
    fn is_transient(&self) -> bool {
        matches!(
            &self.failure,
            Failure::Refused(Refusal {
                kind: RefusalKind::UpstreamUnreachable
                    | RefusalKind::UpstreamBroken
                    | RefusalKind::UpstreamCut
                    | RefusalKind::UpstreamFailed
                    | RefusalKind::UpstreamBusy
                    | RefusalKind::UpstreamNotJson,
                ..
            })
        )
    }

    fn wait(&self) -> Option<Millis> {
        match &self.failure {
            Failure::Refused(refusal) => refusal.retry_after,
            Failure::Answered(_) => None,
        }
    }
}

/// Without a word from the executor, the next attempt waits this long.
const BACKOFF: Millis = Millis::new(50);

/// Runs the call on its target. Every attempt gets what is left of the deadline.
///
/// INVARIANT (at most once): a call that is not repeatable is sent a second time only when the first provably never reached
/// its executor.
///
/// # Errors
/// [`Failed`]. A tool that ran and failed is an answer, not an error.
pub async fn run<P: Platform>(
    platform: &P,
    running: &Running,
    call: &ToolCall<'_>,
    target: Target<'_>,
    record: &mut Record,
) -> Result<Ran, Failed> {
    let (executor, upstream) = match target {
        Target::Local(local) => {
            record.attempts = 1;
            return Ok(local::run(platform, local, &call.input));
        }
        Target::Engine(executor, upstream) | Target::Worker(executor, upstream) => (executor, upstream),
    };
    let deadline = record.at.after(running.config.execute.timeout);
    let mut retries_left = running.config.execute.max_retries;
    loop {
        record.attempts = record.attempts.saturating_add(1);
        let timeout = executor.timeout.min(platform.now().until(deadline));
        let exchange =
            Exchange { timeout, response_limit: running.config.execute.response_bytes, request_id: &record.request_id };
        let ended = match target {
            Target::Worker(..) => worker::run(platform, upstream, call, &exchange).await,
            _ => engine::run(platform, upstream, call, &exchange).await,
        };
        let failed = match ended {
            Ok(ran) => return Ok(ran),
            Err(failed) => failed,
        };
        let is_safe = failed.surely_not_run || (call.tool.is_repeatable() && call.run_at.is_none());
        let wait = failed.wait().unwrap_or(BACKOFF);
        if retries_left == 0 || !is_safe || !failed.is_transient() || wait >= platform.now().until(deadline).half() {
            return Err(failed);
        }
        retries_left = retries_left.saturating_sub(1);
        platform.sleep(wait).await;
    }
}

/// What an attempt is given besides the call.
#[derive(Debug)]
struct Exchange<'e> {
    timeout: Millis,
    response_limit: usize,
    request_id: &'e str,
}

/// The delay an executor asks for: `retry-after-ms`, else `Retry-After` in seconds (RFC 9110 section 10.2.3; a date is not
/// read: executors of ours send seconds).
fn retry_after(response: &OriginResponse) -> Option<Millis> {
    let whole = |text: &str| text.split('.').next().and_then(|whole| whole.trim().parse::<u64>().ok());
    let ms = response.header("retry-after-ms").and_then(whole).map(Millis::new);
    ms.or_else(|| response.header("retry-after").and_then(whole).map(Millis::from_secs))
}

/// A server error or throttling as a refusal; `None` for any other status.
fn server_failure(response: &OriginResponse) -> Option<Failed> {
    let refusal = match response.status {
        429 | 503 => {
            let wait = retry_after(response).unwrap_or(Millis::from_secs(1));
            Refusal::with(RefusalKind::UpstreamBusy, format!("status {}", response.status)).after(wait)
        }
        500.. => Refusal::with(RefusalKind::UpstreamFailed, format!("status {}", response.status)),
        _ => return None,
    };
    // Throttling is said before anything runs; a server error may come after.
    Some(Failed::refused(refusal, response.status == 429))
}

/// A JSON number for a duration, checked to be one.
fn duration_text(value: Option<&crate::json::Json<'_>>) -> String {
    match value {
        Some(crate::json::Json::Number(number)) => number.as_str().to_owned(),
        _ => "0".to_owned(),
    }
}

/// How executors' answers are read.
const ANSWER_LIMITS: crate::json::Limits = crate::json::Limits {
    depth: 128,
    values: 1_000_000,
    string_bytes: crate::limits::RESPONSE_BYTES_MAX,
    number_bytes: 100_000,
};

/// The time as executors write it.
fn written(now: Timestamp) -> String {
    now.to_string()
}
