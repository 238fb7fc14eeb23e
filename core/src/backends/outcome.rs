//! The outcome of one call at an executor: its answer, or the failure.

use crate::ports::{OriginError, OriginResponse};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;

/// Holds an executor's answer to a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The `output` object as JSON text.
    pub output: Vec<u8>,
    /// The tool succeeded.
    pub success: bool,
    /// The duration in milliseconds, as a JSON number.
    pub duration: String,
    /// The time of completion.
    pub finished_at: String,
    /// The kind of the tool's error, if it failed.
    pub error_kind: Option<String>,
    /// The delay before a retry, if the tool failed temporarily and asks for one.
    pub retry_after: Option<Millis>,
    /// The authorisation that the user must give first, by its id.
    pub authorization: Option<String>,
    /// The kind of the output.
    pub kind: OutputKind,
    /// The executor's whole answer, for passing on unchanged.
    pub whole: Option<Vec<u8>>,
}

/// Classifies outputs by their treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// A value and nothing else: the only storable kind.
    Value,
    /// A request for the user's consent, and nothing else: the tool has not run.
    NeedsConsent,
    /// Anything else, above all an error.
    Other,
}

/// Describes a call without an answer of a tool.
#[derive(Debug)]
pub struct Failed {
    /// The reason.
    pub failure: Failure,
    /// The tool provably did not run.
    pub surely_not_run: bool,
    /// The status of the executor's answer, if it gave one.
    pub status: Option<u16>,
}

/// Names the reason for a call without an answer of a tool.
#[derive(Debug)]
pub enum Failure {
    /// A refusal by the gateway.
    Refused(Refusal),
    /// A refusal in the engine's own words, which are passed on.
    Answered(OriginResponse),
}

impl Failed {
    /// Creates a failure from a refusal by the gateway.
    pub(crate) const fn refused(refusal: Refusal, surely_not_run: bool) -> Self {
        Self { failure: Failure::Refused(refusal), surely_not_run, status: None }
    }

    /// Creates a failure from an answer's status.
    pub(super) fn by_status(refusal: Refusal, surely_not_run: bool, status: u16) -> Self {
        Self { status: Some(status), ..Self::refused(refusal, surely_not_run) }
    }

    /// Creates a failure of the exchange itself.
    pub(super) fn origin(error: OriginError) -> Self {
        Self::refused(Refusal::new(error.into()), error.surely_not_sent())
    }

    /// Returns whether a retry could end differently.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            &self.failure,
            Failure::Refused(Refusal {
                kind: RefusalKind::UpstreamUnreachable
                    | RefusalKind::UpstreamBroken
                    | RefusalKind::UpstreamCut
                    | RefusalKind::UpstreamFailed
                    | RefusalKind::UpstreamBusy
                    | RefusalKind::UpstreamThrottled
                    | RefusalKind::UpstreamNotJson,
                ..
            })
        )
    }

    /// Returns whether a fallback executor could do better: unless the fault is the caller's, or one that the operator
    /// must mend here.
    pub(crate) fn may_go_elsewhere(&self) -> bool {
        self.may_be_covered()
            || matches!(
                &self.failure,
                Failure::Refused(Refusal {
                    kind: RefusalKind::UpstreamRefusedCredential
                        | RefusalKind::UpstreamRefusedRequest
                        | RefusalKind::UpstreamForbidden
                        | RefusalKind::UpstreamTooLarge,
                    ..
                })
            )
    }

    /// Returns the failure after so many attempts: the caller is not to retry after retries here.
    pub(crate) fn after_attempts(self, attempts: u32) -> Self {
        let failure = match self.failure {
            Failure::Refused(refusal) => Failure::Refused(Refusal { is_spent: attempts > 1, ..refusal }),
            Failure::Answered(mut response) if attempts > 1 => {
                response.headers.retain(|(name, _)| *name != "x-should-retry");
                response.headers.push(("x-should-retry", "false".to_owned()));
                Failure::Answered(response)
            }
            answered @ Failure::Answered(_) => answered,
        };
        Self { failure, ..self }
    }

    /// Returns the name in explanations.
    pub(crate) const fn name(&self) -> &'static str {
        match &self.failure {
            Failure::Refused(refusal) => refusal.kind.name(),
            Failure::Answered(_) => "engine_refused",
        }
    }

    /// Returns whether a stale response may stand in for this failure (RFC 5861, section 4): the executor is down or
    /// breaks. Not if it, or this host, turned the call away: that is for the caller or the operator to see.
    #[must_use]
    pub fn may_be_covered(&self) -> bool {
        let is_away = matches!(
            &self.failure,
            Failure::Refused(Refusal {
                kind: RefusalKind::UpstreamTimeout | RefusalKind::CircuitOpen | RefusalKind::UpstreamSaturated,
                ..
            })
        );
        self.is_transient() || is_away
    }

    /// Returns the delay that the executor asks for before a retry.
    pub(crate) fn wait(&self) -> Option<Millis> {
        match &self.failure {
            Failure::Refused(refusal) => refusal.retry_after,
            Failure::Answered(_) => None,
        }
    }
}
