//! Files that other programs watch: written whole, and only when they change.

use std::fs;
use std::path::Path;

use super::BuildError;

/// Replaces `path` by `bytes` in one step, and leaves it alone when it holds them already: a watching server then
/// neither sees half a file nor reloads for nothing.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes).map_err(BuildError::file(&partial))?;
    fs::rename(&partial, path).map_err(BuildError::file(path))
}

/// Makes `directory` and those above it.
pub(super) fn directory(directory: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(directory).map_err(BuildError::file(directory))
}

/// The bytes of `path`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(BuildError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_file_is_not_written_again() {
        let path = std::env::temp_dir().join(format!("toolgate-files-{}", std::process::id()));
        replace(&path, b"one").unwrap();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        replace(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        fs::remove_file(&path).unwrap();
    }
}
