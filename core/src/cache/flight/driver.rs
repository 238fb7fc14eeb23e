//! Carries a call that misses to the owners of its key, and a leader through its own call.

use std::future::pending;
use std::pin::pin;
use std::rc::Rc;

use minicbor::bytes::ByteVec;

use super::table::{FlightSlot, Seat};
use super::{Boarding, FlightScope, FlightStep, Role, landing};
use crate::cache::{Cache, CacheKey, CacheOutcome, Entry, SingleFlight, Wanted, look_in_memory, look_up};
use crate::ports::{DurableError, Platform};
use crate::state::flight::{Command, Landing, Reply};
use crate::state::{self, StateCommand, StateReply};
use crate::words::futures::{Either, either};
use crate::words::limits::FLIGHT_RENEW;
use crate::words::time::Timestamp;

/// Describes a call that missed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlightRequest<'a> {
    /// The entry that it looks for.
    pub(crate) wanted: Wanted<'a>,
    /// The version of the epochs that it was admitted under.
    pub(crate) epoch: u64,
    /// Its deadline.
    pub(crate) until: Timestamp,
    /// The single-flight mode.
    pub(crate) choice: SingleFlight,
    /// Its tool, in lower case.
    pub(crate) tool: &'a str,
}

/// Says how a call continues.
#[derive(Debug)]
pub(crate) enum Boarded<'r> {
    /// It is answered.
    Served(Rc<Entry>, CacheOutcome),
    /// It asks the executor.
    Fly(Lead<'r>),
}

/// Reports a call's part in a flight, for the record.
#[derive(Debug, Default)]
pub(crate) struct FlightReport {
    /// Its role.
    pub(crate) role: Role,
    /// The scope in which it looked for others, if it did.
    pub(crate) place: Option<FlightScope>,
    /// Names of the faults on the way.
    pub(crate) degraded: Vec<&'static str>,
}

/// A call that asks the executor; with a seat, it leads the flight and asks for others too.
#[derive(Debug)]
pub(crate) struct Lead<'r> {
    cache: &'r Cache,
    choice: SingleFlight,
    seat: Option<Seat<'r>>,
    /// The durable owner's key, and this call's number there.
    owner: Option<(String, u64)>,
    /// It waited for others or for the owner, so its admission may be out of date.
    has_waited: bool,
}

/// Names the end of a wait.
enum WaitOutcome {
    Lead,
    Serve(Rc<Entry>),
    Alone,
}

/// Noted in the record for a durable owner that could not be asked: the isolate's own calls are still one flight.
const AWAY: &str = "single_flight_unavailable";

/// Waits while another call that missed the same key asks the executor; returns the next step and a report for the
/// record.
pub(crate) async fn board<'r, P: Platform>(
    platform: &P,
    cache: &'r Cache,
    asked: &FlightRequest<'_>,
) -> (Boarded<'r>, FlightReport) {
    let mut report = FlightReport::default();
    (look_for_others(platform, cache, asked, &mut report).await, report)
}

