//! Bad input of every kind: bodies, names, keys, paths, methods, headers.

use serde_json::json;

use super::{Caller, Vector};

const EXECUTE: &str = "/v1/tools/execute";

pub(super) fn all() -> Vec<Vector> {
    let mut vectors = Vec::new();
    bodies(&mut vectors);
    members(&mut vectors);
    lookalikes(&mut vectors);
    names(&mut vectors);
    credentials(&mut vectors);
    paths(&mut vectors);
    methods(&mut vectors);
    headers(&mut vectors);
    vectors
}

fn bodies(vectors: &mut Vec<Vector>) {
    let wrapped = |data: &str| format!("{{\"tool_name\":\"Echo.Say\",\"input\":{{\"text\":\"x\",\"data\":{data}}}}}");
    let deep = |levels: usize| wrapped(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    let rows: Vec<(&str, Vec<u8>, &'static str)> = vec![
        ("empty", Vec::new(), "body_not_json"),
        ("blank", b"  \n".to_vec(), "body_not_json"),
        ("cut short", b"{\"tool_name\": \"Echo.Say\", ".to_vec(), "body_not_json"),
        ("two values", b"{}{}".to_vec(), "body_not_json"),
        ("a trailing comma", b"{\"tool_name\":\"Echo.Say\",}".to_vec(), "body_not_json"),
        ("a comment", b"{/* x */}".to_vec(), "body_not_json"),
        ("NaN", wrapped("NaN").into_bytes(), "body_not_json"),
        ("a leading zero", wrapped("01").into_bytes(), "body_not_json"),
        ("a leading plus", wrapped("+1").into_bytes(), "body_not_json"),
        ("a bare fraction", wrapped(".5").into_bytes(), "body_not_json"),
        ("single quotes", b"{'tool_name':'Echo.Say'}".to_vec(), "body_not_json"),
        ("a raw line break", wrapped("\"a\nb\"").into_bytes(), "body_not_json"),
        ("an unknown escape", wrapped("\"\\x41\"").into_bytes(), "body_not_json"),
        ("a byte order mark", [b"\xef\xbb\xbf".as_slice(), wrapped("1").as_bytes()].concat(), "body_not_json"),
        ("html", b"<html></html>".to_vec(), "body_not_json"),
        ("not UTF-8", [b"{\"tool_name\":\"".as_slice(), b"\xff\xfe\"}"].concat(), "body_not_unicode"),
        ("a lone surrogate", wrapped("\"\\ud800\"").into_bytes(), "body_not_unicode"),
        ("a duplicate", b"{\"tool_name\":\"Echo.Say\",\"tool_name\":\"Mail.Send\"}".to_vec(), "body_duplicate_member"),
        ("a duplicate below", wrapped("{\"a\":1,\"\\u0061\":2}").into_bytes(), "body_duplicate_member"),
        ("deep enough", deep(28).into_bytes(), "ok"),
        ("too deep", deep(33).into_bytes(), "body_too_deep"),
        ("far too deep", deep(100_000).into_bytes(), "body_too_deep"),
        ("a long number", wrapped(&"9".repeat(4_401)).into_bytes(), "body_number_too_long"),
        ("a long string", wrapped(&format!("\"{}\"", "s".repeat(262_145))).into_bytes(), "body_string_too_long"),
        ("many values", wrapped(&format!("[{}1]", "1,".repeat(20_000))).into_bytes(), "body_too_many_values"),
        ("one byte too many", sized(1_048_577), "body_too_large"),
        ("two megabytes", sized(2_097_152), "body_too_large"),
        ("five megabytes", sized(5_242_880), "body_too_large"),
    ];
    for (name, body, outcome) in rows {
        vectors.push(Vector::new(format!("body {name}"), Caller::Developer, "POST", EXECUTE).json(body).ends(outcome));
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
        "json",
        "application/json-patch+json",
    ] {
        let vector = Vector::new(format!("type {kind:?}"), Caller::Developer, "POST", EXECUTE);
        let vector = vector.header("content-type", kind).bytes(wrapped("1"));
        vectors.push(vector.ends("content_type_unsupported"));
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", " application/json ;a=b"] {
        let vector = Vector::new(format!("type {kind:?}"), Caller::Developer, "POST", EXECUTE);
        vectors.push(vector.header("content-type", kind).bytes(wrapped("1")).ok());
    }
    for target in
        ["/v1/tools/authorize", "/v1/tools/requirements", "/v1/auth/authorize", "/v1/chat/completions", "/v1/workers"]
    {
        let vector = Vector::new(format!("not json {target}"), Caller::Developer, "POST", target);
        vectors.push(vector.json("{").ends("body_not_json"));
    }
}

/// A valid body of this many bytes.
fn sized(bytes: usize) -> Vec<u8> {
    let (start, end) = (b"{\"tool_name\":\"Echo.Say\",\"input\":{\"text\":\"x\"}", b"}");
    let mut body = start.to_vec();
    body.resize(bytes.saturating_sub(end.len()), b' ');
    body.extend_from_slice(end);
    body
}

fn members(vectors: &mut Vec<Vector>) {
    let rows = [
        json!([]),
        json!("x"),
        json!(1),
        json!(null),
        json!({}),
        json!({"tool_name": 1}),
        json!({"tool_name": ""}),
        json!({"tool_name": null}),
        json!({"tool_name": "Echo.Say", "input": []}),
        json!({"tool_name": "Echo.Say", "input": "x"}),
        json!({"tool_name": "Echo.Say", "user_id": 7}),
        json!({"tool_name": "Echo.Say", "tool_version": 1}),
        json!({"tool_name": "Echo.Say", "include_error_stacktrace": "yes"}),
        json!({"tool_name": "Echo.Say", "run_at": 5}),
        json!({"tool_name": "Echo.Say", "user_id": "a\u{0}b"}),
        json!({"tool_name": "Echo.Say", "user_id": "u".repeat(257)}),
        json!({"tool_name": "Echo.Say", "user_id": ""}),
        json!({"tool_name": "Calc.Plus", "input": {"a": "1", "b": "2"}, "run_at": "2035-01-01T00:00:00"}),
        json!({"tool_name": "Calc.CommonDivisor", "input": {"a": "1", "b": "2"}, "run_at": "2035-01-01T00:00:00"}),
    ];
    for body in rows {
        let name: String = body.to_string().chars().take(80).collect();
        vectors.push(
            Vector::send(format!("members {name}"), Caller::Developer, "POST", EXECUTE, &body).ends("request_invalid"),
        );
    }
}

/// Members that a reader which ignores the case of names would take for those that are checked.
fn lookalikes(vectors: &mut Vec<Vector>) {
    let requirement = json!({"provider_id": "x"});
    for (target, body) in [
        ("/v1/auth/authorize", json!({"User_ID": "gus@acme.example", "auth_requirement": requirement})),
        ("/v1/auth/authorize", json!({"u\u{17f}er_id": "gus@acme.example", "auth_requirement": requirement})),
        ("/v1/auth/confirm_user", json!({"flow_id": "f", "USER_ID": "gus@acme.example"})),
        ("/v1/tools/authorize", json!({"tool_name": "Calc.Plus", "Tool_Name": "Files.Delete"})),
        ("/v1/tools/requirements", json!({"tools": [{"tool_name": "Calc.Plus", "TOOL_NAME": "Files.Delete"}]})),
        ("/v1/chat/completions", json!({"messages": [], "Tools": ["Files.Delete"]})),
        ("/v1/chat/completions", json!({"messages": [], "tools": [{"function": {"name": "Calc.Plus", "Name": "x"}}]})),
    ] {
        let name = format!("lookalike {target} {body}");
        vectors.push(Vector::send(name, Caller::Developer, "POST", target, &body).ends("request_invalid"));
    }
}

fn names(vectors: &mut Vec<Vector>) {
    for (caller, tool, user, outcome) in [
        (Caller::Developer, "Echo.Sayy", "ada@acme.example", "tool_unknown"),
        (Caller::Developer, "Mathh.Add", "ada@acme.example", "tool_unknown"),
        (Caller::Developer, "Echo.Say@9", "ada@acme.example", "tool_version_unknown"),
        (Caller::Narrow, "Echo.Say", "gus@acme.example", "user_not_permitted"),
        (Caller::Narrow, "Echo.Say", "ADA@acme.example", "user_not_permitted"),
        (Caller::Narrow, "Files.Delete", "ada@acme.example", "tool_not_permitted"),
        (Caller::Narrow, "files.delete", "ada@acme.example", "tool_not_permitted"),
        (Caller::Narrow, "Nothing.Here", "ada@acme.example", "tool_not_permitted"),
        (Caller::Lister, "Calc.Plus", "ada@acme.example", "action_not_permitted"),
        (Caller::Operator, "Calc.Plus", "ada@acme.example", "action_not_permitted"),
        (Caller::Nobody, "Calc.Plus", "ada@acme.example", "credential_missing"),
    ] {
        vectors.push(
            Vector::call(format!("name {tool} for {user} by {caller:?}"), caller, tool, "{}", user).ends(outcome),
        );
    }
    for tool in [
        "Echo",
        ".",
        "Echo.",
        ".Say",
        "Echo.Say.Twice",
        "Echo Say",
        "Echo.Say@",
        "Échö.Say",
        "Echo/Say",
        "_",
        "Files_Delete",
    ] {
        for caller in [Caller::Developer, Caller::Narrow] {
            vectors.push(Vector::call(
                format!("odd name {tool:?} by {caller:?}"),
                caller,
                tool,
                "{}",
                "ada@acme.example",
            ));
        }
    }
}

fn credentials(vectors: &mut Vec<Vector>) {
    let list = |name: String| Vector::get(name, Caller::Nobody, "/v1/tools?limit=1");
    let known = "tg_e2e_other_0123456789abcdef";
    for (name, header, value, outcome) in [
        ("bare", "authorization", known.to_owned(), "ok"),
        ("bearer", "authorization", format!("Bearer {known}"), "ok"),
        ("bearer in capitals", "authorization", format!("BEARER {known}"), "ok"),
        ("bearer with spaces", "authorization", format!("Bearer   {known}"), ""),
        ("x-api-key", "x-api-key", known.to_owned(), "ok"),
        ("basic", "authorization", format!("Basic {known}"), ""),
        ("empty", "authorization", String::new(), ""),
        ("bearer alone", "authorization", "Bearer".to_owned(), ""),
        ("unknown", "authorization", "Bearer tg_nobody_knows_this_key".to_owned(), "credential_unknown"),
        ("another case", "authorization", known.to_uppercase(), "credential_unknown"),
        ("one byte more", "authorization", format!("{known}0"), "credential_unknown"),
        ("the engine's own", "authorization", "engine-key-of-the-gateway".to_owned(), "credential_unknown"),
        ("very long", "authorization", "k".repeat(4_000), ""),
        ("two in one", "authorization", format!("{known}, {known}"), "credential_malformed"),
    ] {
        let vector = list(format!("key {name}")).header(header, &value);
        vectors.push(if outcome.is_empty() { vector } else { vector.ends(outcome) });
    }
    let twice = list("key twice".to_owned()).header("authorization", known).header("x-api-key", known);
    vectors.push(twice);
    let other = list("two different keys".to_owned()).header("authorization", known);
    vectors.push(other.header("x-api-key", "tg_e2e_full_0123456789abcdef"));
    let twice = list("authorization twice".to_owned()).header("authorization", known).header("authorization", known);
    vectors.push(twice.ends("credential_malformed"));
    let query = format!("/v1/tools?limit=1&api_key={known}");
    vectors.push(Vector::get("key in the query", Caller::Nobody, query).ends("credential_missing"));
}

fn paths(vectors: &mut Vec<Vector>) {
    for target in [
        "/",
        "/v1",
        "/v2/tools",
        "/tools",
        "/v1/tool",
        "/v1/tools/a/b",
        "/V1/tools",
        "/v1/Tools",
        "/gate",
        "/gate/v2/epochs",
        "/worker",
        "/health",
        "/v1/orgs/acme/tools",
        "/v1/orgs/acme/projects/web",
        "/v1/orgs/acme/projects/web/gate/v1/epochs",
        "/favicon.ico",
        "/.env",
        "/v1/a/b/c/d/e/f/g/h/i/j/k/l/m",
        "/v1/orgs/a%2Fb/projects/web/tools",
        "/mcp",
    ] {
        vectors.push(Vector::get(format!("path {target}"), Caller::Developer, target).ends("path_unknown"));
    }
    for target in [
        "/v1/workers/%2e%2e%2fadmin",
        "/v1/workers/%00",
        "/v1/workers/a%5Cb",
        "/v1/workers/%252e",
        "/v1/workers/a%3Fb",
        "/v1/workers/%ff",
        "/v1/tools/%zz",
        "/v1/tools?limit=%zz",
        "/v1/tools?%ff=1",
        "/v1/workers/a%0Ab",
    ] {
        vectors.push(Vector::get(format!("path {target}"), Caller::Developer, target).ends("target_invalid"));
    }
    let many: Vec<String> = (0..33).map(|index| format!("p{index}=1")).collect();
    vectors.push(
        Vector::get("33 parameters", Caller::Developer, format!("/v1/tools?{}", many.join("&"))).ends("query_invalid"),
    );
    let target = format!("/v1/tools/{}", "a".repeat(3_000));
    vectors.push(Vector::get("a long name", Caller::Developer, target));
    vectors.push(Vector::get("a trailing slash", Caller::Developer, "/v1/tools/?limit=1").ok());
    vectors.push(Vector::get("a semicolon", Caller::Developer, "/v1/tools;x=1").ends("path_unknown"));
    vectors.push(Vector::get("plus and encoded plus", Caller::Developer, "/v1/tools?toolkit=a+b%2Bc").ok());
}

fn methods(vectors: &mut Vec<Vector>) {
    for (method, target) in [("GET", "/v1/workers"), ("HEAD", "/v1/tools"), ("GET", "/health/live")] {
        // A body of GET has no meaning (RFC 9110 section 9.3.1).
        let vector = Vector::new(format!("{method} {target} with a body"), Caller::Developer, method, target);
        vectors.push(vector.header("content-type", "text/plain").bytes("ignored").ok());
    }

    for target in [
        "/v1/tools",
        "/v1/tools/Calc.Plus",
        EXECUTE,
        "/v1/workers",
        "/v1/workers/w",
        "/v1/admin/settings/session_verification",
        "/health/live",
        "/metrics",
        "/gate/v1/epochs",
        "/worker/tools/invoke",
        "/v1/auth/status",
        "/nowhere",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            vectors.push(Vector::new(format!("{method} {target}, nobody"), Caller::Nobody, method, target));
        }
        vectors.push(Vector::new(format!("HEAD {target}"), Caller::Developer, "HEAD", target));
    }
    for origin in ["https://app.example.com", "https://evil.example", "null"] {
        let preflight = Vector::new(format!("preflight of {origin}"), Caller::Nobody, "OPTIONS", EXECUTE);
        vectors.push(preflight.header("origin", origin).header("access-control-request-method", "POST").ok());
        let call = Vector::get(format!("call of {origin}"), Caller::Developer, "/v1/tools?limit=1");
        vectors.push(call.header("origin", origin).ok());
        vectors.push(Vector::get(format!("refusal of {origin}"), Caller::Nobody, "/v1/tools").header("origin", origin));
    }
}

