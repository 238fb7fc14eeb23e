//! The command's access to the machine it runs on: its environment, and time.
//!
//! The lints forbid these everywhere, because the gateway itself must get them from its host. Here is the exception.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a development tool on the developer's machine: no WASM, no simulated time"
)]

use std::time::{Duration, Instant};

/// Returns the environment variable `name`, if it is set, not empty, and text.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Does nothing for `span`.
pub fn pause(span: Duration) {
    std::thread::sleep(span);
}

/// Measures a span of time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Writes `span` as people say it: `0.4 s`, `12 s`, `3 min 5 s`.
#[must_use]
pub fn spoken(span: Duration) -> String {
    match span.as_secs() {
        0..10 => format!("{:.1} s", span.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds.div_euclid(60), seconds.rem_euclid(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_spoken() {
        let said = [440, 9_900, 10_000, 59_999, 185_000].map(|ms| spoken(Duration::from_millis(ms)));
        assert_eq!(said, ["0.4 s", "9.9 s", "10 s", "59 s", "3 min 5 s"]);
    }
}
