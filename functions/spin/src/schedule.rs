//! The scheduled job, on a host that has no schedule: a new instance runs it after its first response, when it is due.

use std::rc::Rc;

use toolgate::gateway::Gateway;
use toolgate::ports::{Clock, Entropy};
use toolgate::time::Millis;

use crate::{Spin, durable};

/// How often the job runs in the whole deployment, as long as there are requests.
const EVERY: Millis = Millis::from_secs(15 * 60);
/// Where the last run is written down. No key of the core begins with a dot.
const KEY: &str = ".scheduled";

/// One instance in so many asks whether the job is due: under load instances begin far more often than that matters.
const ASKING: u8 = 16;

/// Runs the job if it is due and no other instance has begun it.
pub(crate) async fn run_when_due(gateway: Rc<Gateway>) {
    let mut random = [0];
    Spin.fill(&mut random);
    if !random[0].is_multiple_of(ASKING) {
        return;
    }
    // Without a database nobody can tell who runs it, so nobody does; reads drop what has expired anyway.
    if durable::claim(Spin, KEY, EVERY).await == Ok(true) {
        gateway.scheduled(&Spin).await;
        // What is left is left to the next run.
        let _kept = durable::forget_expired(Spin.now()).await;
    }
}
