//! Collections of things with an id: create, list, get, patch, delete. One set of handlers serves all of them.

use serde_json::{Value, json};

use crate::answer::{Answer, Handled};
use crate::ask::{Ask, need, text};
use crate::clock;
use crate::engine::Engine;
use crate::routes::unknown_route;

/// The properties in which one collection differs from the others.
pub(crate) struct Kind {
    pub shelf: &'static str,
    /// The name of one item in messages and error names.
    pub noun: &'static str,
    /// The prefix of ids made here; absent: the caller chooses the id.
    pub id_prefix: Option<&'static str>,
    /// A member that no two may share, beside the id.
    pub unique: Option<&'static str>,
    pub required: &'static [&'static str],
    /// True if a delete answers with the deleted item (200) instead of 204.
    pub delete_shows: bool,
    /// Shows a kept item: secrets hidden.
    pub view: fn(&Value) -> Value,
}

/// `/v1/plugins`.
pub(crate) static PLUGINS: Kind = Kind {
    shelf: "plugins",
    noun: "plugin",
    id_prefix: Some("pl"),
    unique: Some("name"),
    required: &["name"],
    delete_shows: false,
    view: Value::clone,
};
/// `/v1/hooks`.
pub(crate) static HOOKS: Kind = Kind {
    shelf: "hooks",
    noun: "hook",
    id_prefix: Some("hk"),
    unique: None,
    required: &["hook_point"],
    delete_shows: false,
    view: Value::clone,
};
/// `/v1/orgs/{org}/projects/{project}/gateways`.
pub(crate) static GATEWAYS: Kind = Kind {
    shelf: "gateways",
    noun: "gateway",
    id_prefix: Some("gw"),
    unique: Some("slug"),
    required: &["name"],
    delete_shows: false,
    view: Value::clone,
};

/// Answers for one collection; `rest` is the path below it.
pub(crate) fn handle(engine: &Engine, ask: &Ask, kind: &Kind, rest: &[&str]) -> Handled {
    match (ask.method.as_str(), rest) {
        ("GET", []) => Ok(list(engine, ask, kind)),
        ("POST", []) => create(engine, ask, kind, ask.object()?),
        ("PATCH", ["bulk"]) if kind.shelf == "hooks" => patch_bulk(engine, ask),
        ("GET", [id]) => Ok(Answer::json(200, &(kind.view)(&find(engine, ask, kind, id)?))),
        ("PATCH", [id]) => Ok(Answer::json(200, &(kind.view)(&patch(engine, ask, kind, id, ask.object()?)?))),
        ("DELETE", [id]) => delete(engine, ask, kind, id),
        _ => Err(unknown_route()),
    }
}

/// A page of them, oldest first.
pub(crate) fn list(engine: &Engine, ask: &Ask, kind: &Kind) -> Answer {
    let account = engine.account(&ask.scope);
    let items = account.borrow_mut().shelf(kind.shelf).iter().map(kind.view).collect();
    Answer::page(ask, items)
}

/// Keeps a new one: 201.
pub(crate) fn create(engine: &Engine, ask: &Ask, kind: &Kind, mut body: Value) -> Handled {
    for name in kind.required {
        need(&body, name)?;
    }
    let id = match kind.id_prefix {
        Some(prefix) => engine.id(prefix),
        None => need(&body, "id")?.to_owned(),
    };
    let account = engine.account(&ask.scope);
    let mut account = account.borrow_mut();
    let shelf = account.shelf(kind.shelf);
    let same = |kept: &Value| {
        let shared = kind.unique.and_then(|name| text(&body, name).map(|value| text(kept, name) == Some(value)));
        text(kept, "id") == Some(id.as_str()) || shared == Some(true)
    };
    if shelf.iter().any(same) {
        return Err(Answer::error(
            409,
            &format!("{}_exists", kind.noun),
            &format!("there is such a {} already", kind.noun),
        ));
    }
    let now = clock::iso(clock::now_ms());
    merge(&mut body, &json!({"id": id, "created_at": now, "updated_at": now}));
    let shown = (kind.view)(&body);
    shelf.push(body);
    Ok(Answer::json(201, &shown))
}

