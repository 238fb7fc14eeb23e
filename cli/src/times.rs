//! Times of builds: each is printed, and noted in a file if `cargo gate` asks for it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::machine::{Stopwatch, variable};

/// The environment variable that names the file. Every program below `cargo gate` has it.
pub const FILE: &str = "TOOLGATE_BUILD_TIMES";

/// Runs one build, and notes its time if the environment names a file.
pub fn timed<T>(what: &str, build: impl FnOnce() -> T) -> T {
    let begun = Stopwatch::start();
    let built = build();
    if let Some(file) = variable(FILE) {
        note(Path::new(&file), what, begun.elapsed());
    }
    built
}

/// Adds a line. A failure to add one changes nothing about the build.
pub(crate) fn note(file: &Path, what: &str, time: Duration) {
    let line = format!("{}\t{what}\n", time.as_millis());
    let file = OpenOptions::new().append(true).create(true).open(file);
    let _lost = file.and_then(|mut file| file.write_all(line.as_bytes()));
}

/// Reads the noted times.
pub(crate) fn read(text: &str) -> Vec<(String, Duration)> {
    let build = |line: &str| {
        let (time, what) = line.split_once('\t')?;
        Some((what.to_owned(), Duration::from_millis(time.parse().ok()?)))
    };
    text.lines().filter_map(build).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read() {
        let file = std::env::temp_dir().join(format!("toolgate-times-{}", std::process::id()));
        note(&file, "one", Duration::from_millis(1_500));
        note(&file, "two", Duration::ZERO);
        let read = read(&std::fs::read_to_string(&file).unwrap());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(read, [("one".to_owned(), Duration::from_millis(1_500)), ("two".to_owned(), Duration::ZERO)]);
    }
}
