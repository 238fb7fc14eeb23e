//! The tools on offer: the built-in ones, those of workers, and how a name in a request finds one.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::answer::{Answer, without_nulls};
use crate::ask::{Ask, text};
use crate::engine::Engine;

/// The place where a tool runs.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    BuiltIn,
    /// A worker, by its URL and shared secret.
    Worker {
        url: String,
        secret: String,
    },
}

/// One version of one tool.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub toolkit: Value,
    pub name: String,
    pub version: String,
    pub description: String,
    pub parameters: Vec<Value>,
    pub output: Value,
    /// `{provider_id, scopes}`, for a tool that needs a user's consent.
    pub authorization: Option<Value>,
    /// The keys of the secrets it needs.
    pub secrets: Vec<String>,
    pub metadata: Option<Value>,
    pub home: Home,
}

/// A built-in tool as `catalogue.json` writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    toolkit: String,
    name: String,
    version: String,
    description: String,
    parameters: Vec<Map<String, Value>>,
    output: String,
    #[serde(default)]
    authorization: Option<Value>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    metadata: Option<Value>,
}

/// Reads the built-in tools.
///
/// # Errors
/// `catalogue.json` is not what it should be.
pub(crate) fn built_in() -> Result<Vec<Tool>, String> {
    let entries: Vec<Entry> =
        serde_json::from_str(include_str!("catalogue.json")).map_err(|fault| format!("catalogue.json: {fault}"))?;
    Ok(entries.into_iter().map(Entry::into_tool).collect())
}

impl Entry {
    fn into_tool(self) -> Tool {
        let inferrable = |mut parameter: Map<String, Value>| {
            parameter.entry("inferrable").or_insert(Value::Bool(true));
            Value::Object(parameter)
        };
        Tool {
            toolkit: json!({"name": self.toolkit, "description": format!("The stand-in's {} tools", self.toolkit), "version": self.version}),
            name: self.name,
            version: self.version,
            description: self.description,
            parameters: self.parameters.into_iter().map(inferrable).collect(),
            output: json!({"available_modes": ["value", "error"], "description": "What the tool answers", "value_schema": {"val_type": self.output}}),
            authorization: self.authorization,
            secrets: self.secrets,
            metadata: self.metadata,
            home: Home::BuiltIn,
        }
    }
}

impl Tool {
    /// A tool as a worker lists it; nothing when it lacks what every tool has.
    pub(crate) fn from_worker(listed: Value, home: &Home) -> Option<Self> {
        let listed = without_nulls(listed);
        let toolkit = listed.get("toolkit")?.clone();
        let requirements = listed.get("requirements");
        let authorization = requirements.and_then(|needs| needs.get("authorization")).map(|needs| {
            let scopes = needs.get("oauth2").and_then(|oauth2| oauth2.get("scopes")).cloned().unwrap_or_else(|| json!([]));
            json!({"provider_id": text(needs, "provider_id").or(text(needs, "id")).unwrap_or("unknown"), "scopes": scopes})
        });
        let secrets = requirements.and_then(|needs| needs.get("secrets")).and_then(Value::as_array);
        Some(Self {
            name: text(&listed, "name")?.to_owned(),
            version: text(&toolkit, "version").unwrap_or("0.0.0").to_owned(),
            description: text(&listed, "description").unwrap_or_default().to_owned(),
            parameters: listed.get("input")?.get("parameters")?.as_array()?.clone(),
            output: listed.get("output").cloned().unwrap_or_else(|| json!({})),
            authorization,
            secrets: secrets
                .into_iter()
                .flatten()
                .filter_map(|secret| text(secret, "key").map(str::to_owned))
                .collect(),
            metadata: listed.get("metadata").cloned(),
            home: home.clone(),
            toolkit,
        })
    }

    pub(crate) fn toolkit_name(&self) -> &str {
        text(&self.toolkit, "name").unwrap_or_default()
    }

    /// `Toolkit.Tool`.
    pub(crate) fn qualified_name(&self) -> String {
        format!("{}.{}", self.toolkit_name(), self.name)
    }

    /// `Toolkit.Tool@1.2.3`.
    pub(crate) fn fully_qualified_name(&self) -> String {
        format!("{}@{}", self.qualified_name(), self.version)
    }

    /// The provider whose consent it needs.
    pub(crate) fn provider(&self) -> Option<&str> {
        self.authorization.as_ref().and_then(|needs| text(needs, "provider_id"))
    }

    /// The scopes that consent has to cover.
    pub(crate) fn scopes(&self) -> Value {
        self.authorization.as_ref().and_then(|needs| needs.get("scopes")).cloned().unwrap_or_else(|| json!([]))
    }

