//! Writes the response fields about the limits: `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-11), structured fields by RFC 9651.

use crate::access::rate::RateLimit;
use crate::words::time::{Millis, write_number};

/// The usual size of both fields, in bytes.
const FIELD_BYTES: usize = 160;

/// Holds both fields, while they are written. An empty list means a field that is not sent (RFC 9651, section 3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimitFields {
    /// The value of `RateLimit-Policy`.
    pub policy: String,
    /// The value of `RateLimit`.
    pub service: String,
}

impl RateLimitFields {
    /// Notes that `limit` applies to this request.
    pub(crate) fn policy(&mut self, limit: &RateLimit) {
        separate(&mut self.policy);
        self.policy.push_str(&limit.policy);
    }

    /// Notes the number of requests that the caller can certainly still make at once.
    pub(crate) fn left(&mut self, limit: &RateLimit, left: u64) {
        self.item(limit, b";r=", left.min(limit.pace.burst));
    }

    /// Notes that no token is left, and the time for which that lasts.
    pub(crate) fn exhausted(&mut self, limit: &RateLimit, wait: Millis) {
        self.item(limit, b";r=0;t=", wait.as_secs_ceil());
    }

    fn item(&mut self, limit: &RateLimit, before: &[u8], number: u64) {
        let mut text = std::mem::take(&mut self.service).into_bytes();
        if text.is_empty() {
            text.reserve(FIELD_BYTES);
        } else {
            text.extend_from_slice(b", ");
        }
        text.push(b'"');
        text.extend_from_slice(limit.id.as_str().as_bytes());
        text.push(b'"');
        text.extend_from_slice(before);
        write_number(&mut text, number);
        self.service = String::from_utf8(text).unwrap_or_default();
    }
}

fn separate(list: &mut String) {
    if list.is_empty() {
        list.reserve(FIELD_BYTES);
    } else {
        list.push_str(", ");
    }
}
