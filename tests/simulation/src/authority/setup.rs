//! A random configuration, and what is asked under it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toolgate::words::method::Method;

use crate::scenario::LEASE_MS;
use crate::world::World;

/// Tools that are asked for: local ones, an engine's, and one that nobody offers.
pub(super) const TOOLS: &[&str] =
    &["Calc.Plus", "Calc.Minus", "Mail.Search", "Mail.Send", "Docs.Get", "Odd.Thing", "No.Tool"];

/// Users that are named.
pub(super) const USERS: [Option<&str>; 3] = [None, Some("u1"), Some("u2")];

/// Arguments of a call; `Calc` tools take all of them.
pub(super) const ARGUMENTS: [&str; 4] =
    [r#"{"a":"1","b":"2"}"#, r#"{"a":"1","b":"900"}"#, r#"{"a":"x","b":"2"}"#, r#"{"a":"1"}"#];

const ACTIONS: [&str; 12] = [
    "*",
    "*",
    "tools/*",
    "tools/*",
    "tools/*",
    "tools/call",
    "tools/call",
    "tools/list",
    "workers/read",
    "admin/*",
    "health/read",
    "epochs/read",
];

const PATTERNS: [&str; 10] =
    ["*", "*", "*", "Calc.*", "Calc.Plus", "calc.minus", "Mail.*", "Docs.Get", "ODD.*", "Mail.Search"];

/// A role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// Its name.
    pub(super) id: String,
    /// Its actions.
    pub(super) actions: Vec<&'static str>,
    /// Its tools.
    pub(super) tools: Vec<&'static str>,
}

/// A caller.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// Its name, which is also its key's.
    pub(super) id: String,
    /// Its tenant.
    pub(super) tenant: &'static str,
    /// Its roles, by their place.
    pub(super) roles: Vec<usize>,
    /// The permissions of its own.
    pub(super) own: Role,
    /// The users it may name; `*` for all.
    pub(super) users: Vec<&'static str>,
    /// The projects it may address.
    pub(super) projects: Vec<&'static str>,
}

