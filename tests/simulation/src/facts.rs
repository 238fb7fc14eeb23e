//! Facts behind an answer: executors write them into the answer, invariants read them back.

use serde_json::{Value, json};

/// A way to reach an executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// As an engine.
    Engine,
    /// As a worker.
    Worker,
}

/// Everything a run of a tool depended on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The way to the executor.
    pub via: Via,
    /// The account whose credential was used.
    pub account: String,
    /// The project that was addressed.
    pub project: Option<String>,
    /// The tool.
    pub tool: String,
    /// Its version.
    pub version: String,
    /// The user.
    pub user: Option<String>,
    /// The schema the executor declared then.
    pub schema: u32,
    /// The arguments, as text.
    pub input: String,
}

impl Facts {
    /// The answer's value: these facts and the number of the run.
    #[must_use]
    pub fn to_value(&self, number: usize) -> Value {
        json!({
            "via": if self.via == Via::Engine { "engine" } else { "worker" },
            "account": self.account, "project": self.project, "tool": self.tool, "version": self.version,
            "user": self.user, "schema": self.schema, "input": self.input, "number": number,
        })
    }
}

/// One run of a tool at an executor.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The request that it was made for.
    pub request: usize,
    /// The time.
    pub at: u64,
    /// The facts behind it.
    pub facts: Facts,
}

/// A tool that the executors offer.
#[derive(Clone, Copy, Debug)]
pub struct SimTool {
    /// Its qualified name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The operations it declares; `None` declares nothing at all.
    pub operations: Option<&'static [&'static str]>,
}

/// The tools: reading ones with and without a rule, writing ones, ones that declare nothing, one in two versions.
pub const TOOLS: &[SimTool] = &[
    SimTool { name: "Mail.Search", version: "1.0.0", operations: Some(&["read"]) },
    SimTool { name: "Mail.Send", version: "1.0.0", operations: Some(&["create"]) },
    SimTool { name: "Docs.Get", version: "1.0.0", operations: Some(&["read"]) },
    SimTool { name: "Docs.Get", version: "1.1.0", operations: Some(&["read"]) },
    SimTool { name: "Docs.Delete", version: "1.1.0", operations: Some(&["delete"]) },
    SimTool { name: "Weather.Today", version: "2.0.0", operations: None },
    SimTool { name: "Odd.Thing", version: "2.0.0", operations: None },
];

/// Returns true if a tool with this name only reads by its own declaration.
#[must_use]
pub fn declares_read(name: &str) -> bool {
    TOOLS.iter().any(|tool| tool.name == name && tool.operations == Some(&["read"]))
}
