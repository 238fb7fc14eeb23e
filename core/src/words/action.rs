//! Actions: permissions that a caller needs for a route. Every route has one; none is granted by default.

use std::fmt;

macro_rules! actions {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal),* $(,)?) => {
        /// Names the kind of operation that a request asks for. The name is used in the configuration, in records and
        /// in refusals.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action { $($(#[doc = $doc])* $variant),* }

        impl Action {
            /// Lists every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the action's name, `family/verb`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

actions! {
    /// List and read tool definitions, plain or formatted; each tool only to those who may call it.
    ToolsList = "tools/list",
    /// Run a tool.
    ToolsCall = "tools/call",
    /// Begin the authorisation a tool needs.
    ToolsAuthorize = "tools/authorize",
    /// Ask what tools require.
    ToolsRequirements = "tools/requirements",
    /// Read scheduled executions.
    ScheduledRead = "scheduled_tools/read",
    /// Begin an authorisation.
    AuthAuthorize = "auth/authorize",
    /// Wait for one's own authorisation.
    AuthStatus = "auth/status",
    /// Confirm the user of an authorisation flow.
    AuthConfirmUser = "auth/confirm_user",
    /// Check a custom verifier.
    AuthValidateVerifier = "auth/validate_custom_verifier",
    /// Chat completions of the engine.
    ChatCompletions = "chat/completions",
    /// Read the engine's configuration and interface description.
    EngineRead = "engine/read",
    /// Read the engine's workers.
    WorkersRead = "workers/read",
    /// Change the engine's workers.
    WorkersWrite = "workers/write",
    /// Read the engine's secrets' names, connections, providers and settings.
    AdminRead = "admin/read",
    /// Change them.
    AdminWrite = "admin/write",
    /// Read the engine's webhook plugins.
    PluginsRead = "plugins/read",
    /// Change them.
    PluginsWrite = "plugins/write",
    /// Read the engine's hooks.
    HooksRead = "hooks/read",
    /// Change them.
    HooksWrite = "hooks/write",
    /// Read the engine's MCP gateways.
    GatewaysRead = "gateways/read",
    /// Change them.
    GatewaysWrite = "gateways/write",
    /// Read the counters.
    MetricsRead = "metrics/read",
    /// Read readiness in full.
    HealthRead = "health/read",
    /// Look up what became of a request of one's own tenant.
    ExplainRead = "explain/read",
    /// Read epochs, revocations and kill switches.
    EpochsRead = "epochs/read",
    /// Revoke, kill, invalidate.
    EpochsWrite = "epochs/write",
    /// Read what issued keys grant, of one's own tenant.
    KeysRead = "keys/read",
    /// Issue, rotate and revoke keys of one's own tenant that grant no more than one holds.
    KeysWrite = "keys/write",
    /// Both for any tenant, and whatever they grant.
    KeysAdmin = "keys/admin",
    /// Read what the cache saves, and the facts of the entries of calls that one could make.
    CacheRead = "cache/read",
    /// Read what such entries hold.
    CacheValues = "cache/values",
    /// Make cached answers of one's own tenant stale.
    CacheInvalidate = "cache/invalidate",
    /// Make the configured calls of one's own tenant, so that their answers are cached.
    CacheWarm = "cache/warm",
    /// Both for any tenant, and everything at once.
    CacheAdmin = "cache/admin",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Grants actions: `*`, `family/*` or one by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionPattern {
    /// Every action.
    Every,
    /// Every action of one family.
    Family(&'static str),
    /// One action.
    One(Action),
}

impl ActionPattern {
    /// Returns the pattern with this text; `None` when it matches no action.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Every);
        }
        if let Some(family) = text.strip_suffix("/*") {
            return Action::ALL
                .iter()
                .map(|action| family_of(*action))
                .find(|known| *known == family)
                .map(Self::Family);
        }
        Action::ALL.iter().find(|action| action.as_str() == text).map(|action| Self::One(*action))
    }

    /// Returns true if the pattern matches the action.
    #[must_use]
    pub fn matches(self, action: Action) -> bool {
        match self {
            Self::Every => true,
            Self::Family(family) => family_of(action) == family,
            Self::One(one) => one == action,
        }
    }

    /// Returns true if the pattern matches every action that `other` matches.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match other {
            Self::Every => self == Self::Every,
            Self::Family(_) => self == Self::Every || self == other,
            Self::One(action) => self.matches(action),
        }
    }
}

fn family_of(action: Action) -> &'static str {
    action.as_str().split_once('/').map_or("", |(family, _)| family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_its_own_actions_only() {
        let tools = ActionPattern::new("tools/*").unwrap();
        assert!(tools.matches(Action::ToolsCall));
        assert!(!tools.matches(Action::ScheduledRead));
        assert_eq!(ActionPattern::new("tool/*"), None);
        assert_eq!(ActionPattern::new("tools/delete"), None);
    }

    #[test]
    fn a_pattern_covers_what_means_no_more() {
        let texts = ["*", "tools/*", "keys/*", "tools/call", "tools/list", "keys/read"];
        for (outer, inner) in texts.iter().flat_map(|outer| texts.iter().map(move |inner| (outer, inner))) {
            let [wide, narrow] = [outer, inner].map(|text| ActionPattern::new(text).unwrap());
            let means_more = Action::ALL.iter().any(|action| narrow.matches(*action) && !wide.matches(*action));
            assert_eq!(wide.covers(narrow), !means_more, "{outer} {inner}");
        }
    }
}
