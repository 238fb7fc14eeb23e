//! Builds the issuers of accepted tokens from `[[issuers]]`: the defaults and the requirements of each preset.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::document::Located;
use super::super::issuer_sections::{IssuerSection, Preset, ShortText, UsersWord};
use super::super::words::{ProjectPattern, SettingName, UserPattern};
use super::ConfigBuilder;
use crate::access::identity::rules::{
    Algorithm, AskProtocol, AskRules, Issuer, IssuerName, KeysAt, Mapping, SignedRules, TenantRule, TokenCheck,
    UsersFrom,
};
use crate::model::caller::{Grant, ProjectRule};
use crate::words::limits;
use crate::words::names::RoleId;

const GOOGLE: &str = "https://accounts.google.com";
const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";
const GITHUB_ACTIONS: &str = "https://token.actions.githubusercontent.com";
const GITHUB_API: &str = "https://api.github.com";

/// The issuer URLs of Microsoft's clouds.
const ENTRA: [&str; 3] = [
    "https://login.microsoftonline.com/",
    "https://login.microsoftonline.us/",
    "https://login.partner.microsoftonline.cn/",
];

/// The placeholder for the tenant in an Entra issuer of several.
const TENANT_ID: &str = "{tenantid}";

/// Claims that name the owner of a GitHub Actions job: without one of them, anybody's token would be accepted.
const GITHUB_OWNERS: [&str; 5] = ["repository", "repository_owner", "repository_id", "repository_owner_id", "sub"];

