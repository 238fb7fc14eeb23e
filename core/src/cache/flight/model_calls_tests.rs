//! The calls of the model, which follow the driver step by step.

use std::rc::Rc;

use minicbor::bytes::ByteVec;

use super::super::super::*;
use super::super::{Budget, Flaw, NONE};
use super::{Doing, ISOLATE, Kept, Message, START, TICK, World};
use crate::state::flight::apply;

const KEY: &[u8] = b"key";

impl World {
    pub(super) fn arrive(&mut self, index: usize, is_fresh: bool, most: &Budget) {
        let isolate = ISOLATE[index];
        let epoch = if is_fresh { self.version } else { self.version - 1 };
        let call = &mut self.calls[index];
        call.epoch = epoch;
        call.here = new_boarding(FlightScope::Isolate, index, epoch, self.now, most);
        call.there = new_boarding(FlightScope::Owner, index, epoch, self.now, most);
        call.arrived = self.now;
        if let Some(kept) = self.memory_of(index) {
            return self.serve(index, kept);
        }
        let slot = self.table[isolate].unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.table[isolate] = Some(slot);
        self.calls[index].slot = slot;
        self.look(index);
    }

    fn memory_of(&self, index: usize) -> Option<Kept> {
        let kept = self.memory[ISOLATE[index]]?;
        kept.entry().is_servable(self.now(), self.calls[index].epoch).then_some(kept)
    }

    /// Looks into the isolate until the reply says to wait or to stop.
    pub(super) fn look(&mut self, index: usize) {
        loop {
            let now = self.now();
            let command = self.calls[index].here.command();
            let reply = self.at_slot(index, command);
            self.calls[index].is_prompt = true;
            match self.calls[index].here.heard(reply, now, |kept| Some(Rc::new(kept.entry()))) {
                FlightStep::Wait(_) => return self.calls[index].doing = Doing::Here,
                FlightStep::Serve(entry) => return self.serve(index, Kept::of(&entry)),
                FlightStep::Alone => return self.call_executor(index, false, false),
                FlightStep::Ask | FlightStep::Look => {}
                FlightStep::Lead => {
                    return match self.memory_of(index) {
                        Some(kept) => {
                            self.land_here(index, Some(kept));
                            self.serve(index, kept);
                        }
                        None => self.ask(index),
                    };
                }
            }
        }
    }

    fn at_slot(&mut self, index: usize, command: Command<Kept>) -> Reply<Kept> {
        let slot = self.calls[index].slot;
        let (next, reply) = apply(self.slots[slot].as_ref(), command, Timestamp::from_millis(self.now));
        self.slots[slot] = next.map(|(flight, _)| flight).or(self.slots[slot].take());
        reply
    }

    pub(super) fn ask(&mut self, index: usize) {
        self.at_slot(index, Command::Renew { number: number(index) });
        let command = self.calls[index].there.command();
        self.messages.push(Message { command, waits: Some(index), reply: None, given_up: false });
        let call = &mut self.calls[index];
        (call.doing, call.is_prompt) = (Doing::Asking, true);
    }

    fn tell(&mut self, command: Command<ByteVec>) {
        self.messages.push(Message { command, waits: None, reply: None, given_up: false });
    }

    pub(super) fn renew(&mut self, index: usize) {
        let Doing::Calling { seated, told, .. } = self.calls[index].doing else { return };
        self.calls[index].is_prompt = true;
        if seated {
            self.at_slot(index, Command::Renew { number: number(index) });
        }
        if told {
            self.tell(Command::Renew { number: number(index) });
        }
    }

    pub(super) fn reach(&mut self, index: usize, most: &Budget) {
        let mut command = self.messages[index].command.clone();
        let mut now = self.now();
        match (most.flaw, &mut command) {
            (Flaw::NobodyIsLost, _) => now = Timestamp::from_millis(START),
            (Flaw::DeafToRenewals, Command::Renew { number }) => *number = u64::MAX,
            (Flaw::NoNumbers, Command::Finish { number: of, .. }) => {
                let led = (0..most.calls).map(number).find(|led| self.is_led_by(*led));
                *of = led.unwrap_or(*of);
            }
            (Flaw::NoFloor, Command::Join(join)) => join.floor = 0,
            _ => {}
        }
        let (next, reply) = apply(self.owner.as_ref(), command, now);
        self.owner = next.map(|(flight, _)| flight).or(self.owner.take());
        if self.messages[index].given_up && reply == Reply::Lead {
            // A flight without a leader begins now, and its three seconds with it.
            self.leaderless = 0;
        }
        self.messages[index].reply = Some(reply);
        if self.messages[index].waits.is_none() {
            self.messages.remove(index);
        }
    }

    fn is_led_by(&self, number: u64) -> bool {
        let (_, reply) = apply(self.owner.as_ref(), Command::Renew { number }, self.now());
        reply == Reply::Noted
    }

