//! Upstream credentials: a secret per executor or per tenant, and its successor during a rotation.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::words::names::TenantId;
use crate::words::secret::Secret;

/// The credential of one account at an upstream, under the settings `NAME` and `NAME_NEXT`.
///
/// While both are set, either is used, whichever the upstream accepts: an operator sets the successor first, changes
/// the key at the upstream, and then moves the successor to `NAME`; no call fails in between.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The setting that holds the secret.
    pub setting: String,
    /// A digest of the upstream's URL and the secret under `NAME`: identifies the account without revealing the secret.
    pub account: [u8; 16],
    secret: Secret,
    next: Option<Secret>,
    /// True when the upstream last accepted only the successor.
    is_next_accepted: Cell<bool>,
}

impl Credential {
    /// Makes a credential whose account is not known yet.
    #[must_use]
    pub const fn new(setting: String, secret: Secret, next: Option<Secret>) -> Self {
        Self { setting, account: [0; 16], secret, next, is_next_accepted: Cell::new(false) }
    }

    /// Returns the secret under `NAME`, for the account's digest.
    pub(crate) const fn primary(&self) -> &Secret {
        &self.secret
    }

    /// Returns the secret to send first.
    #[must_use]
    pub fn current(&self) -> &Secret {
        match &self.next {
            Some(next) if self.is_next_accepted.get() => next,
            _ => &self.secret,
        }
    }

    /// Returns the secret to send when the upstream refuses the first.
    #[must_use]
    pub fn other(&self) -> Option<&Secret> {
        let next = self.next.as_ref()?;
        Some(if self.is_next_accepted.get() { &self.secret } else { next })
    }

    /// Notes that the upstream refused the current secret and accepted the other.
    pub fn turn(&self) {
        self.is_next_accepted.set(!self.is_next_accepted.get());
    }
}

/// The credentials for one upstream: a general one, and tenants' own.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The credential of every tenant that is not named.
    pub general: Option<Credential>,
    /// The credentials of the named tenants; `None` while the setting is unset, so that such a tenant never falls back
    /// to the general account.
    pub tenants: BTreeMap<TenantId, Option<Credential>>,
}

impl Credentials {
    /// Returns the credential for this tenant's calls.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Option<&Credential> {
        match self.tenants.get(tenant) {
            Some(own) => own.as_ref(),
            None => self.general.as_ref(),
        }
    }

    /// Returns the credential for fetching the list of tools: the general one, or else the first tenant's.
    #[must_use]
    pub fn of_discovery(&self) -> Option<&Credential> {
        self.general.as_ref().or_else(|| self.tenants.values().flatten().next())
    }

    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut Credential> {
        self.general.iter_mut().chain(self.tenants.values_mut().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(name: &str, next: Option<&str>) -> Credential {
        Credential::new(name.to_owned(), Secret::new(name), next.map(Secret::new))
    }

    #[test]
    fn a_tenant_with_its_own_credential_never_uses_the_general_one() {
        let tenant = |name| TenantId::new(name).unwrap();
        let tenants = BTreeMap::from([(tenant("a"), Some(credential("OF_A", None))), (tenant("b"), None)]);
        let credentials = Credentials { general: Some(credential("GENERAL", None)), tenants };
        let setting = |name| credentials.of(&tenant(name)).map(|credential| credential.setting.as_str());
        assert_eq!((setting("a"), setting("b"), setting("c")), (Some("OF_A"), None, Some("GENERAL")));
        let credentials = Credentials { general: None, ..credentials };
        assert_eq!(credentials.of_discovery().map(|credential| credential.setting.as_str()), Some("OF_A"));
        assert!(credentials.of(&tenant("c")).is_none());
    }

    #[test]
    fn the_secret_that_was_accepted_last_is_shown_first() {
        let credential = credential("old", Some("new"));
        let shown = || (credential.current().expose().to_owned(), credential.other().unwrap().expose().to_owned());
        assert_eq!(shown(), ("old".to_owned(), "new".to_owned()));
        credential.turn();
        assert_eq!(shown(), ("new".to_owned(), "old".to_owned()));
        credential.turn();
        assert_eq!(shown(), ("old".to_owned(), "new".to_owned()));
    }
}
