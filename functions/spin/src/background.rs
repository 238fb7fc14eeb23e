//! Port `background`: tasks that the request's own task drives on after its response; and the log, the other way out that
//! nobody waits for.

use std::io::Write;

use spin_sdk::wasip3;
use toolgate::ports::Background;

use crate::Spin;

impl Background for Spin {
    fn spawn(&self, job: impl Future<Output = ()> + 'static) {
        wasip3::spawn(job);
    }
}

/// Writes one line to the component's standard output, which Spin shows and keeps in a file.
pub(crate) fn write_line(line: &str) {
    let mut stdout = std::io::stdout().lock();
    // There is nowhere to tell that the log is gone.
    let _lost = stdout.write_all(line.as_bytes()).and_then(|()| stdout.write_all(b"\n"));
}
