//! Random requests, in a small vocabulary that random policies share, so that their conditions meet.

use std::collections::BTreeMap;

use fastrand::Rng;
use toolgate::model::caller::{Caller, ClaimValue, ProjectRule, UserRule};
use toolgate::policy::{Arguments, PolicyRequest, Resource, ToolFacts, User};
use toolgate::words::action::Action;
use toolgate::words::json::{self, Json};
use toolgate::words::modes::Priority;
use toolgate::words::names::{CallerId, RoleId, TenantId};
use toolgate::words::time::Timestamp;

/// Ids of callers.
pub const CALLERS: [&str; 3] = ["ada", "bob", "eve"];
/// Ids of tenants.
pub const TENANTS: [&str; 2] = ["acme", "globex"];
/// Names of roles.
pub const ROLES: [&str; 3] = ["reader", "ops", "admin"];
/// Names of tools, in lower case.
pub const TOOLS: [&str; 4] = ["calc.plus", "calc.minus", "mail.send", "docs.get"];
/// Names of toolkits, in lower case.
pub const TOOLKITS: [&str; 3] = ["math", "mail", "docs"];
/// Ids of executors.
pub const EXECUTORS: [&str; 2] = ["local", "worker"];
/// Texts that stand in attributes, arguments and policies.
pub const TEXTS: [&str; 8] = ["", "a", "ada", "acme", "reader", "DE", "10.1.2.3", "x*y"];
/// Numbers that do.
pub const NUMBERS: [i64; 8] = [0, 1, -1, 7, 13, 100, i64::MAX, i64::MIN];
/// Decimals that do.
pub const DECIMALS: [&str; 5] = ["0.0", "1.5", "-3.25", "100.0001", "1.50"];
/// Names of arguments.
pub const ARGUMENTS: [&str; 6] = ["amount", "price", "to", "tags", "flag", "nested"];
/// The actions that requests ask for.
pub const ACTIONS: [Action; 6] = [
    Action::ToolsCall,
    Action::ToolsCall,
    Action::ToolsList,
    Action::ToolsAuthorize,
    Action::AdminRead,
    Action::AuthAuthorize,
];

/// A request and everything it borrows from.
#[derive(Clone, Debug)]
pub struct World {
    /// The caller.
    pub caller: Caller,
    /// The action.
    pub action: Action,
    /// The tool; `None` for a request about the gateway or a project.
    pub tool: Option<Facts>,
    /// The arguments, as the text of a JSON object.
    pub arguments: Json<'static>,
    /// The user.
    pub user: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// The time.
    pub at: Timestamp,
    /// The country.
    pub country: Option<String>,
}

/// The facts of a tool.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its name, in lower case.
    pub folded: &'static str,
    /// Its version.
    pub version: String,
    /// The executor.
    pub executor: &'static str,
    /// Its declarations: `read_only`, `destructive`, `idempotent`, `open_world`.
    pub flags: [Option<bool>; 4],
}

/// One of them.
pub fn pick<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    *all.get(rng.usize(..all.len())).expect("not empty")
}

/// Each with even odds.
pub fn some<'t>(rng: &mut Rng, all: &[&'t str]) -> Vec<&'t str> {
    all.iter().copied().filter(|_| rng.bool()).collect()
}

fn maybe(rng: &mut Rng, texts: &[&str]) -> Option<String> {
    rng.bool().then(|| (pick(rng, texts)).to_owned())
}

/// A random JSON value for which a Cedar value stands.
pub fn json_text(rng: &mut Rng, depth: usize) -> String {
    match rng.u8(..if depth == 0 { 4 } else { 6 }) {
        0 => pick(rng, &NUMBERS).to_string(),
        1 => (pick(rng, &DECIMALS)).to_owned(),
        2 => format!("\"{}\"", pick(rng, &TEXTS)),
        3 => rng.bool().to_string(),
        4 => {
            let items: Vec<String> = (0..rng.usize(..4)).map(|_| json_text(rng, depth.saturating_sub(1))).collect();
            format!("[{}]", items.join(","))
        }
        _ => object_text(rng, depth.saturating_sub(1)),
    }
}

fn object_text(rng: &mut Rng, depth: usize) -> String {
    let mut members = Vec::new();
    for name in ARGUMENTS {
        if rng.bool() {
            members.push(format!("\"{name}\":{}", argument(rng, name, depth)));
        }
    }
    format!("{{{}}}", members.join(","))
}

