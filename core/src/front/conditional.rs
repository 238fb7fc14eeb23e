//! Conditional GETs: an entity tag on each response that a client may store, and 304 while nothing has changed.
//!
//! The tag is a digest of the body that this caller would get now, after it was admitted: it says nothing of what
//! others get, and a caller that is no longer admitted is refused before.

use std::borrow::Cow;

use hmac_sha256::Hash;

use crate::front::response::Answer;
use crate::model::request::{Header, Request};
use crate::ports::Body;
use crate::words::hex;

/// Terms of storing for the client: for itself, and revalidated each time, as a caller's rights can change at any time.
const KEPT: &str = "private, no-cache";

/// Gives a whole 200 its entity tag (RFC 9110, section 8.8.3); answers 304 to a client that has it (section 15.4.5).
pub(super) fn revalidated<S>(mut answer: Answer<S>, request: &Request) -> Answer<S> {
    let Body::Bytes(body) = &answer.body else { return answer };
    if answer.status != 200 {
        return answer;
    }
    // 128 bits: nobody gains by two bodies of their own with one tag.
    let digest = Hash::hash(body);
    let tag = format!("\"{}\"", hex::encode(digest.split_at(16).0));
    let is_known = request.headers.get(Header::IfNoneMatch).is_some_and(|known| names(known, &tag));
    if is_known {
        // Of the headers of a 200, those about the client's stored response.
        answer = Answer { status: 304, headers: Vec::new(), body: Body::Empty };
    }
    answer.headers.push(("etag", Cow::Owned(tag)));
    answer.headers.push(("cache-control", Cow::Borrowed(KEPT)));
    answer
}

/// Returns true if `If-None-Match` (RFC 9110, section 13.1.2) names the tag, by weak comparison (section 8.8.3.2).
fn names(list: &str, tag: &str) -> bool {
    if list == "*" {
        return true;
    }
    let mut rest = list;
    // Each turn takes at least one letter away, or ends.
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let opaque = rest.strip_prefix("W/").unwrap_or(rest);
        // A malformed list names no tag from there on.
        let Some((inside, behind)) = opaque.strip_prefix('"').and_then(|text| text.split_once('"')) else {
            return false;
        };
        if tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')) == Some(inside) {
            return true;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::{RequestBody, RequestHeaders};
    use crate::words::method::Method;

    fn ask(if_none_match: Option<&str>) -> Answer<()> {
        let mut headers = RequestHeaders::default();
        headers.0[Header::IfNoneMatch as usize] = if_none_match.map(str::to_owned);
        let (method, body) = (Method::Get, RequestBody::Whole(Vec::new()));
        let request = Request { method, target: "/v1/tools".to_owned(), headers, body };
        revalidated(Answer::json(200, b"{}".to_vec()), &request)
    }

    fn tag() -> String {
        let answer = ask(None);
        answer.headers.iter().find(|(name, _)| *name == "etag").map(|(_, tag)| tag.to_string()).unwrap()
    }

    #[test]
    fn a_tag_that_is_known_is_304() {
        let tag = tag();
        for known in [
            tag.clone(),
            "*".to_owned(),
            format!("W/{tag}"),
            format!("\"a\", {tag}"),
            format!("\"a,b\",W/\"\" , W/{tag} , \"c\""),
            format!(",,{tag}"),
        ] {
            let answer = ask(Some(&known));
            assert_eq!(answer.status, 304, "{known}");
            assert!(matches!(answer.body, Body::Empty), "{known}");
            let names: Vec<_> = answer.headers.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, ["etag", "cache-control"], "{known}");
        }
    }

    #[test]
    fn any_other_tag_is_200() {
        let tag = tag();
        let bare = tag.trim_matches('"');
        for other in ["", "\"a\"", bare, "**", "\"*\"", &format!("\"a{bare}\""), &format!("w/{tag}"), "W/", "\"", ","] {
            assert_eq!(ask(Some(other)).status, 200, "{other}");
        }
        assert_eq!(ask(None).status, 200);
    }

    #[test]
    fn a_refusal_has_no_tag() {
        let request = Request {
            method: Method::Get,
            target: String::new(),
            headers: RequestHeaders::default(),
            body: RequestBody::Whole(Vec::new()),
        };
        let answer = revalidated(Answer::<()>::json(404, b"{}".to_vec()), &request);
        assert!(answer.headers.iter().all(|(name, _)| *name != "etag"));
    }
}