impl ConfigBuilder<'_> {
    pub(super) fn issuers(
        &mut self,
        sections: Vec<Located<IssuerSection>>,
        roles: &BTreeMap<RoleId, Rc<Grant>>,
    ) -> Vec<Issuer> {
        let mut issuers: Vec<Issuer> = Vec::with_capacity(sections.len());
        for (index, Located { value, line }) in sections.into_iter().enumerate() {
            let place = format!("issuers.{}", value.id);
            if index >= limits::ISSUERS {
                self.fault(line, &place, &format!("is one too many: at most {}", limits::ISSUERS));
            }
            if let Some(issuer) = self.issuer(value, line, &place, roles) {
                if issuers.iter().any(|other| overlap(other, &issuer)) {
                    self.fault(line, &place, "takes the same tokens as an issuer above it");
                }
                issuers.push(issuer);
            }
        }
        issuers
    }

    #[inline(never)]
    fn issuer(
        &mut self,
        mut section: IssuerSection,
        line: usize,
        place: &str,
        roles: &BTreeMap<RoleId, Rc<Grant>>,
    ) -> Option<Issuer> {
        let is_asked = matches!(section.preset, Preset::Introspection | Preset::Github);
        let audiences = texts(std::mem::take(&mut section.audiences));
        let mut require: Vec<_> =
            std::mem::take(&mut section.require.0).into_iter().map(|(name, values)| (name, texts(values))).collect();
        let check = if is_asked {
            self.asked(&mut section, line, place).map(TokenCheck::Asked)
        } else {
            if audiences.is_empty() {
                self.fault(line, place, "needs audiences: a token for somebody else must not open this gateway");
            }
            self.signed(&mut section, line, place, &mut require).map(TokenCheck::Signed)
        };
        if section.preset == Preset::CloudflareAccess && !audiences.iter().all(|audience| is_tag(audience)) {
            self.fault(line, place, "audiences: must be application AUD tags of 64 hexadecimal digits");
        }
        let (id, leeway) = (section.id.clone(), section.leeway);
        let mapping = self.mapping(section, line, place, roles);
        Some(Issuer { id, check: check?, audiences, leeway, require, mapping: mapping? })
    }

    fn signed(
        &mut self,
        section: &mut IssuerSection,
        line: usize,
        place: &str,
        require: &mut Vec<(String, Vec<String>)>,
    ) -> Option<SignedRules> {
        let is_for_asked =
            section.endpoint.is_some() || section.client_id.is_some() || section.client_secret_setting.is_some();
        if is_for_asked || !section.prefixes.is_empty() {
            let message = "only introspection and github have endpoint, client_id, client_secret_setting and prefixes";
            self.fault(line, place, message);
        }
        let name = section.issuer.take().map(|url| url.0).or_else(|| default_issuer(section.preset).map(str::to_owned));
        let Some(name) = name else {
            self.fault(line, place, &format!("preset {} needs issuer", section.preset.as_str()));
            return None;
        };
        let mut names = IssuerName::Exact(vec![name.clone()]);
        let mut keys = KeysAt::Discovered(name.clone());
        match section.preset {
            Preset::Google => {
                if name != GOOGLE {
                    self.fault(line, place, "issuer: Google's is https://accounts.google.com");
                }
                // Google writes both
                // (https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken).
                names = IssuerName::Exact(vec![name, "accounts.google.com".to_owned()]);
                keys = KeysAt::Url(GOOGLE_KEYS.to_owned());
            }
            Preset::Entra => (names, keys) = self.entra(&name, section, line, place, require)?,
            Preset::GithubActions => {
                keys = KeysAt::Url(format!("{name}/.well-known/jwks"));
                if !require.iter().any(|(claim, _)| GITHUB_OWNERS.contains(&claim.as_str())) {
                    let message = "require: must say whose jobs: repository, repository_owner, their ids, or sub";
                    self.fault(line, place, message);
                }
            }
            Preset::CloudflareAccess => {
                let team = name.strip_prefix("https://").and_then(|host| host.strip_suffix(".cloudflareaccess.com"));
                if !team.is_some_and(|team| !team.is_empty() && !team.contains(['/', '.'])) {
                    self.fault(line, place, "issuer: must be https://TEAM.cloudflareaccess.com");
                }
                keys = KeysAt::Url(format!("{name}/cdn-cgi/access/certs"));
            }
            _ if name.contains(TENANT_ID) => self.fault(line, place, "issuer: only entra's has {tenantid}"),
            _ => {}
        }
        if let Some(url) = section.jwks_uri.take() {
            keys = KeysAt::Url(url.0);
        }
        let algorithms = section.algorithms.take().unwrap_or_else(|| match section.preset {
            Preset::Oidc => vec![Algorithm::Rs256, Algorithm::Es256],
            _ => vec![Algorithm::Rs256],
        });
        if algorithms.is_empty() || section.types.is_empty() {
            self.fault(line, place, "algorithms and types must not be empty");
        }
        Some(SignedRules {
            name: names,
            algorithms,
            types: std::mem::take(&mut section.types),
            keys,
            stale: section.stale,
            checks_azp: section.preset == Preset::Google,
            asserts: section.preset == Preset::CloudflareAccess,
        })
    }

    /// Returns the `iss` rule and the key source of an Entra issuer: one tenant, whose id must also be in `tid`; or
    /// several, each of which must be named.
    fn entra(
        &mut self,
        name: &str,
        section: &IssuerSection,
        line: usize,
        place: &str,
        require: &mut Vec<(String, Vec<String>)>,
    ) -> Option<(IssuerName, KeysAt)> {
        let parts = ENTRA.iter().find_map(|cloud| Some((cloud, name.strip_prefix(cloud)?.strip_suffix("/v2.0")?)));
        let Some((cloud, tenant)) = parts.filter(|(_, tenant)| !tenant.is_empty() && !tenant.contains('/')) else {
            let message =
                "issuer: must be https://login.microsoftonline.com/TENANT-ID/v2.0, or with {tenantid} for several";
            self.fault(line, place, message);
            return None;
        };
        if tenant != TENANT_ID {
            require.push(("tid".to_owned(), vec![tenant.to_owned()]));
            let keys = KeysAt::Url(format!("{cloud}{tenant}/discovery/v2.0/keys"));
            return Some((IssuerName::Exact(vec![name.to_owned()]), keys));
        }
        let names_them = section.tenant_claim.as_ref().is_some_and(|claim| claim.0 == "tid")
            || require.iter().any(|(claim, _)| claim == "tid");
        if !names_them {
            let message = "issuer: with {tenantid}, tenant_claim = \"tid\" or require.tid must say which tenants";
            self.fault(line, place, message);
        }
        let keys = KeysAt::Url(format!("{cloud}common/discovery/v2.0/keys"));
        Some((IssuerName::OfTenant((*cloud).to_owned(), "/v2.0".to_owned()), keys))
    }

    fn asked(&mut self, section: &mut IssuerSection, line: usize, place: &str) -> Option<AskRules> {
        if section.jwks_uri.is_some() || section.algorithms.is_some() {
            self.fault(line, place, "introspection and github have neither jwks_uri nor algorithms");
        }
        let is_github = section.preset == Preset::Github;
        if is_github && section.issuer.is_some() {
            self.fault(line, place, "github has no issuer");
        }
        let endpoint = section.endpoint.take().map(|url| url.0);
        let endpoint = endpoint.or_else(|| is_github.then(|| GITHUB_API.to_owned()));
        let client_id = section.client_id.take().map(|id| id.0);
        let is_segment = |id: &String| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if is_github && !client_id.as_ref().is_none_or(is_segment) {
            self.fault(line, place, "client_id: GitHub's are letters, digits, _, - and .");
        }
        let setting = section.client_secret_setting.take().map(|SettingName(name)| name);
        let (Some(endpoint), Some(client_id), Some(setting)) = (endpoint, client_id, setting) else {
            self.fault(line, place, "needs endpoint, client_id and client_secret_setting");
            return None;
        };
        let mut prefixes = texts(std::mem::take(&mut section.prefixes));
        if is_github && prefixes.is_empty() {
            prefixes = vec!["gho_".to_owned(), "ghu_".to_owned()];
        }
        Some(AskRules {
            protocol: if is_github { AskProtocol::GitHub } else { AskProtocol::Introspection },
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            client_id,
            client_secret_setting: setting,
            client_secret: None,
            issuer: section.issuer.take().map(|url| url.0),
            prefixes,
        })
    }

    fn mapping(
        &mut self,
        section: IssuerSection,
        line: usize,
        place: &str,
        known: &BTreeMap<RoleId, Rc<Grant>>,
    ) -> Option<Mapping> {
        let tenant = match (section.tenant, section.tenant_claim, section.tenants.is_empty()) {
            (Some(tenant), None, true) => Some(TenantRule::Fixed(tenant)),
            (None, Some(claim), false) => Some(TenantRule::Claim(claim.0, section.tenants)),
            _ => {
                self.fault(line, place, "needs either tenant, or tenant_claim and the tenants that it may name");
                None
            }
        };
        if section.roles_claim.is_none() != section.roles.0.is_empty() {
            self.fault(line, place, "roles_claim and roles belong together");
        }
        let roles: BTreeMap<String, Vec<RoleId>> = section.roles.0.into_iter().collect();
        let mut grants = BTreeMap::new();
        for role in roles.values().flatten().chain(&section.default_roles) {
            match known.get(role) {
                Some(grant) => drop(grants.insert(role.clone(), Rc::clone(grant))),
                None => self.fault(line, &format!("{place}.roles"), &format!("there is no role {role}")),
            }
        }
        let every_project = section.projects.iter().any(|project| matches!(project, ProjectPattern::Every));
        let projects = section.projects.into_iter().filter_map(|project| match project {
            ProjectPattern::Every => None,
            ProjectPattern::One(project) => Some(project),
        });
        Some(Mapping {
            tenant: tenant?,
            subject_claim: section.subject_claim.0,
            roles_claim: section.roles_claim.map(|claim| claim.0),
            roles,
            default_roles: section.default_roles,
            grants,
            scopes: section.scopes.0.into_iter().collect(),
            users: users_from(section.users),
            projects: if every_project { ProjectRule::Every } else { ProjectRule::Only(projects.collect()) },
            priority: section.priority,
            claims: texts(section.claims),
        })
    }
}

