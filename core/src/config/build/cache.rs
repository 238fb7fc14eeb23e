//! Builds the rules of the cache: cacheable tools, their times to live, and the savings of a hit.

use super::{ConfigBuilder, size};
use crate::cache::{CacheRule, CacheRules, Life};
use crate::config::cache;
use crate::config::document::Located;
use crate::config::sections::{CacheRuleSection, CacheSection, TtlClass};
use crate::words::json;
use crate::words::limits::{CACHE_STALE_MAX, CACHE_TAGS, CACHE_TTL_MAX};
use crate::words::names::ToolPattern;
use crate::words::time::Millis;

impl ConfigBuilder<'_> {
    /// Builds the rules of a section. `offered` are the patterns of the tools that are taken from some executor.
    pub(super) fn cache(
        &mut self,
        mut section: CacheSection,
        offered: &[ToolPattern],
        json: json::Limits,
    ) -> CacheRules {
        let rules = std::mem::take(&mut section.rules);
        let warm = cache::warm(std::mem::take(&mut section.warm), offered, json, self.faults);
        let life = Life {
            while_revalidate: section.stale_while_revalidate,
            if_error: section.stale_if_error,
            refresh_ahead: section.refresh_ahead,
            max_age_min: section.max_age_min,
        };
        CacheRules {
            rules: rules
                .into_iter()
                .enumerate()
                .map(|(index, rule)| {
                    if rule.value.tags.len() > CACHE_TAGS {
                        let (place, message) =
                            (format!("cache.rules[{index}].tags"), format!("are more than {CACHE_TAGS}"));
                        self.fault(rule.line, &place, &message);
                    }
                    self.cache_rule(rule, &section, life)
                })
                .collect(),
            ttl: section.ttl,
            life,
            memory_bytes: size(section.memory),
            strategy: section.strategy,
            eviction: section.eviction,
            single_flight: section.single_flight,
            price_per_million_tokens: section.price_per_million_tokens,
            warm,
        }
    }

    fn cache_rule(&mut self, rule: Located<CacheRuleSection>, section: &CacheSection, life: Life) -> CacheRule {
        let Located { value: rule, line } = rule;
        for (name, value, least, most) in [
            ("ttl", rule.ttl, Millis::from_secs(1), CACHE_TTL_MAX),
            ("stale_while_revalidate", rule.stale_while_revalidate, Millis::ZERO, CACHE_STALE_MAX),
            ("stale_if_error", rule.stale_if_error, Millis::ZERO, CACHE_STALE_MAX),
            ("max_age_min", rule.max_age_min, Millis::ZERO, CACHE_TTL_MAX),
        ] {
            if value.is_some_and(|value| value < least || value > most) {
                self.fault(line, &format!("cache.rules.{name}"), &format!("must be from {least} to {most}"));
            }
        }
        match (rule.ttl, rule.class) {
            (Some(_), Some(class)) => {
                let message = format!("has ttl, and class = \"{}\" besides: one of them says how long", class.as_str());
                self.fault(line, "cache.rules", &message);
            }
            (None, None) => self.fault(line, "cache.rules", "needs ttl or class"),
            _ => {}
        }
        let of_class = match rule.class {
            Some(TtlClass::Static) => section.ttl_static,
            Some(TtlClass::SemiDynamic) => section.ttl_semi_dynamic,
            Some(TtlClass::Dynamic) | None => section.ttl_dynamic,
        };
        CacheRule {
            tools: rule.tools,
            ttl: rule.ttl.unwrap_or(of_class),
            scope: rule.scope,
            strategy: rule.strategy,
            single_flight: rule.single_flight,
            tags: rule.tags,
            price_per_call: rule.price_per_call,
            life: Life {
                while_revalidate: rule.stale_while_revalidate.unwrap_or(life.while_revalidate),
                if_error: rule.stale_if_error.unwrap_or(life.if_error),
                refresh_ahead: rule.refresh_ahead.unwrap_or(life.refresh_ahead),
                max_age_min: rule.max_age_min.unwrap_or(life.max_age_min),
            },
        }
    }
}
