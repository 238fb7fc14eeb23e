//! The owner of one limit's key: grants leases of tokens, each debited in advance.
//!
//! Invariants at the owner under loss, delay and reordering: tokens granted less tokens returned, in any span of its
//! time, are at most `burst + rate * span`. It follows that in any span the requests admitted everywhere are at most
//! `burst + rate * span` more than the unspent tokens in leases when the span began (docs/limits.md derives it), and
//! the owner lets no more lie in leases than the limit gives in the life of one lease, beside one token for each
//! request that waits.

mod meter;

use minicbor::{Decode, Encode};

pub use meter::{Meter, Pace};

use crate::words::limits::{LEASE_MAX, RATE_HOLDERS};
use crate::words::time::{Millis, Timestamp};

/// Size of a batch: where tokens are short, an isolate asks again when about so many can have accumulated for it.
const BATCH: u64 = 64;

/// The meter and the leases of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Rate {
    #[n(0)]
    meter: Meter,
    #[n(1)]
    holders: Vec<Holder>,
}

/// A holder of a lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
struct Holder {
    #[n(0)]
    id: u64,
    /// The number of its last request that counted.
    #[n(1)]
    asked: u64,
    /// Tokens it has returned in total.
    #[n(2)]
    returned: u64,
    /// Most tokens that may lie in its lease.
    #[n(3)]
    out: u64,
    /// Expiry of the lease: tokens not returned by then count as spent.
    #[n(4)]
    until: Timestamp,
}

/// A request to the owner of a limit's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Command {
    /// Returns unused tokens, and asks for more.
    #[n(0)]
    Ask(#[n(0)] Ask),
}

/// A request for tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Ask {
    /// The limit as in the isolate's configuration.
    #[n(0)]
    pub pace: Pace,
    /// Life of the granted lease.
    #[n(1)]
    pub lease: Millis,
    /// The asking holder: a number that no other lease has.
    #[n(2)]
    pub holder: u64,
    /// Raised with each request of this holder: an overtaken one does not count.
    #[n(3)]
    pub number: u64,
    /// Tokens that stay in the lease. A holder has one request in flight at a time, so these are all it has.
    #[n(4)]
    pub held: u64,
    /// Tokens that the holder has returned, this time and before: a lost request loses none of them, and a duplicated
    /// one returns none twice.
    #[n(5)]
    pub returned: u64,
    /// Requests that wait for a token.
    #[n(6)]
    pub waiting: u64,
    /// Tokens wanted beyond those.
    #[n(7)]
    pub more: u64,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Reply {
    /// A lease.
    #[n(0)]
    Lease(#[n(0)] Granted),
    /// A later request of the same holder came first: this one changed nothing.
    #[n(1)]
    Overtaken,
}

/// A grant of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Granted {
    /// Tokens granted: they are debited.
    #[n(0)]
    pub tokens: u64,
    /// Tokens that are still free.
    #[n(1)]
    pub left: u64,
    /// Pause before the next request; zero where there is plenty.
    #[n(2)]
    pub wait: Millis,
}

/// Returns the most tokens that may lie unspent in leases, beside those of waiting requests: as many as come in the
/// life of a lease, so that a limit of few requests a minute has none, and is exact.
#[must_use]
pub fn most_out(pace: Pace, lease: Millis) -> u64 {
    pace.tokens_in(lease)
}

/// Applies a command; returns the state to store, its expiry, and the reply.
pub(super) fn reduce(
    earlier: Option<Rate>,
    command: Command,
    now: Timestamp,
) -> (Option<Rate>, Option<Timestamp>, Reply) {
    let (next, reply) = apply(earlier, command, now);
    let (rate, expires) = next.unzip();
    (rate, expires, reply)
}

