//! Where the calls of a tool look for others, when the operator leaves that to what is observed.
//!
//! A question to a durable owner costs every miss a round trip. It is worth that where a call takes much longer, and calls
//! that miss do meet others. An isolate sees only its own calls, so now and then one asks an owner to find out.

use lru::LruCache;

use super::Place;
use crate::cache::SingleFlight;
use crate::words::limits::{FLIGHT_OWNER_WORTH, FLIGHT_TOOLS};
use crate::words::time::Millis;

/// One observation in so many counts.
const WEIGHT: u64 = 8;
/// What stands for "every miss meets another".
const ALWAYS: u64 = 1_024;
/// One miss in so many that meets another is worth an owner; and one in so many asks one to find out.
const SELDOM: u64 = 16;

/// What was observed of each tool, the least recently called of which is forgotten first.
#[derive(Debug)]
pub(super) struct Chooser(LruCache<String, Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Moving average of how long a call takes, in ms; zero before the first.
    took: u64,
    /// Moving average of how often a miss meets another, of [`ALWAYS`].
    met: u64,
    misses: u64,
}

impl Chooser {
    /// Nothing was observed yet.
    pub(super) fn new() -> Self {
        // No bound of its own: a cache with one takes all of its room at once, also where nobody chooses.
        Self(LruCache::unbounded())
    }

    /// Where a call of `tool` that misses looks for others; `None` for nowhere.
    pub(super) fn place(&mut self, choice: SingleFlight, tool: &str) -> Option<Place> {
        match choice {
            SingleFlight::Off => None,
            SingleFlight::Isolate => Some(Place::Isolate),
            SingleFlight::Owner => Some(Place::Owner),
            SingleFlight::Adaptive => {
                let seen = self.of(tool);
                seen.misses = seen.misses.wrapping_add(1);
                let meets = seen.met >= ALWAYS / SELDOM || seen.misses.is_multiple_of(SELDOM);
                let is_worth_it = Millis::new(seen.took) >= FLIGHT_OWNER_WORTH && meets;
                Some(if is_worth_it { Place::Owner } else { Place::Isolate })
            }
        }
    }

    /// A call of `tool` met others that missed the same key, or did not.
    pub(super) fn met(&mut self, choice: SingleFlight, tool: &str, others: bool) {
        if choice == SingleFlight::Adaptive {
            let seen = self.of(tool);
            seen.met = average(seen.met, if others { ALWAYS } else { 0 });
        }
    }

    /// A call of `tool` took so long.
    pub(super) fn took(&mut self, choice: SingleFlight, tool: &str, span: Millis) {
        if choice == SingleFlight::Adaptive {
            let seen = self.of(tool);
            seen.took = if seen.took == 0 { span.get() } else { average(seen.took, span.get()) };
        }
    }

    fn of(&mut self, tool: &str) -> &mut Seen {
        if !self.0.contains(tool) && self.0.len() >= FLIGHT_TOOLS {
            self.0.pop_lru();
        }
        self.0.get_or_insert_mut_ref(tool, Seen::default)
    }
}

fn average(earlier: u64, now: u64) -> u64 {
    earlier.saturating_mul(WEIGHT.saturating_sub(1)).saturating_add(now) / WEIGHT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(chooser: &mut Chooser) -> Place {
        chooser.place(SingleFlight::Adaptive, "a.b").unwrap()
    }

    fn run(chooser: &mut Chooser, times: usize, took: u64, others: bool) -> usize {
        let at_owner = (0..times).filter(|_| {
            let place = choose(chooser);
            chooser.met(SingleFlight::Adaptive, "a.b", others);
            chooser.took(SingleFlight::Adaptive, "a.b", Millis::new(took));
            place == Place::Owner
        });
        at_owner.count()
    }

    #[test]
    fn what_the_operator_says_is_done() {
        let mut chooser = Chooser::new();
        assert_eq!(chooser.place(SingleFlight::Off, "a.b"), None);
        assert_eq!(chooser.place(SingleFlight::Isolate, "a.b"), Some(Place::Isolate));
        assert_eq!(chooser.place(SingleFlight::Owner, "a.b"), Some(Place::Owner));
        assert!(chooser.0.is_empty());
    }

    #[test]
    fn a_slow_tool_whose_misses_meet_is_worth_an_owner_and_others_are_not() {
        let slow = FLIGHT_OWNER_WORTH.get() * 3;
        let mut chooser = Chooser::new();
        assert_eq!(choose(&mut chooser), Place::Isolate, "nothing is known");
        assert!(run(&mut chooser, 20, slow, true) >= 19);
        // Slow, but nobody meets: in the end only one in sixteen asks.
        run(&mut chooser, 64, slow, false);
        assert_eq!(run(&mut chooser, 64, slow, false), 4);
        // They meet, but it is fast.
        run(&mut chooser, 64, 5, true);
        assert_eq!(run(&mut chooser, 64, 5, true), 0);
    }

    #[test]
    fn remembers_a_bounded_number_of_tools() {
        let mut chooser = Chooser::new();
        for tool in 0..=FLIGHT_TOOLS {
            chooser.place(SingleFlight::Adaptive, &format!("a.{tool}"));
        }
        assert_eq!(chooser.0.len(), FLIGHT_TOOLS);
    }
}
