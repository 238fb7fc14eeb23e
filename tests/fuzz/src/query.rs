//! Targets and queries: what was decoded and encoded anew means the same to the next reader, and stays in its place.

use toolgate::model::operation::{Asked, Operation, Query, find};
use toolgate::words::method::Method;
use toolgate::words::refusal::RefusalKind;

const METHODS: [Method; 7] =
    [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options];

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data.strip_suffix(b"\n").unwrap_or(data)) else {
        return;
    };
    if text.starts_with('/') {
        for method in METHODS {
            check_target(method, text);
        }
    } else {
        check_query(text);
    }
}

fn check_query(text: &str) {
    let query = match Query::parse(text) {
        Ok(query) => query,
        Err(refusal) => {
            let is_about_it = matches!(refusal.kind, RefusalKind::QueryInvalid | RefusalKind::TargetInvalid);
            assert!(is_about_it, "{refusal:?}");
            return;
        }
    };
    let encoded = query.encoded();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"?&=%-._~".contains(&byte);
    assert!(encoded.bytes().all(is_plain), "encoded: {encoded}");
    assert_eq!(Query::parse(encoded.strip_prefix('?').unwrap_or_default()), Ok(query.clone()), "encoded: {encoded}");
    for name in ["user_id", "wait", "limit", "include_format", ""] {
        assert!(query.get(name) != Some(""), "an empty value is none");
        assert!(query.list(name).all(|item| !item.is_empty() && item.trim() == item), "an item of a list is trimmed");
        let mut other = query.clone();
        other.set(name, "a b&c=d%".to_owned());
        let text = other.encoded();
        let read = Query::parse(text.strip_prefix('?').unwrap_or_default());
        // One more may be one too many.
        assert!(read.as_ref() == Ok(&other) || read.is_err_and(|refusal| refusal.kind == RefusalKind::QueryInvalid));
    }
}

fn check_target(method: Method, target: &str) {
    let asked = match find(method, target) {
        Ok(asked) => asked,
        Err(refusal) => {
            assert!((400..500).contains(&refusal.kind.status()), "a target is the caller's fault: {refusal:?}");
            assert_eq!(refusal.allow.is_some(), refusal.kind == RefusalKind::MethodNotAllowed);
            return;
        }
    };
    check_query(asked.query.encoded().strip_prefix('?').unwrap_or_default());
    if asked.engine_path.is_empty() {
        assert!(!matches!(asked.operation, Operation::Pass(_) | Operation::Chat), "nowhere to pass it to");
        return;
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/%-._~".contains(&byte);
    assert!(asked.engine_path.bytes().all(is_plain), "the engine's path: {}", asked.engine_path);
    let leaves = |segment: &str| matches!(segment, "" | "." | "..") || segment.to_ascii_lowercase().contains("%2f");
    assert!(!asked.engine_path.split('/').any(leaves), "the engine's path: {}", asked.engine_path);
    let again = format!("/v1/{}{}", asked.engine_path, asked.query.encoded());
    assert_eq!(find(method, &again), Ok(Asked { project: None, ..asked }), "the engine reads {again}");
}
