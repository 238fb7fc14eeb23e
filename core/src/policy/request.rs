//! The request under decision: caller, action, resource and circumstances. Attributes are looked up as conditions read
//! them, without copies.

use super::ast::Kind;
use super::value::{EvaluationErrorKind, Possible, RecordValue, SetValue, Value, of_claim, of_json};
use crate::model::caller::Caller;
use crate::words::action::{Action, ActionPattern};
use crate::words::json::Json;
use crate::words::time::Timestamp;

/// A request, as policies see it.
#[derive(Clone, Copy, Debug)]
pub struct PolicyRequest<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// The action.
    pub action: Action,
    /// The resource.
    pub resource: Resource<'a>,
    /// The arguments of a tool call.
    pub arguments: Arguments<'a>,
    /// The user that the request is made for.
    pub user: User<'a>,
    /// The engine project that the path names.
    pub project: Option<&'a str>,
    /// The time of the action; `None` when it is not known.
    pub at: Option<Timestamp>,
    /// The country of origin, where the platform reports it.
    pub country: Option<&'a str>,
}

/// The resource of a request.
#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    /// A tool of the registry.
    Tool(ToolFacts<'a>),
    /// A tool known only by its name, in lower case.
    ToolNamed(&'a str),
    /// Some tool, not known yet.
    AnyTool,
    /// The gateway itself.
    Gateway,
    /// A project of an engine.
    Project(&'a str),
}

/// The attributes of a tool that policies can read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToolFacts<'a> {
    /// The name in lower case.
    pub folded: &'a str,
    /// The name as the executor writes it.
    pub name: &'a str,
    /// The version.
    pub version: &'a str,
    /// The tool's executor.
    pub executor: &'a str,
    /// Read-only, as the tool declares; `None` if undeclared.
    pub read_only: Option<bool>,
    /// Destructive, as the tool declares; `None` if undeclared.
    pub destructive: Option<bool>,
    /// Idempotent, as the tool declares; `None` if undeclared.
    pub idempotent: Option<bool>,
    /// Open to the outside world, as the tool declares; `None` if undeclared.
    pub open_world: Option<bool>,
}

/// The arguments of a tool call.
#[derive(Clone, Copy, Debug)]
pub enum Arguments<'a> {
    /// The action has none: `context.arguments` is absent.
    Absent,
    /// The arguments are not known yet.
    Unknown,
    /// These arguments; JSON `null` is none.
    Known(&'a Json<'a>),
}

/// The user that a request is made for.
#[derive(Clone, Copy, Debug)]
pub enum User<'a> {
    /// No user: `context.user` is absent.
    Absent,
    /// A user not known yet, or none.
    Unknown,
    /// This user.
    Named(&'a str),
}

/// The value of an attribute: absent, a value, or an unusable value; with the number of values visited.
pub(super) type AttributeLookup<'a> = Option<Result<(Value<'a>, u32), EvaluationErrorKind>>;

