//! Builds callers and their grants from the sections about callers and roles.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::document::Located;
use super::super::prepared::{KeyAt, UnsetKey};
use super::super::sections::{CallerSection, KeySection, RoleSection};
use super::super::words::{KeyHash, ProjectPattern, SettingName, UserPattern};
use super::ConfigBuilder;
use crate::model::caller::{Caller, ConfiguredCaller, Grant, ProjectRule, UserRule};
use crate::words::names::RoleId;

impl ConfigBuilder<'_> {
    #[inline(never)]
    pub(super) fn callers(
        &mut self,
        sections: Vec<Located<CallerSection>>,
        roles: &BTreeMap<RoleId, Rc<Grant>>,
    ) -> Vec<ConfiguredCaller> {
        sections.into_iter().map(|Located { value, line }| self.caller(value, line, roles)).collect()
    }

    fn caller(&mut self, section: CallerSection, line: usize, roles: &BTreeMap<RoleId, Rc<Grant>>) -> ConfiguredCaller {
        let keys = section.keys.into_iter().filter_map(|key| self.key(key)).collect();
        self.keys.push(keys);
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
        ConfiguredCaller { caller: Rc::new(caller), keys: Vec::new() }
    }

    fn key(&mut self, Located { value: key, line }: Located<KeySection>) -> Option<UnsetKey> {
        let at = match (key.hash, key.setting) {
            (Some(KeyHash(hash)), None) => KeyAt::Hash(hash),
            (None, Some(SettingName(name))) => KeyAt::Setting(name),
            _ => {
                self.fault(line, &format!("callers[].keys.{}", key.id), "needs either hash or setting");
                return None;
            }
        };
        Some(UnsetKey { id: key.id, line, at })
    }
}

pub(super) fn role_grant(section: RoleSection) -> (RoleId, Rc<Grant>) {
    let grant = Grant { rule: format!("role:{}", section.id), actions: section.actions, tools: section.tools };
    (section.id, Rc::new(grant))
}