/// Returns the next state with its expiry (`None`: unchanged), and the reply.
pub(crate) fn apply(earlier: Option<Rate>, command: Command, now: Timestamp) -> (Option<(Rate, Timestamp)>, Reply) {
    let Command::Ask(ask) = command;
    let mut rate = earlier.unwrap_or_else(|| Rate { meter: Meter::new(now), holders: Vec::new() });
    match rate.ask(&ask, now) {
        None => (None, Reply::Overtaken),
        Some(granted) => {
            let until = rate.holders.iter().map(|holder| holder.until).max().unwrap_or(now);
            let idle = rate.meter.empty_at(ask.pace).max(until);
            (Some((rate, idle)), Reply::Lease(granted))
        }
    }
}

impl Rate {
    fn ask(&mut self, ask: &Ask, now: Timestamp) -> Option<Granted> {
        let (pace, lease) = (ask.pace, ask.lease.min(LEASE_MAX));
        // A clock that was set back must not keep the dead for ever.
        let latest = now.after(KEPT_MOST);
        self.holders.retain(|holder| now < holder.until && holder.until <= latest);
        let mut own = match self.holders.iter().position(|holder| holder.id == ask.holder) {
            Some(index) => self.holders.swap_remove(index),
            // An expired holder returns nothing.
            None => Holder { id: ask.holder, asked: 0, returned: ask.returned, out: 0, until: now },
        };
        if ask.number <= own.asked {
            return None;
        }
        self.meter.advance(pace, now);
        let back = ask.returned.saturating_sub(own.returned).min(own.out);
        self.meter.give_back(pace, back);
        let others = self.holders.iter().fold(0_u64, |sum, holder| sum.saturating_add(holder.out));
        let has_place = self.holders.len() < RATE_HOLDERS;
        let room = if has_place { most_out(pace, lease).saturating_sub(others.saturating_add(ask.held)) } else { 0 };

        let free = self.meter.free(pace);
        let first = ask.waiting.min(free);
        // Half of the free tokens stay for the others: where tokens are scarce, leases are small.
        let spare = free.saturating_sub(first) / 2;
        let tokens = first.saturating_add(ask.more.min(spare).min(room));
        self.meter.take(pace, tokens);

        // Short: less was granted than could be used, and an immediate next request would not even get a batch.
        let left = self.meter.free(pace);
        let is_short = (first < ask.waiting || ask.more.min(room) > spare) && left / 2 < BATCH;
        if has_place {
            let returned = own.returned.max(ask.returned);
            let until = now.after(lease).after(lease);
            own = Holder { id: own.id, asked: ask.number, returned, out: ask.held.saturating_add(tokens), until };
            self.holders.push(own);
        }
        let wait = if is_short { self.wait(pace, lease) } else { Millis::ZERO };
        Some(Granted { tokens, left, wait })
    }

    /// Returns the pause before the next request: where isolates share many tokens, until a batch can have accumulated
    /// for each of them (but not for long); else until there is a token at all.
    fn wait(&self, pace: Pace, lease: Millis) -> Millis {
        let askers = u64::try_from(self.holders.len()).unwrap_or(u64::MAX).max(1);
        let longest = lease.half().half();
        let batch = if pace.tokens_in(longest) >= askers {
            pace.time_for(askers.saturating_mul(BATCH)).min(longest)
        } else {
            Millis::ZERO
        };
        batch.max(self.meter.wait(pace))
    }
}

/// Longest retention of a holder: two lives of the longest lease, and the most that a clock may be set back unnoticed.
const KEPT_MOST: Millis = Millis::from_secs(30);

#[cfg(test)]
impl Rate {
    /// Returns the level that has not drained by now, in the meter's units.
    pub(crate) fn level(&self, pace: Pace, now: Timestamp) -> u64 {
        let mut meter = self.meter.clone();
        meter.advance(pace, now);
        meter.level()
    }

    /// Returns the number of tokens accepted back from a holder that claims to have returned `returned`.
    pub(crate) fn would_take_back(&self, id: u64, returned: u64) -> u64 {
        let holder = self.holders.iter().find(|holder| holder.id == id);
        holder.map_or(0, |holder| returned.saturating_sub(holder.returned).min(holder.out))
    }
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;
