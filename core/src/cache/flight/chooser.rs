//! The adaptive choice of a flight's scope: the isolate alone, or a durable owner for all isolates.
//!
//! A question to a durable owner costs every miss a round trip. It pays for a tool whose calls take much longer, and
//! whose misses do meet others. An isolate sees only its own calls, so now and then one asks an owner to find out.

use super::FlightScope;
use crate::cache::SingleFlight;
use crate::words::limits::{FLIGHT_OWNER_WORTH, FLIGHT_TOOLS};
use crate::words::maps::{LruMap, MapHasher};
use crate::words::time::Millis;

/// Weight of the moving averages: one observation in so many counts.
const WEIGHT: u64 = 8;
/// Stands for "every miss meets another".
const ALWAYS: u64 = 1_024;
/// One miss in so many that meets another is worth an owner; and one miss in so many asks an owner to find out.
const SELDOM: u64 = 16;

/// Holds the observations of each tool; the least recently called is forgotten first.
#[derive(Debug)]
pub(super) struct Chooser(LruMap<String, ToolHistory>);

#[derive(Clone, Copy, Debug, Default)]
struct ToolHistory {
    /// Moving average of a call's duration, in ms; zero before the first.
    took: u64,
    /// Moving average of the share of misses that meet another, of [`ALWAYS`].
    met: u64,
    misses: u64,
}

impl Chooser {
    /// Creates a chooser without observations.
    pub(super) fn new(hasher: &MapHasher) -> Self {
        Self(hasher.lru())
    }

    /// Returns the scope of the flight for a call of `tool` that misses; `None` for no flight.
    pub(super) fn place(&mut self, choice: SingleFlight, tool: &str) -> Option<FlightScope> {
        match choice {
            SingleFlight::Off => None,
            SingleFlight::Isolate => Some(FlightScope::Isolate),
            SingleFlight::Owner => Some(FlightScope::Owner),
            SingleFlight::Adaptive => {
                let seen = self.of(tool);
                seen.misses = seen.misses.wrapping_add(1);
                let meets = seen.met >= ALWAYS / SELDOM || seen.misses.is_multiple_of(SELDOM);
                let is_worth_it = Millis::new(seen.took) >= FLIGHT_OWNER_WORTH && meets;
                Some(if is_worth_it { FlightScope::Owner } else { FlightScope::Isolate })
            }
        }
    }

    /// Records whether a call of `tool` met others that missed the same key.
    pub(super) fn met(&mut self, choice: SingleFlight, tool: &str, others: bool) {
        if choice == SingleFlight::Adaptive {
            let seen = self.of(tool);
            seen.met = average(seen.met, if others { ALWAYS } else { 0 });
        }
    }

    /// Records the duration of a call of `tool`.
    pub(super) fn took(&mut self, choice: SingleFlight, tool: &str, span: Millis) {
        if choice == SingleFlight::Adaptive {
            let seen = self.of(tool);
            seen.took = if seen.took == 0 { span.get() } else { average(seen.took, span.get()) };
        }
    }

    fn of(&mut self, tool: &str) -> &mut ToolHistory {
        if !self.0.contains(tool) && self.0.len() >= FLIGHT_TOOLS {
            self.0.pop_lru();
        }
        self.0.get_or_insert_mut_ref(tool, ToolHistory::default)
    }
}

fn average(earlier: u64, now: u64) -> u64 {
    earlier.saturating_mul(WEIGHT.saturating_sub(1)).saturating_add(now) / WEIGHT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(chooser: &mut Chooser) -> FlightScope {
        chooser.place(SingleFlight::Adaptive, "a.b").unwrap()
    }

    fn run(chooser: &mut Chooser, times: usize, took: u64, others: bool) -> usize {
        let at_owner = (0..times).filter(|_| {
            let place = choose(chooser);
            chooser.met(SingleFlight::Adaptive, "a.b", others);
            chooser.took(SingleFlight::Adaptive, "a.b", Millis::new(took));
            place == FlightScope::Owner
        });
        at_owner.count()
    }

    #[test]
    fn what_the_operator_says_is_done() {
        let mut chooser = Chooser::new(&MapHasher::fixed());
        assert_eq!(chooser.place(SingleFlight::Off, "a.b"), None);
        assert_eq!(chooser.place(SingleFlight::Isolate, "a.b"), Some(FlightScope::Isolate));
        assert_eq!(chooser.place(SingleFlight::Owner, "a.b"), Some(FlightScope::Owner));
        assert!(chooser.0.is_empty());
    }

    #[test]
    fn only_a_slow_tool_whose_misses_meet_is_worth_an_owner() {
        let slow = FLIGHT_OWNER_WORTH.get() * 3;
        let mut chooser = Chooser::new(&MapHasher::fixed());
        assert_eq!(choose(&mut chooser), FlightScope::Isolate, "nothing is known");
        assert!(run(&mut chooser, 20, slow, true) >= 19);
        // Slow, but misses do not meet: in the end only one in sixteen asks.
        run(&mut chooser, 64, slow, false);
        assert_eq!(run(&mut chooser, 64, slow, false), 4);
        // They meet, but the tool is fast.
        run(&mut chooser, 64, 5, true);
        assert_eq!(run(&mut chooser, 64, 5, true), 0);
    }

    #[test]
    fn remembers_a_bounded_number_of_tools() {
        let mut chooser = Chooser::new(&MapHasher::fixed());
        for tool in 0..=FLIGHT_TOOLS {
            chooser.place(SingleFlight::Adaptive, &format!("a.{tool}"));
        }
        assert_eq!(chooser.0.len(), FLIGHT_TOOLS);
    }
}
