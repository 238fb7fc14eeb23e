//! Savings of the cache, by tool: a bounded number of tools, and the rest together.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cache::Saved;
use crate::words::limits::SAVED_TOOLS;

/// The name for the savings of all other tools together. No tool has this name: their names have a dot.
pub(crate) const OTHER: &str = "other";

/// The series of one tool at the owner of the sums: whole numbers of small units there, base units in the exposition.
const FAMILIES: [&str; 3] = ["saved_ms", "saved_tokens", "saved_nanos"];

/// An isolate's savings that have not been reported to the owner yet.
#[derive(Debug, Default)]
pub(super) struct Savings(RefCell<BTreeMap<String, Saved>>);

impl Savings {
    /// Counts the savings of one hit. Allocates only for a tool that was not counted since the last report.
    pub(super) fn add(&self, tool: &str, saved: Saved) {
        let mut counted = self.0.borrow_mut();
        let is_one_more = counted.len() >= SAVED_TOOLS && !counted.contains_key(tool);
        let tool = if is_one_more { OTHER } else { tool };
        if let Some(sum) = counted.get_mut(tool) {
            sum.add(saved);
        } else {
            counted.insert(tool.to_owned(), saved);
        }
    }

    /// Takes the series to report to the owner.
    pub(super) fn take(&self) -> Vec<(String, u64)> {
        let counted = std::mem::take(&mut *self.0.borrow_mut());
        let series = counted.into_iter().flat_map(|(tool, Saved { millis, tokens, nanos })| {
            FAMILIES.into_iter().zip([millis, tokens, nanos]).map(move |(family, by)| (name(family, &tool), by))
        });
        series.filter(|(_, by)| *by > 0).collect()
    }
}

fn name(family: &str, tool: &str) -> String {
    format!("{family}{{tool=\"{tool}\"}}")
}

/// Returns the savings among the sums, by tool.
pub(crate) fn of_sums(sums: &[(String, u64)]) -> BTreeMap<&str, Saved> {
    let mut saved: BTreeMap<&str, Saved> = BTreeMap::new();
    for (series, sum) in sums {
        let Some((family, tool)) = series.split_once("{tool=\"") else { continue };
        let of_tool = saved.entry(tool.trim_end_matches("\"}"));
        match family {
            "saved_ms" => of_tool.or_default().millis = *sum,
            "saved_tokens" => of_tool.or_default().tokens = *sum,
            "saved_nanos" => of_tool.or_default().nanos = *sum,
            _ => {}
        }
    }
    saved
}

/// Formats one value of the savings.
type FormatSaved = fn(&Saved) -> String;

/// Writes the savings in the Prometheus text format, in base units.
pub(super) fn write_exposition(text: &mut String, sums: &[(String, u64)]) {
    let saved = of_sums(sums);
    let families: [(&str, &str, FormatSaved); 3] = [
        (
            "toolgate_cache_saved_seconds_total",
            "Time that executors would have taken for what hits answered.",
            |saved| decimal(saved.millis, 3),
        ),
        ("toolgate_cache_saved_tokens_total", "Estimated tokens of what hits answered.", |saved| {
            saved.tokens.to_string()
        }),
        (
            "toolgate_cache_saved_cost_total",
            "Price of what hits answered, in the currency of the configuration.",
            |saved| decimal(saved.nanos, 9),
        ),
    ];
    for (family, help, value) in families {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "# HELP {family} {help}\n# TYPE {family} counter\n");
        for (tool, saved) in &saved {
            let _infallible = writeln!(text, "{} {}", name(family, tool), value(saved));
        }
    }
}

/// Formats a number of `10^-places` as decimal text: `1.5`, `30`.
pub(crate) fn decimal(value: u64, places: usize) -> String {
    let digits = format!("{value:0>width$}", width = places.saturating_add(1));
    let (whole, rest) = digits.split_at_checked(digits.len().saturating_sub(places)).unwrap_or((&digits, ""));
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Saved = Saved { millis: 1_500, tokens: 10, nanos: 2_000_000_015 };

    #[test]
    fn savings_are_told_in_base_units() {
        let savings = Savings::default();
        savings.add("docs.get", ONE);
        savings.add("docs.get", ONE);
        let mut text = String::new();
        write_exposition(&mut text, &savings.take());
        for line in [
            "toolgate_cache_saved_seconds_total{tool=\"docs.get\"} 3\n",
            "toolgate_cache_saved_tokens_total{tool=\"docs.get\"} 20\n",
            "toolgate_cache_saved_cost_total{tool=\"docs.get\"} 4.00000003\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert_eq!(savings.take(), Vec::new());
        let decimals = [(0, 3), (5, 3), (1_500, 3), (30_000, 3), (7, 0)].map(|(value, places)| decimal(value, places));
        assert_eq!(decimals, ["0", "0.005", "1.5", "30", "7"]);
    }

    #[test]
    fn tools_beyond_the_bound_are_counted_together() {
        let savings = Savings::default();
        for tool in 0..SAVED_TOOLS + 5 {
            savings.add(&format!("kit.tool{tool}"), ONE);
        }
        let taken = savings.take();
        let saved = of_sums(&taken);
        assert_eq!((saved.len(), saved[OTHER].millis), (SAVED_TOOLS + 1, 5 * ONE.millis));
    }
}
