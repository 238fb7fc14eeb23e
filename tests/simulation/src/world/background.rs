//! Work after the response, as tasks of the world.

use std::future::Future;

use toolgate::ports::Background;

use super::Platform;

impl Background for Platform {
    fn is_short_lived(&self) -> bool {
        self.world.brief.get()
    }

    fn spawn(&self, job: impl Future<Output = ()> + 'static) {
        self.world.spawn(job);
    }
}
