//! Incoming requests, as the host hands them over.

use crate::words::json;
use crate::words::method::Method;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;

/// A request header that the gateway reads. The list is closed: a host fetches these and no others, so no other header
/// can matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Header {
    /// The API key, raw or as `Bearer`.
    Authorization,
    /// The API key, in the header that many tools use.
    XApiKey,
    /// The media type: must be JSON where there is a body.
    ContentType,
    /// The accepted media types: passed on for streamed responses.
    Accept,
    /// The idempotency key: one outcome per key (draft-ietf-httpapi-idempotency-key-header).
    IdempotencyKey,
    /// The caller's terms for freshness and storage of a response (RFC 9111 section 5.2.1).
    CacheControl,
    /// The entity tags of the client's copies: nothing is sent twice (RFC 9110 section 13.1.2).
    IfNoneMatch,
    /// The web origin: present on requests of browsers.
    Origin,
    /// W3C Trace Context: its trace id is recorded.
    Traceparent,
    /// The country of origin as determined by Cloudflare: for policies, where the configuration enables it.
    CfIpcountry,
    /// The time that the caller waits (`wait`, RFC 7240 section 4.3).
    Prefer,
    /// The priority that the caller gives the call (RFC 9218).
    Priority,
    /// The token that Cloudflare Access adds for the service behind it: used where an issuer's preset is
    /// `cloudflare-access`.
    CfAccessJwtAssertion,
}

impl Header {
    /// Every header, in the order of [`RequestHeaders`].
    pub const ALL: [Self; 13] = [
        Self::Authorization,
        Self::XApiKey,
        Self::ContentType,
        Self::Accept,
        Self::IdempotencyKey,
        Self::CacheControl,
        Self::IfNoneMatch,
        Self::Origin,
        Self::Traceparent,
        Self::CfIpcountry,
        Self::Prefer,
        Self::Priority,
        Self::CfAccessJwtAssertion,
    ];

    /// The names of [`Header::ALL`], in lower case and the same order: the headers that a host fetches from its own
    /// request.
    pub const NAMES: [&str; 13] = [
        "authorization",
        "x-api-key",
        "content-type",
        "accept",
        "idempotency-key",
        "cache-control",
        "if-none-match",
        "origin",
        "traceparent",
        "cf-ipcountry",
        "prefer",
        "priority",
        "cf-access-jwt-assertion",
    ];
}

/// The values of [`Header::NAMES`], in that order. A header sent several times is one value joined with `, ` (RFC 9110
/// section 5.3).
#[derive(Clone, Debug, Default)]
pub struct RequestHeaders(pub [Option<String>; 13]);

impl RequestHeaders {
    /// Returns the value of `header`, without surrounding white space.
    #[must_use]
    pub fn get(&self, header: Header) -> Option<&str> {
        self.0.get(header as usize).and_then(Option::as_deref).map(str::trim)
    }
}

/// The body as read by the host. Hosts stop reading at [`crate::words::limits::BODY_BYTES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// The whole body; empty when there is none.
    Whole(Vec<u8>),
    /// Larger than [`crate::words::limits::BODY_BYTES_MAX`], as declared or as sent.
    TooLarge,
    /// Cut short, or framed wrongly.
    Broken,
}

/// A request as a host hands it over.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query as sent, still percent-encoded: `/v1/tools?limit=2`.
    pub target: String,
    /// The headers that the gateway reads.
    pub headers: RequestHeaders,
    /// The body.
    pub body: RequestBody,
}

/// Bounds on requests.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Maximum bytes in a body.
    pub body_bytes: usize,
    /// Limits on the JSON of a body.
    pub json: json::Limits,
    /// Longest wait of a long poll.
    pub long_poll: Millis,
}

/// Checks the idempotency key, if one was sent.
///
/// # Errors
/// [`RefusalKind::IdempotencyKeyInvalid`].
pub fn idempotency_key(sent: Option<&str>) -> Result<Option<&str>, Refusal> {
    match sent {
        None | Some("") => Ok(None),
        Some(key) if key.len() <= 256 && key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(key)),
        Some(_) => Err(Refusal::new(RefusalKind::IdempotencyKeyInvalid)),
    }
}
