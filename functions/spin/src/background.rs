//! Port `background`: tasks that the request's own task drives on after its response.

use spin_sdk::wasip3;
use toolgate::ports::Background;

use crate::Spin;

impl Background for Spin {
    fn spawn(&self, job: impl Future<Output = ()> + 'static) {
        wasip3::spawn(job);
    }
}
