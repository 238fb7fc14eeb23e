//! Every outbound HTTP call of the system.

use crate::words::method::Method;
use crate::words::refusal::RefusalKind;
use crate::words::secret::Secret;
use crate::words::time::Millis;

/// An outbound request. There is no way to forward a caller's credential: the only one is `authorization`.
#[derive(Clone, Debug)]
pub struct OriginRequest {
    /// The method.
    pub method: Method,
    /// An absolute `http` or `https` URL.
    pub url: String,
    /// Header names in lower case, and values without line breaks.
    pub headers: Vec<(&'static str, String)>,
    /// The whole value of the `Authorization` header: the gateway's own credential, written at the last moment.
    pub authorization: Option<Secret>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// Timeout of the whole exchange, response body included (for [`Origin::open`]: until the response's head has
    /// arrived).
    pub timeout: Millis,
    /// Bound on the response body in bytes; ignored by [`Origin::open`].
    pub response_limit: usize,
}

/// A response whose body has arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginResponse {
    /// The status, 100 to 599.
    pub status: u16,
    /// Those of [`RESPONSE_HEADERS`] that were present, in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body, exactly as long as declared.
    pub body: Vec<u8>,
}

impl OriginResponse {
    /// Returns the value of the response header `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str())
    }
}

/// A response whose body is still arriving, as the host's own stream.
#[derive(Debug)]
pub struct OriginStream<S> {
    /// The status, 100 to 599.
    pub status: u16,
    /// Those of [`RESPONSE_HEADERS`] that were present, in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: S,
}

/// Holds a response's body, or the stream that it arrives in: `S` is the host's own type.
#[derive(Debug)]
pub enum Body<S> {
    /// No body at all (`204 No Content`, `304 Not Modified`).
    Empty,
    /// The whole body.
    Bytes(Vec<u8>),
    /// A body that is still arriving, to be passed on as it comes.
    Stream(S),
}

/// The response headers that the core reads or passes on; a host reports these and no others.
pub const RESPONSE_HEADERS: [&str; 7] =
    ["content-type", "retry-after", "retry-after-ms", "x-should-retry", "etag", "www-authenticate", "cache-control"];

/// The reason for a missing or incomplete response. A caller must check [`OriginError::surely_not_sent`] before sending
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginError {
    /// No connection: name not found, connection refused, TLS not agreed. Nothing was sent.
    Unreachable,
    /// The host's own rules forbid the address. Nothing was sent.
    Forbidden,
    /// `timeout` passed.
    Timeout,
    /// The connection broke, or the response is not HTTP.
    Broken,
    /// The body ended before its declared length, or its framing is wrong.
    BodyCut,
    /// The body is longer than `response_limit`.
    BodyTooLarge,
}

impl OriginError {
    /// Returns true if the request provably never reached the other side.
    #[must_use]
    pub const fn surely_not_sent(self) -> bool {
        matches!(self, Self::Unreachable | Self::Forbidden)
    }
}

impl From<OriginError> for RefusalKind {
    fn from(error: OriginError) -> Self {
        match error {
            OriginError::Unreachable => Self::UpstreamUnreachable,
            OriginError::Forbidden => Self::UpstreamForbidden,
            OriginError::Timeout => Self::UpstreamTimeout,
            OriginError::Broken => Self::UpstreamBroken,
            OriginError::BodyCut => Self::UpstreamCut,
            OriginError::BodyTooLarge => Self::UpstreamTooLarge,
        }
    }
}

/// Sends outbound HTTP requests. Redirects are not followed; nothing is retried.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait Origin {
    /// A body that is passed on to our caller unread.
    type Stream;

    /// Sends `request` and collects the whole response within its bounds.
    ///
    /// # Errors
    /// [`OriginError`]; a status of 400 and above is a response, not an error.
    async fn send(&self, request: OriginRequest) -> Result<OriginResponse, OriginError>;

    /// Sends `request` and returns as soon as the head of the response has arrived.
    ///
    /// # Errors
    /// [`OriginError`]; a status of 400 and above is a response, not an error.
    async fn open(&self, request: OriginRequest) -> Result<OriginStream<Self::Stream>, OriginError>;
}
