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
    QueryInvalid = "query_invalid", 400, No, "A query parameter has a value that it cannot have.";
    BodyBroken = "body_broken", 400, No, "The body ended early, or did not come in time: send as many bytes as Content-Length says.";
    BodyNotJson = "body_not_json", 400, No, "The body is not valid JSON.";
    BodyNotUnicode = "body_not_unicode", 400, No, "The body is not valid UTF-8 text, or has an unpaired surrogate.";
    BodyDuplicateMember = "body_duplicate_member", 400, No, "An object in the body has the same member twice: send it once.";
    BodyTooDeep = "body_too_deep", 400, No, "The body is nested more deeply than limits.json_depth allows.";
    BodyTooManyValues = "body_too_many_values", 400, No, "The body has more values than limits.json_values allows.";
    BodyStringTooLong = "body_string_too_long", 400, No, "A string in the body is longer than limits.string_bytes allows.";
    BodyNumberTooLong = "body_number_too_long", 400, No, "A number in the body has too many digits.";
    RequestInvalid = "request_invalid", 400, No, "A member of the body is missing or of the wrong type.";
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, No, "Idempotency-Key must be 1 to 256 visible ASCII characters.";
    CredentialMissing = "credential_missing", 401, No, "Send your API key as `Authorization: Bearer KEY`, `Authorization: KEY` or `X-API-Key: KEY`.";
    CredentialMalformed = "credential_malformed", 401, No, "The credential is not one API key of visible ASCII characters: send it once, in one header.";
    CredentialUnknown = "credential_unknown", 401, No, "The API key is not known here: check it, or ask the operator for one.";
    CredentialRevoked = "credential_revoked", 401, No, "The API key was revoked: ask the operator for a new one.";
    CredentialExpired = "credential_expired", 401, No, "The credential has expired: get a new one.";
    TokenMalformed = "token_malformed", 401, No, "The token is not a signed JWT in the compact form (RFC 7515) that can be read in one way only.";
    TokenTooLarge = "token_too_large", 401, No, "The token is longer than 8192 bytes.";
    TokenEncrypted = "token_encrypted", 401, No, "The token is encrypted (JWE): only signed ones are taken.";
    TokenHeaderForbidden = "token_header_forbidden", 401, No, "The token's header has a member that would bring a key or a rule of its own.";
    TokenAlgorithmRefused = "token_algorithm_refused", 401, No, "The token's algorithm is not one that its issuer may use here.";
    TokenTypeRefused = "token_type_refused", 401, No, "The token's typ is not one that its issuer may use here.";
    TokenIssuerUnknown = "token_issuer_unknown", 401, No, "Nobody with this token's iss is trusted here.";
    TokenKeyUnknown = "token_key_unknown", 401, No, "The token's issuer has no key of this kid and algorithm.";
    TokenSignatureInvalid = "token_signature_invalid", 401, No, "The token was not signed with the issuer's key.";
    TokenExpired = "token_expired", 401, No, "The token has expired.";
    TokenNotYetValid = "token_not_yet_valid", 401, No, "The token is not valid yet, or was issued in the future.";
    TokenAudienceWrong = "token_audience_wrong", 401, No, "The token was issued for somebody else: its aud is none of the issuer's audiences here.";
    TokenClaimsInvalid = "token_claims_invalid", 401, No, "A claim that is needed is missing or of the wrong type.";
    TokenInactive = "token_inactive", 401, No, "The token's issuer says that it is not valid.";
    TokenRevoked = "token_revoked", 401, No, "The token, its subject or its issuer was revoked.";
    WorkerTokenInvalid = "worker_token_invalid", 401, No, "The worker token is missing, expired or signed with another secret.";
    ActionNotPermitted = "action_not_permitted", 403, No, "The caller does not hold the action that this route needs: ask the operator to add it to the caller's `actions`.";
    ToolNotPermitted = "tool_not_permitted", 403, No, "The caller may not call this tool: ask the operator to add it to the caller's `tools`.";
    PolicyDenied = "policy_denied", 403, No, "A policy forbids this: the operator's rules in the detail say which.";
    PolicyError = "policy_error", 403, No, "A policy could not be evaluated for this request, and what cannot be decided is refused: the operator must mend the policy, or the request must have what it reads.";
    UserNotPermitted = "user_not_permitted", 403, No, "The caller may not name this user_id: ask the operator to add it to the caller's `users`.";
    ProjectNotPermitted = "project_not_permitted", 403, No, "The caller may not address this org and project: ask the operator to add it to the caller's `projects`.";
    ToolsUnnamed = "tools_unnamed", 403, No, "Name each tool that the model may use: the caller may not call every tool.";
    GrantNotPermitted = "grant_not_permitted", 403, No, "A key can grant no more than who issues it holds, unless that holds keys/admin.";
    TokenClaimRefused = "token_claim_refused", 403, No, "A claim of the token has a value that is not taken here.";
    TokenTenantUnmapped = "token_tenant_unmapped", 403, No, "The token is good, but names no tenant that its callers may have here.";
    PathUnknown = "path_unknown", 404, No, "There is nothing at this path: see /openapi.json for what there is.";
    ToolUnknown = "tool_unknown", 404, No, "There is no such tool.";
    ToolVersionUnknown = "tool_version_unknown", 404, No, "There is no such version of this tool.";
    AuthorizationUnknown = "authorization_unknown", 404, No, "There is no such authorisation that this caller began.";
    ScheduledToolUnknown = "scheduled_tool_unknown", 404, No, "There is no such scheduled execution for a user that this caller may name.";
    RecordUnknown = "record_unknown", 404, No, "Nothing is known of this request: what became of one is kept for as long as routing.explained says, per tenant.";
    KeyUnknown = "key_unknown", 404, No, "There is no such issued key of this tenant.";
    MethodNotAllowed = "method_not_allowed", 405, No, "This path does not take this method.";
    IdempotencyInFlight = "idempotency_in_flight", 409, Later, "A request with this Idempotency-Key is still under way.";
    KeyEnded = "key_ended", 409, No, "The key was revoked, has expired, or another has taken its place already.";
    KeysFull = "keys_full", 409, No, "There are too many issued keys, or this one grants too much at once: revoke some, or grant roles instead of lists.";
    BodyTooLarge = "body_too_large", 413, No, "The body is larger than limits.body_bytes allows.";
    ContentTypeUnsupported = "content_type_unsupported", 415, No, "Send the body as `Content-Type: application/json`.";
    IdempotencyKeyReused = "idempotency_key_reused", 422, No, "This Idempotency-Key was used with a different request: use a new key.";
    ToolAmbiguous = "tool_ambiguous", 422, No, "Two executors offer this tool, or two tools have this name: the operator must order them (registry.conflicts), or name it as Toolkit.Tool.";
    RateLimited = "rate_limited", 429, Later, "There were too many requests; the limit is named here. Wait as long as Retry-After says.";
    UpstreamThrottled = "upstream_throttled", 429, Later, "The executor limits how often it is called.";
    CredentialThrottled = "credential_throttled", 429, Later, "Too many credentials that nobody knows are presented here at once.";
    GatewayFault = "gateway_fault", 500, No, "The gateway failed; the fault is logged under this request's id.";
    UpstreamBroken = "upstream_broken", 502, No, "The connection to the executor broke before its answer was whole.";
    UpstreamCut = "upstream_cut", 502, No, "The executor's answer ended before its declared length.";
    UpstreamTooLarge = "upstream_too_large", 502, No, "The executor's answer is larger than execute.response_bytes allows.";
    UpstreamNotJson = "upstream_not_json", 502, No, "The executor's answer is not the JSON that its protocol demands.";
    UpstreamFailed = "upstream_failed", 502, No, "The executor answered with a server error.";
    UpstreamRefusedRequest = "upstream_refused_request", 502, No, "The executor did not accept the gateway's request.";
    UpstreamRefusedCredential = "upstream_refused_credential", 502, No, "The executor did not accept the gateway's credential: the operator must check it.";
    UpstreamUnreachable = "upstream_unreachable", 502, Later, "The executor cannot be reached.";
    UpstreamForbidden = "upstream_forbidden", 502, No, "This host does not allow calls to the executor's address: the operator must allow it.";
    OutcomeUnknown = "outcome_unknown", 502, No, "The call may or may not have been executed: check before you repeat it.";
    UpstreamBusy = "upstream_busy", 503, Later, "The executor is overloaded.";
    CircuitOpen = "circuit_open", 503, Later, "The executor failed so often lately that it is left alone for a while.";
    UpstreamSaturated = "upstream_saturated", 503, Later, "The executor has all the calls that it can do at once, and others that come first.";
    ConfigurationInvalid = "configuration_invalid", 503, No, "The gateway's configuration has faults; they are logged at start. Run `toolgate config check`.";
    EpochsUnavailable = "epochs_unavailable", 503, Later, "The gateway cannot learn what was revoked, and its fail mode is closed.";
    CredentialUnverifiable = "credential_unverifiable", 503, Later, "The credential cannot be verified now: who knows it does not answer.";
    KeyHashSecretMissing = "key_hash_secret_missing", 503, No, "Issued keys need the setting TOOLGATE_KEY_HASH_SECRET: the operator must set it.";
    LimiterUnavailable = "limiter_unavailable", 503, Later, "The gateway cannot learn how many requests a limit has left, and rate.fail_mode is closed.";
    Killed = "killed", 503, No, "The operator switched this off.";
    EngineMissing = "engine_missing", 503, No, "This needs an Arcade engine, and none is configured with a credential: set ARCADE_API_KEY.";
    ExecutorInactive = "executor_inactive", 503, No, "The executor of this tool has no credential: the operator must set it.";
    RegistryUnavailable = "registry_unavailable", 503, Later, "The list of tools could not be fetched yet from an executor that may have this tool.";
    DurableUnavailable = "durable_unavailable", 503, Later, "The durable store did not answer, and this request needs it.";
    DurableUnsupported = "durable_unsupported", 503, No, "This host has no durable store (SQLite), and this request needs one.";
    TokenKeysUnavailable = "token_keys_unavailable", 503, Later, "The keys of the token's issuer cannot be had, so the token cannot be checked.";
    TokenCheckUnavailable = "token_check_unavailable", 503, Later, "The token's issuer cannot be asked whether it is valid.";
    NotCached = "not_cached", 504, No, "There is no answer in the cache, and `Cache-Control: only-if-cached` asks for none from the executor.";
    UpstreamTimeout = "upstream_timeout", 504, No, "The executor did not answer in time.";
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
