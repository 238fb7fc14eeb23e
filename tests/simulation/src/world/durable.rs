//! The durable owner: the product's own reducer, behind a network that can fail before and after it.

use toolgate::ports::{Durable, DurableError};
use toolgate::state;
use toolgate::words::time::Millis;

use super::Platform;

impl Durable for Platform {
    async fn apply(&self, key: &str, command: Vec<u8>) -> Result<Vec<u8>, DurableError> {
        *self.world.asked.borrow_mut().entry(key.to_owned()).or_default() += 1;
        self.world.latency().await;
        self.world.commands.borrow_mut().push(key.to_owned());
        let is_lost = self.world.lost_owners.borrow().iter().any(|lost| key.starts_with(*lost));
        if is_lost {
            // As long as a host waits.
            self.world.wait(Millis::new(1_000)).await;
            return Err(DurableError::Unavailable);
        }
        let away = self.world.chance(self.world.faults.get().durable_away);
        if away && self.world.chance(50) {
            return Err(DurableError::Unavailable);
        }
        let stored = self.world.durable.borrow().get(key).cloned();
        let step = state::step(stored.as_deref(), &command, self.world.now());
        if let Some(state) = step.state {
            self.world.durable.borrow_mut().insert(key.to_owned(), state);
        }
        self.world.latency().await;
        if away { Err(DurableError::Unavailable) } else { Ok(step.reply) }
    }
}
