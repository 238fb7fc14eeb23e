//! Lists of tools and single tools, in every format, filter and page.

use serde_json::json;

use super::{Caller, Vector};

const FORMATS: [&str; 3] = ["arcade", "openai", "anthropic"];

pub(super) fn all() -> Vec<Vector> {
    let mut vectors = Vec::new();
    pages(&mut vectors);
    filters(&mut vectors);
    single(&mut vectors);
    vectors
}

fn pages(vectors: &mut Vec<Vector>) {
    for caller in [Caller::Developer, Caller::Narrow, Caller::Lister] {
        for path in ["/v1/tools", "/v1/formatted_tools"] {
            for (limit, offset) in [(1, 0), (3, 2), (25, 0), (100, 0), (100, 30), (7, 31), (1_000, 0)] {
                let target = format!("{path}?limit={limit}&offset={offset}");
                vectors.push(Vector::get(format!("page {caller:?} {target}"), caller, target).ok());
            }
        }
    }
    for query in ["limit=-1", "limit=x", "offset=1e3", "limit=1&limit=2", "include_all_versions=maybe"] {
        let target = format!("/v1/tools?{query}");
        vectors.push(Vector::get(format!("page {query}"), Caller::Developer, target).ends("query_invalid"));
    }
}

fn filters(vectors: &mut Vec<Vector>) {
    let developer = Caller::Developer;
    for toolkit in ["Calc", "calc", "Echo", "Notes", "None", "Mail"] {
        for more in
            ["", "&include_all_versions=true", "&include_format=openai", "&include_format=arcade,openai,anthropic"]
        {
            let target = format!("/v1/tools?toolkit={toolkit}&limit=100{more}");
            vectors.push(Vector::get(format!("toolkit {target}"), developer, target).ok());
        }
    }
    for format in FORMATS {
        for toolkit in ["Calc", "Docs"] {
            let target = format!("/v1/formatted_tools?format={format}&toolkit={toolkit}&limit=100");
            vectors.push(Vector::get(format!("format {target}"), developer, target).ok());
        }
    }
    let filters = [
        json!({"behavior": {"read_only": true}}),
        json!({"behavior": {"destructive": true}}),
        json!({"behavior": {"operations": {"any_of": ["delete"]}}}),
        json!({"classification": {"service_domains": {"any_of": ["email"]}}}),
        json!({"unknown": 1}),
        json!([]),
    ];
    for filter in filters {
        let target = format!("/v1/tools?limit=100&filter={}", encoded(&filter.to_string()));
        vectors.push(Vector::get(format!("filter {filter}"), developer, target));
    }
    vectors.push(Vector::get("filter not json", developer, "/v1/tools?filter=%7B"));
    for user in ["ada@acme.example", "gus@acme.example"] {
        for caller in [developer, Caller::Narrow] {
            let target = format!("/v1/tools?toolkit=Mail&user_id={}", encoded(user));
            vectors.push(Vector::get(format!("list for {user} by {caller:?}"), caller, target));
        }
    }
}

fn single(vectors: &mut Vec<Vector>) {
    let names = [
        "Calc.Plus",
        "calc.plus",
        "Calc_Plus",
        "Calc.Plus@1.0.0",
        "CALC.ROOT",
        "Calc.Total",
        "Docs.Get",
        "Docs_Get",
        "Notes.Read@1.0.0",
        "Notes.Read",
        "Mail.Search",
        "Clock.Now",
        "Vault.Peek",
        "Echo.Say%401.0.0",
    ];
    for name in names {
        for path in ["tools", "formatted_tools"] {
            let plain = format!("/v1/{path}/{name}");
            vectors.push(Vector::get(format!("get {plain}"), Caller::Developer, &plain).ok());
            let option = if path == "tools" { "include_format" } else { "format" };
            for format in FORMATS {
                let target = format!("{plain}?{option}={format}");
                vectors.push(Vector::get(format!("get {target}"), Caller::Developer, target).ok());
            }
        }
    }
    for (name, outcome) in [
        ("Calc.Pluss", "tool_unknown"),
        ("Nothing.Here", "tool_unknown"),
        ("Calc.Plus@9.9.9", "tool_version_unknown"),
        ("Notes.Read@3.0.0", "tool_version_unknown"),
    ] {
        let target = format!("/v1/tools/{name}");
        vectors.push(Vector::get(format!("get {target}"), Caller::Developer, target).ends(outcome));
    }
    for name in ["Calc.Plus", "Calc.Minus", "Docs.Get", "Nothing.Here"] {
        let target = format!("/v1/tools/{name}");
        vectors.push(Vector::get(format!("narrow get {name}"), Caller::Narrow, target));
    }
    let at = "/v1/orgs/acme/projects/web";
    vectors.push(Vector::get("project list", Caller::Narrow, format!("{at}/tools?limit=100")).ok());
    vectors.push(Vector::get("project get", Caller::Developer, format!("{at}/tools/Docs.Get")).ok());
    let elsewhere = "/v1/orgs/acme/projects/other/tools";
    vectors.push(Vector::get("another project", Caller::Narrow, elsewhere).ends("project_not_permitted"));
}

/// Percent-encoded, except for what needs none.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
