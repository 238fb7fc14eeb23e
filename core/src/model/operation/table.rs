//! The table of operations and their routes: one row for each route, with all of its properties.

use std::borrow::Cow;

use super::query::decode;
use crate::words::action::Action;
use crate::words::method::Method;
use crate::words::refusal::Refusal;

/// Names the requesters that an operation admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Anyone: nothing in the response is private.
    Open,
    /// An engine, by the worker protocol's token.
    WorkerToken,
    /// Callers that hold this action.
    Action(Action),
}

/// Holds the properties in an operation's row, each false unless it is named.
#[derive(Clone, Copy)]
struct OperationProperties {
    /// An operator's operation: operators must be able to revive what was killed, and to see the state of the system.
    of_operators: bool,
    /// The response does not depend on the registry of tools.
    without_tools: bool,
    /// The response depends on nothing at all: it is given even while the configuration has faults.
    without_configuration: bool,
    /// The same request may be passed on to an engine.
    of_engine: bool,
}

impl OperationProperties {
    const NONE: Self =
        Self { of_operators: false, without_tools: false, without_configuration: false, of_engine: false };
}

/// Maps a method and a path to an operation.
#[derive(Debug)]
pub(crate) struct OperationRow {
    /// The method; GET's row serves HEAD too.
    pub(crate) method: Method,
    /// The path without its leading slash. A segment in braces matches any one segment.
    pub(crate) path: &'static str,
    operation: fn(&str) -> Result<Operation, Refusal>,
}

impl OperationRow {
    /// Returns the operation, with the segment at the path's braces.
    ///
    /// # Errors
    /// [`crate::words::refusal::RefusalKind::TargetInvalid`] for bad percent-encoding.
    pub(super) fn operation(&self, segments: &[&str]) -> Result<Operation, Refusal> {
        let parameter = self.path.split('/').zip(segments).find(|(part, _)| part.starts_with('{'));
        (self.operation)(parameter.map_or("", |(_, segment)| segment))
    }

    fn fits(&self, segments: &[&str]) -> bool {
        let mut parts = self.path.split('/');
        segments.iter().all(|segment| parts.next().is_some_and(|part| part.starts_with('{') || part == *segment))
            && parts.next().is_none()
    }
}

/// Returns the routes of a path, one for each method; none for an unknown path.
pub(super) fn routes_of(segments: &[&str]) -> &'static [OperationRow] {
    let from = ROUTES.iter().position(|route| route.fits(segments)).unwrap_or(ROUTES.len());
    let rest = ROUTES.get(from..).unwrap_or_default();
    let count = rest.iter().take_while(|route| rest.first().is_some_and(|first| first.path == route.path)).count();
    rest.get(..count).unwrap_or_default()
}

macro_rules! operations {
    (
        own { $($variant:ident $(($parameter:ident))?: $method:ident $path:literal, $gate:ident($granted:tt), [$($fact:ident),*];)* }
        passed { $($passed_method:ident $passed_path:literal, $action:ident;)* }
    ) => {
        /// Names the requested operation.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Operation {
            $(
                #[doc = concat!("Answers `", stringify!($method), " /", $path, "`.")]
                $variant $((operations!(@type $parameter)))?,
            )*
            /// Answers the `OPTIONS` of a browser, of any path.
            Preflight,
            /// Passes on everything else of the engine's, by the action it needs.
            Pass(Action),
        }

        /// All routes. Those of one path are adjacent, and a more specific path precedes a less specific one.
        pub(crate) static ROUTES: &[OperationRow] = &[
            $(OperationRow {
                method: Method::$method,
                path: $path,
                operation: |_segment| Ok(Operation::$variant $((operations!(@value $parameter _segment)))?),
            },)*
            $(OperationRow {
                method: Method::$passed_method,
                path: $passed_path,
                operation: |_| Ok(Operation::Pass(Action::$action)),
            },)*
        ];

        impl Operation {
            const fn facts(&self) -> OperationProperties {
                match self {
                    $(Self::$variant { .. } => OperationProperties { $($fact: true,)* ..OperationProperties::NONE },)*
                    Self::Preflight => OperationProperties::NONE,
                    Self::Pass(_) => OperationProperties { of_engine: true, ..OperationProperties::NONE },
                }
            }

            /// Returns the requesters that the operation admits.
            #[must_use]
            pub const fn gate(&self) -> Gate {
                match self {
                    $(Self::$variant { .. } => operations!(@gate $gate $granted),)*
                    Self::Preflight => Gate::Open,
                    Self::Pass(action) => Gate::Action(*action),
                }
            }

            /// Returns the operation's name in records and metrics: the action, or the open route's own.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => operations!(@name $gate $granted),)*
                    Self::Preflight => "preflight",
                    Self::Pass(action) => action.as_str(),
                }
            }
        }
    };
    (@type $parameter:ident) => { String };
    (@value $parameter:ident $segment:ident) => { decode($segment).map(Cow::into_owned)? };
    (@gate Action $action:ident) => { Gate::Action(Action::$action) };
    (@gate $gate:ident $name:literal) => { Gate::$gate };
    (@name Action $action:ident) => { Action::$action.as_str() };
    (@name $gate:ident $name:literal) => { $name };
}

