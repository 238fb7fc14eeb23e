//! Work after the response: `ctx.waitUntil`.

use toolgate::ports::Background;

use crate::host::Host;

impl Background for Host {
    fn spawn(&self, job: impl Future<Output = ()> + 'static) {
        self.context().wait_until(job);
    }
}