async fn look_for_others<'r, P: Platform>(
    platform: &P,
    cache: &'r Cache,
    asked: &FlightRequest<'_>,
    report: &mut FlightReport,
) -> Boarded<'r> {
    let alone = Lead { cache, choice: asked.choice, seat: None, owner: None, has_waited: false };
    let now = platform.now();
    let flights = &cache.flights;
    let Some(place) = flights.chooser.borrow_mut().place(asked.choice, asked.tool) else {
        return Boarded::Fly(alone);
    };
    let Some(slot) = flights.slot(asked.wanted.key, now) else {
        return Boarded::Fly(alone);
    };
    report.place = Some(place);
    let number = flights.number();

    // The isolate.
    let mut here = Boarding::new(FlightScope::Isolate, number, asked.epoch, asked.wanted.floor, now, asked.until);
    let ended = wait_here(platform, cache, asked, &slot, &mut here, &mut report.degraded).await;
    let alone = Lead { has_waited: here.met_others(), ..alone };
    if here.met_others() || place == FlightScope::Isolate {
        flights.chooser.borrow_mut().met(asked.choice, asked.tool, here.met_others());
    }
    match ended {
        WaitOutcome::Serve(entry) => return served(entry, FlightScope::Isolate, report),
        WaitOutcome::Alone => return released(alone, report),
        WaitOutcome::Lead => report.role = Role::Leader,
    }
    let seat = flights.seat(slot, asked.wanted.key, number);
    // Another call may have stored a response while this one looked into the store.
    if let Some(entry) = look_in_memory(platform, cache, &asked.wanted) {
        seat.land(Some(Rc::clone(&entry)), platform.now());
        report.role = Role::None;
        return Boarded::Served(entry, CacheOutcome::HitMemory);
    }
    if place == FlightScope::Isolate {
        return Boarded::Fly(Lead { seat: Some(seat), ..alone });
    }

    // The durable owner.
    if !flights.may_ask_owner(platform.now()) {
        report.degraded.push(AWAY);
        return Boarded::Fly(Lead { seat: Some(seat), ..alone });
    }
    let mut there =
        Boarding::new(FlightScope::Owner, number, asked.epoch, asked.wanted.floor, platform.now(), asked.until);
    let owner = asked.wanted.key.flight_owner();
    let ended = wait_there(platform, cache, asked, &seat, &owner, &mut there, &mut report.degraded).await;
    let alone = Lead { has_waited: true, ..alone };
    flights.chooser.borrow_mut().met(asked.choice, asked.tool, there.met_others());
    match ended {
        Ok(WaitOutcome::Lead) => Boarded::Fly(Lead { seat: Some(seat), owner: Some((owner, number)), ..alone }),
        Ok(WaitOutcome::Serve(entry)) => {
            cache.remember(asked.wanted.key, &entry);
            seat.land(Some(Rc::clone(&entry)), platform.now());
            served(entry, FlightScope::Owner, report)
        }
        Ok(WaitOutcome::Alone) => {
            seat.land(None, platform.now());
            released(alone, report)
        }
        Err(error) => {
            report.degraded.push(AWAY);
            // The owner may have heard the question all the same: then it takes this call for the leader, and has to
            // hear its result.
            let owner = (error == DurableError::Unavailable).then_some((owner, number));
            Boarded::Fly(Lead { seat: Some(seat), owner, ..alone })
        }
    }
}

fn served<'r>(entry: Rc<Entry>, place: FlightScope, report: &mut FlightReport) -> Boarded<'r> {
    report.role = Role::Waited;
    Boarded::Served(entry, CacheOutcome::Collapsed(place))
}

fn released<'r>(alone: Lead<'r>, report: &mut FlightReport) -> Boarded<'r> {
    report.role = Role::Released;
    Boarded::Fly(alone)
}

async fn wait_here<P: Platform>(
    platform: &P,
    cache: &Cache,
    asked: &FlightRequest<'_>,
    slot: &FlightSlot,
    boarding: &mut Boarding,
    degraded: &mut Vec<&'static str>,
) -> WaitOutcome {
    let ask = async |command: Command<Rc<Entry>>| Ok(slot.apply(command, platform.now()));
    let read = |entry: Rc<Entry>| asked.wanted.is_met_by(&entry, platform.now()).then_some(entry);
    let ended = wait(platform, cache, asked, boarding, degraded, ask, read).await;
    // The isolate's own table is always available.
    ended.unwrap_or(WaitOutcome::Alone)
}

async fn wait_there<P: Platform>(
    platform: &P,
    cache: &Cache,
    asked: &FlightRequest<'_>,
    seat: &Seat<'_>,
    owner: &str,
    boarding: &mut Boarding,
    degraded: &mut Vec<&'static str>,
) -> Result<WaitOutcome, DurableError> {
    let ask = async |command: Command<ByteVec>| {
        // Others in this isolate wait for the call that waits here.
        seat.renew(platform.now());
        match state::apply(platform, owner, &StateCommand::Flight(command)).await {
            Ok(StateReply::Flight(reply)) => Ok(reply),
            other => {
                cache.flights.owner_is_away(platform.now());
                Err(other.err().unwrap_or(DurableError::Unavailable))
            }
        }
    };
    let key = asked.wanted.key.as_bytes();
    let is_fit = |entry: &Entry| asked.wanted.is_met_by(entry, platform.now());
    let read = |value: ByteVec| Entry::decode(&value, key).filter(is_fit).map(Rc::new);
    wait(platform, cache, asked, boarding, degraded, ask, read).await
}

