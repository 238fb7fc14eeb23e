//! Faults on demand: rules that say which requests go wrong, how often, and how.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A kind of fault.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The answer comes `ms` later and is otherwise right.
    DelayMs,
    /// Another status: `code`, `body`, `content_type`, `headers`.
    Status,
    /// The connection is closed before any answer.
    Refuse,
    /// Head and `at` bytes of the body, then RST.
    Reset,
    /// Content-Length says more than the body that is sent (`at` bytes), then FIN.
    Cut,
    /// Content-Length says less (`declared`) than the body that is sent.
    Longer,
    /// The body comes `bytes` at a time, every `ms`.
    SlowDrip,
    /// 200, JSON by its content type, but not by its bytes (`body` to choose them).
    Garbage,
    /// 200 with a JSON string of `bytes` characters.
    Huge,
    /// 200 with an empty body.
    Empty,
    /// Chunked: `at` bytes, then FIN without the last chunk.
    ChunkedCut,
}

/// One rule. Rules are asked in order; the first that matches and still has `times` left decides.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// The path begins with this; absent: every path but `/_control`.
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub method: Option<String>,
    /// The tool that an execute (or a worker's invoke) names, without version, any case.
    #[serde(default)]
    pub tool: Option<String>,
    /// Matches to let pass first.
    #[serde(default)]
    pub skip: u64,
    /// Most requests that it may spoil; absent: all.
    #[serde(default)]
    pub times: Option<u64>,
    /// Chance for each match, 0 to 1; absent: 1.
    #[serde(default)]
    pub probability: Option<f64>,
    /// The seed of the chances: the same seed gives the same sequence.
    #[serde(default)]
    pub seed: u64,
    pub kind: Kind,
    /// True if the request is carried out before its answer is spoiled. By default a `status` or `refuse` is decided
    /// before anything ran, and every other kind spoils the answer of a call that did run.
    #[serde(default)]
    pub executed: Option<bool>,
    #[serde(default)]
    pub ms: Option<u64>,
    #[serde(default)]
    pub code: Option<u16>,
    #[serde(default)]
    pub body: Option<Value>,
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    pub content_type: Option<String>,
    #[serde(default)]
    pub at: Option<usize>,
    #[serde(default)]
    pub bytes: Option<usize>,
    #[serde(default)]
    pub declared: Option<usize>,
}

impl Rule {
    /// Returns true if the request runs before its answer is spoiled.
    pub(crate) fn executes(&self) -> bool {
        self.executed.unwrap_or(!matches!(self.kind, Kind::Status | Kind::Refuse))
    }
}

/// A rule at work: what it has seen so far and where its chances stand.
#[derive(Debug, Serialize)]
struct Working {
    rule: Rule,
    matched: u64,
    spoiled: u64,
    #[serde(skip)]
    chance: fastrand::Rng,
}

/// The rules in force.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Faults(Vec<Working>);

impl Faults {
    /// Adds rules behind those in force.
    pub(crate) fn add(&mut self, rules: Vec<Rule>) {
        let working =
            |rule: Rule| Working { matched: 0, spoiled: 0, chance: fastrand::Rng::with_seed(rule.seed), rule };
        self.0.extend(rules.into_iter().map(working));
    }

    /// Forgets every rule.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The rule that spoils this request, if one does; counts it.
    pub(crate) fn decide(&mut self, method: &str, path: &str, tool: Option<&str>) -> Option<Rule> {
        self.0.iter_mut().find_map(|working| working.decide(method, path, tool))
    }
}

impl Working {
    fn decide(&mut self, method: &str, path: &str, tool: Option<&str>) -> Option<Rule> {
        let rule = &self.rule;
        let on_path = rule.path.as_deref().is_none_or(|prefix| path.starts_with(prefix));
        let on_method = rule.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        let on_tool =
            rule.tool.as_deref().is_none_or(|wanted| tool.is_some_and(|tool| wanted.eq_ignore_ascii_case(tool)));
        if !(on_path && on_method && on_tool) || rule.times.is_some_and(|times| self.spoiled >= times) {
            return None;
        }
        self.matched = self.matched.saturating_add(1);
        if self.matched <= rule.skip || rule.probability.is_some_and(|limit| self.chance.f64() >= limit) {
            return None;
        }
        self.spoiled = self.spoiled.saturating_add(1);
        Some(rule.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Faults {
        let mut faults = Faults::default();
        faults.add(serde_json::from_str(text).unwrap());
        faults
    }

    fn hits(faults: &mut Faults, n: usize) -> Vec<bool> {
        (0..n).map(|_| faults.decide("POST", "/v1/tools/execute", Some("Mail.Send")).is_some()).collect()
    }

    #[test]
    fn a_fault_rule_skips_then_spoils_a_bounded_number() {
        let mut faults = rules(r#"[{"path":"/v1/tools/execute","tool":"mail.send","skip":1,"times":2,"kind":"cut"}]"#);
        assert!(faults.decide("GET", "/v1/tools", None).is_none());
        assert!(faults.decide("POST", "/v1/tools/execute", Some("Mail.Search")).is_none());
        assert_eq!(hits(&mut faults, 4), [false, true, true, false]);
        faults.clear();
        assert_eq!(hits(&mut faults, 1), [false]);
    }

    #[test]
    fn chances_repeat_with_their_seed() {
        let text = r#"[{"probability":0.5,"seed":7,"kind":"refuse"}]"#;
        let (first, second) = (hits(&mut rules(text), 200), hits(&mut rules(text), 200));
        assert_eq!(first, second);
        let spoiled = first.iter().filter(|hit| **hit).count();
        assert!((70..130).contains(&spoiled), "{spoiled} of 200");
        assert_ne!(first, hits(&mut rules(r#"[{"probability":0.5,"seed":8,"kind":"refuse"}]"#), 200));
    }

    #[test]
    fn an_unknown_member_is_refused() {
        assert!(serde_json::from_str::<Vec<Rule>>(r#"[{"kind":"cut","tims":1}]"#).is_err());
        assert!(serde_json::from_str::<Vec<Rule>>(r#"[{"kind":"sulk"}]"#).is_err());
    }
}
