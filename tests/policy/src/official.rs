//! The same request, put to the official Cedar implementation.

#![expect(clippy::disallowed_types, reason = "the types of its interface")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr as _;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression as Restricted,
};
use toolgate::model::caller::ClaimValue;
use toolgate::words::action::Action;
use toolgate::words::json::Json;

use crate::world::World;

/// The verdict of the official implementation.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// True if it allows.
    pub allowed: bool,
    /// The determining policies.
    pub rules: BTreeSet<String>,
    /// The policies with errors.
    pub errors: BTreeSet<String>,
}

/// The policies of a text, if it is Cedar.
#[must_use]
pub fn parse(text: &str) -> Option<PolicySet> {
    PolicySet::from_str(text).ok()
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind).expect("a type"), EntityId::new(id))
}

fn text(value: &str) -> Restricted {
    Restricted::new_string(value.to_owned())
}

fn texts<'t>(values: impl Iterator<Item = &'t str>) -> Restricted {
    Restricted::new_set(values.map(text))
}

fn record(members: Vec<(String, Restricted)>) -> Restricted {
    Restricted::new_record(members).expect("names differ")
}

/// The Cedar value of a JSON value that has one.
#[must_use]
pub fn value(json: &Json<'_>) -> Restricted {
    match json {
        Json::Null => text("null stands nowhere in these tests"),
        Json::Bool(value) => Restricted::new_bool(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Restricted::new_decimal(number.as_str()), Restricted::new_long)
        }
        Json::String(value) => text(value),
        Json::Array(items) => Restricted::new_set(items.iter().map(value)),
        Json::Object(object) => record(object.iter().map(|(name, member)| (name.to_owned(), value(member))).collect()),
    }
}

fn entities(world: &World) -> Entities {
    let mut all = Vec::new();
    let caller = &world.caller;
    let mut parents: HashSet<EntityUid> = caller.roles.iter().map(|role| uid("Role", role.as_str())).collect();
    parents.insert(uid("Tenant", caller.tenant.as_str()));
    let claim = |claim: &ClaimValue| match claim {
        ClaimValue::Text(value) => text(value),
        ClaimValue::Number(number) => Restricted::new_long(*number),
        ClaimValue::Flag(flag) => Restricted::new_bool(*flag),
        ClaimValue::Texts(values) => texts(values.iter().map(String::as_str)),
    };
    let claims = caller.claims.iter().map(|(name, value)| (name.clone(), claim(value))).collect();
    let attributes: HashMap<String, Restricted> = HashMap::from([
        ("id".to_owned(), text(caller.id.as_str())),
        ("tenant".to_owned(), text(caller.tenant.as_str())),
        ("roles".to_owned(), texts(caller.roles.iter().map(|role| role.as_str()))),
        ("scopes".to_owned(), texts(caller.scopes.iter().map(String::as_str))),
        ("claims".to_owned(), record(claims)),
    ]);
    all.push(Entity::new(uid("Caller", caller.id.as_str()), attributes, parents).expect("a caller"));
    if let Some(tool) = &world.tool {
        let toolkit = tool.folded.split('.').next().unwrap_or_default();
        let mut attributes: HashMap<String, Restricted> = [
            ("name", tool.folded),
            ("toolkit", toolkit),
            ("version", &tool.version),
            ("executor", tool.executor),
            ("owner", tool.executor),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
        let names = ["read_only", "destructive", "idempotent", "open_world"];
        for (name, flag) in names.into_iter().zip(tool.flags) {
            if let Some(flag) = flag {
                attributes.insert(name.to_owned(), Restricted::new_bool(flag));
            }
        }
        let parents = HashSet::from([uid("Toolkit", toolkit), uid("Executor", tool.executor)]);
        all.push(Entity::new(uid("Tool", tool.folded), attributes, parents).expect("a tool"));
    }
    for action in Action::ALL {
        let family = action.as_str().split('/').next().unwrap_or_default();
        let parents = HashSet::from([uid("Action", &format!("{family}/*")), uid("Action", "*")]);
        all.push(Entity::new_no_attrs(uid("Action", action.as_str()), parents));
    }
    Entities::from_entities(all, None).expect("entities")
}

/// A request, and the entities it is about.
#[derive(Debug)]
pub struct Question {
    request: Request,
    entities: Entities,
}

/// Asks it.
#[must_use]
pub fn ask(policies: &PolicySet, world: &World) -> Said {
    Question::new(world).ask(policies)
}

impl Question {
    /// The request of this world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let mut context = Vec::new();
        if world.has_arguments() {
            context.push(("arguments".to_owned(), value(&world.arguments)));
        }
        for (name, member) in [("user", &world.user), ("project", &world.project), ("country", &world.country)] {
            if let Some(member) = member {
                context.push((name.to_owned(), text(member)));
            }
        }
        let seconds = i64::try_from(world.at.as_millis() / 1000).expect("a time");
        // Days since a Monday: the 5th of January 1970.
        let weekday =
            (seconds / 86_400).checked_sub(4).expect("after 1970").rem_euclid(7).checked_add(1).expect("a day");
        let time = [("epoch", seconds), ("hour", seconds / 3600 % 24), ("weekday", weekday)];
        let time = time.into_iter().map(|(name, number)| (name.to_owned(), Restricted::new_long(number))).collect();
        context.push(("time".to_owned(), record(time)));
        let resource = match (&world.tool, &world.project) {
            (Some(tool), _) => uid("Tool", tool.folded),
            (None, Some(project)) => uid("Project", project),
            (None, None) => uid("Gateway", "gateway"),
        };
        let request = Request::new(
            uid("Caller", world.caller.id.as_str()),
            uid("Action", world.action.as_str()),
            resource,
            Context::from_pairs(context).expect("names differ"),
            None,
        );
        Self { request: request.expect("no schema"), entities: entities(world) }
    }

    /// Returns the message about it.
    #[must_use]
    pub fn ask(&self, policies: &PolicySet) -> Said {
        let response = Authorizer::new().is_authorized(&self.request, policies, &self.entities);
        Said {
            allowed: response.decision() == Decision::Allow,
            rules: response.diagnostics().reason().map(ToString::to_string).collect(),
            errors: response
                .diagnostics()
                .errors()
                .map(|error| match error {
                    cedar_policy::AuthorizationError::PolicyEvaluationError(error) => error.policy_id().to_string(),
                })
                .collect(),
        }
    }
}
