//! From the sections about callers and roles to who may do what.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::document::Located;
use super::super::sections::{CallerSection, KeySection, RoleSection};
use super::super::words::{KeyHash, ProjectPattern, SettingName, UserPattern};
use super::super::{Caller, CallerKey, ConfiguredCaller, Grant, ProjectRule, UserRule};
use super::Builder;
use crate::limits;
use crate::names::RoleId;

impl Builder<'_> {
    #[inline(never)]
    pub(super) fn callers(
        &mut self,
        sections: Vec<Located<CallerSection>>,
        roles: &BTreeMap<RoleId, Rc<Grant>>,
    ) -> Vec<ConfiguredCaller> {
        let mut callers = Vec::with_capacity(sections.len());
        let mut seen = BTreeMap::new();
        for Located { value, line } in sections {
            let caller = self.caller(value, line, roles);
            for key in &caller.keys {
                // Revoking one of two ids of the same key would revoke nothing.
                if let Some(other) = seen.insert(key.hash, key.id.clone()) {
                    let message = format!("is the same key as {other}: a key has one id");
                    self.fault(line, &format!("callers[].keys.{}", key.id), &message);
                }
            }
            callers.push(caller);
        }
        callers
    }

    fn caller(&mut self, section: CallerSection, line: usize, roles: &BTreeMap<RoleId, Rc<Grant>>) -> ConfiguredCaller {
        let keys = section.keys.into_iter().filter_map(|key| self.key(key)).collect();
        let every_user = section.users.iter().any(|user| matches!(user, UserPattern::Every));
        let every_project = section.projects.iter().any(|project| matches!(project, ProjectPattern::Every));
        let users = section.users.into_iter().filter_map(|user| match user {
            UserPattern::Every => None,
            UserPattern::One(user) => Some(user),
        });
        let projects = section.projects.into_iter().filter_map(|project| match project {
            ProjectPattern::Every => None,
            ProjectPattern::One(project) => Some(project),
        });
        let own = Grant { rule: format!("caller:{}", section.id), actions: section.actions, tools: section.tools };
        let mut grants = vec![Rc::new(own)];
        for role in &section.roles {
            match roles.get(role) {
                Some(grant) => grants.push(Rc::clone(grant)),
                None => self.fault(line, &format!("callers.{}.roles", section.id), &format!("there is no role {role}")),
            }
        }
        let caller = Caller {
            id: section.id,
            tenant: section.tenant,
            roles: section.roles,
            scopes: Vec::new(),
            within: None,
            claims: BTreeMap::new(),
            priority: section.priority,
            grants,
            users: if every_user { UserRule::Every } else { UserRule::Only(users.collect()) },
            projects: if every_project { ProjectRule::Every } else { ProjectRule::Only(projects.collect()) },
        };
        ConfiguredCaller { caller: Rc::new(caller), keys }
    }

    fn key(&mut self, Located { value: key, line }: Located<KeySection>) -> Option<CallerKey> {
        let place = format!("callers[].keys.{}", key.id);
        match (key.hash, key.setting) {
            (Some(KeyHash(hash)), None) => {
                if !self.values.contains_key("TOOLGATE_KEY_HASH_SECRET") {
                    self.fault(line, &place, "has a hash, but the setting TOOLGATE_KEY_HASH_SECRET is not set");
                }
                Some(CallerKey { id: key.id, hash })
            }
            (None, Some(SettingName(name))) => {
                let value = self.values.get(&name)?;
                if value.len() < limits::KEY_BYTES_MIN {
                    let message = format!(
                        "the setting {name} is shorter than {} bytes: too easy to guess",
                        limits::KEY_BYTES_MIN
                    );
                    self.fault(line, &place, &message);
                }
                Some(CallerKey { id: key.id, hash: self.hasher.hash(value) })
            }
            _ => {
                self.fault(line, &place, "needs either hash or setting");
                None
            }
        }
    }
}

pub(super) fn role_grant(section: RoleSection) -> (RoleId, Rc<Grant>) {
    let grant = Grant { rule: format!("role:{}", section.id), actions: section.actions, tools: section.tools };
    (section.id, Rc::new(grant))
}