/// A copy of the one with this id.
///
/// # Errors
/// 404.
pub(crate) fn find(engine: &Engine, ask: &Ask, kind: &Kind, id: &str) -> Result<Value, Answer> {
    let account = engine.account(&ask.scope);
    let found = account.borrow_mut().shelf(kind.shelf).iter().find(|kept| text(kept, "id") == Some(id)).cloned();
    found.ok_or_else(|| not_found(kind))
}

/// Merges `change` into the one with this id and returns it.
///
/// # Errors
/// 404.
pub(crate) fn patch(engine: &Engine, ask: &Ask, kind: &Kind, id: &str, mut change: Value) -> Result<Value, Answer> {
    merge(&mut change, &json!({"id": id, "updated_at": clock::iso(clock::now_ms())}));
    let account = engine.account(&ask.scope);
    let mut account = account.borrow_mut();
    let kept = account.shelf(kind.shelf).iter_mut().find(|kept| text(kept, "id") == Some(id));
    let kept = kept.ok_or_else(|| not_found(kind))?;
    merge(kept, &change);
    Ok(kept.clone())
}

/// `PATCH /v1/hooks/bulk`: `{ids: [...], ...change}`; all or nothing.
fn patch_bulk(engine: &Engine, ask: &Ask) -> Handled {
    let mut change = ask.object()?;
    let ids = change.as_object_mut().and_then(|members| members.remove("ids"));
    let ids: Vec<String> = serde_json::from_value(ids.unwrap_or_default())
        .map_err(|_| Answer::error(400, "invalid_request", "ids must be a list of hook ids"))?;
    for id in &ids {
        find(engine, ask, &HOOKS, id)?;
    }
    let changed: Result<Vec<Value>, Answer> =
        ids.iter().map(|id| patch(engine, ask, &HOOKS, id, change.clone())).collect();
    Ok(Answer::json(200, &json!({"items": changed?})))
}

/// Deletes one: 204, or 200 with what it was.
pub(crate) fn delete(engine: &Engine, ask: &Ask, kind: &Kind, id: &str) -> Handled {
    let found = find(engine, ask, kind, id)?;
    let account = engine.account(&ask.scope);
    account.borrow_mut().shelf(kind.shelf).retain(|kept| text(kept, "id") != Some(id));
    Ok(if kind.delete_shows { Answer::json(200, &(kind.view)(&found)) } else { Answer::no_content() })
}

/// `POST .../gateways/slug`: a slug made of a name, that no gateway has.
pub(crate) fn free_slug(engine: &Engine, ask: &Ask) -> Handled {
    let body = ask.object()?;
    let name = need(&body, "name")?.to_lowercase();
    let plain: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let account = engine.account(&ask.scope);
    let mut account = account.borrow_mut();
    let taken = |slug: &str, shelf: &[Value]| shelf.iter().any(|kept| text(kept, "slug") == Some(slug));
    let shelf = account.shelf("gateways");
    let numbered = (2_u32..).map(|number| format!("{plain}-{number}"));
    let slug = std::iter::once(plain.clone()).chain(numbered).find(|slug| !taken(slug, shelf));
    Ok(Answer::json(200, &json!({"slug": slug})))
}

fn not_found(kind: &Kind) -> Answer {
    Answer::error(404, &format!("{}_not_found", kind.noun), &format!("there is no such {}", kind.noun))
}

/// Puts `change` over `kept`: objects member by member, anything else as a whole.
pub(crate) fn merge(kept: &mut Value, change: &Value) {
    match (kept, change) {
        (Value::Object(kept), Value::Object(change)) => {
            for (name, member) in change {
                merge(kept.entry(name.clone()).or_insert(Value::Null), member);
            }
        }
        (kept, change) => *kept = change.clone(),
    }
}

/// The text in place of a secret.
pub(crate) fn hidden() -> Value {
    json!({"exists": true, "editable": true, "binding": "project"})
}
