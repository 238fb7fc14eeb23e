//! Decides, by an isolate's lease of one limit's tokens, whether a request may take one, must ask the owner, or is
//! refused.

use std::cell::RefCell;
use std::rc::Rc;

use crate::ports::DurableError;
use crate::state::rate::{Ask, Granted, Pace, Reply};
use crate::words::limits::RATE_RETRY;
use crate::words::time::{Millis, Timestamp};

/// The tokens beyond the needed one that are requested before the demand is known.
const FIRST: u64 = 4;

/// Names the state of a request at one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenState {
    /// A token is available. `renew`: there will soon be none, so more should be requested meanwhile.
    Ready {
        /// True when more tokens should be requested.
        renew: bool,
    },
    /// The owner must be asked.
    Ask,
    /// Another request asks the owner, for this one too.
    Wait,
    /// No token is available, and none will be before this time has passed.
    Refused(Millis),
    /// The owner could not be asked a moment ago, for this reason; it can be asked again after this time.
    Lost(DurableError, Millis),
}

/// Holds an isolate's tokens of one limit. A clone is the same lease.
#[derive(Clone, Debug)]
pub(crate) struct TokenLease(Rc<RefCell<TokenLeaseState>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct TokenLeaseState {
    holder: u64,
    /// The number of the last question.
    asked: u64,
    /// True while a question is under way. One whose request was dropped is not: its tokens land nowhere.
    is_asking: bool,
    /// Requests that wait for the question under way, or came too late for it.
    waiting: u64,
    /// Available tokens.
    tokens: u64,
    /// Total number of returned tokens.
    returned: u64,
    /// The tokens that were free at the owner when it was last asked.
    left: u64,
    /// The time just before the last question that was answered.
    answered: Option<Timestamp>,
    /// The pause of a shortage: the owner is not asked meanwhile.
    short: Option<Pause>,
    /// The fault of the last question, and the pause after it: the owner is not asked meanwhile.
    lost: Option<(DurableError, Pause)>,
    /// Requests since `counted_from`.
    demand: u64,
    counted_from: Timestamp,
    /// The estimated need of half a lease, in tokens.
    wanted: u64,
}

/// Bounds a pause; a clock that went backwards ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pause {
    from: Timestamp,
    span: Millis,
}

impl Pause {
    /// Returns the time left.
    fn left(self, now: Timestamp) -> Option<Millis> {
        let left = self.span.saturating_sub(now.since(self.from));
        (self.from <= now && left > Millis::ZERO).then_some(left)
    }
}

/// Holds a question under way; dropped when it has been answered, or never will be.
#[derive(Debug)]
pub(crate) struct TokenQuestion {
    lease: TokenLease,
    asked_at: Timestamp,
}

impl Drop for TokenQuestion {
    fn drop(&mut self) {
        self.lease.0.borrow_mut().is_asking = false;
    }
}

impl TokenLease {
    /// Makes a lease without tokens. No other lease may have the number `holder`.
    pub(crate) fn new(holder: u64, now: Timestamp) -> Self {
        Self(Rc::new(RefCell::new(TokenLeaseState {
            holder,
            asked: 0,
            is_asking: false,
            waiting: 0,
            tokens: 0,
            returned: 0,
            left: 0,
            answered: None,
            short: None,
            lost: None,
            demand: 0,
            counted_from: now,
            wanted: FIRST,
        })))
    }

    /// Returns the state of a request now. `is_new`: it was not counted yet.
    pub(crate) fn stand(&self, life: Millis, now: Timestamp, is_new: bool) -> TokenState {
        let mut inner = self.0.borrow_mut();
        if is_new {
            inner.demand = inner.demand.saturating_add(1);
        }
        inner.expire(life, now);
        let short = inner.short.and_then(|pause| pause.left(now));
        let lost = inner.lost.and_then(|(error, pause)| pause.left(now).map(|left| (error, left)));
        if inner.tokens > 0 {
            let is_low = inner.tokens < inner.wanted / 4;
            let is_old = inner.answered.is_none_or(|answered| now.since(answered) >= life.half());
            let may_ask = !inner.is_asking && short.is_none() && lost.is_none();
            return TokenState::Ready { renew: may_ask && (is_low || is_old) };
        }
        if let Some((error, left)) = lost {
            return TokenState::Lost(error, left);
        }
        if let Some(left) = short {
            return TokenState::Refused(left);
        }
        match (inner.is_asking, inner.short) {
            (false, _) => TokenState::Ask,
            // Tokens were short a moment ago, and these are as good as any that could be refused.
            (true, Some(_)) => TokenState::Refused(Millis::new(1)),
            (true, None) => {
                inner.waiting = inner.waiting.saturating_add(u64::from(is_new));
                TokenState::Wait
            }
        }
    }