fn headers(vectors: &mut Vec<Vector>) {
    for (name, value) in [
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-host", "evil.example"),
        ("x-original-url", "/gate/v1/epochs"),
        ("x-http-method-override", "DELETE"),
        ("x-request-id", "req_mine"),
        ("forwarded", "for=1.2.3.4"),
        ("via", "1.1 x"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("traceparent", "nonsense"),
        ("cookie", "a=b"),
        ("accept", "text/html"),
        ("accept-language", "de"),
        ("range", "bytes=0-1"),
        ("x-user-id", "root"),
        ("toolgate-refusal", "x"),
        ("cache-status", "x"),
        ("te", "trailers"),
    ] {
        let vector = Vector::get(format!("header {name}: {value}"), Caller::Developer, "/v1/tools?limit=1");
        vectors.push(vector.header(name, value).ok());
    }
    let unchanged = Vector::get("header if-none-match: *", Caller::Developer, "/v1/tools?limit=1");
    vectors.push(unchanged.header("if-none-match", "*").ends("not_modified"));
    let long = "h".repeat(6_000);
    let vector = Vector::get("a header of 6,000 bytes", Caller::Developer, "/v1/tools?limit=1").header("x-long", &long);
    vectors.push(vector.ok());
    let mut many = Vector::get("60 headers", Caller::Developer, "/v1/tools?limit=1").ok();
    for index in 0..60 {
        many = many.header(&format!("x-h{index}"), "v");
    }
    vectors.push(many);
    let body = "27\r\n{\"tool_name\":\"Echo.Say\",\"input\":{\"text\"\r\n6\r\n:\"ch\"}\r\n1\r\n}\r\n0\r\n\r\n";
    let chunked = Vector::new("a chunked body", Caller::Developer, "POST", EXECUTE).json(body);
    vectors.push(chunked.header("transfer-encoding", "chunked").ok());
}