operations! {
    own {
        Execute: Post "v1/tools/execute", Action(ToolsCall), [];
        AuthorizeTool: Post "v1/tools/authorize", Action(ToolsAuthorize), [of_engine];
        Requirements: Post "v1/tools/requirements", Action(ToolsRequirements), [of_engine];
        ToolsList: Get "v1/tools", Action(ToolsList), [];
        ToolGet(name): Get "v1/tools/{name}", Action(ToolsList), [];
        FormattedList: Get "v1/formatted_tools", Action(ToolsList), [];
        FormattedGet(name): Get "v1/formatted_tools/{name}", Action(ToolsList), [];
        ScheduledList: Get "v1/scheduled_tools", Action(ScheduledRead), [of_engine];
        ScheduledGet: Get "v1/scheduled_tools/{id}", Action(ScheduledRead), [of_engine];
        AuthAuthorize: Post "v1/auth/authorize", Action(AuthAuthorize), [of_engine];
        AuthStatus: Get "v1/auth/status", Action(AuthStatus), [of_engine];
        Chat: Post "v1/chat/completions", Action(ChatCompletions), [of_engine];
        EngineHealth: Get "v1/health", Open("health/engine"), [];
        Live: Get "health/live", Open("health/live"), [without_configuration];
        Ready: Get "health/ready", Action(HealthRead), [of_operators];
        Metrics: Get "metrics", Action(MetricsRead), [of_operators, without_tools];
        OpenApi: Get "openapi.json", Open("openapi"), [without_configuration];
        WorkerHealth: Get "worker/health", Open("worker/health"), [];
        WorkerTools: Get "worker/tools", WorkerToken("worker/tools"), [];
        WorkerInvoke: Post "worker/tools/invoke", WorkerToken("worker/invoke"), [];
        Explain(request): Get "gate/v1/explain/{request}", Action(ExplainRead), [of_operators, without_tools];
        EpochsRead: Get "gate/v1/epochs", Action(EpochsRead), [of_operators, without_tools];
        EpochsAdvance: Post "gate/v1/epochs", Action(EpochsWrite), [of_operators, without_tools];
        KeysList: Get "gate/v1/keys", Action(KeysRead), [without_tools];
        KeyCreate: Post "gate/v1/keys", Action(KeysWrite), [without_tools];
        KeyGet(id): Get "gate/v1/keys/{id}", Action(KeysRead), [without_tools];
        KeyRevoke(id): Delete "gate/v1/keys/{id}", Action(KeysWrite), [without_tools];
        KeyRotate(id): Post "gate/v1/keys/{id}/rotate", Action(KeysWrite), [without_tools];
        CacheStatistics: Get "gate/v1/cache", Action(CacheRead), [of_operators, without_tools];
        CacheLookup: Post "gate/v1/cache/lookup", Action(CacheRead), [];
        CacheInvalidate: Post "gate/v1/cache/invalidate", Action(CacheInvalidate), [without_tools];
        CacheWarm: Post "gate/v1/cache/warm", Action(CacheWarm), [];
    }
    passed {
        Get "v1/config", EngineRead;
        Get "v1/swagger", EngineRead;
        Post "v1/auth/confirm_user", AuthConfirmUser;
        Post "v1/auth/validate_custom_verifier", AuthValidateVerifier;
        Get "v1/workers", WorkersRead;
        Post "v1/workers", WorkersWrite;
        Post "v1/workers/test", WorkersWrite;
        Get "v1/workers/{id}", WorkersRead;
        Patch "v1/workers/{id}", WorkersWrite;
        Delete "v1/workers/{id}", WorkersWrite;
        Get "v1/workers/{id}/health", WorkersRead;
        Get "v1/workers/{id}/tools", WorkersRead;
        Get "v1/workers/{id}/authorize", WorkersRead;
        Get "v1/admin/secrets", AdminRead;
        Post "v1/admin/secrets/{key}", AdminWrite;
        Delete "v1/admin/secrets/{key}", AdminWrite;
        Get "v1/admin/user_connections", AdminRead;
        Delete "v1/admin/user_connections/{id}", AdminWrite;
        Get "v1/admin/auth_providers", AdminRead;
        Post "v1/admin/auth_providers", AdminWrite;
        Get "v1/admin/auth_providers/{id}", AdminRead;
        Patch "v1/admin/auth_providers/{id}", AdminWrite;
        Delete "v1/admin/auth_providers/{id}", AdminWrite;
        Get "v1/admin/settings/session_verification", AdminRead;
        Put "v1/admin/settings/session_verification", AdminWrite;
        Get "v1/plugins", PluginsRead;
        Post "v1/plugins", PluginsWrite;
        Get "v1/plugins/{id}", PluginsRead;
        Patch "v1/plugins/{id}", PluginsWrite;
        Delete "v1/plugins/{id}", PluginsWrite;
        Get "v1/hooks", HooksRead;
        Post "v1/hooks", HooksWrite;
        Patch "v1/hooks/bulk", HooksWrite;
        Get "v1/hooks/{id}", HooksRead;
        Patch "v1/hooks/{id}", HooksWrite;
        Delete "v1/hooks/{id}", HooksWrite;
        Get "v1/gateways", GatewaysRead;
        Post "v1/gateways", GatewaysWrite;
        Post "v1/gateways/slug", GatewaysWrite;
        Get "v1/gateways/{id}", GatewaysRead;
        Patch "v1/gateways/{id}", GatewaysWrite;
        Delete "v1/gateways/{id}", GatewaysWrite;
    }
}

impl Operation {
    /// Returns whether this is an operator's operation: operators must be able to revive what was killed, and to see
    /// the state of the system.
    #[must_use]
    pub const fn is_operators(&self) -> bool {
        self.facts().of_operators
    }

    /// Returns whether the response depends on the registry of tools.
    #[must_use]
    pub const fn needs_tools(&self) -> bool {
        !self.facts().without_tools
    }

    /// Returns whether the response depends on nothing at all: it is given even while the configuration has faults.
    #[must_use]
    pub const fn needs_nothing(&self) -> bool {
        self.facts().without_configuration
    }

    /// Returns whether the same request may be passed on to an engine: spares the others the re-encoding of the path.
    pub(super) const fn may_be_passed(&self) -> bool {
        self.facts().of_engine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_reached() {
        for (index, row) in ROUTES.iter().enumerate() {
            let segments: Vec<&str> =
                row.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
            let found = routes_of(&segments);
            assert!(found.iter().any(|route| std::ptr::eq(route, row)), "row {index} is hidden: {row:?}");
            let twins = found.iter().filter(|route| route.method == row.method).count();
            assert_eq!(twins, 1, "row {index} stands twice: {row:?}");
        }
    }
}
