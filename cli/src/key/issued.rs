//! `toolgate key create | list | rotate | revoke`: issued keys of a running gateway.

use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::gateway::{Address, Gateway};
use crate::say;

/// A key to be issued.
#[derive(Args, Debug)]
pub(super) struct Create {
    #[command(flatten)]
    address: Address,
    /// A name for people.
    #[arg(long)]
    name: String,
    /// A role of the gateway's configuration. May stand more than once.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// An action that the roles are narrowed to, such as "tools/call". May stand more than once.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// A user that it may name; "*" for all. May stand more than once.
    #[arg(long = "user")]
    users: Vec<String>,
    /// A project, org/project, that it may address; "*" for all. May stand more than once.
    #[arg(long = "project")]
    projects: Vec<String>,
    /// Another tenant than one's own: needs keys/admin.
    #[arg(long)]
    tenant: Option<String>,
    /// Its lifetime, such as 90d, 12h, 30m or 45s; unlimited unless given.
    #[arg(long, value_parser = seconds)]
    expires_in: Option<u64>,
    /// A note for people.
    #[arg(long)]
    note: Option<String>,
}

/// The keys to be listed.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    address: Address,
    /// Another tenant than one's own, or "*": needs keys/admin.
    #[arg(long)]
    tenant: Option<String>,
}

/// A key to be rotated.
#[derive(Args, Debug)]
pub(super) struct Rotate {
    #[command(flatten)]
    address: Address,
    /// The id of the key whose place is taken.
    id: String,
    /// The time for which the earlier key stays valid.
    #[arg(long, value_parser = seconds, default_value = "1d")]
    overlap: u64,
    /// The lifetime of the new key; until the earlier one's end unless given.
    #[arg(long, value_parser = seconds)]
    expires_in: Option<u64>,
}

/// A key to be revoked.
#[derive(Args, Debug)]
pub(super) struct Revoke {
    #[command(flatten)]
    address: Address,
    /// The key's id.
    id: String,
}

/// The action that issuing, rotating and revoking need.
const WRITES: &str = "keys/write";

/// Most pages of a list: a gateway holds fewer keys.
const PAGES: usize = 200;

impl Create {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let answer = issue(&self.address.gateway(WRITES)?, &["keys"], &self.body())?;
        shown(&answer, "the new key")
    }

    fn body(&self) -> Value {
        let Self { address: _, name, roles, scopes, users, projects, tenant, expires_in, note } = self;
        let mut body = Map::new();
        body.insert("name".to_owned(), name.as_str().into());
        for (name, values) in [("roles", roles), ("scopes", scopes), ("users", users), ("projects", projects)] {
            body.insert(name.to_owned(), values.clone().into());
        }
        for (name, value) in [("tenant", tenant), ("note", note)] {
            body.extend(value.as_ref().map(|value| (name.to_owned(), value.as_str().into())));
        }
        body.extend(expires_in.map(|seconds| ("expires_in".to_owned(), seconds.into())));
        Value::Object(body)
    }
}

impl List {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let gateway = self.address.gateway("keys/read")?;
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("limit", "100")];
            query.extend(self.tenant.as_deref().map(|tenant| ("tenant", tenant)));
            query.extend(after.as_deref().map(|after| ("after", after)));
            let page = gateway.ask(&Method::GET, &["keys"], &query, None, None)?;
            if after.is_none() {
                say::output("id\tstate\ttenant\tname\troles\tcreated_at\texpires_at\thash_secret");
            }
            for key in page.get("items").and_then(Value::as_array).into_iter().flatten() {
                say::output(&row(key));
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(()),
            }
        }
        Err(Failure::new("the list does not end"))
    }
}

impl Rotate {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut body = Map::from_iter([("overlap".to_owned(), self.overlap.into())]);
        body.extend(self.expires_in.map(|seconds| ("expires_in".to_owned(), seconds.into())));
        let answer = issue(&self.address.gateway(WRITES)?, &["keys", &self.id, "rotate"], &Value::Object(body))?;
        shown(&answer, "the key that takes its place")
    }
}

impl Revoke {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let answer = self.address.gateway(WRITES)?.ask(&Method::DELETE, &["keys", &self.id], &[], None, None)?;
        say::step(&format!("revoked: {}", row(&answer)));
        Ok(())
    }
}

/// Requests a key such that a repetition leaves one live key, and no more.
fn issue(gateway: &Gateway, path: &[&str], body: &Value) -> Result<Value, Failure> {
    gateway.ask(&Method::POST, path, &[], Some(body), Some(&super::random("cli_")?))
}

/// Prints the key alone to stdout, so that it can be piped into its store.
fn shown(answer: &Value, what: &str) -> Result<(), Failure> {
    let key = answer.get("key").and_then(Value::as_str).ok_or_else(|| Failure::new("the answer holds no key"))?;
    say::step(&format!("{what}, which is shown this once: {}", row(answer)));
    say::output(key);
    Ok(())
}

/// Returns the line of a key in a list.
fn row(key: &Value) -> String {
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or("-");
    let roles = key.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let roles = roles.collect::<Vec<_>>().join(",");
    let [id, state, tenant, name] = ["id", "state", "tenant", "name"].map(text);
    let [created, expires, secret] = ["created_at", "expires_at", "hash_secret"].map(text);
    [id, state, tenant, name, &roles, created, expires, secret].join("\t")
}

/// Reads `90d`, `12h`, `30m` or `45s`, in seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    let found = units.into_iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(seconds)
    });
    found.ok_or_else(|| "must be a number with its unit, such as 90d, 12h, 30m or 45s".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        create: Create,
    }

    #[test]
    fn a_command_line_becomes_the_body() {
        let line = "x --url https://g.test --name bot --role a --role b --user u1 --expires-in 90d --note n";
        let create = Line::parse_from(line.split(' ')).create;
        let body = json!({"name": "bot", "roles": ["a", "b"], "scopes": [], "users": ["u1"], "projects": [], "note": "n", "expires_in": 7_776_000});
        assert_eq!(create.body(), body);
        assert!(Line::try_parse_from("x --url https://g.test --name bot".split(' ')).is_err(), "a role is needed");
    }

    #[test]
    fn spans_have_units() {
        let spans = ["1d", "12h", "30m", "45s"].map(|text| seconds(text).unwrap());
        assert_eq!(spans, [86_400, 43_200, 1_800, 45]);
        for wrong in ["", "d", "1", "1w", "-1s", "1.5h", "99999999999999999999d", "9999999999999999999d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
