//! Refusals: every way a request can end without the response it asked for, each with one name.
//!
//! The name is at once the error's `name`, the log field, the metric label, the `toolgate-refusal` header and what
//! tests assert. The table below is the whole list, with status, who has to act, and how.

use std::borrow::Cow;

use crate::words::json;
use crate::words::time::Millis;

/// Retry advice for the SDKs (`x-should-retry`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// A retry cannot help, or could do harm.
    No,
    /// A retry may well succeed a little later.
    Later,
}

macro_rules! refusals {
    ($($variant:ident = $name:literal, $status:literal, $again:ident, $message:literal;)*) => {
        /// Names the reason for a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum RefusalKind {
            $(#[doc = $message] $variant),*
        }

        impl RefusalKind {
            /// Lists every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Returns the HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// Returns the retry advice.
            #[must_use]
            pub const fn again(self) -> Again {
                match self { $(Self::$variant => Again::$again),* }
            }

            /// Returns the message: the problem and its remedy.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message),* }
            }
        }
    };
}

refusals! {
    TargetInvalid = "target_invalid", 400, No, "The path or query is not valid: percent-encode it as UTF-8 (RFC 3986).";
    QueryInvalid = "query_invalid", 400, No, "A query parameter has an invalid value: see /openapi.json for the values that it takes.";
    BodyBroken = "body_broken", 400, No, "The body ended early, or did not come in time: send as many bytes as Content-Length says.";
    BodyNotJson = "body_not_json", 400, No, "The body is not valid JSON: send one JSON text (RFC 8259).";
    BodyNotUnicode = "body_not_unicode", 400, No, "The body is not valid UTF-8, or has an unpaired surrogate: encode it as UTF-8.";
    BodyDuplicateMember = "body_duplicate_member", 400, No, "An object in the body has the same member twice: send it once.";
    BodyTooDeep = "body_too_deep", 400, No, "The body is nested more deeply than limits.json_depth allows: nest it less.";
    BodyTooManyValues = "body_too_many_values", 400, No, "The body has more values than limits.json_values allows: send fewer.";
    BodyStringTooLong = "body_string_too_long", 400, No, "A string in the body is longer than limits.string_bytes allows: send a shorter one.";
    BodyNumberTooLong = "body_number_too_long", 400, No, "A number in the body has too many digits: send fewer.";
    RequestInvalid = "request_invalid", 400, No, "A member of the body is missing or of the wrong type: see /openapi.json for its schema.";
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, No, "Idempotency-Key must be 1 to 256 visible ASCII characters.";
    CredentialMissing = "credential_missing", 401, No, "Send your API key as `Authorization: Bearer KEY`, `Authorization: KEY` or `X-API-Key: KEY`.";
    CredentialMalformed = "credential_malformed", 401, No, "The credential is malformed: send one API key of visible ASCII characters, in one header.";
    CredentialUnknown = "credential_unknown", 401, No, "The API key is not known here: check it, or ask the operator for one.";
    CredentialRevoked = "credential_revoked", 401, No, "The API key was revoked: ask the operator for a new one.";
    CredentialExpired = "credential_expired", 401, No, "The credential has expired: obtain a new one.";
    TokenMalformed = "token_malformed", 401, No, "The token is not a well-formed JWT: send a signed JWT in compact serialization (RFC 7515), without duplicate members.";
    TokenTooLarge = "token_too_large", 401, No, "The token is longer than 8192 bytes: request one with fewer claims.";
    TokenEncrypted = "token_encrypted", 401, No, "The token is encrypted (JWE): send a signed one (JWS).";
    TokenHeaderForbidden = "token_header_forbidden", 401, No, "The token's header has a forbidden member, such as a key of its own: send a token without it.";
    TokenAlgorithmRefused = "token_algorithm_refused", 401, No, "The token's alg is not accepted from its issuer: use one of issuers.algorithms.";
    TokenTypeRefused = "token_type_refused", 401, No, "The token's typ is not accepted from its issuer: use one of issuers.types.";
    TokenIssuerUnknown = "token_issuer_unknown", 401, No, "The token's iss is not a trusted issuer here: send a token of a configured issuer.";
    TokenKeyUnknown = "token_key_unknown", 401, No, "The token's issuer has no key with this kid and alg: obtain a new token.";
    TokenSignatureInvalid = "token_signature_invalid", 401, No, "The token's signature is invalid: send the token as its issuer signed it.";
    TokenExpired = "token_expired", 401, No, "The token has expired: obtain a new one.";
    TokenNotYetValid = "token_not_yet_valid", 401, No, "The token's nbf or iat lies in the future: check the clocks of issuer and caller.";
    TokenAudienceWrong = "token_audience_wrong", 401, No, "The token's aud is none of the audiences configured for its issuer: request a token for this gateway.";
    TokenClaimsInvalid = "token_claims_invalid", 401, No, "A required claim of the token is missing or of the wrong type: the issuer must set it.";
    TokenInactive = "token_inactive", 401, No, "The token's issuer reports it as inactive: obtain a new one.";
    TokenRevoked = "token_revoked", 401, No, "The token, its subject or its issuer was revoked: ask the operator.";
    WorkerTokenInvalid = "worker_token_invalid", 401, No, "The worker token is missing, expired or signed with another secret: sign it with this worker's secret.";
    ActionNotPermitted = "action_not_permitted", 403, No, "The caller does not hold the action that this route needs: ask the operator to add it to the caller's `actions`.";
    ToolNotPermitted = "tool_not_permitted", 403, No, "The caller may not call this tool: ask the operator to add it to the caller's `tools`.";
    PolicyDenied = "policy_denied", 403, No, "A policy denies this request: ask the operator about the policies in the detail.";
    PolicyError = "policy_error", 403, No, "A policy could not be evaluated for this request, so it is denied: the operator must correct the policy, or the request must have the attributes that it reads.";
    UserNotPermitted = "user_not_permitted", 403, No, "The caller may not name this user_id: ask the operator to add it to the caller's `users`.";
    ProjectNotPermitted = "project_not_permitted", 403, No, "The caller may not address this org and project: ask the operator to add it to the caller's `projects`.";
    ToolsUnnamed = "tools_unnamed", 403, No, "Name each tool that the model may use: the caller may not call every tool.";
    GrantNotPermitted = "grant_not_permitted", 403, No, "A key can grant no more than its issuer holds: grant less, or issue it with keys/admin.";
    TokenClaimRefused = "token_claim_refused", 403, No, "A claim of the token has a value that the operator does not accept: ask the operator.";
    TokenTenantUnmapped = "token_tenant_unmapped", 403, No, "The token is valid, but maps to no tenant here: the operator must map its tenant claim.";
    PathUnknown = "path_unknown", 404, No, "There is no route at this path: see /openapi.json for the routes.";
    ToolUnknown = "tool_unknown", 404, No, "There is no such tool: list the tools for their names.";
    ToolVersionUnknown = "tool_version_unknown", 404, No, "There is no such version of this tool: omit the version for the preferred one.";
    AuthorizationUnknown = "authorization_unknown", 404, No, "There is no such authorisation of this caller: check the id, or begin a new one.";
    ScheduledToolUnknown = "scheduled_tool_unknown", 404, No, "There is no such scheduled execution for the users of this caller: check the id and the user.";
    RecordUnknown = "record_unknown", 404, No, "There is no explanation of this request: check its id, which is known to its tenant for as long as routing.explained.";
    KeyUnknown = "key_unknown", 404, No, "There is no such issued key of this tenant: list its keys for their ids.";
    MethodNotAllowed = "method_not_allowed", 405, No, "This path does not support this method: use one of the methods in Allow.";
    IdempotencyInFlight = "idempotency_in_flight", 409, Later, "A request with this Idempotency-Key is still in progress: retry later for its response.";
    KeyEnded = "key_ended", 409, No, "The key was revoked, has expired or was rotated already: use its successor, or issue a new key.";
    KeysFull = "keys_full", 409, No, "There are too many issued keys, or this one grants too much: revoke some, or grant roles instead of lists.";
    BodyTooLarge = "body_too_large", 413, No, "The body is larger than limits.body_bytes allows: send a smaller one.";
    ContentTypeUnsupported = "content_type_unsupported", 415, No, "Send the body as `Content-Type: application/json`.";
    IdempotencyKeyReused = "idempotency_key_reused", 422, No, "This Idempotency-Key was used with a different request: use a new key.";
    ToolAmbiguous = "tool_ambiguous", 422, No, "Two executors offer this tool, or two tools have this name: the operator must order them (registry.conflicts), or name it as Toolkit.Tool.";
    RateLimited = "rate_limited", 429, Later, "The rate limit in the detail is exceeded. Retry after Retry-After.";
    UpstreamThrottled = "upstream_throttled", 429, Later, "The executor's own rate limit is exceeded: retry later.";
    CredentialThrottled = "credential_throttled", 429, Later, "Too many unknown credentials are presented at once: retry later.";
    GatewayFault = "gateway_fault", 500, No, "The gateway failed: report this request's id to the operator, who finds the fault in the log.";
    UpstreamBroken = "upstream_broken", 502, No, "The connection to the executor broke before its response was complete: the operator must check the executor.";
    UpstreamCut = "upstream_cut", 502, No, "The executor's response ended before its Content-Length: the operator must check the executor.";
    UpstreamTooLarge = "upstream_too_large", 502, No, "The executor's response is larger than execute.response_bytes allows: ask for less, or the operator must raise it.";
    UpstreamNotJson = "upstream_not_json", 502, No, "The executor's response is not the JSON of its protocol: the operator must check the executor's address and version.";
    UpstreamFailed = "upstream_failed", 502, No, "The executor failed with a server error: the operator must check its log.";
    UpstreamRefusedRequest = "upstream_refused_request", 502, No, "The executor rejected the gateway's request: the operator must check the executor's address and version.";
    UpstreamRefusedCredential = "upstream_refused_credential", 502, No, "The executor rejected the gateway's credential: the operator must check it.";
    UpstreamUnreachable = "upstream_unreachable", 502, Later, "The executor is unreachable: retry later.";
    UpstreamForbidden = "upstream_forbidden", 502, No, "This host does not allow calls to the executor's address: the operator must allow it.";
    OutcomeUnknown = "outcome_unknown", 502, No, "The outcome of the call is unknown: check whether it was executed before you repeat it.";
    UpstreamBusy = "upstream_busy", 503, Later, "The executor is overloaded: retry later.";
    CircuitOpen = "circuit_open", 503, Later, "The executor's circuit breaker is open. Retry after Retry-After.";
    UpstreamSaturated = "upstream_saturated", 503, Later, "The executor's concurrency limit is reached, and the call was shed: retry later.";
    ConfigurationInvalid = "configuration_invalid", 503, No, "The gateway's configuration is invalid: the operator finds its faults in the log, or with `toolgate config check`.";
    EpochsUnavailable = "epochs_unavailable", 503, Later, "The epochs (revocations, kill switches) are unavailable, and epochs.fail_mode is closed: retry later.";
    CredentialUnverifiable = "credential_unverifiable", 503, Later, "The credential cannot be verified, as the owner of issued keys does not answer: retry later.";
    KeyHashSecretMissing = "key_hash_secret_missing", 503, No, "Issued keys need the setting TOOLGATE_KEY_HASH_SECRET: the operator must set it.";
    LimiterUnavailable = "limiter_unavailable", 503, Later, "The owner of a rate limit does not answer, and rate.fail_mode is closed: retry later.";
    Killed = "killed", 503, No, "The operator's kill switch disables this: ask the operator.";
    EngineMissing = "engine_missing", 503, No, "This needs an Arcade engine, and none is configured with a credential: set ARCADE_API_KEY.";
    ExecutorInactive = "executor_inactive", 503, No, "The executor of this tool has no credential: the operator must set it.";
    RegistryUnavailable = "registry_unavailable", 503, Later, "The tools of an executor that may have this tool are not fetched yet: retry later.";
    DurableUnavailable = "durable_unavailable", 503, Later, "The durable store, which this request needs, did not answer: retry later.";
    DurableUnsupported = "durable_unsupported", 503, No, "This host has no durable store (SQLite), which this request needs: the operator must provide one.";
    TokenKeysUnavailable = "token_keys_unavailable", 503, Later, "The key set of the token's issuer cannot be fetched, so the token cannot be verified: retry later.";
    TokenCheckUnavailable = "token_check_unavailable", 503, Later, "The token's issuer does not answer whether the token is active: retry later.";
    NotCached = "not_cached", 504, No, "The cache has no response that `Cache-Control: only-if-cached` permits: send the request without it.";
    UpstreamTimeout = "upstream_timeout", 504, No, "The executor did not answer in time: raise the deadline, or the operator must raise its timeout.";
}

