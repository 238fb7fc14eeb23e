//! Compiles the texts of policies into the policy set.

use super::super::document::Located;
use super::super::sections::PolicySection;
use super::ConfigBuilder;
use crate::policy::{PolicySet, PolicySource};

impl ConfigBuilder<'_> {
    /// Compiles the policies of all sections; a fault names the line on which its section begins, and the place in the
    /// section's text.
    #[inline(never)]
    pub(super) fn policies<'s>(&mut self, sections: &'s [Located<PolicySection>]) -> PolicySet {
        let source =
            |section: &'s Located<PolicySection>| PolicySource { text: &section.value.text, mode: section.value.mode };
        let sources: Vec<PolicySource<'_>> = sections.iter().map(source).collect();
        PolicySet::new(&sources).unwrap_or_else(|faults| {
            for (place, fault) in faults {
                if let Some(section) = sections.get(place) {
                    let place = format!("policies.{}.text", section.value.id);
                    self.fault(section.line, &place, &fault.to_string());
                }
            }
            PolicySet::default()
        })
    }
}
