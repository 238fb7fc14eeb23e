//! Executors as they are configured.

use hmac_sha256::{HMAC, Hash};

use super::ExecutorKind;
use crate::model::credential::{Credential, Credentials};
use crate::model::tool::Tool;
use crate::tools::LocalTool;
use crate::words::names::{ExecutorId, Project, TenantId, ToolPattern};
use crate::words::price::Price;
use crate::words::time::Millis;

/// Describes an executor: a place that runs tools.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Its name.
    pub id: ExecutorId,
    /// Its kind.
    pub kind: ExecutorKind,
    /// Its address and credentials; `None` for the gateway itself.
    pub upstream: Option<Upstream>,
    /// The tools taken from it.
    pub tools: Vec<ToolPattern>,
    /// Timeout of one call.
    pub timeout: Millis,
    /// The price of one call.
    pub cost: Price,
    /// Its region, if configured.
    pub region: Option<String>,
    /// Its capabilities.
    pub capabilities: Vec<String>,
    /// Most concurrent calls of one isolate, for an executor that is reached over the network.
    pub concurrency: u32,
}

/// Holds the address and the credentials of an executor over the network.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// `scheme://host[:port][/prefix]`, without a trailing slash.
    pub base_url: String,
    /// The setting of the general credential; empty when only tenants have one.
    pub credential_setting: String,
    /// The engine's API keys or the worker's secrets; none at all switches the executor off, by name.
    pub credentials: Credentials,
    /// The organisation and project that unscoped paths mean; an engine only.
    pub project: Option<Project>,
}

/// Names the target of one call.
#[derive(Clone, Copy, Debug)]
pub enum Target<'c> {
    /// A tool compiled into the gateway.
    Local(&'static LocalTool),
    /// An executor over the network.
    Remote(Remote<'c>),
}

/// Names a remote executor, and the credential that one call is made with.
#[derive(Clone, Copy, Debug)]
pub struct Remote<'c> {
    /// The executor.
    pub executor: &'c Executor,
    /// Its address and credentials.
    pub upstream: &'c Upstream,
    /// The tenant's credential there.
    pub credential: &'c Credential,
}

/// Stands for the account of the gateway itself, and of a tenant without a credential.
pub(crate) const NO_ACCOUNT: [u8; 16] = [0; 16];

impl Executor {
    /// Returns the upstream of an executor that answers an engine's API.
    #[must_use]
    pub fn engine(&self) -> Option<&Upstream> {
        self.upstream.as_ref().filter(|_| self.kind.has_engine_api())
    }

    /// Returns whether the executor is inactive, because no credential of it is set.
    #[must_use]
    pub fn is_inactive(&self) -> bool {
        self.upstream.as_ref().is_some_and(|upstream| upstream.credentials.of_discovery().is_none())
    }

    /// Returns the target of this tenant's calls of its tool; `None` without a credential for the tenant.
    #[must_use]
    pub fn target(&self, tool: &Tool, tenant: &TenantId) -> Option<Target<'_>> {
        if self.upstream.is_none() { tool.local.map(Target::Local) } else { self.remote(tenant).map(Target::Remote) }
    }

    /// Returns the remote target of this tenant's requests; `None` for the gateway itself, and without a credential for
    /// the tenant.
    #[must_use]
    pub fn remote(&self, tenant: &TenantId) -> Option<Remote<'_>> {
        let upstream = self.upstream.as_ref()?;
        Some(Remote { executor: self, upstream, credential: upstream.credentials.of(tenant)? })
    }

    /// Returns the account that answers this tenant's calls: no account may be given another's answers.
    #[must_use]
    pub fn account_of(&self, tenant: &TenantId) -> &[u8; 16] {
        self.remote(tenant).map_or(&NO_ACCOUNT, |remote| &remote.credential.account)
    }

    /// Returns the account for fetching the list of tools.
    #[must_use]
    pub fn account_of_discovery(&self) -> &[u8; 16] {
        let credential = self.upstream.as_ref().and_then(|upstream| upstream.credentials.of_discovery());
        credential.map_or(&NO_ACCOUNT, |credential| &credential.account)
    }

    /// Derives the account of each credential, as 16 bytes that reveal nothing of it.
    pub(crate) fn derive_accounts(&mut self) {
        if let Some(upstream) = &mut self.upstream {
            let base_url = upstream.base_url.as_bytes();
            for credential in upstream.credentials.each_mut() {
                let digest = HMAC::mac(base_url, Hash::hash(credential.primary().expose().as_bytes()));
                credential.account = digest.first_chunk().copied().unwrap_or_default();
            }
        }
    }
}