/// A refusal: its kind, and the details of this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub kind: RefusalKind,
    /// The place or an alternative, appended to the kind's message. Holds names and places, never values.
    pub detail: Option<Cow<'static, str>>,
    /// Delay before the client should retry.
    pub retry_after: Option<Millis>,
    /// The gateway has used up its own retries, so a client need not retry.
    pub is_spent: bool,
    /// The methods that the path does support, for `Allow`.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// Creates a refusal without details.
    #[must_use]
    pub const fn new(kind: RefusalKind) -> Self {
        Self { kind, detail: None, retry_after: None, is_spent: false, allow: None }
    }

    /// Creates a refusal with a detail: a place, or an alternative.
    #[must_use]
    pub fn with(kind: RefusalKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(kind) }
    }

    /// Sets the delay before a retry.
    #[must_use]
    pub fn after(self, wait: Millis) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// Returns the text for a human: the problem, its place, and the remedy.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.detail {
            None => self.kind.message().to_owned(),
            Some(detail) => format!("{} ({detail})", self.kind.message()),
        }
    }
}

impl From<json::JsonFault> for Refusal {
    fn from(fault: json::JsonFault) -> Self {
        let kind = match fault.kind {
            json::FaultKind::Syntax => RefusalKind::BodyNotJson,
            json::FaultKind::Unicode => RefusalKind::BodyNotUnicode,
            json::FaultKind::DuplicateMember => RefusalKind::BodyDuplicateMember,
            json::FaultKind::TooDeep => RefusalKind::BodyTooDeep,
            json::FaultKind::TooManyValues => RefusalKind::BodyTooManyValues,
            json::FaultKind::StringTooLong => RefusalKind::BodyStringTooLong,
            json::FaultKind::NumberTooLong => RefusalKind::BodyNumberTooLong,
        };
        Self::with(kind, format!("at byte {}", fault.offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_statuses_are_errors() {
        let names: BTreeSet<_> = RefusalKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), RefusalKind::ALL.len());
        for kind in RefusalKind::ALL {
            assert!((400..600).contains(&kind.status()), "{kind:?}");
            assert!(kind.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{kind:?}");
        }
    }
}
