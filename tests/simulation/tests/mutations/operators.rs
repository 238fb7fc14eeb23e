//! Deliberate defects of what operators do with the cache.

use crate::defect::{Defect, of_stories};

pub(crate) const DEFECTS: &[Defect] = &[
    of_stories(
        "operators: tags are not looked at",
        "{ cache::tags_of(rules, tool) }",
        "{ let _ = (cache::tags_of, rules); &[] }",
    ),
    of_stories(
        "operators: a tool's scope is not looked at",
        ".max(of(BorrowedScope::Tool(tenant, tool)))",
        ".max(of(BorrowedScope::Tool(tool, tenant)))",
    ),
    of_stories("operators: a user's scope is not looked at", ".max(of(BorrowedScope::User(tenant, user)))", ""),
    of_stories("operators: a key's scope is everybody's", "Hash::hash(key)", "Hash::hash(&key[..0])"),
    of_stories(
        "operators: another tenant's cache is invalidated",
        "let is_own = tenant.as_ref() == Some(&context.caller.tenant);",
        "let is_own = tenant.as_ref() == Some(&context.caller.tenant) || tenant.is_some();",
    ),
    of_stories(
        "operators: everything is invalidated by anybody",
        "if !is_own && !context",
        "if !is_own && tenant.is_some() && !context",
    ),
    of_stories(
        "operators: values are shown to everybody",
        "context.authority.may_also(Action::CacheValues)",
        "context.authority.may_also(Action::CacheRead)",
    ),
    of_stories(
        "operators: a look-up is not admitted as a call",
        "Authority::new(rules, caller, Action::ToolsCall, project, at, country)",
        "Authority::new(rules, caller, Action::CacheRead, project, at, country)",
    ),
    of_stories(
        "operators: everybody warms for everybody",
        "(!context.authority.may_also(Action::CacheAdmin)).then_some(&context.caller.tenant)",
        "context.authority.may_also(Action::CacheAdmin).then_some(&context.caller.tenant).filter(|_| false)",
    ),
    of_stories(
        "operators: what is about to end is left to end",
        "now.until(self.expires_at).get() <= part",
        "now.until(self.expires_at).get() <= part && part == 0",
    ),
    of_stories(
        "operators: what is to be replaced is found again",
        "entry.is_nearly_over(platform.now()) => AnswerSource::Executor,",
        "entry.is_nearly_over(platform.now()) => AnswerSource::Anywhere,",
    ),
    of_stories(
        "operators: savings of tools are told to everybody",
        "if tool == OTHER || may_see(tool) {",
        "if tool == OTHER || may_see(tool) || !tool.is_empty() {",
    ),
];
