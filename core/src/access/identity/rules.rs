//! Issuers: whose tokens are taken, how each is checked, and what its claims make of a caller.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::caller::{Grant, ProjectRule};
use crate::words::action::ActionPattern;
use crate::words::choice::choice;
use crate::words::modes::Priority;
use crate::words::names::{KeyId, RoleId, TenantId, UserId};
use crate::words::secret::Secret;
use crate::words::time::Millis;

/// Somebody else who says who a caller is.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its name: what a record shows as the key, and the first part of its callers' names.
    pub id: KeyId,
    /// How its tokens are checked.
    pub check: TokenCheck,
    /// `aud` must have one of these; empty only where the answer of the issuer is about us alone.
    pub audiences: Vec<String>,
    /// How far its clock may be from ours.
    pub leeway: Millis,
    /// Claims that must have one of these values.
    pub require: Vec<(String, Vec<String>)>,
    /// What its claims mean here.
    pub mapping: Mapping,
}

/// How tokens are checked.
#[derive(Clone, Debug)]
pub enum TokenCheck {
    /// By their signature (RFC 7515, RFC 7519).
    Signed(SignedRules),
    /// By asking (RFC 7662), for tokens that tell nothing themselves.
    Asked(AskRules),
}

/// How a signed token is checked.
#[derive(Clone, Debug)]
pub struct SignedRules {
    /// What `iss` must be, exactly.
    pub name: IssuerName,
    /// The algorithms it may use; never a symmetric one.
    pub algorithms: Vec<Algorithm>,
    /// What `typ` may be. A token without one is a `JWT`.
    pub types: Vec<TokenType>,
    /// Where its keys are.
    pub keys: KeysAt,
    /// For how long its keys are used after they ceased to be fresh, where it cannot be asked.
    pub stale: Millis,
    /// `azp`, where there is one, must be one of the audiences: Google's ID tokens.
    pub checks_azp: bool,
    /// Whether its tokens are also taken from `Cf-Access-Jwt-Assertion`.
    pub asserts: bool,
}

/// What `iss` must be.
#[derive(Clone, Debug)]
pub enum IssuerName {
    /// One of these.
    Exact(Vec<String>),
    /// `prefix`, the claim `tid`, `suffix`: Microsoft Entra's issuers of several tenants.
    OfTenant(String, String),
}

/// Where an issuer's keys are.
#[derive(Clone, Debug)]
pub enum KeysAt {
    /// At this URL.
    Url(String),
    /// Where the metadata of this issuer says, on the same origin (OpenID Connect Discovery 1.0, RFC 8414).
    Discovered(String),
}

/// How an issuer is asked about a token.
#[derive(Clone, Debug)]
pub struct AskRules {
    /// The protocol.
    pub protocol: AskProtocol,
    /// Where.
    pub endpoint: String,
    /// The gateway's own name there.
    pub client_id: String,
    /// The setting of its secret.
    pub client_secret_setting: String,
    /// Its secret; `None` switches the issuer off, by name.
    pub client_secret: Option<Secret>,
    /// What `iss` of the answer must be, where it has one.
    pub issuer: Option<String>,
    /// How its tokens begin; empty for every one that is neither a key nor a JWT.
    pub prefixes: Vec<String>,
}

/// How the question is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskProtocol {
    /// RFC 7662.
    Introspection,
    /// GitHub's check of a user token: `POST /applications/{client_id}/token`.
    GitHub,
}

/// What the claims of a good token make of its caller.
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
    /// What each scope narrows the actions to; empty when scopes narrow nothing.
    pub scopes: BTreeMap<String, Vec<ActionPattern>>,
    /// The users it may name.
    pub users: UsersFrom,
    /// The engine projects it may address.
    pub projects: ProjectRule,
    /// How early the calls of its callers wait, or are turned away, where an executor has more than it can do.
    pub priority: Priority,
    /// The claims that policies can read.
    pub claims: Vec<String>,
}

/// Where a caller's tenant comes from.
#[derive(Clone, Debug)]
pub enum TenantRule {
    /// Always this one.
    Fixed(TenantId),
    /// The value of this claim, which must be one of these.
    Claim(String, Vec<TenantId>),
}

/// Where the users that a caller may name come from.
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
    /// How its signed tokens are checked, if it signs them.
    #[must_use]
    pub const fn signed(&self) -> Option<&SignedRules> {
        match &self.check {
            TokenCheck::Signed(rules) => Some(rules),
            TokenCheck::Asked(_) => None,
        }
    }

    /// Whether the gateway has no secret to ask it with.
    #[must_use]
    pub fn is_inactive(&self) -> bool {
        self.asked().is_some_and(|rules| rules.client_secret.is_none())
    }

    /// How it is asked about its tokens, if it is.
    #[must_use]
    pub const fn asked(&self) -> Option<&AskRules> {
        match &self.check {
            TokenCheck::Asked(rules) => Some(rules),
            TokenCheck::Signed(_) => None,
        }
    }
}

choice! {
    /// A signature algorithm (RFC 7518 section 3.1, RFC 8037, RFC 9864). There is no symmetric one, and no "none".
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
    /// What a token says that it is.
    pub enum TokenType {
        /// RFC 7519.
        Jwt = "JWT",
        /// An access token by RFC 9068.
        AccessToken = "at+jwt",
    }
}
