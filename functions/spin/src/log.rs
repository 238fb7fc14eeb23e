//! The log: lines on the component's standard output, which Spin shows and keeps in a file.
//!
//! One write costs the host more than everything else about a line, and stops the whole instance for its time. So lines wait
//! a moment for each other. A trap loses what still waits; a panic does not.

use std::cell::RefCell;
use std::io::Write;

use spin_sdk::wasip3;
use toolgate::ports::Clock;
use toolgate::time::Millis;

use crate::Spin;

/// How long a line may wait for others.
const WAIT: Millis = Millis::new(10);
/// Bytes from which on nothing waits any more.
const FULL: usize = 16 * 1024;

thread_local! {
    static WAITING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lets the core's events, and what a panic leaves behind, go to the log.
pub(crate) fn install() {
    toolgate::record::install(write_line);
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        flush();
        tell(panic);
    }));
}

fn write_line(line: &str) {
    let waiting = WAITING.with_borrow_mut(|waiting| {
        waiting.extend_from_slice(line.as_bytes());
        waiting.push(b'\n');
        waiting.len()
    });
    if waiting > FULL {
        flush();
    } else if waiting == line.len().saturating_add(1) {
        wasip3::spawn(async {
            Spin.sleep(WAIT).await;
            flush();
        });
    }
}

fn flush() {
    // A panic inside `write_line` itself leaves the lines borrowed: then there is nothing that could be done for them.
    let waiting = WAITING.with(|waiting| waiting.try_borrow_mut().map(|mut waiting| std::mem::take(&mut *waiting)));
    if let Ok(lines) = waiting
        && !lines.is_empty()
    {
        let mut stdout = std::io::stdout().lock();
        // There is nowhere to tell that the log is gone.
        let _lost = stdout.write_all(&lines).and_then(|()| stdout.flush());
    }
}
