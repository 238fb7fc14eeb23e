//! Upstream credentials: a secret per executor or per tenant, and its successor during a rotation.

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
    /// Its index among all credentials of the configuration.
    pub index: usize,
    secret: Secret,
    next: Option<Secret>,
}

impl Credential {
    /// Makes a credential whose account and index are not known yet.
    #[must_use]
    pub const fn new(setting: String, secret: Secret, next: Option<Secret>) -> Self {
        Self { setting, account: [0; 16], index: 0, secret, next }
    }

    /// Returns the secret under `NAME`.
    pub(crate) const fn primary(&self) -> &Secret {
        &self.secret
    }

    /// Returns the secret under `NAME_NEXT`, if it is set.
    pub(crate) const fn successor(&self) -> Option<&Secret> {
        self.next.as_ref()
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

    pub(crate) fn each(&self) -> impl Iterator<Item = &Credential> {
        self.general.iter().chain(self.tenants.values().flatten())
    }

    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut Credential> {
        self.general.iter_mut().chain(self.tenants.values_mut().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(name: &str) -> Credential {
        Credential::new(name.to_owned(), Secret::new(name), None)
    }

    #[test]
    fn a_tenant_with_its_own_credential_never_uses_the_general_one() {
        let tenant = |name| TenantId::new(name).unwrap();
        let tenants = BTreeMap::from([(tenant("a"), Some(credential("OF_A"))), (tenant("b"), None)]);
        let credentials = Credentials { general: Some(credential("GENERAL")), tenants };
        let setting = |name| credentials.of(&tenant(name)).map(|credential| credential.setting.as_str());
        assert_eq!((setting("a"), setting("b"), setting("c")), (Some("OF_A"), None, Some("GENERAL")));
        let credentials = Credentials { general: None, ..credentials };
        assert_eq!(credentials.of_discovery().map(|credential| credential.setting.as_str()), Some("OF_A"));
        assert!(credentials.of(&tenant("c")).is_none());
    }
}