/// Asks an owner until it ends the wait: [`Boarding::heard`] has the bound.
async fn wait<P: Platform, V>(
    platform: &P,
    cache: &Cache,
    asked: &FlightRequest<'_>,
    boarding: &mut Boarding,
    degraded: &mut Vec<&'static str>,
    ask: impl AsyncFn(Command<V>) -> Result<Reply<V>, DurableError>,
    read: impl Fn(V) -> Option<Rc<Entry>>,
) -> Result<WaitOutcome, DurableError> {
    loop {
        let reply = ask(boarding.command()).await?;
        match boarding.heard(reply, platform.now(), &read) {
            FlightStep::Lead => return Ok(WaitOutcome::Lead),
            FlightStep::Serve(entry) => return Ok(WaitOutcome::Serve(entry)),
            FlightStep::Alone => return Ok(WaitOutcome::Alone),
            FlightStep::Ask => {}
            FlightStep::Wait(span) => platform.sleep(span).await,
            FlightStep::Look => {
                let found = look_up(platform, cache, &asked.wanted, degraded).await;
                if let Some(hit) = found.ok().filter(|hit| asked.wanted.is_met_by(&hit.entry, platform.now())) {
                    return Ok(WaitOutcome::Serve(hit.entry));
                }
            }
        }
    }
}

impl<'r> Lead<'r> {
    /// Creates a lead without a flight.
    pub(crate) const fn nobody(cache: &'r Cache) -> Self {
        Self { cache, choice: SingleFlight::Off, seat: None, owner: None, has_waited: false }
    }

    /// Returns whether the call waited before it led: it has to be admitted again.
    pub(crate) const fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Does the work, and renews its leads with the owners meanwhile; without a seat, only does it.
    pub(crate) async fn fly<P: Platform, T>(&self, platform: &P, tool: &str, work: impl Future<Output = T>) -> T {
        let Some(seat) = &self.seat else {
            return work.await;
        };
        let began = platform.now();
        let mut work = pin!(work);
        let mut is_first = true;
        // The work has a deadline of its own.
        let done = loop {
            let tick = pin!(platform.sleep(FLIGHT_RENEW));
            // A slow owner must not delay the next renewal.
            let renewed = self.renew(platform, seat, is_first);
            let renewal = pin!(async {
                renewed.await;
                pending::<()>().await;
            });
            match either(work.as_mut(), pin!(either(renewal, tick))).await {
                Either::First(done) => break done,
                Either::Second(_) => is_first = false,
            }
        };
        let took = platform.now().since(began);
        self.cache.flights.chooser.borrow_mut().took(self.choice, tool, took);
        done
    }

    async fn renew<P: Platform>(&self, platform: &P, seat: &Seat<'_>, is_first: bool) {
        if is_first {
            return;
        }
        seat.renew(platform.now());
        if let Some((owner, number)) = &self.owner {
            let command = StateCommand::Flight(Command::Renew { number: *number });
            // The next renewal follows soon, and a replaced leader ends its own call all the same.
            let _noted_or_lost = state::apply(platform, owner, &command).await;
        }
    }

    /// Hands the result to the waiting calls; `None` for a response that may not be shared.
    pub(crate) fn land<P: Platform>(mut self, platform: &P, landed: Option<(&CacheKey, Rc<Entry>)>) {
        self.tell(platform, landed.as_ref().map_or(Landing::Failed, |(key, entry)| landing(entry, key)));
        if let Some(seat) = self.seat {
            seat.land(landed.map(|(_, entry)| entry), platform.now());
        }
    }

    /// Gives its seat to one of the waiting calls, without having asked the executor. In the isolate, dropping the seat
    /// does that.
    pub(crate) fn leave<P: Platform>(mut self, platform: &P) {
        self.tell(platform, Landing::Left);
    }

    fn tell<P: Platform>(&mut self, platform: &P, landing: Landing<ByteVec>) {
        let Some((owner, number)) = self.owner.take() else { return };
        let command = StateCommand::Flight(Command::Finish { number, landing });
        let platform_ = platform.clone();
        platform.spawn(async move {
            // Sent once more if lost: the waiting calls would take silence for the leader's end and ask the executor
            // again.
            if state::apply(&platform_, &owner, &command).await.is_err() {
                let _second_loss = state::apply(&platform_, &owner, &command).await;
            }
        });
    }
}
