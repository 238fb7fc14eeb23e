//! Describes issuers: how the tokens of each are checked, and how its claims map to a caller.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::caller::{Grant, ProjectRule};
use crate::words::action::ActionPattern;
use crate::words::choice::choice;
use crate::words::modes::Priority;
use crate::words::names::{KeyId, RoleId, TenantId, UserId};
use crate::words::secret::Secret;
use crate::words::time::Millis;

/// Describes an issuer of tokens, which says who a caller is.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its name: what a record shows as the key, and the first part of its callers' names.
    pub id: KeyId,
    /// The check of its tokens.
    pub check: TokenCheck,
    /// `aud` must have one of these; empty only where the answer of the issuer is about us alone.
    pub audiences: Vec<String>,
    /// The most that its clock may be from ours.
    pub leeway: Millis,
    /// Claims that must have one of these values.
    pub require: Vec<(String, Vec<String>)>,
    /// The meaning of its claims here.
    pub mapping: Mapping,
}

/// Says how tokens are checked.
#[derive(Clone, Debug)]
pub enum TokenCheck {
    /// By their signature (RFC 7515, RFC 7519).
    Signed(SignedRules),
    /// By asking (RFC 7662), for tokens that tell nothing themselves.
    Asked(AskRules),
}

/// Says how a signed token is checked.
#[derive(Clone, Debug)]
pub struct SignedRules {
    /// The value of `iss`, exactly.
    pub name: IssuerName,
    /// The algorithms it may use; never a symmetric one.
    pub algorithms: Vec<Algorithm>,
    /// The values that `typ` may have. A token without one is a `JWT`.
    pub types: Vec<TokenType>,
    /// The place of its keys.
    pub keys: KeysAt,
    /// The time for which its keys are used after they ceased to be fresh, where it cannot be asked.
    pub stale: Millis,
    /// `azp`, where there is one, must be one of the audiences: Google's ID tokens.
    pub checks_azp: bool,
    /// True when its tokens are also taken from `Cf-Access-Jwt-Assertion`.
    pub asserts: bool,
}

/// Says what `iss` must be.
#[derive(Clone, Debug)]
pub enum IssuerName {
    /// One of these.
    Exact(Vec<String>),
    /// `prefix`, the claim `tid`, `suffix`: Microsoft Entra's issuers of several tenants.
    OfTenant(String, String),
}

/// Says where an issuer's keys are.
#[derive(Clone, Debug)]
pub enum KeysAt {
    /// At this URL.
    Url(String),
    /// At the URL that the metadata of this issuer names, on the same origin (OpenID Connect Discovery 1.0, RFC 8414).
    Discovered(String),
}

/// Says how an issuer is asked about a token.
#[derive(Clone, Debug)]
pub struct AskRules {
    /// The protocol.
    pub protocol: AskProtocol,
    /// The URL.
    pub endpoint: String,
    /// The gateway's own name there.
    pub client_id: String,
    /// The setting of its secret.
    pub client_secret_setting: String,
    /// Its secret; `None` switches the issuer off, by name.
    pub client_secret: Option<Secret>,
    /// The value of `iss` in the answer, where it has one.
    pub issuer: Option<String>,
    /// The prefixes of its tokens; empty for every one that is neither a key nor a JWT.
    pub prefixes: Vec<String>,
}

/// Names the protocol of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskProtocol {
    /// RFC 7662.
    Introspection,
    /// GitHub's check of a user token: `POST /applications/{client_id}/token`.
    GitHub,
}

/// Maps the claims of a good token to its caller.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Its tenant.
    pub tenant: TenantRule,
    /// The claim with its name, unique at the issuer.
    pub subject_claim: String,
    /// The claim that names its roles.
    pub roles_claim: Option<String>,
    /// The roles of each value of that claim.
    pub roles: BTreeMap<String, Vec<RoleId>>,
    /// The roles that every token of this issuer has.
    pub default_roles: Vec<RoleId>,
    /// The grants of all these roles.
    pub grants: BTreeMap<RoleId, Rc<Grant>>,
    /// The actions that each scope narrows to; empty when scopes narrow nothing.
    pub scopes: BTreeMap<String, Vec<ActionPattern>>,
    /// The users it may name.
    pub users: UsersFrom,
    /// The engine projects it may address.
    pub projects: ProjectRule,
    /// The priority of its callers' calls where an executor has more than it can do.
    pub priority: Priority,
    /// The claims that policies can read.
    pub claims: Vec<String>,
}

/// Says where a caller's tenant comes from.
#[derive(Clone, Debug)]
pub enum TenantRule {
    /// Always this one.
    Fixed(TenantId),
    /// The value of this claim, which must be one of these.
    Claim(String, Vec<TenantId>),
}

/// Says where the users that a caller may name come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsersFrom {
    /// Itself: its subject.
    Subject,
    /// The value, or values, of this claim.
    Claim(String),
    /// Any.
    Every,
    /// These.
    Only(Vec<UserId>),
}

impl Issuer {
    /// Returns the rules for its signed tokens, if it signs them.
    #[must_use]
    pub const fn signed(&self) -> Option<&SignedRules> {
        match &self.check {
            TokenCheck::Signed(rules) => Some(rules),
            TokenCheck::Asked(_) => None,
        }
    }

    /// Returns whether the gateway has no secret to ask it with.
    #[must_use]
    pub fn is_inactive(&self) -> bool {
        self.asked().is_some_and(|rules| rules.client_secret.is_none())
    }

    /// Returns the rules for asking it about its tokens, if it is asked.
    #[must_use]
    pub const fn asked(&self) -> Option<&AskRules> {
        match &self.check {
            TokenCheck::Asked(rules) => Some(rules),
            TokenCheck::Signed(_) => None,
        }
    }
}

choice! {
    /// Names a signature algorithm (RFC 7518 section 3.1, RFC 8037, RFC 9864). There is no symmetric one, and no
    /// "none".
    pub enum Algorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// The same with SHA-384.
        Rs384 = "RS384",
        /// The same with SHA-512.
        Rs512 = "RS512",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// The same with SHA-384.
        Ps384 = "PS384",
        /// The same with SHA-512.
        Ps512 = "PS512",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// Ed25519, by its older name.
        EdDsa = "EdDSA",
        /// Ed25519, by its own.
        Ed25519 = "Ed25519",
    }
}

choice! {
    /// Names the type that a token says it has.
    pub enum TokenType {
        /// RFC 7519.
        Jwt = "JWT",
        /// An access token by RFC 9068.
        AccessToken = "at+jwt",
    }
}
