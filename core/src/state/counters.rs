//! The counters of all isolates together: an isolate adds its counts since its last command.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::words::limits::{COUNTER_SERIES, SAVED_TOOLS};
use crate::words::time::Timestamp;

/// Sums by series (`name{label="value"}`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Counters {
    #[n(0)]
    sums: BTreeMap<String, u64>,
}

/// A request to the owner of the counters.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Adds counts to series.
    #[n(0)]
    Add(#[n(0)] Vec<(String, u64)>),
    /// Reads all sums.
    #[n(1)]
    Read,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// The counts were added. New series beyond the bound were left out.
    #[n(0)]
    Added {
        /// Number of series left out.
        #[n(0)]
        left_out: u64,
    },
    /// The sums, by series.
    #[n(1)]
    Sums(#[n(0)] Vec<(String, u64)>),
}

impl Counters {
    /// Returns the series to add to: series by tool beyond the bound share one series.
    fn bounded(&self, name: String) -> String {
        let Some((family, _)) = name.split_once("{tool=").filter(|_| !self.sums.contains_key(&name)) else {
            return name;
        };
        let first = format!("{family}{{tool=");
        let known = self.sums.range(first.clone()..).take_while(|(known, _)| known.starts_with(&first)).count();
        if known < SAVED_TOOLS { name } else { format!("{first}\"other\"}}") }
    }

    fn apply(&mut self, command: Command) -> (bool, Reply) {
        match command {
            Command::Read => (false, Reply::Sums(self.sums.clone().into_iter().collect())),
            Command::Add(series) => {
                let mut left_out = 0_u64;
                for (name, by) in series {
                    let name = self.bounded(name);
                    if self.sums.len() >= COUNTER_SERIES && !self.sums.contains_key(&name) {
                        left_out = left_out.saturating_add(1);
                        continue;
                    }
                    let sum = self.sums.entry(name).or_default();
                    *sum = sum.saturating_add(by);
                }
                (true, Reply::Added { left_out })
            }
        }
    }
}

/// Applies a command; returns the state to store, its expiry, and the reply.
pub(super) fn reduce(
    earlier: Option<Counters>,
    command: Command,
    _now: Timestamp,
) -> (Option<Counters>, Option<Timestamp>, Reply) {
    let mut counters = earlier.unwrap_or_default();
    let (wrote, reply) = counters.apply(command);
    (wrote.then_some(counters), None, reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_by_tool_have_a_bound_of_their_own() {
        let mut counters = Counters::default();
        for tool in 0..SAVED_TOOLS + 7 {
            counters.apply(Command::Add(vec![(format!("saved_ms{{tool=\"k.t{tool}\"}}"), 2)]));
        }
        counters
            .apply(Command::Add(vec![("saved_ms{tool=\"k.t0\"}".into(), 2), ("saved_tokens{tool=\"k.x\"}".into(), 1)]));
        let Reply::Sums(sums) = counters.apply(Command::Read).1 else { panic!() };
        let of = |name: &str| sums.iter().find(|(series, _)| series == name).map(|(_, sum)| *sum);
        assert_eq!(sums.len(), SAVED_TOOLS + 2);
        assert_eq!(of("saved_ms{tool=\"other\"}"), Some(14));
        assert_eq!((of("saved_ms{tool=\"k.t0\"}"), of("saved_tokens{tool=\"k.x\"}")), (Some(4), Some(1)));
    }

    #[test]
    fn adds_and_bounds() {
        let mut counters = Counters::default();
        counters.apply(Command::Add(vec![("a".into(), 1), ("b".into(), 2), ("a".into(), 4)]));
        assert_eq!(counters.apply(Command::Read).1, Reply::Sums(vec![("a".into(), 5), ("b".into(), 2)]));
        let many = (0..COUNTER_SERIES).map(|n| (format!("s{n:05}"), 1)).collect();
        assert_eq!(counters.apply(Command::Add(many)).1, Reply::Added { left_out: 2 });
        assert_eq!(counters.apply(Command::Add(vec![("a".into(), 1)])).1, Reply::Added { left_out: 0 });
    }
}