    /// The tool as the engine shows it; what it still needs is told for `user`.
    pub(crate) fn shown(&self, account: &Account, user: Option<&str>) -> Value {
        let mut shown = json!({
            "name": self.name, "qualified_name": self.qualified_name(), "fully_qualified_name": self.fully_qualified_name(),
            "toolkit": self.toolkit, "description": self.description, "input": {"parameters": self.parameters},
            "output": self.output, "requirements": self.requirements(account, user),
        });
        if let (Some(metadata), Some(members)) = (&self.metadata, shown.as_object_mut()) {
            members.insert("metadata".to_owned(), metadata.clone());
        }
        shown
    }

    fn requirements(&self, account: &Account, user: Option<&str>) -> Value {
        let secrets: Vec<Value> = self.secrets.iter().map(|key| account.secret_need(key)).collect();
        let mut met = secrets.iter().all(|secret| secret.get("met") == Some(&Value::Bool(true)));
        let mut needs = Map::new();
        if let Some(provider) = self.provider() {
            let mut consent = json!({
                "id": provider, "provider_id": provider, "provider_type": "oauth2", "oauth2": {"scopes": self.scopes()}, "status": "active",
            });
            let status = user.map(|user| account.consent(user, provider));
            met = met && status == Some("completed");
            if let (Some(status), Some(members)) = (status, consent.as_object_mut()) {
                members.insert("token_status".to_owned(), status.into());
            }
            needs.insert("authorization".to_owned(), consent);
        }
        if !secrets.is_empty() {
            needs.insert("secrets".to_owned(), secrets.into());
        }
        needs.insert("met".to_owned(), met.into());
        Value::Object(needs)
    }
}

impl Engine {
    /// Every tool that a scope sees, ordered by name and then by version, newest first. A name and version that several
    /// offer counts once: built-in before fronted before registered workers.
    pub(crate) fn tools(&self, account: &Account) -> Vec<Tool> {
        let mut tools: Vec<Tool> = Vec::new();
        let fronted = self.fronted.borrow();
        for tool in self.built_in.iter().chain(fronted.iter()).chain(account.worker_tools.values().flatten()) {
            let name = tool.fully_qualified_name();
            if !tools.iter().any(|known| known.fully_qualified_name().eq_ignore_ascii_case(&name)) {
                tools.push(tool.clone());
            }
        }
        tools.sort_by_cached_key(|tool| {
            (tool.qualified_name().to_ascii_lowercase(), std::cmp::Reverse(version_order(&tool.version)))
        });
        tools
    }

    /// The newest version of each tool.
    pub(crate) fn newest_tools(&self, account: &Account) -> Vec<Tool> {
        let mut tools = self.tools(account);
        tools.dedup_by_key(|tool| tool.qualified_name().to_ascii_lowercase());
        tools
    }

    /// The tool of a name in any form, at the version named by the name or by `version`, or else the newest.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) fn find_tool(&self, account: &Account, name: &str, version: Option<&str>) -> Result<Tool, Answer> {
        let (bare, wanted) = match name.split_once('@') {
            Some((bare, wanted)) => (bare, Some(wanted)),
            None => (name, version),
        };
        let matches = |tool: &Tool| {
            let known = tool.qualified_name();
            let named = known.eq_ignore_ascii_case(bare) || known.replace('.', "_").eq_ignore_ascii_case(bare);
            named && wanted.is_none_or(|wanted| tool.version.eq_ignore_ascii_case(wanted))
        };
        self.tools(account).into_iter().find(matches).ok_or_else(|| {
            Answer::error(
                404,
                "tool_not_found",
                &format!("there is no tool {name}{}", wanted.map(|v| format!(" at version {v}")).unwrap_or_default()),
            )
        })
    }

    /// The tools that a listing asks for.
    ///
    /// # Errors
    /// 400 for a filter or a flag that cannot be read.
    pub(crate) fn listed_tools(&self, ask: &Ask, account: &Account) -> Result<Vec<Tool>, Answer> {
        let all = ask.query_flag("include_all_versions")?;
        let filter = ask.query("filter").map(crate::filter::Filter::parse).transpose()?;
        let mut tools = if all { self.tools(account) } else { self.newest_tools(account) };
        if let Some(toolkit) = ask.query("toolkit") {
            tools.retain(|tool| tool.toolkit_name().eq_ignore_ascii_case(toolkit));
        }
        if let Some(filter) = filter {
            tools.retain(|tool| filter.matches(tool.metadata.as_ref()));
        }
        Ok(tools)
    }
}

/// Orders `1.10.0` after `1.9.0`.
fn version_order(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0)).collect()
}
