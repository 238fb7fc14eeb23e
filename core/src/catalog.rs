//! Builds the registry: every tool that some executor offers, under the names that callers use.

mod driver;
mod rules;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::tool::Tool;
pub use driver::{Catalog, Current, SourceState};
pub use rules::{ConflictRule, RegistryRules};

use crate::backends::Executor;
use crate::model::route::{Route, RoutingRules};
use crate::words::limits;
use crate::words::names::ToolName;
use crate::words::nearest::nearest;
use crate::words::refusal::{Refusal, RefusalKind};

/// Holds the tools that one executor offers.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// The executor's place in the configuration.
    pub executor: usize,
    /// Its tools.
    pub tools: Vec<Rc<Tool>>,
}

/// Holds every tool by name. Built whole from the offers, never changed.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The versions of each tool, by `toolkit.tool` in lower case; each in order of preference.
    tools: BTreeMap<String, Versions>,
    /// The possible names of each underscored form (`toolkit_tool`, lower case), which models use.
    underscored: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct Versions {
    usable: Vec<Rc<Tool>>,
    /// The equivalents of a routed tool: the offers of the executors behind the first in the same version, in the
    /// route's order.
    equivalents: Vec<Rc<Tool>>,
    /// Versions that several executors offer while conflicts are refused.
    refused: Vec<String>,
}

/// Holds the parts of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedName<'n> {
    /// The name without its version, as sent.
    bare: &'n str,
    /// The name as `toolkit.tool` in lower case; an underscored name without a meaning stays as it is.
    pub folded: String,
    /// The version after `@`.
    version: Option<&'n str>,
}

impl Registry {
    /// Builds the registry of these offers. Each executor's `tools` patterns select the tools taken from it; a tool
    /// with a route is taken from the executors that the route names, and from no others.
    #[must_use]
    pub fn build(offers: &[Offer], executors: &[Executor], conflicts: ConflictRule, routing: &RoutingRules) -> Self {
        let mut registry = Self::default();
        for offer in offers {
            let Some(executor) = executors.get(offer.executor) else {
                continue;
            };
            for tool in &offer.tools {
                if executor.tools.iter().any(|pattern| pattern.matches(&tool.folded)) {
                    match routing.route_of(&tool.folded) {
                        None => registry.add(tool, conflicts),
                        Some(route) if route.executors.contains(&tool.executor) => registry.add_routed(tool),
                        Some(_) => {}
                    }
                }
            }
        }
        for (folded, versions) in &mut registry.tools {
            let route = routing.route_of(folded);
            if let Some(route) = route {
                versions.order_routed(route);
            }
            let rank = |tool: &Rc<Tool>| route.map_or(tool.executor, |route| route.rank_of(tool.executor));
            versions.usable.sort_by(|left, right| {
                let by_executor = match conflicts {
                    ConflictRule::First => rank(left).cmp(&rank(right)),
                    ConflictRule::Refuse => Ordering::Equal,
                };
                by_executor.then_with(|| compare_versions(&right.version, &left.version))
            });
        }
        for folded in registry.tools.keys() {
            registry.underscored.entry(folded.replace(['.', '-'], "_")).or_default().push(folded.clone());
        }
        registry
    }

    fn add(&mut self, tool: &Rc<Tool>, conflicts: ConflictRule) {
        let versions = self.tools.entry(tool.folded.clone()).or_default();
        let twin = versions.usable.iter().position(|known| known.is_of_version(&tool.version));
        let of_same_executor =
            |twin: usize| versions.usable.get(twin).is_some_and(|known| known.executor == tool.executor);
        match (twin, conflicts) {
            // A list that changed between two of its pages names a tool twice.
            (Some(twin), _) if of_same_executor(twin) => {}
            (None, _) if !versions.refused.contains(&tool.version) => versions.usable.push(Rc::clone(tool)),
            (Some(twin), ConflictRule::Refuse) => {
                versions.usable.remove(twin);
                versions.refused.push(tool.version.clone());
            }
            // The first executor keeps it.
            (Some(_), ConflictRule::First) | (None, _) => {}
        }
    }

    fn add_routed(&mut self, tool: &Rc<Tool>) {
        let versions = self.tools.entry(tool.folded.clone()).or_default();
        let is_twin = |known: &Rc<Tool>| known.executor == tool.executor && known.is_of_version(&tool.version);
        if !versions.equivalents.iter().any(is_twin) {
            versions.equivalents.push(Rc::clone(tool));
        }
    }

    /// Lists the equivalents of this tool at other executors, by a route of the operator's, in the same version and the
    /// route's order.
    pub fn equivalents<'r>(&'r self, tool: &'r Tool) -> impl Iterator<Item = &'r Rc<Tool>> {
        let of_name = self.tools.get(&tool.folded).into_iter();
        let others = of_name.flat_map(|versions| versions.usable.iter().chain(&versions.equivalents));
        others.filter(|other| other.executor != tool.executor && other.is_of_version(&tool.version))
    }

