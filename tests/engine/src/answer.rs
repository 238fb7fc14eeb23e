//! One answer, before it becomes HTTP: so that a fault can still take its bytes apart.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::ask::Ask;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Content {
    /// Known whole.
    Whole(Bytes),
    /// Sent piece by piece as the pieces come, chunked.
    Pieces(mpsc::Receiver<Bytes>),
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub content: Content,
}

impl Answer {
    /// JSON with a status.
    pub(crate) fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        Self::whole(status, "application/json", body)
    }

    /// Bytes with a status and a content type.
    pub(crate) fn whole(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, content: Content::Whole(body.into()) }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), content: Content::Whole(Bytes::new()) }
    }

    /// The contract's error body.
    pub(crate) fn error(status: u16, name: &str, message: &str) -> Self {
        Self::json(status, &json!({"name": name, "message": message}))
    }

    /// A page of `items` as `limit` (default 25, at most 100) and `offset` ask for it.
    pub(crate) fn page(ask: &Ask, items: Vec<Value>) -> Self {
        let window = ask.query_number("limit", 25, 100).and_then(|limit| {
            let offset = ask.query_number("offset", 0, u64::from(u32::MAX))?;
            Ok((limit, offset))
        });
        let (limit, offset) = match window {
            Ok(window) => window,
            Err(refusal) => return refusal,
        };
        let total = items.len();
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        let shown: Vec<Value> = items.into_iter().skip(skip).take(take).collect();
        Self::json(
            200,
            &json!({"page_count": shown.len(), "items": shown, "limit": limit, "offset": offset, "total_count": total}),
        )
    }

    /// The same answer with one more header.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A handler's outcome: both sides are answers, so `?` ends a handler early with a refusal.
pub(crate) type Handled = Result<Answer, Answer>;

/// Takes nulls out of objects, all the way down: workers send them, engines do not.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(name, member)| (name, without_nulls(member)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
