//! The single-word values of the document: each constructor refuses an invalid text.

use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use super::document::{DocumentValue, parsed};
use super::faults::Faults;
use crate::words::action::ActionPattern;
use crate::words::names::{
    CacheTag, CallerId, ExecutorId, KeyId, LimitId, Project, RoleId, TenantId, ToolName, ToolPattern, UserId, is_id,
};

/// A base URL: `scheme://host[:port][/prefix]`, no user, query or fragment, no trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BaseUrl(pub(super) String);

impl BaseUrl {
    pub(super) fn new(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~');
        let valid =
            !authority.is_empty() && authority.bytes().all(plain) && path.bytes().all(safe) && !path.contains("..");
        valid.then(|| Self(text.trim_end_matches('/').to_owned()))
    }
}

/// The name of a setting: capitals, digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SettingName(pub(super) String);

impl SettingName {
    pub(super) fn new(text: &str) -> Option<Self> {
        let valid = !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        valid.then(|| Self(text.to_owned()))
    }
}

/// A keyed hash in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyHash(pub(super) [u8; 32]);

impl KeyHash {
    pub(super) fn new(text: &str) -> Option<Self> {
        crate::words::hex::decode32(text).map(Self)
    }
}

/// The name of a region or a capability, formed like an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label(pub(super) String);

impl Label {
    pub(super) fn new(text: &str) -> Option<Self> {
        is_id(text).then(|| Self(text.to_owned()))
    }
}

/// `*` or one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UserPattern {
    Every,
    One(UserId),
}

/// `*` or one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProjectPattern {
    Every,
    One(Project),
}

/// Implements values that are a string which a constructor accepts.
macro_rules! parsed_values {
    ($($type:ty: $parse:expr, $what:literal, $pattern:literal;)*) => {
        $(impl DocumentValue for $type {
            fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
                parsed(node, faults, $what, $parse)
            }

            fn schema() -> serde_json::Value {
                json!({ "type": "string", "pattern": $pattern })
            }
        })*
    };
}

parsed_values! {
    TenantId: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    CallerId: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    KeyId: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    RoleId: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    LimitId: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    ExecutorId: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    Label: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    CacheTag: Self::new, "an identifier: 1 to 64 of a-z A-Z 0-9 _ - .", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    Project: Self::new, "\"org/project\"", "^[^/]+/[^/]+$";
    ToolName: Self::new, "\"Toolkit.Tool\"", "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$";
    UserId: Self::new, "a user id of 1 to 256 bytes", "^.{1,256}$";
    ToolPattern: Self::new, "\"*\", \"Toolkit.*\" or \"Toolkit.Tool\"", "^(\\*|[A-Za-z0-9_-]+\\.(\\*|[A-Za-z0-9_-]+))$";
    ActionPattern: Self::new, "\"*\", \"family/*\" or an action that docs/configuration.md lists", "^(\\*|[a-z_]+/(\\*|[a-z_]+))$";
    BaseUrl: Self::new, "a URL such as \"https://api.arcade.dev\", without user, query or fragment", "^https?://[^?#@]+$";
    SettingName: Self::new, "the name of a setting, such as \"ARCADE_API_KEY\"", "^[A-Z0-9_]{1,64}$";
    KeyHash: Self::new, "64 hexadecimal digits", "^[0-9a-fA-F]{64}$";
    UserPattern: |text| if text == "*" { Some(Self::Every) } else { UserId::new(text).map(Self::One) },
        "\"*\" or a user id of 1 to 256 bytes", "^.{1,256}$";
    ProjectPattern: |text| if text == "*" { Some(Self::Every) } else { Project::new(text).map(Self::One) },
        "\"*\" or \"org/project\"", "^(\\*|[^/]+/[^/]+)$";
    String: |text| Some(text.to_owned()), "a string", "";
}
