//! Bounds the grants of new keys: a key grants no more than its issuer holds.

use std::collections::BTreeMap;

use crate::access::identity::issued::{project_rule, user_rule};
use crate::model::caller::{Caller, ClaimValue, ProjectRule, UserRule};
use crate::state::keys::Grants;
use crate::words::action::ActionPattern;
use crate::words::refusal::{Refusal, RefusalKind};

/// Checks that this caller may issue a key with these grants. An administrator, who may `keys/admin`, may issue any.
///
/// INVARIANT (no more than one holds): without `keys/admin`, every request that a key can make with success is one that
/// its issuer could have made, as far as that hangs on tenant, roles, scopes, claims, users and projects.
///
/// # Errors
/// [`RefusalKind::GrantNotPermitted`] with the member that is too wide.
pub(super) fn check(caller: &Caller, is_administrator: bool, grants: &Grants) -> Result<(), Refusal> {
    if is_administrator {
        return Ok(());
    }
    match too_wide(caller, grants) {
        None => Ok(()),
        Some(member) => Err(Refusal::with(RefusalKind::GrantNotPermitted, member)),
    }
}

/// Returns the claims that a key of this caller carries: its own, so that policies on them hold for the key too. A key
/// that an administrator issues is not about its issuer, and carries none.
pub(super) fn claims_of(caller: &Caller, is_administrator: bool) -> BTreeMap<String, ClaimValue> {
    if is_administrator { BTreeMap::new() } else { caller.claims.clone() }
}

fn too_wide(caller: &Caller, grants: &Grants) -> Option<&'static str> {
    if grants.tenant != caller.tenant.as_str() {
        return Some("tenant");
    }
    // By name: policies also grant to roles, and know them by name.
    if !grants.roles.iter().all(|role| caller.roles.iter().any(|held| held.as_str() == role)) {
        return Some("roles");
    }
    if let Some(within) = &caller.within {
        let is_within = |scope: &String| {
            let scope = ActionPattern::new(scope);
            scope.is_some_and(|scope| within.iter().any(|held| held.covers(scope)))
        };
        if grants.scopes.is_empty() || !grants.scopes.iter().all(is_within) {
            return Some("scopes");
        }
    }
    let users_fit = match (&caller.users, user_rule(&grants.users)) {
        (UserRule::Every, _) => true,
        (UserRule::Only(_), UserRule::Every) => false,
        (UserRule::Only(held), UserRule::Only(users)) => users.iter().all(|user| held.contains(user)),
    };
    if !users_fit {
        return Some("users");
    }
    let projects_fit = match (&caller.projects, project_rule(&grants.projects)) {
        (ProjectRule::Every, _) => true,
        (ProjectRule::Only(_), ProjectRule::Every) => false,
        (ProjectRule::Only(held), ProjectRule::Only(projects)) => projects.iter().all(|project| held.contains(project)),
    };
    if !projects_fit {
        return Some("projects");
    }
    (grants.claims != caller.claims).then_some("claims")
}

#[cfg(test)]
#[path = "give_tests.rs"]
mod tests;
