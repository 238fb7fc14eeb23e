//! Holds the rules about issuers: the verification of their tokens, and the mapping of claims to a caller.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::caller::{Grant, ProjectRule};
use crate::words::action::ActionPattern;
use crate::words::choice::choice;
use crate::words::modes::Priority;
use crate::words::names::{KeyId, RoleId, TenantId, UserId};
use crate::words::secret::Secret;
use crate::words::time::Millis;

/// An issuer of tokens, which identify callers.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The issuer's name: the key in records, and the first part of its callers' names.
    pub id: KeyId,
    /// The check of its tokens.
    pub check: TokenCheck,
    /// The accepted values of `aud`; empty only where the issuer's answer is about this gateway alone.
    pub audiences: Vec<String>,
    /// The maximum difference between its clock and ours.
    pub leeway: Millis,
    /// The required claims, with the accepted values of each.
    pub require: Vec<(String, Vec<String>)>,
    /// The mapping of its claims to a caller.
    pub mapping: Mapping,
}

/// Names the ways of verifying tokens.
#[derive(Clone, Debug)]
pub enum TokenCheck {
    /// By their signature (RFC 7515, RFC 7519).
    Signed(SignedRules),
    /// By asking the issuer (RFC 7662), for opaque tokens.
    Asked(AskRules),
}

/// Rules for verifying a signed token.
#[derive(Clone, Debug)]
pub struct SignedRules {
    /// The value of `iss`, exactly.
    pub name: IssuerName,
    /// The permitted algorithms; never a symmetric one.
    pub algorithms: Vec<Algorithm>,
    /// The permitted values of `typ`. A token without one is a `JWT`.
    pub types: Vec<TokenType>,
    /// The source of the issuer's keys.
    pub keys: KeysAt,
    /// The time for which stale keys are used, where the issuer cannot be asked.
    pub stale: Millis,
    /// True when `azp`, if present, must be one of the audiences: Google's ID tokens.
    pub checks_azp: bool,
    /// True when its tokens are also accepted from `Cf-Access-Jwt-Assertion`.
    pub asserts: bool,
}

/// Names the required value of `iss`.
#[derive(Clone, Debug)]
pub enum IssuerName {
    /// One of these values.
    Exact(Vec<String>),
    /// `prefix`, the claim `tid`, `suffix`: Microsoft Entra's issuers of several tenants.
    OfTenant(String, String),
}

/// Names the source of an issuer's keys.
#[derive(Clone, Debug)]
pub enum KeysAt {
    /// This URL.
    Url(String),
    /// The URL that the metadata of this issuer names, on the same origin (OpenID Connect Discovery 1.0, RFC 8414).
    Discovered(String),
}

/// Rules for asking an issuer about a token.
#[derive(Clone, Debug)]
pub struct AskRules {
    /// The protocol.
    pub protocol: AskProtocol,
    /// The URL.
    pub endpoint: String,
    /// The gateway's client id.
    pub client_id: String,
    /// The setting of the client secret.
    pub client_secret_setting: String,
    /// The client secret; `None` switches the issuer off, by name.
    pub client_secret: Option<Secret>,
    /// The required value of `iss` in an answer that has one.
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

/// Maps the claims of a verified token to its caller.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The caller's tenant.
    pub tenant: TenantRule,
    /// The claim with the caller's name, unique at the issuer.
    pub subject_claim: String,
    /// The claim with the caller's roles.
    pub roles_claim: Option<String>,
    /// The roles of each value of that claim.
    pub roles: BTreeMap<String, Vec<RoleId>>,
    /// The roles that every token of this issuer has.
    pub default_roles: Vec<RoleId>,
    /// The grants of all these roles.
    pub grants: BTreeMap<RoleId, Rc<Grant>>,
    /// The actions that each scope narrows to; empty when scopes narrow nothing.
    pub scopes: BTreeMap<String, Vec<ActionPattern>>,
    /// The users the caller may name.
    pub users: UsersFrom,
    /// The engine projects the caller may address.
    pub projects: ProjectRule,
    /// The priority of its callers' calls at an overloaded executor.
    pub priority: Priority,
    /// The claims that policies can read.
    pub claims: Vec<String>,
}

/// Names the source of a caller's tenant.
#[derive(Clone, Debug)]
pub enum TenantRule {
    /// Always this tenant.
    Fixed(TenantId),
    /// The value of this claim, which must be one of these.
    Claim(String, Vec<TenantId>),
}

/// Names the source of the users that a caller may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsersFrom {
    /// The caller itself: its subject.
    Subject,
    /// The value, or values, of this claim.
    Claim(String),
    /// Any user.
    Every,
    /// These users.
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
    /// Names the declared type of a token.
    pub enum TokenType {
        /// RFC 7519.
        Jwt = "JWT",
        /// An access token by RFC 9068.
        AccessToken = "at+jwt",
    }
}