    /// Parses a name: `Toolkit.Tool`, `Toolkit.Tool@version` or `Toolkit_Tool`, in any case. The allow-list is asked
    /// about the name in lower case, whether or not there is such a tool.
    ///
    /// Of an underscored name, only the meanings that `visible` lets through count.
    ///
    /// # Errors
    /// [`RefusalKind::ToolAmbiguous`] when an underscored name means several tools.
    pub fn name_of<'n>(&self, name: &'n str, visible: impl Fn(&str) -> bool) -> Result<ParsedName<'n>, Refusal> {
        let (bare, version) = name.split_once('@').map_or((name, None), |(bare, version)| (bare, Some(version)));
        let folded = self.folded(bare, visible)?.unwrap_or_else(|| bare.to_ascii_lowercase());
        Ok(ParsedName { bare, folded, version })
    }

    /// Returns the tool with this name; in `version` if that is given, else in the version of the name, else the
    /// preferred one.
    ///
    /// # Errors
    /// [`RefusalKind::ToolUnknown`] with the nearest names that `visible` lets through,
    /// [`RefusalKind::ToolVersionUnknown`], [`RefusalKind::ToolAmbiguous`].
    pub fn resolve(
        &self,
        named: &ParsedName<'_>,
        version: Option<&str>,
        visible: impl Fn(&str) -> bool,
    ) -> Result<&Rc<Tool>, Refusal> {
        let version = version.or(named.version);
        let Some(versions) = self.tools.get(&named.folded) else {
            return Err(self.unknown(named.bare, visible));
        };
        let wanted = |tool: &&Rc<Tool>| version.is_none_or(|version| tool.is_of_version(version));
        versions.usable.iter().find(wanted).ok_or_else(|| {
            let is_refused = version.is_none_or(|version| versions.refused.iter().any(|known| known == version));
            if is_refused {
                return Refusal::with(RefusalKind::ToolAmbiguous, named.folded.clone());
            }
            let known: Vec<_> = versions.usable.iter().map(|tool| tool.version.as_str()).collect();
            Refusal::with(RefusalKind::ToolVersionUnknown, format!("there is {}", known.join(", ")))
        })
    }

    /// Returns the key of [`Registry::tools`] that `name` means; `None` when there is none.
    ///
    /// # Errors
    /// [`RefusalKind::ToolAmbiguous`] when an underscored name means several tools.
    fn folded(&self, name: &str, visible: impl Fn(&str) -> bool) -> Result<Option<String>, Refusal> {
        if name.len() > ToolName::BYTES {
            return Ok(None);
        }
        let lower = name.to_ascii_lowercase();
        if name.contains('.') {
            return Ok(Some(lower));
        }
        let meanings = self.underscored.get(&lower.replace('-', "_")).into_iter().flatten();
        let meanings: Vec<&str> = meanings.map(String::as_str).filter(|folded| visible(folded)).collect();
        match meanings.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some((*only).to_owned())),
            several => Err(Refusal::with(RefusalKind::ToolAmbiguous, several.join(", "))),
        }
    }

    fn unknown(&self, name: &str, visible: impl Fn(&str) -> bool) -> Refusal {
        let names = self.tools.values().filter_map(|versions| versions.usable.first());
        let names = names.filter(|tool| visible(&tool.folded)).map(|tool| tool.name.as_str());
        match nearest(name, names, limits::NEAREST_NAMES).as_slice() {
            [] => Refusal::new(RefusalKind::ToolUnknown),
            near => Refusal::with(RefusalKind::ToolUnknown, format!("did you mean {}?", near.join(", "))),
        }
    }

    /// Lists every tool, by name: the preferred version, or all of them.
    pub fn iter(&self, all_versions: bool) -> impl Iterator<Item = &Rc<Tool>> {
        self.tools.values().flat_map(move |versions| {
            let most = if all_versions { usize::MAX } else { 1 };
            versions.usable.iter().take(most)
        })
    }

    /// Returns the number of tools, versions not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Returns whether there is no tool.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Returns whether any tool of the toolkit (lower case) satisfies `is`.
    pub fn any_of_toolkit(&self, toolkit: &str, is: impl Fn(&Tool) -> bool) -> bool {
        let from = format!("{toolkit}.");
        let of_toolkit = self.tools.range(from.clone()..).take_while(|(folded, _)| folded.starts_with(&from));
        of_toolkit.flat_map(|(_, versions)| &versions.usable).any(|tool| is(tool))
    }
}

impl Versions {
    /// Makes the first equivalent of each version, in the route's order, the one that callers see.
    fn order_routed(&mut self, route: &Route) {
        self.equivalents.sort_by_key(|tool| route.rank_of(tool.executor));
        let mut others = Vec::new();
        for tool in std::mem::take(&mut self.equivalents) {
            if self.usable.iter().any(|first| first.is_of_version(&tool.version)) {
                others.push(tool);
            } else {
                self.usable.push(tool);
            }
        }
        self.equivalents = others;
    }
}

/// Orders versions by their numeric parts (Semantic Versioning 2.0.0, section 11), then by text.
fn compare_versions(left: &str, right: &str) -> Ordering {
    let numbers = |version: &str| -> Vec<u64> {
        version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).take(4).collect()
    };
    // A pre-release (`1.0.0-rc1`) stands before its release.
    let release = |version: &str| !version.contains('-');
    numbers(left).cmp(&numbers(right)).then_with(|| release(left).cmp(&release(right))).then_with(|| left.cmp(right))
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
