//! Reports calls to an executor's owner, adopts the owner's state, and probes an executor whose circuit is open.
//!
//! No call waits for any of it (but see [`load_shared_state`]), and none of it reaches a caller: while an owner is
//! away, the isolate relies on its own breaker.

use std::rc::Rc;

use super::circuit::ScopedCircuit;
use super::{Circuits, Introduction, Job, Permit};
use crate::backends::{Executor, is_healthy};
use crate::dispatch::Dispatch;
use crate::ports::Platform;
use crate::state::circuit::{BreakerParameters, Command, CommandResult, trial_lasts};
use crate::state::{self, StateCommand, StateReply};
use crate::words::limits::{CIRCUIT_MEET_LOOK, CIRCUIT_MEET_LOOKS};
use crate::words::time::Timestamp;

/// Reports to an executor's owner, if a report is due, and adopts its state, after the response. Called after each
/// attempt, and each time that the executor was passed over. Cheap if nothing is due.
pub(crate) fn tend<P: Platform>(platform: &P, dispatch: &Rc<Dispatch>, executor: usize, now: Timestamp) {
    let Some(job) = dispatch.circuits.job(executor, now) else { return };
    let (platform_, dispatch) = (platform.clone(), Rc::clone(dispatch));
    platform.spawn(async move {
        if let Some(executor) = dispatch.executors.get(executor) {
            let errand = Errand { platform: &platform_, dispatch: &dispatch, executor, job: &job };
            errand.run().await;
        }
    });
}

/// Loads the shared state of executors that this isolate never asked about, if isolates are short-lived, and waits for
/// it: without it, each isolate would call a failing executor until it knew, and then be gone. Elsewhere no call waits.
pub(crate) async fn load_shared_state<P: Platform>(
    platform: &P,
    dispatch: &Dispatch,
    executors: impl Iterator<Item = usize>,
) {
    if !platform.is_short_lived() {
        return;
    }
    for place in executors {
        let Some(executor) = dispatch.executors.get(place) else { continue };
        for _ in 0..CIRCUIT_MEET_LOOKS {
            match dispatch.circuits.introduce(place, platform.now()) {
                Introduction::Over => break,
                Introduction::UnderWay => platform.sleep(CIRCUIT_MEET_LOOK).await,
                Introduction::Begins(job) => {
                    let errand = Errand { platform, dispatch, executor, job: &job };
                    let rules = errand.rules();
                    let _heard = errand.ask(Command::Report { rules, reports: Vec::new() }).await;
                    job.0.diary.is_met.set(true);
                    dispatch.circuits.settle(&job, &rules, platform.now());
                }
            }
        }
    }
}

/// Runs one background job.
struct Errand<'e, P> {
    platform: &'e P,
    dispatch: &'e Dispatch,
    executor: &'e Executor,
    job: &'e Job,
}

impl<P: Platform> Errand<'_, P> {
    fn circuits(&self) -> &Circuits {
        &self.dispatch.circuits
    }

    fn rules(&self) -> BreakerParameters {
        BreakerParameters::from(&self.dispatch.breaker)
    }

    async fn run(&self) {
        let rules = self.rules();
        // A lost report is not repeated: the owner may have heard it, and it gets old.
        let reports = self.circuits().reports(self.job, &rules, self.platform.now());
        let _noted = self.ask(Command::Report { rules, reports }).await;
        for (circuit, generation, passed) in self.circuits().verdicts(self.job) {
            self.tell(&circuit, generation, passed).await;
        }
        let whole = &self.job.0.circuit;
        if whole.wants_trial(&rules, self.platform.now())
            && let Some(permit) = self.claim(whole).await
        {
            let passed = is_healthy(self.platform, self.executor).await;
            self.decide(whole, permit, passed).await;
        }
        // While no call goes to the executor, none can probe a tool.
        if whole.open(self.platform.now()).is_none() {
            for circuit in self.circuits().untried(self.job, &rules, self.platform.now()) {
                let Some(permit) = self.claim(&circuit).await else { continue };
                // No caller's call is risked at an executor that is surely down.
                if is_healthy(self.platform, self.executor).await {
                    circuit.keep(permit);
                } else {
                    self.decide(&circuit, permit, false).await;
                }
            }
        }
        self.circuits().settle(self.job, &rules, self.platform.now());
    }

    /// Asks the owner, and adopts its state of all scopes. `None` if it could not be asked.
    async fn ask(&self, command: Command) -> Option<CommandResult> {
        let owner = ["circuit/", self.executor.id.as_str()].concat();
        let reply = state::apply(self.platform, &owner, &StateCommand::Circuit(command)).await;
        let Ok(StateReply::Circuit(reply)) = reply else {
            return None;
        };
        self.circuits().adopt(self.job, &reply.views, &self.rules(), self.platform.now());
        Some(reply.answer)
    }

    async fn claim(&self, circuit: &ScopedCircuit) -> Option<Permit> {
        let (rules, holder) = (self.rules(), self.circuits().holder);
        let lasts = trial_lasts(&circuit.scope, self.dispatch.breaker.slow_call);
        let scope = circuit.scope.as_ref().to_owned();
        let answer = self.ask(Command::Claim { rules, holder, scope, lasts }).await;
        circuit.permit(answer, &rules, holder, lasts, self.platform.now())
    }

    async fn decide(&self, circuit: &ScopedCircuit, permit: Permit, passed: bool) {
        circuit.tried(permit, passed, self.circuits().holder, self.platform.now());
        if let Some((generation, passed)) = circuit.take_verdict() {
            self.tell(circuit, generation, passed).await;
        }
    }

    /// Reports the outcome of a probe to the owner. If the report is lost, so is the probe, and another is made.
    async fn tell(&self, circuit: &ScopedCircuit, generation: u64, passed: bool) {
        let (rules, holder) = (self.rules(), self.circuits().holder);
        let scope = circuit.scope.as_ref().to_owned();
        let _noted = self.ask(Command::Tried { rules, holder, scope, generation, passed }).await;
    }
}