fn users_from(word: UsersWord) -> UsersFrom {
    match word {
        UsersWord::Subject => UsersFrom::Subject,
        UsersWord::Claim(name) => UsersFrom::Claim(name),
        UsersWord::Only(users) if users.contains(&UserPattern::Every) => UsersFrom::Every,
        UsersWord::Only(users) => UsersFrom::Only(
            users
                .into_iter()
                .filter_map(|user| match user {
                    UserPattern::Every => None,
                    UserPattern::One(user) => Some(user),
                })
                .collect(),
        ),
    }
}

const fn default_issuer(preset: Preset) -> Option<&'static str> {
    match preset {
        Preset::Google => Some(GOOGLE),
        Preset::GithubActions => Some(GITHUB_ACTIONS),
        _ => None,
    }
}

fn is_tag(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns whether a token could belong to both issuers.
fn overlap(one: &Issuer, other: &Issuer) -> bool {
    match (&one.check, &other.check) {
        (TokenCheck::Signed(one), TokenCheck::Signed(other)) => match (&one.name, &other.name) {
            (IssuerName::Exact(one), IssuerName::Exact(other)) => one.iter().any(|name| other.contains(name)),
            (IssuerName::OfTenant(one, _), IssuerName::OfTenant(other, _)) => one == other,
            (IssuerName::Exact(names), IssuerName::OfTenant(prefix, suffix))
            | (IssuerName::OfTenant(prefix, suffix), IssuerName::Exact(names)) => {
                names.iter().any(|name| name.starts_with(prefix.as_str()) && name.ends_with(suffix.as_str()))
            }
        },
        (TokenCheck::Asked(one), TokenCheck::Asked(other)) => {
            (one.prefixes.is_empty() && other.prefixes.is_empty())
                || one.prefixes.iter().any(|prefix| other.prefixes.contains(prefix))
        }
        _ => false,
    }
}

fn texts(items: Vec<ShortText>) -> Vec<String> {
    items.into_iter().map(|ShortText(text)| text).collect()
}

/// Returns the settings that hold the gateway's secrets at issuers.
pub(super) fn secret_settings(sections: &[Located<IssuerSection>]) -> impl Iterator<Item = &SettingName> {
    sections.iter().filter_map(|section| section.value.client_secret_setting.as_ref())
}
