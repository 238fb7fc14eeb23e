//! Requests whose answers must not depend on the platform.

mod bad;
mod calls;
mod governed;
mod keys;
mod lists;
mod passes;

use serde_json::Value;

/// The caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Without a key.
    Nobody,
    /// May do everything.
    Developer,
    /// May do a little: see `toolgate.toml` of these tests.
    Narrow,
    /// May list the Calc tools.
    Lister,
    /// Runs the gateway, and calls no tool.
    Operator,
    /// As the developer, of another tenant.
    Stranger,
    /// Under policies and rules about inputs.
    Governed,
    /// Under a limit of three calls a day.
    Throttled,
}

/// One request, and what must come of it beside being the same everywhere.
#[derive(Clone, Debug)]
pub struct Vector {
    /// Says where it comes from.
    pub name: String,
    /// The caller.
    pub caller: Caller,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers besides the key.
    pub headers: Vec<(String, String)>,
    /// The body, sent to the letter.
    pub body: Option<Vec<u8>>,
    /// The refusal's name, `ok` for a status below 300, or `not_modified` for 304; absent where only equality matters.
    pub outcome: Option<&'static str>,
    /// A value of the answer's body, by its JSON pointer, that stands for `{{name}}` in the vectors below.
    pub keep: Option<(&'static str, &'static str)>,
    /// True if every number in the answer is a count.
    pub counts: bool,
}

impl Vector {
    fn new(name: impl Into<String>, caller: Caller, method: &str, target: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            caller,
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: None,
            outcome: None,
            keep: None,
            counts: false,
        }
    }

    fn get(name: impl Into<String>, caller: Caller, target: impl Into<String>) -> Self {
        Self::new(name, caller, "GET", target)
    }

    fn send(name: impl Into<String>, caller: Caller, method: &str, target: impl Into<String>, body: &Value) -> Self {
        Self::new(name, caller, method, target).json(body.to_string())
    }

    /// A call of a tool, its input as text.
    fn call(name: impl Into<String>, caller: Caller, tool: &str, input: &str, user: &str) -> Self {
        let (tool, user) = (Value::from(tool), Value::from(user));
        let body = format!("{{\"tool_name\":{tool},\"input\":{input},\"user_id\":{user}}}");
        Self::new(name, caller, "POST", "/v1/tools/execute").json(body)
    }

    fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/json").bytes(body)
    }

    fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn ends(mut self, outcome: &'static str) -> Self {
        self.outcome = Some(outcome);
        self
    }

    fn ok(self) -> Self {
        self.ends("ok")
    }

    fn keep(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.keep = Some((name, pointer));
        self
    }
}

/// Every vector, in the order in which they must be sent: later ones build on earlier ones.
#[must_use]
pub fn all() -> Vec<Vector> {
    let mut vectors = Vec::new();
    vectors.extend(lists::all());
    vectors.extend(calls::calc());
    vectors.extend(calls::cached());
    vectors.extend(calls::engine());
    vectors.extend(passes::all());
    vectors.extend(bad::all());
    vectors.extend(keys::all());
    vectors.extend(governed::all());
    vectors.push(Vector { counts: true, ..Vector::get("metrics", Caller::Operator, "/metrics").ok() });
    vectors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_a_thousand_and_each_is_told_from_every_other() {
        let vectors = all();
        assert!(vectors.len() >= 1_000, "{}", vectors.len());
        let names: std::collections::BTreeSet<_> = vectors.iter().map(|vector| &vector.name).collect();
        assert_eq!(names.len(), vectors.len());
    }
}