    pub(super) fn hear(&mut self, index: usize, reply: Reply<ByteVec>, most: &Budget) {
        let now = self.now();
        let read = |value: ByteVec| {
            let entry = Entry::decode(&value, KEY)?;
            let epoch = if most.flaw == Flaw::NoFloor { u64::MAX } else { entry.epoch };
            Some(Rc::new(Entry { epoch, ..entry }))
        };
        match self.calls[index].there.heard(reply, now, read) {
            FlightStep::Wait(_) => self.calls[index].doing = Doing::There,
            FlightStep::Serve(entry) => {
                let kept = Kept::of(&entry);
                self.memory[ISOLATE[index]] = Some(kept);
                self.land_here(index, Some(kept));
                self.serve(index, kept);
            }
            FlightStep::Alone => {
                self.land_here(index, None);
                self.call_executor(index, false, false);
            }
            FlightStep::Ask | FlightStep::Look => self.ask(index),
            FlightStep::Lead => self.call_executor(index, true, true),
        }
    }

    pub(super) fn call_executor(&mut self, index: usize, seated: bool, told: bool) {
        self.executed += 1;
        self.leaderless = 0;
        self.calls[index].doing = Doing::Calling { version: self.version, seated, told };
        self.calls[index].is_prompt = true;
    }

    pub(super) fn come_back(&mut self, index: usize, is_value: bool) {
        let Doing::Calling { version, seated, told } = self.calls[index].doing else { return };
        self.failures += u32::from(!is_value);
        let kept = is_value.then(|| Kept { version, epoch: self.calls[index].epoch });
        self.memory[ISOLATE[index]] = kept.or(self.memory[ISOLATE[index]]);
        if told {
            let landing = kept.map_or(Landing::Failed, |kept| landing(&kept.entry(), &CacheKey::of_bytes(KEY)));
            self.tell(Command::Finish { number: number(index), landing });
        }
        if seated {
            self.land_here(index, kept);
        }
        self.end(index, Doing::Done);
    }

    fn land_here(&mut self, index: usize, kept: Option<Kept>) {
        let value = |kept: Kept| Landing::Value { value: kept, expires_at: kept.entry().expires_at };
        self.finish_here(index, kept.map_or(Landing::Failed, value));
    }

    /// Ends a flight as a leader's seat does: the slot leaves the table, unless the leader left and others wait there.
    pub(super) fn finish_here(&mut self, index: usize, landing: Landing<Kept>) {
        let (slot, isolate) = (self.calls[index].slot, ISOLATE[index]);
        let others_wait = self.calls.iter().any(|call| call.doing == Doing::Here && call.slot == slot);
        let is_left = landing == Landing::Left;
        let reply = self.at_slot(index, Command::Finish { number: number(index), landing });
        if reply == Reply::Noted && !(is_left && others_wait) && self.table[isolate] == Some(slot) {
            self.table[isolate] = None;
        }
    }

    fn serve(&mut self, index: usize, kept: Kept) {
        self.served_stale |= kept.version < self.calls[index].epoch;
        self.end(index, Doing::Done);
    }

    /// Clears the fields that nothing reads any more, so that equal states compare equal.
    fn forget(&mut self, index: usize) {
        let call = &mut self.calls[index];
        call.here = new_boarding(FlightScope::Isolate, index, 0, START, &NONE);
        call.there = new_boarding(FlightScope::Owner, index, 0, START, &NONE);
        (call.epoch, call.arrived, call.slot) = (0, START, usize::MAX);
        for slot in 0..self.slots.len() {
            if !self.table.contains(&Some(slot)) && self.calls.iter().all(|call| call.slot != slot) {
                self.slots[slot] = None;
            }
        }
    }

    pub(super) fn end(&mut self, index: usize, doing: Doing) {
        self.calls[index].doing = doing;
        self.calls[index].is_prompt = true;
        for message in &mut self.messages {
            if message.waits == Some(index) {
                // The message is on its way all the same.
                message.waits = None;
            }
        }
        self.messages.retain(|message| message.waits.is_some() || message.reply.is_none());
        self.forget(index);
    }
}

pub(super) const fn number(index: usize) -> u64 {
    index as u64 + 1
}

pub(super) fn new_boarding(place: FlightScope, index: usize, epoch: u64, now: u64, most: &Budget) -> Boarding {
    let now = Timestamp::from_millis(now);
    Boarding::new(place, number(index), epoch, epoch, now, now.after(Millis::new(most.span * TICK)))
}

impl Kept {
    /// Returns the entry that the product would store for it.
    pub(super) fn entry(self) -> Entry {
        let end = Timestamp::from_millis(START + 1_000 * TICK);
        Entry {
            output: self.version.to_string().into_bytes(),
            duration: String::new(),
            finished_at: String::new(),
            // The same at all times, so that states that differ in nothing else are equal.
            stored_at: Timestamp::from_millis(START),
            expires_at: end,
            stale_until: end,
            epoch: self.epoch,
        }
    }

    fn of(entry: &Entry) -> Self {
        let version = std::str::from_utf8(&entry.output).unwrap().parse().unwrap();
        Self { version, epoch: entry.epoch }
    }
}