/// A policy, as the model understands it.
#[derive(Clone, Debug)]
pub(super) enum Policy {
    /// Nobody calls this tool.
    ForbidTool(&'static str),
    /// A role may list and call a toolkit.
    PermitToolkit(usize, &'static str),
    /// Nobody of a tenant calls a toolkit.
    ForbidToolkit(&'static str, &'static str),
    /// An argument's value is forbidden; a call without this argument is an error.
    ForbidArgument,
    /// A role calls a toolkit for one user only; a call for nobody is an error.
    OnlyForUser(usize, &'static str),
    /// A tenant may read the engine's workers.
    PermitWorkers(&'static str),
    /// A role may not, on any resource.
    ForbidWorkers(usize),
}

/// A configuration.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// Its policies.
    pub(super) policies: Vec<Policy>,
    /// Those in dry run: the model knows nothing of them.
    pub(super) planned: Vec<Policy>,
    /// Its roles.
    pub(super) roles: Vec<Role>,
    /// Its callers, without the operator.
    pub(super) callers: Vec<Who>,
}

/// The question.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// A tool call.
    Execute {
        /// The tool.
        tool: &'static str,
        /// For whom.
        user: Option<&'static str>,
        /// In which project.
        project: Option<&'static str>,
        /// Its arguments, by their place in [`ARGUMENTS`].
        arguments: usize,
    },
    /// The list of tools.
    List,
    /// One tool's definition.
    Get(&'static str),
    /// The engine's workers.
    Workers,
    /// The engine's secrets.
    Secrets,
    /// Readiness in full.
    Ready,
    /// The epochs.
    Epochs,
}

fn some_of(world: &World, pool: &[&'static str], most: usize) -> Vec<&'static str> {
    (0..world.below(most + 1)).map(|_| pool[world.below(pool.len())]).collect()
}

/// The key of a caller.
pub(super) fn key_of(caller: &str) -> String {
    format!("canary-key-of-{caller}")
}

impl Setup {
    /// A random configuration of two tenants.
    pub(super) fn random(world: &World) -> Self {
        let role = |id: String| Role { id, actions: some_of(world, &ACTIONS, 4), tools: some_of(world, &PATTERNS, 5) };
        let roles: Vec<Role> = (0..1 + world.below(4)).map(|index| role(format!("r{index}"))).collect();
        let callers = (0..4 + world.below(4))
            .map(|index| Who {
                id: format!("c{index}"),
                tenant: if index % 2 == 0 { "a" } else { "b" },
                roles: (0..world.below(4)).map(|_| world.below(roles.len())).collect(),
                own: role(String::new()),
                users: some_of(world, &["*", "*", "u1", "u2"], 3),
                projects: some_of(world, &["*", "o/p", "o/q"], 2),
            })
            .collect();
        let toolkit = || ["Calc", "Mail", "Docs"][world.below(3)];
        let tenant = || ["a", "b"][world.below(2)];
        let policy = || match world.below(7) {
            0 => Policy::ForbidTool(TOOLS[world.below(TOOLS.len())]),
            1 => Policy::PermitToolkit(world.below(roles.len()), toolkit()),
            2 => Policy::ForbidToolkit(tenant(), toolkit()),
            3 => Policy::ForbidArgument,
            4 => Policy::OnlyForUser(world.below(roles.len()), toolkit()),
            5 => Policy::PermitWorkers(tenant()),
            _ => Policy::ForbidWorkers(world.below(roles.len())),
        };
        let policies = (0..world.below(4)).map(|_| policy()).collect();
        let planned = (0..world.below(3)).map(|_| policy()).collect();
        Self { policies, planned, roles, callers }
    }

    /// These policies in Cedar; the name of each begins with `prefix`.
    fn cedar(&self, prefix: &str, policies: &[Policy]) -> String {
        let policy = |(index, policy): (usize, &Policy)| {
            let text = match policy {
                Policy::ForbidTool(tool) => {
                    format!("forbid (principal, action == Action::\"tools/call\", resource == Tool::\"{tool}\");")
                }
                Policy::PermitToolkit(role, toolkit) => format!(
                    "permit (principal in Role::\"{}\", action in [Action::\"tools/list\", Action::\"tools/call\"], \
                     resource in Toolkit::\"{toolkit}\");",
                    self.roles[*role].id
                ),
                Policy::ForbidToolkit(tenant, toolkit) => format!(
                    "forbid (principal, action == Action::\"tools/call\", resource in Toolkit::\"{toolkit}\") \
                     when {{ principal.tenant == \"{tenant}\" }};"
                ),
                Policy::ForbidArgument => {
                    "forbid (principal, action == Action::\"tools/call\", resource in Toolkit::\"Calc\") \
                     when { context.arguments.b == \"900\" };"
                        .to_owned()
                }
                Policy::OnlyForUser(role, toolkit) => format!(
                    "forbid (principal in Role::\"{}\", action == Action::\"tools/call\", resource in Toolkit::\"{toolkit}\") \
                     unless {{ context.user == \"u1\" }};",
                    self.roles[*role].id
                ),
                Policy::PermitWorkers(tenant) => {
                    format!("permit (principal in Tenant::\"{tenant}\", action == Action::\"workers/read\", resource);")
                }
                Policy::ForbidWorkers(role) => format!(
                    "forbid (principal in Role::\"{}\", action == Action::\"workers/read\", resource);",
                    self.roles[*role].id
                ),
            };
            format!("@id(\"{prefix}{index}\")\n{text}\n")
        };
        policies.iter().enumerate().map(policy).collect()
    }

    /// The document.
    pub(super) fn document(&self) -> String {
        let mut text = format!(
            "executors = [{{ id = \"local\", kind = \"local\" }}, {{ id = \"engine\", kind = \"engine\", \
             base_url = \"http://upstream.test\", credential_setting = \"ENGINE_KEY\" }}]\n\
             epochs = {{ lease = \"{LEASE_MS}ms\" }}\n"
        );
        for Role { id, actions, tools } in &self.roles {
            let _ = write!(text, "[[roles]]\nid = \"{id}\"\nactions = {actions:?}\ntools = {tools:?}\n");
        }
        for Who { id, tenant, roles, own, users, projects } in &self.callers {
            let roles: Vec<&str> = roles.iter().map(|role| self.roles[*role].id.as_str()).collect();
            let _ = write!(
                text,
                "[[callers]]\nid = \"{id}\"\ntenant = \"{tenant}\"\nkeys = [{{ id = \"{id}\", setting = \"KEY_{id}\" }}]\n\
                 roles = {roles:?}\nactions = {:?}\ntools = {:?}\nusers = {users:?}\nprojects = {projects:?}\n",
                own.actions, own.tools
            );
        }
        text.push_str(
            "[[callers]]\nid = \"operator\"\ntenant = \"ops\"\nkeys = [{ id = \"operator\", setting = \"KEY_OPERATOR\" }]\n\
             actions = [\"epochs/*\"]\n",
        );
        for (id, mode, policies) in [("all", "enforce", &self.policies), ("planned", "dry_run", &self.planned)] {
            if !policies.is_empty() {
                let cedar = self.cedar(id, policies);
                let _ = write!(text, "[[policies]]\nid = \"{id}\"\nmode = \"{mode}\"\ntext = '''\n{cedar}'''\n");
            }
        }
        text.replace("KEY_c", "KEY_C")
    }

    /// The settings: every caller's key, and the engine's.
    pub(super) fn settings(&self) -> BTreeMap<String, String> {
        let keys = self.callers.iter().map(|caller| (caller.id.to_ascii_uppercase(), key_of(&caller.id)));
        let keys = keys.chain([("OPERATOR".to_owned(), key_of("operator"))]);
        let keys = keys.map(|(name, key)| (format!("KEY_{name}"), key));
        keys.chain([("ENGINE_KEY".to_owned(), "account".to_owned())]).collect()
    }

    /// Some caller; now and then one that nobody knows.
    pub(super) fn any_caller(&self, world: &World) -> Option<usize> {
        (!world.chance(2)).then(|| world.below(self.callers.len()))
    }

    /// A change: its verb, its subject, and whether it switches something off (or revokes).
    pub(super) fn any_switch(&self, world: &World) -> (&'static str, String, bool) {
        let caller = &self.callers[world.below(self.callers.len())];
        let is_on = world.chance(12);
        if world.chance(50) {
            return (if is_on { "revoke" } else { "unrevoke" }, caller.id.clone(), is_on);
        }
        let subject = match world.below(6) {
            0 => "all".to_owned(),
            1 => format!("tenant:{}", caller.tenant),
            2 => format!("caller:{}", caller.id),
            3 => "toolkit:Calc".to_owned(),
            4 => "tool:Mail.Search".to_owned(),
            _ => "executor:engine".to_owned(),
        };
        // Everything is switched off for a short time only, or nothing else would be seen.
        let is_on = is_on && (subject != "all" || world.chance(10));
        (if is_on { "kill" } else { "revive" }, subject, is_on)
    }
}

impl Ask {
    /// Something to ask.
    pub(super) fn random(world: &World) -> Self {
        let tool = TOOLS[world.below(TOOLS.len())];
        match world.below(20) {
            0 | 1 => Self::List,
            2 | 3 => Self::Get(tool),
            4 => Self::Workers,
            5 => Self::Secrets,
            6 => Self::Ready,
            7 => Self::Epochs,
            _ => {
                let user = USERS[world.below(USERS.len())];
                let project = if world.chance(10) { Some(["o/p", "o/q", "o/r"][world.below(3)]) } else { None };
                Self::Execute { tool, user, project, arguments: world.below(ARGUMENTS.len()) }
            }
        }
    }

    /// The request: method, target, body.
    pub(super) fn http(&self) -> (Method, String, String) {
        let get = |target: &str| (Method::Get, target.to_owned(), String::new());
        match self {
            Self::Execute { tool, user, project, arguments } => {
                let at = project.map_or_else(String::new, |project| {
                    let (org, project) = project.split_once('/').expect("org/project");
                    format!("/orgs/{org}/projects/{project}")
                });
                let user = user.map_or_else(String::new, |user| format!(",\"user_id\":\"{user}\""));
                let arguments = if tool.starts_with("Calc.") { ARGUMENTS[*arguments] } else { r#"{"n":1}"# };
                let body = format!("{{\"tool_name\":\"{tool}\"{user},\"input\":{arguments}}}");
                (Method::Post, format!("/v1{at}/tools/execute"), body)
            }
            Self::List => get("/v1/tools?limit=100"),
            Self::Get(tool) => get(&format!("/v1/tools/{tool}")),
            Self::Workers => get("/v1/workers"),
            Self::Secrets => get("/v1/admin/secrets"),
            Self::Ready => get("/health/ready"),
            Self::Epochs => get("/gate/v1/epochs"),
        }
    }
}
