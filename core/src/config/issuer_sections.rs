//! `[[issuers]]` as a document, and the value types that only it has.

use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use super::document::{DocumentValue, Field, document, parsed, table};
use super::faults::Faults;
use super::words::{ProjectPattern, SettingName, UserPattern};
use crate::access::identity::rules::{Algorithm, TokenType};
use crate::words::action::ActionPattern;
use crate::words::choice::choice;
use crate::words::limits;
use crate::words::modes::Priority;
use crate::words::names::{KeyId, RoleId, TenantId};
use crate::words::time::Millis;

document! {
    /// An issuer of tokens that callers may present.
    pub(super) struct IssuerSection {
        /// Its name in records and revocations, and the first part of its callers' names.
        id: KeyId;
        /// Its kind: "oidc", "google", "entra", "github-actions", "cloudflare-access", or for opaque tokens "introspection" and "github".
        preset: Preset = Preset::Oidc;
        /// The value that `iss` must have.
        issuer: Option<WebUrl>;
        /// Accepted values of `aud`: one must be present.
        audiences: Vec<ShortText> = Vec::new();
        /// The algorithms that its tokens may be signed with.
        algorithms: Option<Vec<Algorithm>>;
        /// The permitted values of `typ`; a token without one is a JWT.
        types: Vec<TokenType> = vec![TokenType::Jwt, TokenType::AccessToken];
        /// The URL of its key set; from its metadata, if absent.
        jwks_uri: Option<WebUrl>;
        /// Time for which its stale keys are used while it cannot be reached, at most 1d.
        stale: Millis = Millis::from_secs(3600), in (Millis::ZERO, limits::KEYS_FRESH_MAX);
        /// Tolerated difference between its clock and ours, at most 60s.
        leeway: Millis = Millis::from_secs(30), in (Millis::ZERO, limits::TOKEN_LEEWAY_MAX);
        /// The URL for questions about a token: the introspection endpoint, or the base URL of GitHub's API.
        endpoint: Option<WebUrl>;
        /// The gateway's client id there.
        client_id: Option<ShortText>;
        /// The setting that holds the client secret. Unset, the issuer is inactive.
        client_secret_setting: Option<SettingName>;
        /// Prefixes of its opaque tokens; without any, it is asked about every credential that is neither a key nor a JWT.
        prefixes: Vec<ShortText> = Vec::new();
        /// Claims that must have one of these values.
        require: NamedLists<ShortText> = NamedLists(Vec::new());
        /// The tenant of all its callers.
        tenant: Option<TenantId>;
        /// The claim that names the tenant, instead.
        tenant_claim: Option<ShortText>;
        /// The tenants that this claim may name.
        tenants: Vec<TenantId> = Vec::new();
        /// The claim that names the caller, unique at the issuer.
        subject_claim: ShortText = ShortText("sub".to_owned());
        /// The claim that names its roles: a text, or a list.
        roles_claim: Option<ShortText>;
        /// The roles of each value of that claim.
        roles: NamedLists<RoleId> = NamedLists(Vec::new());
        /// The roles that every one of its callers has.
        default_roles: Vec<RoleId> = Vec::new();
        /// The actions that each scope narrows a caller to; without any, scopes narrow nothing.
        scopes: NamedLists<ActionPattern> = NamedLists(Vec::new());
        /// The user_ids that its callers may name: "subject", "claim:NAME", or a list, or ["*"].
        users: UsersWord = UsersWord::Only(Vec::new());
        /// The org/project paths that its callers may address, or ["*"].
        projects: Vec<ProjectPattern> = Vec::new();
        /// The priority of all its callers, as callers[].priority.
        priority: Priority = Priority::Normal;
        /// The claims that policies can read.
        claims: Vec<ShortText> = Vec::new();
    }
}

choice! {
    /// The kind of an issuer.
    pub(super) enum Preset {
        /// OpenID Connect or RFC 8414 metadata, JWT by RFC 7519 and RFC 9068.
        Oidc = "oidc",
        /// Google's ID tokens.
        Google = "google",
        /// Microsoft Entra, v2.0 tokens.
        Entra = "entra",
        /// The OIDC tokens of GitHub Actions jobs.
        GithubActions = "github-actions",
        /// Cloudflare Access.
        CloudflareAccess = "cloudflare-access",
        /// RFC 7662.
        Introspection = "introspection",
        /// User tokens of a GitHub app or OAuth app.
        Github = "github",
    }
}

/// A text of 1 to 512 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShortText(pub(super) String);

impl DocumentValue for ShortText {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(node, faults, "a text of 1 to 512 bytes", |text| {
            let is_short = !text.is_empty() && text.len() <= 512 && !text.chars().any(char::is_control);
            is_short.then(|| Self(text.to_owned()))
        })
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 512 })
    }
}

/// `https://host[:port][/path]`; `http` only to localhost. `{tenantid}` stands in an Entra issuer of several tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebUrl(pub(super) String);

impl WebUrl {
    fn new(text: &str) -> Option<Self> {
        crate::access::identity::is_web_url(&text.replace("{tenantid}", "tenantid")).then(|| Self(text.to_owned()))
    }
}

impl DocumentValue for WebUrl {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(
            node,
            faults,
            "a URL such as \"https://login.example.com\", without user, query or fragment; http only to this machine",
            Self::new,
        )
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^https?://[^?#@]+$" })
    }
}

/// A table from names to lists.
#[derive(Clone, Debug)]
pub(super) struct NamedLists<T>(pub(super) Vec<(String, Vec<T>)>);

impl<T: DocumentValue> DocumentValue for NamedLists<T> {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        let table = table(node, faults)?;
        // Every list is read, so that every faulty one is reported.
        let read: Vec<Option<(String, Vec<T>)>> = table
            .iter()
            .map(|(name, list)| {
                let name: &str = name.get_ref();
                let list = faults.inside(name, |faults| Vec::<T>::read_present(list, faults));
                list.map(|list| (name.to_owned(), list))
            })
            .collect();
        read.into_iter().collect::<Option<_>>().map(Self)
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "object", "additionalProperties": Vec::<T>::field_schema() })
    }
}

/// Names the users that callers of an issuer may name.
#[derive(Clone, Debug)]
pub(super) enum UsersWord {
    Subject,
    Claim(String),
    Only(Vec<UserPattern>),
}

impl DocumentValue for UsersWord {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        match node.get_ref() {
            DeValue::Array(_) => Vec::<UserPattern>::read(node, faults).map(Self::Only),
            _ => parsed(node, faults, "\"subject\", \"claim:NAME\" or a list of user ids", |text| match text {
                "subject" => Some(Self::Subject),
                _ => {
                    text.strip_prefix("claim:").filter(|name| !name.is_empty()).map(|name| Self::Claim(name.to_owned()))
                }
            }),
        }
    }

    fn schema() -> serde_json::Value {
        let word = json!({ "type": "string", "pattern": "^(subject|claim:.+)$" });
        json!({ "oneOf": [word, Vec::<UserPattern>::schema()] })
    }
}
