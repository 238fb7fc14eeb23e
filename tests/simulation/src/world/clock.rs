//! The clock of the simulated host.

use toolgate::ports::Clock;
use toolgate::words::time::{Millis, Timestamp};

use super::Platform;

impl Clock for Platform {
    fn now(&self) -> Timestamp {
        if self.world.moving.get() {
            self.world.set_clock(self.world.now.get() + 1);
        }
        self.world.now()
    }

    async fn sleep(&self, span: Millis) {
        self.world.wait(span).await;
    }
}
