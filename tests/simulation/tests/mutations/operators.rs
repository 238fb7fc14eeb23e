//! Deliberate defects of what operators do with the cache.

use crate::defect::{Defect, of_stories};

const COVERED: &str = "state/epochs/covered.rs";
const ROUTE: &str = "own/cache_route.rs";
const WARM: &str = "warm.rs";

pub(crate) const DEFECTS: &[Defect] = &[
    of_stories(
        "operators: tags are not looked at",
        "tool_call/look.rs",
        "{ cache::tags_of(rules, tool) }",
        "{ let _ = (cache::tags_of, rules); &[] }",
    ),
    of_stories(
        "operators: a tool's scope is not looked at",
        COVERED,
        ".max(of(Scope::Tool(tenant, tool)))",
        ".max(of(Scope::Tool(tool, tenant)))",
    ),
    of_stories("operators: a user's scope is not looked at", COVERED, ".max(of(Scope::User(tenant, user)))", ""),
    of_stories("operators: a key's scope is everybody's", COVERED, "Hash::hash(key)", "Hash::hash(&key[..0])"),
    of_stories(
        "operators: another tenant's cache is invalidated",
        ROUTE,
        "let is_own = tenant.as_ref() == Some(&context.caller.tenant);",
        "let is_own = tenant.as_ref() == Some(&context.caller.tenant) || tenant.is_some();",
    ),
    of_stories(
        "operators: everything is invalidated by anybody",
        ROUTE,
        "if !is_own && !context",
        "if !is_own && tenant.is_some() && !context",
    ),
    of_stories(
        "operators: values are shown to everybody",
        ROUTE,
        "context.authority.may_also(Action::CacheValues)",
        "context.authority.may_also(Action::CacheRead)",
    ),
    of_stories(
        "operators: a look-up is not admitted as a call",
        "admission/authority.rs",
        "Authority::new(config, caller, Action::ToolsCall, project, at, country)",
        "Authority::new(config, caller, Action::CacheRead, project, at, country)",
    ),
    of_stories(
        "operators: everybody warms for everybody",
        ROUTE,
        "(!context.authority.may_also(Action::CacheAdmin)).then_some(&context.caller.tenant)",
        "context.authority.may_also(Action::CacheAdmin).then_some(&context.caller.tenant).filter(|_| false)",
    ),
    of_stories(
        "operators: what is about to end is left to end",
        "cache/entry.rs",
        "now.until(self.expires_at).get() <= part",
        "now.until(self.expires_at).get() <= part && part == 0",
    ),
    of_stories(
        "operators: what is to be replaced is found again",
        WARM,
        "entry.is_nearly_over(platform.now()) => Source::Executor,",
        "entry.is_nearly_over(platform.now()) => Source::Anywhere,",
    ),
    of_stories(
        "operators: savings of tools are told to everybody",
        "own/cache_route/told.rs",
        "if tool == OTHER || may_see(tool) {",
        "if tool == OTHER || may_see(tool) || !tool.is_empty() {",
    ),
];
