//! Limits the rate of requests: each takes a token of every limit that applies to it, or of none.
//!
//! Tokens come from one durable owner for each limit and subject (`state/rate.rs`), in leases (`rate/lease.rs`): while
//! there is a token in each lease, a request waits for nothing. docs/limits.md has the rules and the bound.

mod book;
mod fields;
mod lease;
mod rules;

use std::rc::Rc;

use crate::model::caller::Caller;
use crate::ports::{DurableError, Platform};
use crate::state::rate::{Ask, Command};
use crate::state::{self, StateCommand, StateReply};
use crate::words::futures::join_all;
use crate::words::limits::RATE_LIMITS;
use crate::words::maps::MapHasher;
use crate::words::modes::FailMode;
use crate::words::names::LimitId;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

pub(crate) use book::Fared;
pub use fields::RateLimitFields;
pub use rules::{RateLimit, RateMode, RatePer, RateRules};

use book::{Book, LeaseEntry, Subject, is_about};
use lease::{TokenQuestion, TokenState};

/// Bounds the questions of a request. More than one: the tokens that it was given may go to another request that came
/// while it waited for the owner of a second limit.
const ASKS: u32 = 3;
/// Bounds the checks of a request for the answer to another one's question: for as long as an owner may take.
const LOOKS: u32 = 40;
/// Bounds the wait between two checks: two to this power, in milliseconds.
const LOOK_DOUBLINGS: u32 = 6;

/// Holds the limits on the rate of requests, and an isolate's leases of their tokens.
#[derive(Debug)]
pub struct Rates {
    rules: Rc<RateRules>,
    book: Book,
}

impl Rates {
    /// Makes the rates of an isolate without a lease; the leases are numbered from a random number on.
    #[must_use]
    pub fn new(rules: Rc<RateRules>, first_holder: u64, hasher: MapHasher) -> Self {
        Self { rules, book: Book::new(first_holder, hasher) }
    }

    /// Takes the counts since the last time: the limit, the outcome, and the number of requests.
    pub(crate) fn take_counts(&self) -> impl Iterator<Item = (&LimitId, Fared, u64)> {
        let counts = self.book.take_counts();
        counts.filter_map(|(index, fared, count)| Some((&self.rules.limits.get(index)?.id, fared, count)))
    }
}

/// Holds a request's state at each limit that applies to it, at the limit's index.
type TokenStates = [Option<(LeaseEntry, TokenState)>; RATE_LIMITS];

/// Holds the verdict of all limits that apply to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateVerdict {
    /// The refusal, if there is one: [`RefusalKind::RateLimited`]; where a limit's owner cannot be asked and the fail
    /// mode is closed, [`RefusalKind::LimiterUnavailable`] or [`RefusalKind::DurableUnsupported`]. Then no token was
    /// taken.
    pub(crate) refusal: Option<Refusal>,
    /// The response fields about the limits.
    pub(crate) fields: RateLimitFields,
    /// The limits that would have refused it, but are not enforced.
    pub(crate) would_refuse: Vec<LimitId>,
    /// The name of a fault beside the verdict: an owner could not be asked, and the request was let through.
    pub(crate) degraded: Option<&'static str>,
    /// True when an owner had to be waited for.
    pub(crate) has_waited: bool,
}

/// Admits the request if every limit that applies to it has a token left, and takes one of each. `tool` is the called
/// tool, in lower case.
///
/// INVARIANT (debited first): a token is taken from a lease only after its owner has debited it.
pub(crate) async fn admit<P: Platform>(
    platform: &P,
    rates: &Rates,
    caller: &Caller,
    tool: Option<&str>,
) -> RateVerdict {
    if rates.rules.limits.is_empty() {
        return RateVerdict::default();
    }
    let subject = Subject { caller, tool };
    let (mut asks, mut looks) = (0, 0);
    loop {
        let is_new = asks == 0 && looks == 0;
        let stood = stand(rates, &subject, platform.now(), is_new);
        match next(rates, &stood) {
            RateStep::Ask if asks < ASKS => {
                asks = asks.saturating_add(1);
                ask_all(platform, rates, &stood).await;
            }
            RateStep::Look if looks < LOOKS => {
                platform.sleep(Millis::new(1 << looks.min(LOOK_DOUBLINGS))).await;
                looks = looks.saturating_add(1);
            }
            _ => return RateVerdict { has_waited: !is_new, ..settle(platform, rates, &stood) },
        }
    }
}

fn stand(rates: &Rates, subject: &Subject<'_>, now: Timestamp, is_new: bool) -> TokenStates {
    let rules = &*rates.rules;
    let mut stood = [const { None }; RATE_LIMITS];
    for ((index, limit), place) in rules.limits.iter().enumerate().zip(&mut stood) {
        if is_about(limit, subject) {
            let entry = rates.book.entry(index, limit, subject, now);
            let standing = entry.lease.stand(rules.lease, now, is_new);
            *place = Some((entry, standing));
        }
    }
    stood
}

/// Returns the limits that apply to a request, with its state at each.
fn each<'s>(
    rates: &'s Rates,
    stood: &'s TokenStates,
) -> impl Iterator<Item = (usize, &'s RateLimit, &'s LeaseEntry, TokenState)> {
    let limits = rates.rules.limits.iter().zip(stood).enumerate();
    limits
        .filter_map(|(index, (limit, stood))| stood.as_ref().map(|(entry, standing)| (index, limit, entry, *standing)))
}

/// Names a request's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RateStep {
    /// Take its tokens, or be refused.
    Settle,
    /// Wait for another request's question. Futures are not shared between requests: it checks again after a while.
    Look,
    /// Ask owners.
    Ask,
}