#[expect(clippy::unnecessary_wraps, reason = "the common form of what is found")]
fn found(value: Value<'_>) -> AttributeLookup<'_> {
    Some(Ok((value, 1)))
}

const UNKNOWN: Value<'static> = Value::Unknown(Possible::ANYTHING);

impl<'a> PolicyRequest<'a> {
    /// Returns a caller's call of a tool of which nothing is known yet.
    #[must_use]
    pub const fn of(caller: &'a Caller) -> Self {
        Self {
            caller,
            action: Action::ToolsCall,
            resource: Resource::AnyTool,
            arguments: Arguments::Unknown,
            user: User::Unknown,
            project: None,
            at: None,
            country: None,
        }
    }

    /// Returns the resource as an entity; unknown when it is.
    pub(super) fn resource_value(&self) -> Value<'a> {
        match self.resource {
            Resource::Tool(tool) => Value::Entity(Kind::Tool, tool.folded),
            Resource::ToolNamed(folded) => Value::Entity(Kind::Tool, folded),
            Resource::AnyTool => UNKNOWN,
            Resource::Gateway => Value::Entity(Kind::Gateway, "gateway"),
            Resource::Project(project) => Value::Entity(Kind::Project, project),
        }
    }

    fn tool_named(&self) -> Option<&'a str> {
        match self.resource {
            Resource::Tool(tool) => Some(tool.folded),
            Resource::ToolNamed(folded) => Some(folded),
            _ => None,
        }
    }

    /// Returns true if the entity is, or lies in, the one of this kind and id; `None` when that is not known yet.
    pub(super) fn is_in(&self, entity: (Kind, &str), container: (Kind, &str)) -> Option<bool> {
        if entity == container {
            return Some(true);
        }
        let (kind, id) = container;
        Some(match entity.0 {
            Kind::Caller if entity.1 == self.caller.id.as_str() => match kind {
                Kind::Role => self.caller.roles.iter().any(|role| role.as_str() == id),
                Kind::Tenant => self.caller.tenant.as_str() == id,
                _ => false,
            },
            Kind::Action if kind == Kind::Action => {
                let action = Action::ALL.iter().find(|action| action.as_str() == entity.1);
                action.is_some_and(|action| ActionPattern::new(id).is_some_and(|pattern| pattern.matches(*action)))
            }
            Kind::Tool if self.tool_named() == Some(entity.1) => match (kind, self.resource) {
                (Kind::Toolkit, _) => toolkit_of(entity.1) == id,
                (Kind::Executor, Resource::Tool(tool)) => tool.executor == id,
                (Kind::Executor, _) => return None,
                _ => false,
            },
            _ => false,
        })
    }

    /// Returns an attribute of an entity. Only the caller and the tool of this request have any.
    pub(super) fn of_entity(&self, kind: Kind, id: &str, name: &str) -> AttributeLookup<'a> {
        match kind {
            Kind::Caller if id == self.caller.id.as_str() => self.of_caller(name),
            Kind::Tool if self.tool_named() == Some(id) => match self.resource {
                Resource::Tool(tool) => of_tool(tool, name),
                _ => found(UNKNOWN),
            },
            _ => None,
        }
    }

    fn of_caller(&self, name: &str) -> AttributeLookup<'a> {
        let caller = self.caller;
        found(match name {
            "id" => Value::Text(caller.id.as_str()),
            "tenant" => Value::Text(caller.tenant.as_str()),
            "roles" => Value::Set(SetValue::Roles(&caller.roles)),
            "scopes" => Value::Set(SetValue::Texts(&caller.scopes)),
            "claims" => Value::Record(RecordValue::Claims(&caller.claims)),
            _ => return None,
        })
    }

    fn of_context(&self, name: &str) -> AttributeLookup<'a> {
        match name {
            "arguments" => match self.arguments {
                Arguments::Absent => None,
                Arguments::Unknown => found(UNKNOWN),
                Arguments::Known(Json::Null) => found(Value::Record(RecordValue::Empty)),
                Arguments::Known(json) => Some(of_json(json)),
            },
            "user" => match self.user {
                User::Absent => None,
                User::Unknown => found(UNKNOWN),
                User::Named(user) => found(Value::Text(user)),
            },
            "project" => self.project.map(|project| Ok((Value::Text(project), 1))),
            "time" => found(self.at.map_or(UNKNOWN, |at| Value::Record(RecordValue::Time(at)))),
            "country" => self.country.map(|country| Ok((Value::Text(country), 1))),
            _ => None,
        }
    }

    /// Returns a member of a record.
    pub(super) fn of_record(&self, record: &RecordValue<'a>, name: &str) -> AttributeLookup<'a> {
        match record {
            RecordValue::Values(members) => {
                members.iter().find(|(known, _)| *known == name).map(|(_, value)| Ok((value.clone(), 1)))
            }
            RecordValue::Json(object) => object.get(name).filter(|member| **member != Json::Null).map(of_json),
            RecordValue::Claims(claims) => claims.get(name).map(|claim| Ok((of_claim(claim), 1))),
            RecordValue::Time(at) => of_time(*at, name),
            RecordValue::Context => self.of_context(name),
            RecordValue::Empty => None,
        }
    }

    /// Returns the names of a record's members.
    pub(super) fn names(&self, record: &RecordValue<'a>) -> Vec<&'a str> {
        match record {
            RecordValue::Values(members) => members.iter().map(|(name, _)| *name).collect(),
            RecordValue::Json(object) => {
                object.iter().filter(|(_, member)| **member != Json::Null).map(|(name, _)| name).collect()
            }
            RecordValue::Claims(claims) => claims.keys().map(String::as_str).collect(),
            RecordValue::Time(_) => vec!["epoch", "hour", "weekday"],
            RecordValue::Context => {
                let all = ["arguments", "user", "project", "time", "country"];
                all.into_iter().filter(|name| self.of_context(name).is_some()).collect()
            }
            RecordValue::Empty => Vec::new(),
        }
    }
}

fn of_tool<'a>(tool: ToolFacts<'a>, name: &str) -> AttributeLookup<'a> {
    let flag = |value: Option<bool>| value.map(|value| Ok((Value::Bool(value), 1)));
    match name {
        "name" => found(Value::Text(tool.name)),
        "toolkit" => found(Value::Text(toolkit_of(tool.name))),
        "version" => found(Value::Text(tool.version)),
        // An owner is declared by the tool's executor alone.
        "executor" | "owner" => found(Value::Text(tool.executor)),
        "read_only" => flag(tool.read_only),
        "destructive" => flag(tool.destructive),
        "idempotent" => flag(tool.idempotent),
        "open_world" => flag(tool.open_world),
        _ => None,
    }
}

fn of_time<'a>(at: Timestamp, name: &str) -> AttributeLookup<'a> {
    let seconds = at.as_millis() / 1000;
    let value = match name {
        "epoch" => seconds,
        "hour" => seconds / 3600 % 24,
        // The first of January 1970 was a Thursday.
        "weekday" => ((seconds / 86_400).saturating_add(3) % 7).saturating_add(1),
        _ => return None,
    };
    found(Value::Long(i64::try_from(value).unwrap_or(i64::MAX)))
}

/// Returns the toolkit in a tool's name.
pub(super) fn toolkit_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(toolkit, _)| toolkit)
}
