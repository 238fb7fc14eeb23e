//! Progress of a long test, told while it runs: the output of a test is shown only where it fails.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test has a clock")]

use std::io::{Write as _, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The least time between two lines.
const PAUSE: Duration = Duration::from_secs(5);

/// The progress of one test.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    all: usize,
    done: Mutex<(usize, Instant)>,
}

impl Progress {
    /// Begins with `all` pieces, each of which is a `what`.
    #[must_use]
    pub fn new(what: &'static str, all: usize) -> Self {
        Self { what, all, done: Mutex::new((0, Instant::now())) }
    }

    /// Begins the next piece: a line says so, unless the last was written just now.
    pub fn next(&self) {
        let Ok(mut done) = self.done.lock() else { return };
        done.0 = done.0.saturating_add(1);
        if done.1.elapsed() >= PAUSE {
            done.1 = Instant::now();
            // Not `eprintln!`, which the test harness keeps to itself.
            let _unseen = writeln!(stderr(), "{} {} of {}", self.what, done.0, self.all);
        }
    }
}
