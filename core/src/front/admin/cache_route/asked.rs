//! Reads the body of an invalidation.

use crate::cache::{self, CacheRules};
use crate::state::epochs::CacheScope;
use crate::words::hex;
use crate::words::json::{Json, Object};
use crate::words::names::{CacheTag, TenantId, ToolName, UserId};
use crate::words::refusal::{Refusal, RefusalKind};

/// An invalidation.
#[derive(Debug)]
pub(super) struct Invalidation {
    /// The scope's word.
    pub(super) word: &'static str,
    /// The tenant; `None` for all tenants.
    pub(super) tenant: Option<TenantId>,
    /// The scope, as the durable owner of the epochs takes it.
    pub(super) scope: CacheScope,
}

/// The scopes by their words, each with the member that names its target within a tenant.
const SCOPES: [(&str, Option<&str>); 7] = [
    ("all", None),
    ("tenant", None),
    ("toolkit", Some("toolkit")),
    ("tool", Some("tool")),
    ("tag", Some("tag")),
    ("user", Some("user_id")),
    ("key", Some("key")),
];

/// Reads `{"scope":WORD, ...}`. A member that the scope does not have is refused: its sender expects a narrower
/// invalidation.
pub(super) fn invalidation(body: &Json<'_>, own: &TenantId, rules: &CacheRules) -> Result<Invalidation, Refusal> {
    let members = body.as_object().ok_or_else(|| invalid("the body: must be an object"))?;
    let asked = text(members, "scope")?.unwrap_or_default();
    let known = SCOPES.into_iter().find(|(word, _)| *word == asked);
    let (word, member) = known.ok_or_else(|| invalid("scope: must be all, tenant, toolkit, tool, tag, user or key"))?;
    for (name, _) in members.iter() {
        let is_known = name == "scope" || member == Some(name) || (name == "tenant" && word != "all");
        if !is_known {
            let has = member.map_or_else(String::new, |member| format!(" and {member}"));
            let may = if word == "all" { "nothing else" } else { "tenant" };
            return Err(invalid(format!("scope {word}: takes {may}{has}, and no other member")));
        }
    }
    if word == "all" {
        return Ok(Invalidation { word, tenant: None, scope: CacheScope::All });
    }
    let tenant = match text(members, "tenant")? {
        None => own.clone(),
        Some(text) => TenantId::new(text).ok_or_else(|| invalid("tenant: must be an identifier"))?,
    };
    let what = match member {
        None => "",
        Some(member) => text(members, member)?.ok_or_else(|| invalid(format!("{member}: is missing")))?,
    };
    let scope = scope(word, tenant.to_string(), what, rules)?;
    Ok(Invalidation { word, tenant: Some(tenant), scope })
}

/// Returns the tenant's scope for a word and a name.
fn scope(word: &str, tenant: String, what: &str, rules: &CacheRules) -> Result<CacheScope, Refusal> {
    match word {
        "toolkit" => {
            let is_word = ToolName::new(&format!("{what}.x")).is_some();
            let toolkit = is_word.then(|| what.to_ascii_lowercase());
            Ok(CacheScope::Toolkit(tenant, toolkit.ok_or_else(|| invalid("toolkit: must be a toolkit's name"))?))
        }
        "tool" => {
            let tool = ToolName::new(what).ok_or_else(|| invalid("tool: must be \"Toolkit.Tool\""))?;
            Ok(CacheScope::Tool(tenant, tool.folded()))
        }
        "tag" => {
            // A tag counts only if a rule has it: any other would invalidate nothing, and seem to.
            let tag = CacheTag::new(what).filter(|tag| cache::has_tag(rules, tag));
            let tag = tag.ok_or_else(|| invalid("tag: no rule of the configuration (cache.rules[].tags) has it"))?;
            Ok(CacheScope::Tag(tenant, tag.to_string()))
        }
        "user" => {
            let user = UserId::new(what);
            let user = user.ok_or_else(|| invalid("user_id: must be 1 to 256 bytes without control characters"))?;
            Ok(CacheScope::User(tenant, user.as_str().to_owned()))
        }
        "key" => {
            let digest = hex::decode32(what);
            let digest =
                digest.ok_or_else(|| invalid("key: must be 64 hexadecimal digits, as a look-up tells them"))?;
            Ok(CacheScope::Key(tenant, digest))
        }
        _ => Ok(CacheScope::Tenant(tenant)),
    }
}

/// Returns the text of a member, if present.
fn text<'j>(members: &'j Object<'_>, name: &str) -> Result<Option<&'j str>, Refusal> {
    match members.get(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(invalid(format!("{name}: must be a string, not {}", other.kind()))),
    }
}

fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal::with(RefusalKind::RequestInvalid, detail.into())
}
