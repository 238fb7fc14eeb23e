//! Names that are valid by construction: each type's constructor refuses malformed text.

use std::fmt;
use std::rc::Rc;

/// Most bytes in an identifier of ours.
const ID_BYTES: usize = 64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to 64 of the characters `a-z A-Z 0-9 _ - .`, the first a letter or digit. A clone is cheap.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Rc<str>);

        impl $name {
            /// Returns the identifier with this text; `None` when it is malformed.
            #[must_use]
            pub fn new(text: &str) -> Option<Self> {
                is_id(text).then(|| Self(text.into()))
            }

            /// Returns the identifier's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A tenant: the boundary that no data crosses.
    TenantId
}
id! {
    /// A caller: whoever holds one of its API keys.
    CallerId
}
impl CallerId {
    /// Most bytes of a subject in a caller's name.
    pub const SUBJECT_BYTES: usize = 128;

    /// Returns the caller that an issuer's token names, `{issuer}:{subject}`; `None` unless the subject is 1 to 128
    /// letters, digits and ``-._~:@|/+=``. No configured caller has a `:` in its name, so the two never collide.
    #[must_use]
    pub fn of_subject(issuer: &KeyId, subject: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@|/+=".contains(&byte);
        let is_subject = !subject.is_empty() && subject.len() <= Self::SUBJECT_BYTES && subject.bytes().all(is_plain);
        is_subject.then(|| Self([issuer.as_str(), ":", subject].concat().into()))
    }

    /// Returns the gateway itself as the caller of its own calls: no other caller's name begins with a `:`.
    #[must_use]
    pub(crate) fn of_gateway(what: &str) -> Self {
        Self([":", what].concat().into())
    }
}

id! {
    /// One API key of a caller; the subject of a revocation.
    KeyId
}
id! {
    /// A role: a set of permissions that callers can have.
    RoleId
}
id! {
    /// A limit on the rate of requests.
    LimitId
}
id! {
    /// An executor: a service that runs tools.
    ExecutorId
}
id! {
    /// A tag that the operator gives to tools, so that their stored responses can be invalidated together.
    CacheTag
}

/// Returns true if this text is a well-formed identifier.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= ID_BYTES
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// An organisation and project of an Arcade engine: the `{org}/{project}` of `/v1/orgs/{org}/projects/{project}/...`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Project(Rc<str>);

impl Project {
    /// Returns the project named `org/project`; `None` when that is not two identifiers.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (org, project) = text.split_once('/')?;
        (is_id(org) && is_id(project)).then(|| Self(text.into()))
    }

    /// Returns `org/project`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the path prefix that addresses it: `/v1/orgs/{org}/projects/{project}`.
    #[must_use]
    pub fn path(&self) -> String {
        let (org, project) = self.0.split_once('/').unwrap_or((&self.0, ""));
        format!("/v1/orgs/{org}/projects/{project}")
    }
}

/// The end user that a call is made for, as the caller names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId(Rc<str>);

impl UserId {
    /// Most bytes in a user id.
    pub const BYTES: usize = 256;

    /// Returns the user named `text`: 1 to 256 bytes without control characters.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= Self::BYTES && !text.chars().any(char::is_control))
            .then(|| Self(text.into()))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `Toolkit.Tool`: letters, digits, `_` and `-` on both sides (remote MCP servers' ids have a `-`). Compared in lower
/// case.
#[derive(Clone, Debug, Eq, PartialEq, PartialOrd, Ord)]
pub struct ToolName {
    text: Box<str>,
    dot: usize,
}

impl ToolName {
    /// Most bytes in a qualified tool name.
    pub const BYTES: usize = 160;

    /// Returns the tool named `toolkit.tool`; `None` when that is not a name.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let dot = text.find('.')?;
        let (toolkit, tool) = (text.get(..dot)?, text.get(dot.checked_add(1)?..)?);
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        (text.len() <= Self::BYTES && is_word(toolkit) && is_word(tool)).then(|| Self { text: text.into(), dot })
    }

    /// Returns `Toolkit.Tool`, in its original case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the toolkit.
    #[must_use]
    pub fn toolkit(&self) -> &str {
        self.text.get(..self.dot).unwrap_or_default()
    }

    /// Returns the tool's name within its toolkit.
    #[must_use]
    pub fn tool(&self) -> &str {
        self.text.get(self.dot.saturating_add(1)..).unwrap_or_default()
    }

    /// Returns the normalized (lower-case) form, in which names are compared.
    #[must_use]
    pub fn folded(&self) -> String {
        self.text.to_ascii_lowercase()
    }
}

/// Selects tools: `*`, `Toolkit.*` or `Toolkit.Tool`, in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolPattern {
    /// Every tool.
    Every,
    /// The tools of one toolkit (lower case).
    Toolkit(Box<str>),
    /// One tool (lower case).
    Tool(Box<str>),
}

impl ToolPattern {
    /// Returns the pattern with this text; `None` when it is malformed.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Every);
        }
        if let Some(toolkit) = text.strip_suffix(".*") {
            // A toolkit is a word on its own: let the tool name's rule check it.
            return ToolName::new(&format!("{toolkit}.x")).map(|_| Self::Toolkit(toolkit.to_ascii_lowercase().into()));
        }
        ToolName::new(text).map(|name| Self::Tool(name.folded().into()))
    }

    /// Returns true if the pattern matches the tool with this name in lower case (`toolkit.tool`).
    #[must_use]
    pub fn matches(&self, folded: &str) -> bool {
        match self {
            Self::Every => true,
            Self::Tool(tool) => **tool == *folded,
            Self::Toolkit(toolkit) => folded.strip_prefix(&**toolkit).is_some_and(|rest| rest.starts_with('.')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_name() {
        for text in ["", "-a", "a b", "a/b", "é", &"x".repeat(65)] {
            assert_eq!(TenantId::new(text), None, "{text:?}");
        }
        for text in ["", "a", "a.", ".a", "a.b.c", "a b.c", "a.b@1"] {
            assert_eq!(ToolName::new(text), None, "{text:?}");
        }
        for text in ["a", "a/", "/b", "a/b/c", "../b", "a/b?"] {
            assert_eq!(Project::new(text), None, "{text:?}");
        }
        assert_eq!(UserId::new("a\nb"), None);
    }

    #[test]
    fn patterns_match_in_any_case_and_only_whole_words() {
        let calc = ToolPattern::new("Calc.*").unwrap();
        assert!(calc.matches("calc.plus"));
        assert!(!calc.matches("calculus.plus"));
        assert!(ToolPattern::new("Calc.PLUS").unwrap().matches("calc.plus"));
        assert!(!ToolPattern::new("Calc.Plus").unwrap().matches("calc.plusall"));
        assert_eq!(ToolPattern::new("C*lc.Plus"), None);
        assert_eq!(ToolPattern::new("*.*"), None);
    }

    #[test]
    fn a_tool_name_has_two_parts() {
        let name = ToolName::new("Calc.Plus").unwrap();
        assert_eq!((name.toolkit(), name.tool(), name.folded().as_str()), ("Calc", "Plus", "calc.plus"));
    }
}
