//! Sizes as a platform's limit counts them: gzipped bytes.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{BuildError, files};
use crate::say;

/// Prints the sizes of `paths`, each and together, and returns the gzipped total in bytes.
pub(super) fn report(paths: &[&Path]) -> Result<usize, BuildError> {
    let mut total = 0_usize;
    for path in paths {
        let bytes = files::read(path)?;
        let zipped = gzipped(&bytes);
        total = total.saturating_add(zipped);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        say::step(&format!("{name}: {} KB, gzipped {} KB", kilobytes(bytes.len()), kilobytes(zipped)));
    }
    say::step(&format!("gzipped in all: {} KB", kilobytes(total)));
    Ok(total)
}

/// Returns the length of `bytes` after `gzip -9`.
pub(crate) fn gzipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to a vector cannot fail.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_or(usize::MAX, |zipped| zipped.len())
}

/// Returns the kilobytes of `bytes`, rounded up, as limits are read.
const fn kilobytes(bytes: usize) -> usize {
    bytes.div_ceil(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_is_small_and_kilobytes_are_rounded_up() {
        assert!(gzipped(&[7; 100_000]) < 500);
        assert_eq!((kilobytes(0), kilobytes(1), kilobytes(1024), kilobytes(1025)), (0, 1, 1, 2));
    }
}
