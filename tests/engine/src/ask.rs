//! One request, read whole: method, decoded path, query, headers, body, and which account and project it speaks for.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value;

use crate::answer::Answer;

/// The data that a request sees: the account of its key, and the org and project of its path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    /// `account-1` for the first key, and so on.
    pub account: String,
    /// `ORG/PROJECT`, or empty for the plain `/v1/...` paths.
    pub project: String,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Ask {
    pub method: Method,
    /// The path as it was sent, without the query.
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub scope: Scope,
}

impl Ask {
    /// The percent-decoded segments of the path.
    pub(crate) fn segments(&self) -> Vec<String> {
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        self.path.split('/').filter(|part| !part.is_empty()).map(decode).collect()
    }

    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A query value that is not empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A whole number in the query: `default` when absent.
    ///
    /// # Errors
    /// 400 when it is no number or over `max`.
    pub(crate) fn query_number(&self, name: &str, default: u64, max: u64) -> Result<u64, Answer> {
        let Some(text) = self.query(name) else {
            return Ok(default);
        };
        match text.parse::<u64>() {
            Ok(number) if number <= max => Ok(number),
            _ => Err(Answer::error(400, "invalid_parameter", &format!("{name} must be a whole number up to {max}"))),
        }
    }

    /// A flag in the query: absent means no.
    ///
    /// # Errors
    /// 400 when it is neither `true` nor `false`.
    pub(crate) fn query_flag(&self, name: &str) -> Result<bool, Answer> {
        match self.query(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Answer::error(400, "invalid_parameter", &format!("{name} must be true or false"))),
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 415 when it does not say it is JSON, 400 when it is not.
    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, Answer> {
        let kind = self.header("content-type").unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(Answer::error(415, "unsupported_media_type", "Content-Type must be application/json"));
        }
        serde_json::from_slice(&self.body)
            .map_err(|fault| Answer::error(400, "invalid_request", &format!("malformed request body: {fault}")))
    }

    /// The body as a JSON object, as `json` reads it.
    pub(crate) fn object(&self) -> Result<Value, Answer> {
        let value: Value = self.json()?;
        if value.is_object() {
            Ok(value)
        } else {
            Err(Answer::error(400, "invalid_request", "the body must be an object"))
        }
    }
}

/// A member of an object as text, or nothing.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A member of an object as text.
///
/// # Errors
/// 400 naming the member.
pub(crate) fn need<'a>(value: &'a Value, name: &str) -> Result<&'a str, Answer> {
    text(value, name).ok_or_else(|| Answer::error(400, "invalid_request", &format!("{name} is required")))
}
