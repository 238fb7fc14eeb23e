//! Port `background`: tasks that the request's own task drives on after its response.

use spin_sdk::wasip3;
use toolgate::ports::Background;
use toolgate::words::time::Millis;

use crate::Spin;

impl Background for Spin {
    /// Spin ends an instance that has had no request for a second, and keeps one that has served its last for as long
    /// as it has work: under load, that many instances wait beside each other.
    const GRACE: Millis = Millis::new(100);

    fn is_short_lived(&self) -> bool {
        true
    }

    fn spawn(&self, job: impl Future<Output = ()> + 'static) {
        wasip3::spawn(job);
    }
}
