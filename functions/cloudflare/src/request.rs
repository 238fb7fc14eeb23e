//! A request, converted from `js/entry.js` for the core.

use toolgate::model::request::{Header, Request, RequestBody, RequestHeaders};
use toolgate::words::method::Method;

use crate::lines;

/// The outcomes of reading the body in JavaScript; the numbers stand in `js/body.js` too.
mod fate {
    pub(super) const WHOLE: u8 = 0;
    pub(super) const TOO_LARGE: u8 = 1;
}

/// Reads `head`: the method, the URL and the values of [`Header::NAMES`], one per line.
pub(crate) fn read(head: &str, body: Vec<u8>, fate: u8) -> Request {
    let mut lines = head.split('\n');
    let method = Method::parse(lines.next().unwrap_or_default());
    let target = target(lines.next().unwrap_or_default()).to_owned();
    let headers = RequestHeaders(Header::ALL.map(|_| lines::value(&mut lines).map(str::to_owned)));
    let body = match fate {
        fate::WHOLE => RequestBody::Whole(body),
        fate::TOO_LARGE => RequestBody::TooLarge,
        _ => RequestBody::Broken,
    };
    Request { method, target, headers, body }
}

/// Returns path and query of an absolute URL, as sent.
fn target(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let start = after_scheme.find(['/', '?']);
    start.and_then(|start| after_scheme.get(start..)).unwrap_or("/")
}