/// Returns the next step; owners are not asked for a request that is refused in any case.
fn next(rates: &Rates, stood: &TokenStates) -> RateStep {
    let is_closed = rates.rules.fail_mode == FailMode::Closed;
    let mut next = RateStep::Settle;
    for (_, limit, _, standing) in each(rates, stood) {
        let enforced = limit.mode == RateMode::Enforce;
        match standing {
            TokenState::Ready { .. } => {}
            TokenState::Ask => next = RateStep::Ask,
            TokenState::Wait if next == RateStep::Settle => next = RateStep::Look,
            TokenState::Refused(_) if enforced => return RateStep::Settle,
            TokenState::Lost(..) if enforced && is_closed => return RateStep::Settle,
            TokenState::Wait => {}
            TokenState::Refused(_) | TokenState::Lost(..) => {}
        }
    }
    next
}

/// Asks every owner that has to be asked, concurrently.
async fn ask_all<P: Platform>(platform: &P, rates: &Rates, stood: &TokenStates) {
    let rules = &*rates.rules;
    let mut asks = Vec::new();
    for (_, limit, entry, standing) in each(rates, stood) {
        if standing == TokenState::Ask {
            let (question, open) = entry.lease.ask(limit.pace, rules.lease, platform.now(), true);
            asks.push(ask(platform, &entry.owner, question, open));
        }
    }
    join_all(asks).await;
}

async fn ask<P: Platform>(platform: &P, owner: &str, ask: Ask, open: TokenQuestion) {
    let life = ask.lease;
    let reply = state::apply(platform, owner, &StateCommand::Rate(Command::Ask(ask))).await;
    let now = platform.now();
    match reply {
        Ok(StateReply::Rate(reply)) => open.answered(&reply, life, now),
        Ok(_) => open.lost(DurableError::Unavailable, now),
        Err(error) => open.lost(error, now),
    }
}

/// Takes a token of every limit, or refuses and takes none: nothing is awaited between the check and the taking.
fn settle<P: Platform>(platform: &P, rates: &Rates, stood: &TokenStates) -> RateVerdict {
    let mut verdict = refuse(rates, stood);
    if verdict.refusal.is_some() {
        return verdict;
    }
    let rules = &*rates.rules;
    for (index, limit, entry, standing) in each(rates, stood) {
        let enforced = limit.mode == RateMode::Enforce;
        if enforced {
            verdict.fields.policy(limit);
        }
        let fared = match standing {
            TokenState::Ready { renew } => {
                let left = entry.lease.take();
                if enforced && limit.is_of_one_caller() {
                    verdict.fields.left(limit, left);
                }
                if renew {
                    let (question, open) = entry.lease.ask(limit.pace, rules.lease, platform.now(), false);
                    renew_in_background(platform, Rc::clone(&entry.owner), question, open);
                }
                Fared::Admitted
            }
            TokenState::Refused(_) | TokenState::Ask | TokenState::Wait => {
                verdict.would_refuse.push(limit.id.clone());
                Fared::WouldRefuse
            }
            TokenState::Lost(..) => {
                verdict.degraded = Some(LOST);
                Fared::Lost
            }
        };
        rates.book.count(index, fared);
    }
    verdict
}

/// Names the fault of an admitted request for which a limit's owner could not be asked, in its record.
const LOST: &str = "limiter_unavailable";

/// Refuses where an enforced limit has no token left. Of several, the one with the longest wait is named.
fn refuse(rates: &Rates, stood: &TokenStates) -> RateVerdict {
    let mut verdict = RateVerdict::default();
    if each(rates, stood).all(|(.., standing)| matches!(standing, TokenState::Ready { .. })) {
        return verdict;
    }
    let mut worst: Option<(Millis, Refusal)> = None;
    for (index, limit, _, standing) in each(rates, stood).filter(|(_, limit, ..)| limit.mode == RateMode::Enforce) {
        let (kind, wait) = match standing {
            TokenState::Ready { .. } => continue,
            TokenState::Refused(wait) => (RefusalKind::RateLimited, wait),
            // Others took the owner's tokens repeatedly: the demand exceeds the tokens.
            TokenState::Ask | TokenState::Wait => (RefusalKind::RateLimited, limit.pace.time_for(1)),
            TokenState::Lost(..) if rates.rules.fail_mode == FailMode::Open => continue,
            TokenState::Lost(DurableError::Unavailable, wait) => (RefusalKind::LimiterUnavailable, wait),
            TokenState::Lost(DurableError::Unsupported, wait) => (RefusalKind::DurableUnsupported, wait),
        };
        let is_limited = kind == RefusalKind::RateLimited;
        rates.book.count(index, if is_limited { Fared::Refused } else { Fared::Lost });
        if is_limited {
            verdict.fields.exhausted(limit, wait);
        }
        if worst.as_ref().is_none_or(|(longest, _)| wait > *longest) {
            worst = Some((wait, Refusal::with(kind, limit.id.as_str().to_owned()).after(wait)));
        }
    }
    let Some((_, refusal)) = worst else { return verdict };
    for (_, limit, ..) in each(rates, stood).filter(|(_, limit, ..)| limit.mode == RateMode::Enforce) {
        verdict.fields.policy(limit);
    }
    verdict.refusal = Some(refusal);
    verdict
}

fn renew_in_background<P: Platform>(platform: &P, owner: Rc<str>, question: Ask, open: TokenQuestion) {
    let platform_ = platform.clone();
    platform.spawn(async move { ask(&platform_, &owner, question, open).await });
}
