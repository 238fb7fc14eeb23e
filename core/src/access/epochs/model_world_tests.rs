//! The world of the model: its isolates, calls and messages, and their steps.

use std::rc::Rc;

use super::super::{EpochsQuestion, KnownEpochs, LeaseState};
use super::{Budget, Flaw, ISOLATES, LEASE, START, TICK, WRITER};
use crate::cache::Entry;
use crate::state::epochs::{Covered, Epochs};
use crate::words::time::Timestamp;

/// A stored response: the version of the epochs that its call was admitted under, and the executor's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Kept {
    pub(super) epoch: u64,
    pub(super) data: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Isolate {
    pub(super) epochs: Epochs,
    pub(super) read_at: Option<Timestamp>,
    pub(super) renewing_until: Option<Timestamp>,
    pub(super) forgotten: u64,
    pub(super) memory: Option<Kept>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    Idle,
    /// The call waits for the owner's answer.
    Asking,
    /// The call looks into the store, with this floor and epoch.
    Looking {
        floor: u64,
        epoch: u64,
    },
    /// The executor has been asked; `data` is set once it has read.
    Calling {
        epoch: u64,
        data: Option<u8>,
    },
    /// The writer's data is written, and not reported yet.
    Wrote,
    Telling,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) doing: Doing,
    pub(super) left: u8,
    pub(super) began: u64,
    /// Number of acknowledged writes at the call's beginning.
    pub(super) told: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) isolate: usize,
    pub(super) is_change: bool,
    pub(super) question: EpochsQuestion,
    pub(super) waits: Option<usize>,
    /// The owner's answer, once it has been reached.
    pub(super) reply: Option<Epochs>,
}

/// A write that was acknowledged to its writer, or might have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Told {
    pub(super) data: u8,
    pub(super) at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) now: u64,
    pub(super) owner: Epochs,
    pub(super) isolates: [Isolate; 2],
    pub(super) calls: [Call; 3],
    pub(super) messages: Vec<Message>,
    /// All entries ever written to the store, which may return any of them.
    pub(super) store: Vec<Kept>,
    pub(super) data: u8,
    pub(super) told: Vec<Told>,
    pub(super) ticks: u8,
    pub(super) losses: u8,
    pub(super) served: u8,
    pub(super) broken: bool,
}

impl World {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// Runs an action on the epochs known to an isolate, and keeps the result.
    pub(super) fn with<T>(&mut self, isolate: usize, act: impl FnOnce(&mut KnownEpochs) -> T) -> T {
        let own = &mut self.isolates[isolate];
        let epochs = Rc::new(own.epochs.clone());
        let Isolate { read_at, renewing_until, forgotten, .. } = *own;
        let mut known = KnownEpochs { epochs, read_at, renewing_until, forgotten };
        let done = act(&mut known);
        own.epochs = (*known.epochs).clone();
        (own.read_at, own.renewing_until, own.forgotten) = (known.read_at, known.renewing_until, known.forgotten);
        done
    }

    pub(super) fn send(&mut self, isolate: usize, is_change: bool, waits: Option<usize>) {
        let now = self.now();
        let question = self.with(isolate, |known| known.question(now));
        self.messages.push(Message { isolate, is_change, question, waits, reply: None });
    }

    pub(super) fn begin(&mut self, index: usize, most: &Budget) {
        let (isolate, now) = (ISOLATES[index], self.now());
        let told = self.told.len();
        let call = &mut self.calls[index];
        (call.left, call.began, call.told) = (call.left - 1, self.now, told);
        if index == WRITER {
            self.data += 1;
            self.calls[index].doing = Doing::Wrote;
            return;
        }
        match self.with(isolate, |known| known.state(LEASE, now)) {
            LeaseState::Current { renew } => {
                if renew {
                    self.with(isolate, |known| known.renews(now));
                    self.send(isolate, false, None);
                }
                self.look(index, most);
            }
            LeaseState::Over => {
                self.calls[index].doing = Doing::Asking;
                self.send(isolate, false, Some(index));
            }
        }
    }

    /// Looks into memory, under the isolate's current epochs.
    pub(super) fn look(&mut self, index: usize, most: &Budget) {
        let own = &self.isolates[ISOLATES[index]];
        let covered = Covered { tenant: "t", toolkit: "docs", tool: "docs.get", tags: &[], user: Some("u"), key: b"k" };
        let floor = if most.flaw == Flaw::NoFloor { 0 } else { own.epochs.cache_floor_of(&covered) };
        let epoch = own.epochs.version;
        match own.memory.filter(|kept| is_servable(*kept, self.now(), floor)) {
            Some(kept) => self.serve(index, kept),
            None => self.calls[index].doing = Doing::Looking { floor, epoch },
        }
    }

    pub(super) fn serve(&mut self, index: usize, kept: Kept) {
        let call = &mut self.calls[index];
        call.doing = Doing::Idle;
        self.served = self.served.saturating_add(1);
        let is_own = ISOLATES[index] == ISOLATES[WRITER];
        let must_see = |told: &Told| is_own || call.began >= told.at + LEASE.get();
        self.broken |= self.told[..call.told].iter().any(|told| must_see(told) && kept.data < told.data);
    }

    pub(super) fn land(&mut self, index: usize, most: &Budget) {
        let Message { isolate, is_change, question, waits, reply } = self.messages.remove(index);
        let Some(epochs) = reply else { return };
        let at = if most.flaw == Flaw::LeaseFromAnswer { self.now() } else { question.at };
        self.with(isolate, |known| {
            if most.flaw == Flaw::OlderIsTaken {
                known.epochs = Rc::default();
            }
            let is_revived = most.flaw == Flaw::LateAnswerRevives;
            let forgotten = if is_revived { known.forgotten } else { question.forgotten };
            known.adopt(epochs, EpochsQuestion { at, forgotten });
        });
        match waits {
            Some(index) if is_change => {
                self.told.push(Told { data: self.data, at: self.now });
                self.calls[index].doing = Doing::Idle;
            }
            Some(index) => self.look(index, most),
            None => {}
        }
    }

    pub(super) fn give_up(&mut self, index: usize, most: &Budget) {
        self.losses += 1;
        let Message { isolate, is_change, waits, reply, .. } = &mut self.messages[index];
        let (isolate, is_change, waits, is_made) = (*isolate, *is_change, waits.take(), reply.is_some());
        if is_made {
            self.messages.remove(index);
        }
        let Some(call) = waits else { return };
        // A reader without known epochs bypasses the cache.
        self.calls[call].doing = Doing::Idle;
        if is_change && most.flaw != Flaw::NotForgotten {
            self.with(isolate, KnownEpochs::forget);
        }
        if is_made && is_change {
            self.told.push(Told { data: self.data, at: self.now });
        }
    }
}

pub(super) fn is_servable(kept: Kept, now: Timestamp, floor: u64) -> bool {
    let [at, end] = [START, START + 1_000 * TICK].map(Timestamp::from_millis);
    let (duration, finished_at) = (String::new(), String::new());
    let entry = Entry {
        output: vec![kept.data],
        duration,
        finished_at,
        stored_at: at,
        expires_at: end,
        stale_until: end,
        epoch: kept.epoch,
    };
    entry.is_servable(now, floor)
}
