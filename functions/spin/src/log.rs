//! The log: lines on the component's standard output, which Spin shows and keeps in a file.
//!
//! One write costs the host more than everything else about a line, and stops the whole instance for its time. So lines
//! wait a moment for each other. A panic writes the waiting lines; another trap loses them.

use std::cell::RefCell;
use std::io::Write;
use std::panic::{self, PanicHookInfo};
use std::thread;

use spin_sdk::wasip3;
use toolgate::ports::Clock;
use toolgate::words::time::Millis;

use crate::Spin;

/// Longest wait of a line for others.
const WAIT: Millis = Millis::new(10);
/// Bytes from which on no line waits any more.
const FULL: usize = 16 * 1024;

thread_local! {
    static WAITING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Sends the core's events, and the location of a panic, to the log.
pub(crate) fn install() {
    toolgate::telemetry::install(write_line);
    panic::set_hook(Box::new(tell));
}

/// Logs the location of a panic. A message that was formatted at run time stays out: it may hold secrets.
fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
    tracing::error!(place, reason, "panic");
}

fn write_line(line: &str) {
    let waiting = WAITING.with_borrow_mut(|waiting| {
        waiting.extend_from_slice(line.as_bytes());
        waiting.push(b'\n');
        waiting.len()
    });
    // After a panic no waiting line would be written any more.
    if waiting > FULL || thread::panicking() {
        flush();
    } else if waiting == line.len().saturating_add(1) {
        wasip3::spawn(async {
            Spin.sleep(WAIT).await;
            flush();
        });
    }
}

fn flush() {
    let lines = WAITING.take();
    if !lines.is_empty() {
        let mut stdout = std::io::stdout().lock();
        // There is nowhere to report that the log is gone.
        let _lost = stdout.write_all(&lines).and_then(|()| stdout.flush());
    }
}
