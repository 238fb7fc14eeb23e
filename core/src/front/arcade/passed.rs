//! Requests that an engine answered: its status, body and some of its headers are the response.

use std::borrow::Cow;

use crate::backends::Passed;
use crate::front::response::Answer;

/// Writes the response from the engine's answer.
pub(crate) fn answer<S>(passed: Passed<S>) -> Answer<S> {
    let headers = passed.headers.into_iter().filter(|(name, _)| !matches!(*name, "www-authenticate" | "cache-control"));
    Answer {
        status: passed.status,
        headers: headers.map(|(name, value)| (name, Cow::Owned(value))).collect(),
        body: passed.body,
    }
}
