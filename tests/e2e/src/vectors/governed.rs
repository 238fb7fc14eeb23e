//! Calls under policies, rules about inputs and limits: what is decided does not depend on the platform.

use serde_json::json;

use super::{Caller, Vector};

const ADA: &str = "ada@acme.example";

/// Policies, inputs, limits.
pub(super) fn all() -> Vec<Vector> {
    let mut vectors = policies();
    vectors.extend(inputs());
    vectors.extend(limits());
    vectors.extend(tokens());
    vectors
}

fn policies() -> Vec<Vector> {
    let governed = Caller::Governed;
    let mut vectors = vec![
        Vector::get("governed list", governed, "/v1/tools?limit=100").ok(),
        Vector::get("governed get of what is forbidden", governed, "/v1/tools/Files.Delete").ends("policy_denied"),
        Vector::get("governed workers", governed, "/v1/workers").ok(),
        Vector::get("governed secrets", governed, "/v1/admin/secrets").ends("action_not_permitted"),
    ];
    for (name, tool, input, outcome) in [
        ("a permitted sum", "Calc.Plus", json!({"a": "1", "b": "2"}), "ok"),
        ("a forbidden sum", "Calc.Plus", json!({"a": "2", "b": "2"}), "policy_denied"),
        ("a sum of another type", "Calc.Plus", json!({"a": 1, "b": "2"}), "policy_denied"),
        ("a sum without its argument", "Calc.Plus", json!({"b": "2"}), "policy_error"),
        ("a sum of null", "Calc.Plus", json!({"a": null, "b": "2"}), "policy_error"),
        ("a sum of what no policy can read", "Calc.Plus", json!({"a": 1e300, "b": "2"}), "policy_error"),
        ("a subtraction by policy", "Calc.Minus", json!({"a": "1", "b": "2"}), "ok"),
        ("a product by nobody", "Calc.Times", json!({"a": "1", "b": "2"}), "tool_not_permitted"),
        ("a deletion", "Files.Delete", json!({"path": "/x"}), "policy_denied"),
        ("a deletion in capitals", "FILES.DELETE", json!({"path": "/x"}), "policy_denied"),
        ("mail within", "Mail.Send", json!({"to": "bo@acme.example"}), "ok"),
        ("mail without", "Mail.Send", json!({"to": "bo@example.com"}), "policy_denied"),
        ("mail to nobody", "Mail.Send", json!({}), "policy_denied"),
        ("what a dry run forbids", "Docs.Get", json!({"id": "d1"}), "ok"),
    ] {
        vectors.push(Vector::call(format!("governed: {name}"), governed, tool, &input.to_string(), ADA).ends(outcome));
    }
    for (name, tools) in [("with a deletion", json!(["Files.Delete"])), ("with sums", json!(["Calc.Plus"]))] {
        let body = json!({"model": "m", "messages": [], "tools": tools, "tool_choice": "generate"});
        let chat =
            Vector::send(format!("governed chat {name}"), Caller::Governed, "POST", "/v1/chat/completions", &body);
        vectors.push(chat.ends("action_not_permitted"));
    }
    vectors
}

fn inputs() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (name, input) in [
        ("a text", json!({"text": "operators allow this"})),
        ("a text that the rule forbids", json!({"text": "operators forbid this"})),
        ("a link", json!({"text": "x", "link": "https://example.com/a?b=c"})),
        ("a link to metadata", json!({"text": "x", "link": "http://169.254.169.254/latest/meta-data"})),
        ("a link to this machine", json!({"text": "x", "link": "https://localhost/"})),
        ("a link in octal", json!({"text": "x", "link": "https://0177.0.0.1/"})),
        ("a link that is a number", json!({"text": "x", "link": 7})),
    ] {
        for caller in [Caller::Governed, Caller::Developer] {
            let call =
                Vector::call(format!("input by {caller:?}: {name}"), caller, "Echo.Say", &input.to_string(), ADA);
            // What breaks a rule is answered in the tool's own error form.
            vectors.push(call.ok());
        }
    }
    vectors
}

fn limits() -> Vec<Vector> {
    let call = |name: &str| {
        let input = json!({"a": "1", "b": "2"}).to_string();
        let body = format!("{{\"tool_name\":\"Calc.Plus\",\"input\":{input}}}");
        Vector::new(format!("throttled: {name}"), Caller::Throttled, "POST", "/v1/tools/execute").json(body)
    };
    vec![
        call("first").ok(),
        Vector::call("throttled: a refusal takes nothing", Caller::Throttled, "Mail.Send", "{}", ADA)
            .ends("user_not_permitted"),
        call("second").ok(),
        call("third").ok(),
        call("fourth").ends("rate_limited"),
        call("fifth").ends("rate_limited"),
        Vector::get("throttled: a list counts too", Caller::Throttled, "/v1/tools?limit=1").ends("rate_limited"),
        Vector::get("others are not concerned", Caller::Developer, "/v1/tools?limit=1").ok(),
    ]
}

/// Tells malformed tokens of an issuer from malformed keys.
fn tokens() -> Vec<Vector> {
    let list = |name: &str, credential: &str| {
        let vector = Vector::get(format!("token: {name}"), Caller::Nobody, "/v1/tools?limit=1");
        vector.header("authorization", &format!("Bearer {credential}"))
    };
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.";
    vec![
        list("unsigned", unsigned).ends("token_algorithm_refused"),
        list("an issued key that is cut", "tgk_0011223344556677").ends("credential_malformed"),
        list("of too many parts", &"a.".repeat(4_000)).ends("token_malformed"),
        list("opaque, of nobody", "nobodys-0123456789").ends("credential_unknown"),
    ]
}
