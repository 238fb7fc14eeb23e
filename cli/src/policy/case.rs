//! A request to policies as people write it down, and its expected outcome.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use toolgate::model::caller::{Caller, ClaimValue, ProjectRule, UserRule};
use toolgate::policy::{Arguments, Denial, PolicyRequest, Resource, ToolFacts, User, Verdict};
use toolgate::words::action::Action;
use toolgate::words::json;
use toolgate::words::modes::Priority;
use toolgate::words::names::{CallerId, RoleId, TenantId};
use toolgate::words::time::Timestamp;

use super::rules::Rules;
use crate::failure::Failure;

/// A file of requests.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// The requests.
    pub requests: Vec<Case>,
}

/// One request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name in messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The caller.
    pub caller: CaseCaller,
    /// The action, such as `tools/call`.
    pub action: String,
    /// The tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<CaseTool>,
    /// The arguments; for `tools/call`, a request without them asks for the tool in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The project, as `org/project`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The time, in seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The expected verdict: `allow`, `maybe`, `not_permitted`, `policy_denied` or `policy_error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// The determining rules, in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<String>>,
}

/// A caller.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CaseCaller {
    /// Its id.
    pub id: String,
    /// Its tenant.
    pub tenant: String,
    /// Its roles; those of the configuration carry their grants.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Its scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Its claims.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
}

/// A tool.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CaseTool {
    /// Its name, as `Toolkit.Tool`.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The id of its executor.
    #[serde(default)]
    pub executor: String,
    /// Its declared hint that it only reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Its declared hint that it is destructive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Its declared hint that it is idempotent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// Its declared hint that it is open to the world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict, as in [`Case::expect`].
    pub verdict: &'static str,
    /// The rules, in order.
    pub rules: Vec<String>,
}

/// Limits on reading arguments.
const LIMITS: json::Limits = json::Limits { depth: 64, values: 100_000, string_bytes: 1 << 20, number_bytes: 4_400 };

impl Cases {
    /// Reads a file, in TOML or JSON.
    ///
    /// # Errors
    /// The fault of the file.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(file).map_err(Failure::file(file))?;
        let told = |error: String| Failure::new(format!("{}: {error}", file.display()));
        if file.extension().is_some_and(|extension| extension == "toml") {
            return toml::from_str(&text).map_err(|error| told(error.to_string()));
        }
        serde_json::from_str(&text).map_err(|error| told(error.to_string()))
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Case {
    /// Returns the difference from the expected outcome, if there is one.
    ///
    /// # Errors
    /// An invalid request.
    pub fn check(&self, rules: &Rules) -> Result<Option<String>, Failure> {
        let came = self.outcome(rules)?;
        if let Some(expected) = &self.expect
            && expected != came.verdict
        {
            return Ok(Some(format!("expected {expected}, came {} by {}", came.verdict, came.rules.join(", "))));
        }
        if let Some(expected) = &self.rules {
            let mut expected = expected.clone();
            expected.sort();
            let mut found = came.rules.clone();
            found.sort();
            if expected != found {
                return Ok(Some(format!("expected rules {}, came {}", expected.join(", "), found.join(", "))));
            }
        }
        Ok(None)
    }

    /// Returns the outcome under these rules.
    ///
    /// # Errors
    /// An invalid request.
    pub fn outcome(&self, rules: &Rules) -> Result<Outcome, Failure> {
        let action = Action::ALL.iter().find(|action| action.as_str() == self.action);
        let action = *action.ok_or_else(|| Failure::new(format!("there is no action {}", self.action)))?;
        let caller = self.caller(rules)?;
        let folded = self.tool.as_ref().map(|tool| tool.name.to_ascii_lowercase()).unwrap_or_default();
        let resource = match (&self.tool, &self.project) {
            (Some(tool), _) => Resource::Tool(tool.facts(&folded)),
            (None, Some(project)) => Resource::Project(project),
            (None, None) => Resource::Gateway,
        };
        let text = self.arguments.as_ref().map(Value::to_string).unwrap_or_default();
        let parsed = (!text.is_empty()).then(|| json::parse(text.as_bytes(), LIMITS)).transpose();
        let parsed = parsed.map_err(|fault| Failure::new(format!("arguments: {fault:?}")))?;
        let arguments = match (action, &parsed) {
            (Action::ToolsCall | Action::ToolsAuthorize, Some(known)) => Arguments::Known(known),
            (Action::ToolsCall | Action::ToolsAuthorize, None) => Arguments::Unknown,
            _ => Arguments::Absent,
        };
        let request = PolicyRequest {
            caller: &caller,
            action,
            resource,
            arguments,
            user: self.user.as_deref().map_or(User::Absent, User::Named),
            project: self.project.as_deref(),
            at: Some(Timestamp::from_millis(self.time.unwrap_or(0).saturating_mul(1000))),
            country: self.country.as_deref(),
        };
        let decision = rules.policies.decide(&request);
        let verdict = match decision.verdict {
            Verdict::Allow => "allow",
            Verdict::Maybe => "maybe",
            Verdict::Deny(Denial::NotPermitted) => "not_permitted",
            Verdict::Deny(Denial::Forbidden) => "policy_denied",
            Verdict::Deny(Denial::Error) => "policy_error",
        };
        let errors = decision.errors.iter().map(|(rule, _)| *rule);
        Ok(Outcome { verdict, rules: decision.rules.iter().copied().chain(errors).map(str::to_owned).collect() })
    }

    fn caller(&self, rules: &Rules) -> Result<Caller, Failure> {
        let given = &self.caller;
        let wrong = |what: &str| Failure::new(format!("the caller's {what} is no identifier"));
        let claim = |(name, value): (&String, &Value)| {
            let claim = match value {
                Value::String(text) => ClaimValue::Text(text.clone()),
                Value::Bool(flag) => ClaimValue::Flag(*flag),
                Value::Array(items) => {
                    ClaimValue::Texts(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                }
                other => ClaimValue::Number(other.as_i64()?),
            };
            Some((name.clone(), claim))
        };
        Ok(Caller {
            id: CallerId::new(&given.id).ok_or_else(|| wrong("id"))?,
            tenant: TenantId::new(&given.tenant).ok_or_else(|| wrong("tenant"))?,
            roles: given.roles.iter().filter_map(|role| RoleId::new(role)).collect(),
            scopes: given.scopes.clone(),
            within: None,
            claims: given.claims.iter().filter_map(claim).collect(),
            users: UserRule::Every,
            projects: ProjectRule::Every,
            priority: Priority::Normal,
            grants: given.roles.iter().filter_map(|role| rules.roles.get(role).cloned()).collect(),
        })
    }
}

impl CaseTool {
    fn facts<'t>(&'t self, folded: &'t str) -> ToolFacts<'t> {
        ToolFacts {
            folded,
            name: &self.name,
            version: &self.version,
            executor: &self.executor,
            read_only: self.read_only,
            destructive: self.destructive,
            idempotent: self.idempotent,
            open_world: self.open_world,
        }
    }
}