    /// Takes a token that [`TokenLease::stand`] found, and returns the number known to be left.
    pub(crate) fn take(&self) -> u64 {
        let mut inner = self.0.borrow_mut();
        inner.tokens = inner.tokens.saturating_sub(1);
        inner.tokens.saturating_add(inner.left)
    }

    /// Returns the question for the owner. `waits`: for a request that waits for a token, and those that came
    /// meanwhile; else to have some in time. Only where no question is under way.
    pub(crate) fn ask(&self, pace: Pace, life: Millis, now: Timestamp, waits: bool) -> (Ask, TokenQuestion) {
        let mut inner = self.0.borrow_mut();
        inner.expire(life, now);
        inner.estimate(life, now);
        inner.is_asking = true;
        inner.asked = inner.asked.saturating_add(1);
        let waiting = std::mem::take(&mut inner.waiting).saturating_add(u64::from(waits));
        // In a shortage it will ask again soon; others could use tokens hoarded until then.
        let wanted = if inner.short.is_some() { inner.wanted / 2 } else { inner.wanted };
        let more = wanted.saturating_sub(inner.tokens);
        let surplus = inner.tokens.saturating_sub(inner.wanted);
        inner.tokens = inner.tokens.saturating_sub(surplus);
        inner.returned = inner.returned.saturating_add(surplus);
        let TokenLeaseState { holder, asked: number, tokens: held, returned, .. } = *inner;
        drop(inner);
        let ask = Ask { pace, lease: life, holder, number, held, returned, waiting, more };
        (ask, TokenQuestion { lease: self.clone(), asked_at: now })
    }
}

impl TokenLeaseState {
    /// Returns tokens that were unused for a lease's life to the owner. A clock that went backwards makes their age
    /// unknown: the life is over.
    fn expire(&mut self, life: Millis, now: Timestamp) {
        let holds = self.answered.is_some_and(|answered| answered <= now && now.since(answered) < life);
        if !holds {
            self.returned = self.returned.saturating_add(self.tokens);
            self.tokens = 0;
            self.left = 0;
        }
    }

    /// Estimates the need of half a lease from the requests since the last question. A time shorter than a quarter of a
    /// lease says less: then half of the former estimate counts too, and the time as an eighth at least.
    fn estimate(&mut self, life: Millis, now: Timestamp) {
        let since = now.since(self.counted_from).get();
        let counted = since.max(life.get() / 8).max(1);
        let needs = self.demand.saturating_mul(life.half().get()).div_ceil(counted);
        let is_long = since >= life.get() / 4;
        self.wanted = if is_long { needs } else { self.wanted.saturating_add(needs).div_ceil(2) };
        self.demand = 0;
        self.counted_from = now;
    }
}

impl TokenQuestion {
    /// Takes the owner's answer.
    pub(crate) fn answered(self, reply: &Reply, life: Millis, now: Timestamp) {
        let Reply::Lease(Granted { tokens, left, wait }) = *reply else {
            return;
        };
        let mut inner = self.lease.0.borrow_mut();
        inner.expire(life, now);
        if self.asked_at <= now && now.since(self.asked_at) < life {
            inner.tokens = inner.tokens.saturating_add(tokens);
            // Not the later of the two: after the clock was set back, the earlier answer lies in the future.
            inner.answered = Some(self.asked_at);
        } else {
            inner.returned = inner.returned.saturating_add(tokens);
        }
        inner.left = left;
        inner.short = (wait > Millis::ZERO).then_some(Pause { from: now, span: wait });
        inner.lost = None;
    }

    /// Notes that there was no answer. Tokens that the owner may have handed out are lost: nobody uses them.
    pub(crate) fn lost(self, error: DurableError, now: Timestamp) {
        self.lease.0.borrow_mut().lost = Some((error, Pause { from: now, span: RATE_RETRY }));
    }
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "model_tests.rs"]
mod model;
