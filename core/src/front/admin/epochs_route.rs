//! `/gate/v1/epochs`: reads and changes the revocations, the kill switches and the epochs of the cache.

use super::text_of;
use crate::access::epochs::{self, AdvanceError, EpochLease};
use crate::front::body::{Members, json_body};
use crate::front::response::Answer;
use crate::model::request::{Request, RequestLimits};
use crate::ports::Platform;
use crate::state::epochs::{CacheScope, Change, Epochs, KillSwitch};
use crate::words::json::{Json, ObjectWriter};
use crate::words::names::ToolName;
use crate::words::refusal::{Refusal, RefusalKind};

/// Returns the epochs as their durable owner has them, not as this isolate remembers them.
pub(super) async fn read<P: Platform>(platform: &P) -> Result<Answer<P::Stream>, Refusal> {
    let epochs = epochs::read(platform).await.map_err(super::durable)?;
    Ok(Answer::json(200, body_of(&epochs)))
}

/// Applies `{"changes":[...]}`: all of them, or none.
pub(super) async fn advance<P: Platform>(
    platform: &P,
    lease: &EpochLease,
    request: &Request,
    limits: &RequestLimits,
) -> Result<Answer<P::Stream>, Refusal> {
    let body = json_body(request, limits)?;
    let items = Members::of(&body)?.array("changes")?;
    let changes: Result<Vec<Change>, Refusal> = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            change_of(item)
                .ok_or_else(|| Refusal::with(RefusalKind::RequestInvalid, format!("changes[{index}]: {FORMS}")))
        })
        .collect();
    let changes = changes?;
    if changes.is_empty() || changes.len() > crate::words::limits::EPOCH_CHANGES {
        return Err(Refusal::with(RefusalKind::RequestInvalid, "changes: must be an array of 1 to 16 changes"));
    }
    match lease.advance(platform, changes).await {
        Ok(epochs) => Ok(Answer::json(200, body_of(&epochs))),
        Err(AdvanceError::Full) => {
            Err(Refusal::with(RefusalKind::RequestInvalid, "changes: too many keys revoked or switches on"))
        }
        Err(AdvanceError::Durable(error)) => Err(super::durable(error)),
    }
}

const FORMS: &str = "must be one of {\"revoke\":KEY_ID}, {\"unrevoke\":KEY_ID}, {\"kill\":SWITCH}, {\"revive\":SWITCH}, \
    {\"invalidate\":\"all\"}, {\"invalidate\":\"tenant\",\"tenant\":T}, {\"invalidate\":\"toolkit\",\"tenant\":T,\"toolkit\":K}, \
    {\"advance\":\"policy\"}, {\"advance\":\"configuration\"}; a SWITCH is all, tenant:T, caller:C, toolkit:K, tool:K.T or executor:E";

/// Reads the change that an object describes: exactly one verb.
fn change_of(item: &Json<'_>) -> Option<Change> {
    let mut verbs = item.as_object()?.iter().filter(|(name, _)| !matches!(*name, "tenant" | "toolkit"));
    let (Some((verb, value)), None) = (verbs.next(), verbs.next()) else {
        return None;
    };
    let is_name = |name: &&str| !name.is_empty() && name.len() <= 256;
    let value = value.as_str().filter(is_name)?;
    let scope = |name: &str| text_of(item, name).filter(is_name);
    let (has_tenant, has_toolkit) = (item.get("tenant").is_some(), item.get("toolkit").is_some());
    if (has_tenant || has_toolkit) && verb != "invalidate" {
        // A switch has no scope: a sender that names one expects a narrower change.
        return None;
    }
    match verb {
        "revoke" => Some(Change::Revoke(value.to_owned())),
        "unrevoke" => Some(Change::Unrevoke(value.to_owned())),
        "kill" => switch_of(value).map(Change::Kill),
        "revive" => switch_of(value).map(Change::Revive),
        "advance" => match value {
            "policy" => Some(Change::Policy),
            "configuration" => Some(Change::Configuration),
            _ => None,
        },
        "invalidate" => {
            let scope = match (value, has_tenant, has_toolkit) {
                ("all", false, false) => CacheScope::All,
                ("tenant", true, false) => CacheScope::Tenant(scope("tenant")?.to_owned()),
                ("toolkit", true, true) => {
                    CacheScope::Toolkit(scope("tenant")?.to_owned(), scope("toolkit")?.to_ascii_lowercase())
                }
                _ => return None,
            };
            Some(Change::Cache(scope))
        }
        _ => None,
    }
}

fn switch_of(text: &str) -> Option<KillSwitch> {
    if text == "all" {
        return Some(KillSwitch::All);
    }
    let (kind, name) = text.split_once(':').filter(|(_, name)| !name.is_empty())?;
    match kind {
        "tenant" => Some(KillSwitch::Tenant(name.to_owned())),
        "caller" => Some(KillSwitch::Caller(name.to_owned())),
        "toolkit" => Some(KillSwitch::Toolkit(name.to_ascii_lowercase())),
        "tool" => ToolName::new(name).map(|name| KillSwitch::Tool(name.folded())),
        "executor" => Some(KillSwitch::Executor(name.to_owned())),
        _ => None,
    }
}

fn switch_text(switch: &KillSwitch) -> String {
    match switch {
        KillSwitch::All => "all".to_owned(),
        KillSwitch::Tenant(name) => format!("tenant:{name}"),
        KillSwitch::Caller(name) => format!("caller:{name}"),
        KillSwitch::Toolkit(name) => format!("toolkit:{name}"),
        KillSwitch::Tool(name) => format!("tool:{name}"),
        KillSwitch::Executor(name) => format!("executor:{name}"),
    }
}

fn body_of(epochs: &Epochs) -> Vec<u8> {
    let Epochs { version, revocation, policy, configuration, cache_floor, cache, revoked, killed } = epochs;
    let mut body = ObjectWriter::new();
    let numbers = [
        ("version", *version),
        ("revocation", *revocation),
        ("policy", *policy),
        ("configuration", *configuration),
        ("cache_floor", *cache_floor),
    ];
    for (name, number) in numbers {
        body.number(name, number);
    }
    body.size("cache_scopes", cache.len());
    body.texts("revoked", revoked);
    body.texts("killed", killed.iter().map(switch_text));
    body.end()
}
