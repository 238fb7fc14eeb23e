//! `toolgate cache`: the cache of a running gateway, for its operators. See docs/operations.md.

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::gateway::Address;
use crate::say;

/// The `cache` subcommand.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell what the cache holds, and what it saved.
    Stats {
        #[command(flatten)]
        address: Address,
    },
    /// Tell what is kept for a call, without making it.
    Lookup(Lookup),
    /// Make cached answers stale, everywhere.
    Invalidate(Invalidate),
    /// Make the configured calls that are due now.
    Warm {
        #[command(flatten)]
        address: Address,
    },
}

/// A call that is described.
#[derive(Args, Debug)]
struct Lookup {
    #[command(flatten)]
    address: Address,
    /// The tool, such as Docs.Get.
    #[arg(long)]
    tool: String,
    /// Its version; the preferred one unless given.
    #[arg(long)]
    tool_version: Option<String>,
    /// The user that the call would be made for.
    #[arg(long)]
    user: Option<String>,
    /// The arguments: a JSON object.
    #[arg(long, value_parser = object, default_value = "{}")]
    input: Value,
    /// The project, org/project, that it would be made in.
    #[arg(long)]
    project: Option<String>,
}

/// The scope to invalidate.
#[derive(Args, Debug)]
struct Invalidate {
    #[command(flatten)]
    address: Address,
    /// The kind of scope.
    scope: Scope,
    /// Its name: the toolkit's, tool's, tag's or user's, or the key's digest.
    name: Option<String>,
    /// Another tenant than one's own: needs cache/admin.
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scope {
    /// Every tenant's answers: needs cache/admin.
    All,
    /// All of a tenant.
    Tenant,
    /// Those of a toolkit.
    Toolkit,
    /// Those of a tool.
    Tool,
    /// Those of the tools that a rule gives a tag.
    Tag,
    /// One user's own.
    User,
    /// One, by the key that a lookup told.
    Key,
}

impl Scope {
    /// Returns the word of the scope, and the member that names its target.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::All => ("all", None),
            Self::Tenant => ("tenant", None),
            Self::Toolkit => ("toolkit", Some("toolkit")),
            Self::Tool => ("tool", Some("tool")),
            Self::Tag => ("tag", Some("tag")),
            Self::User => ("user", Some("user_id")),
            Self::Key => ("key", Some("key")),
        }
    }
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure`]: the gateway's refusal, or its silence.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (address, action, method, path, body) = match &arguments.command {
        Command::Stats { address } => (address, "cache/read", Method::GET, None, None),
        Command::Lookup(lookup) => (&lookup.address, "cache/read", Method::POST, Some("lookup"), Some(lookup.body())),
        Command::Invalidate(invalidate) => {
            (&invalidate.address, "cache/invalidate", Method::POST, Some("invalidate"), Some(invalidate.body()?))
        }
        Command::Warm { address } => (address, "cache/warm", Method::POST, Some("warm"), None),
    };
    let path: Vec<&str> = ["cache"].into_iter().chain(path).collect();
    let answer = address.gateway(action)?.ask(&method, &path, &[], body.as_ref(), None)?;
    say::output(&format!("{answer:#}"));
    Ok(())
}

impl Lookup {
    fn body(&self) -> Value {
        let Self { address: _, tool, tool_version, user, input, project } = self;
        let mut body = Map::from_iter([("tool_name".to_owned(), tool.as_str().into())]);
        for (name, value) in [("tool_version", tool_version), ("user_id", user), ("project", project)] {
            body.extend(value.as_ref().map(|value| (name.to_owned(), value.as_str().into())));
        }
        body.insert("input".to_owned(), input.clone());
        Value::Object(body)
    }
}

impl Invalidate {
    fn body(&self) -> Result<Value, Failure> {
        let (word, member) = self.scope.words();
        let mut body = Map::from_iter([("scope".to_owned(), word.into())]);
        match (member, &self.name) {
            (Some(member), Some(name)) => drop(body.insert(member.to_owned(), name.as_str().into())),
            (None, None) => {}
            (Some(_), None) => return Err(Failure::new(format!("{word}: which? give its name behind the scope"))),
            (None, Some(name)) => {
                let what = if word == "tenant" { "name another tenant with --tenant" } else { "leave it out" };
                return Err(Failure::new(format!("{word} takes no name, such as {name}: {what}")));
            }
        }
        body.extend(self.tenant.as_ref().map(|tenant| ("tenant".to_owned(), tenant.as_str().into())));
        Ok(Value::Object(body))
    }
}

fn object(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|fault| format!("must be JSON: {fault}"))?;
    if value.is_object() { Ok(value) } else { Err("must be a JSON object".to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn command(line: &str) -> Command {
        Line::parse_from(["x"].into_iter().chain(line.split(' '))).arguments.command
    }

    #[test]
    fn a_described_call_becomes_the_body() {
        let Command::Lookup(lookup) =
            command("lookup --url https://g.test --tool Docs.Get --user u1 --input {\"n\":1} --project o/p")
        else {
            panic!("another command");
        };
        let body = json!({"tool_name": "Docs.Get", "user_id": "u1", "project": "o/p", "input": {"n": 1}});
        assert_eq!(lookup.body(), body);
        let wrong = "x lookup --url https://g.test --tool Docs.Get --input [1]";
        assert!(Line::try_parse_from(wrong.split(' ')).is_err(), "an object is needed");
    }

    #[test]
    fn a_scope_becomes_the_body_or_is_told_what_it_lacks() {
        let body = |line: &str| match command(&format!("invalidate --url https://g.test {line}")) {
            Command::Invalidate(invalidate) => invalidate.body().map_err(|failure| failure.to_string()),
            _ => panic!("another command"),
        };
        for (line, expected) in [
            ("all", json!({"scope": "all"})),
            ("tenant --tenant b", json!({"scope": "tenant", "tenant": "b"})),
            ("toolkit Docs", json!({"scope": "toolkit", "toolkit": "Docs"})),
            ("tool Docs.Get --tenant b", json!({"scope": "tool", "tool": "Docs.Get", "tenant": "b"})),
            ("tag crm", json!({"scope": "tag", "tag": "crm"})),
            ("user u1", json!({"scope": "user", "user_id": "u1"})),
            ("key 00ff", json!({"scope": "key", "key": "00ff"})),
        ] {
            assert_eq!(body(line), Ok(expected), "{line}");
        }
        for (line, said) in [("tool", "which?"), ("tenant b", "--tenant"), ("all b", "leave it out")] {
            assert!(body(line).is_err_and(|told| told.contains(said)), "{line}");
        }
    }
}