/// A value for an argument, mostly of the type that policies expect of it.
fn argument(rng: &mut Rng, name: &str, depth: usize) -> String {
    match name {
        _ if rng.u8(..8) == 0 => json_text(rng, depth),
        "amount" => pick(rng, &NUMBERS).to_string(),
        "price" => (pick(rng, &DECIMALS)).to_owned(),
        "to" => format!("\"{}\"", pick(rng, &TEXTS)),
        "flag" => rng.bool().to_string(),
        "tags" => {
            let items: Vec<String> = some(rng, &TEXTS).into_iter().map(|text| format!("\"{text}\"")).collect();
            format!("[{}]", items.join(","))
        }
        _ if depth > 0 => object_text(rng, depth.saturating_sub(1)),
        _ => "{}".to_owned(),
    }
}

/// A random object of arguments.
pub fn arguments(rng: &mut Rng) -> Json<'static> {
    parse(&object_text(rng, 2))
}

/// The JSON value of a text.
pub fn parse(text: &str) -> Json<'static> {
    let limits = json::Limits { depth: 16, values: 10_000, string_bytes: 1_000, number_bytes: 100 };
    json::parse(text.as_bytes(), limits).expect("valid JSON").into_owned()
}

/// A random caller without grants.
pub fn caller(rng: &mut Rng) -> Caller {
    let mut claims = BTreeMap::new();
    let mut claim = |rng: &mut Rng, name: &str, value| {
        if rng.bool() {
            claims.insert(name.to_owned(), value);
        }
    };
    let text = ClaimValue::Text((pick(rng, &TEXTS)).to_owned());
    claim(rng, "department", text);
    let number = ClaimValue::Number(pick(rng, &NUMBERS));
    claim(rng, "level", number);
    let flag = ClaimValue::Flag(rng.bool());
    claim(rng, "mfa", flag);
    let texts = ClaimValue::Texts(some(rng, &TEXTS).into_iter().map(str::to_owned).collect());
    claim(rng, "groups", texts);
    Caller {
        id: CallerId::new(pick(rng, &CALLERS)).expect("an id"),
        tenant: TenantId::new(pick(rng, &TENANTS)).expect("an id"),
        roles: some(rng, &ROLES).into_iter().filter_map(RoleId::new).collect(),
        scopes: some(rng, &TEXTS).into_iter().map(str::to_owned).collect(),
        within: None,
        claims,
        users: UserRule::Every,
        projects: ProjectRule::Every,
        priority: Priority::Normal,
        grants: Vec::new(),
    }
}

/// A random request.
pub fn world(rng: &mut Rng) -> World {
    let action = pick(rng, &ACTIONS);
    let is_tool = action.as_str().starts_with("tools/");
    World {
        caller: caller(rng),
        action,
        tool: is_tool.then(|| Facts {
            folded: pick(rng, &TOOLS),
            version: format!("1.{}.0", rng.u8(..2)),
            executor: pick(rng, &EXECUTORS),
            flags: [(); 4].map(|()| rng.bool().then(|| rng.bool())),
        }),
        arguments: arguments(rng),
        user: maybe(rng, &TEXTS),
        project: maybe(rng, &["org/one", "org/two"]),
        at: Timestamp::from_millis(rng.u64(1_700_000_000_000..1_800_000_000_000)),
        country: maybe(rng, &["DE", "FR", "US"]),
    }
}

impl World {
    /// Returns true if the action has arguments.
    #[must_use]
    pub fn has_arguments(&self) -> bool {
        matches!(self.action, Action::ToolsCall | Action::ToolsAuthorize)
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> PolicyRequest<'_> {
        let resource = match (&self.tool, &self.project) {
            (Some(tool), _) => Resource::Tool(tool.facts()),
            (None, Some(project)) => Resource::Project(project),
            (None, None) => Resource::Gateway,
        };
        PolicyRequest {
            caller: &self.caller,
            action: self.action,
            resource,
            arguments: if self.has_arguments() { Arguments::Known(&self.arguments) } else { Arguments::Absent },
            user: self.user.as_deref().map_or(User::Absent, User::Named),
            project: self.project.as_deref(),
            at: Some(self.at),
            country: self.country.as_deref(),
        }
    }
}

impl Facts {
    /// As a request has them.
    #[must_use]
    pub fn facts(&self) -> ToolFacts<'_> {
        let [read_only, destructive, idempotent, open_world] = self.flags;
        ToolFacts {
            folded: self.folded,
            name: self.folded,
            version: &self.version,
            executor: self.executor,
            read_only,
            destructive,
            idempotent,
            open_world,
        }
    }
}
