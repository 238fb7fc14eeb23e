//! The scheduled job, on a host that has no schedule: it runs after a response, when it is due.

use std::cell::Cell;
use std::rc::Rc;

use toolgate::gateway::Gateway;
use toolgate::ports::{Clock, Entropy, Kv};
use toolgate::words::time::Millis;

use crate::{Spin, durable};

/// The interval of the job in the whole deployment, as long as there are requests.
const EVERY: Millis = Millis::from_secs(15 * 60);
/// The interval of sweeps, which delete expired values of the key-value store and rows of the durable owner.
const SWEEP_EVERY: Millis = Millis::from_secs(60);
/// The key of the last runs. No key of the core begins with a dot.
const KEY: &str = ".scheduled";
const SWEEP_KEY: &str = ".swept";

thread_local! {
    /// Counts this instance's requests, round and round. It begins anywhere, as most instances end before the first
    /// round does: so each request, whichever instance serves it, is one in 256 to ask.
    static REQUESTS: Cell<u8> = Cell::new(somewhere());
}

fn somewhere() -> u8 {
    let mut random = [0];
    Spin.fill(&mut random);
    let [place] = random;
    place
}

/// Returns true if this request is the one in 256 after which the schedule is checked: a check costs a read of the
/// database.
pub(crate) fn is_asked() -> bool {
    let requests = REQUESTS.get().wrapping_add(1);
    REQUESTS.set(requests);
    requests == 0
}

/// Runs the job, and the sweep, if they are due and no other instance has begun them.
pub(crate) async fn run_when_due(gateway: Rc<Gateway>) {
    // Without a database no instance can claim the job, so none runs it; reads drop expired entries anyway.
    if durable::claim(Spin, KEY, EVERY).await == Ok(true) {
        gateway.scheduled(&Spin).await;
    }
    if durable::claim(Spin, SWEEP_KEY, SWEEP_EVERY).await == Ok(true) {
        Spin.sweep(Spin.now()).await;
        // The remaining rows are left to the next run.
        let _kept = durable::forget_expired(Spin).await;
    }
}
