//! Time and surroundings, which native tests may look at: here is the lints' exception.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a native test waits for other processes, measures them, and is told by the environment where they are"
)]

use std::fmt::Debug;
use std::time::Duration;

/// Runs from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within `bound`.
pub(crate) fn until<T>(what: &str, bound: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    until_ok(what, bound, || ask().ok_or("no answer"))
}

/// The same, and what is not enough is told at last.
///
/// # Panics
/// When there is none within `bound`.
pub(crate) fn until_ok<T, E: Debug>(what: &str, bound: Duration, mut ask: impl FnMut() -> Result<T, E>) -> T {
    let begun = Stopwatch::start();
    loop {
        match ask() {
            Ok(found) => return found,
            Err(instead) => assert!(begun.elapsed() < bound, "{what}: not within {bound:?}, but {instead:?}"),
        }
        pause(Duration::from_millis(50));
    }
}

/// A setting that `cargo gate` gives to tests.
pub(crate) fn setting(name: &str) -> String {
    let value = std::env::var(name).unwrap_or_default();
    assert!(!value.is_empty(), "{name} is not set: `cargo gate` sets it (see CONTRIBUTING.md)");
    value
}
