//! Files that other programs watch: written whole, and only when they change.

use std::fs;
use std::path::{Path, PathBuf};

use super::BuildError;

/// Replaces `path` by `bytes` in one step, unless it holds them already: a watching server then neither sees half a
/// file nor reloads for nothing.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes).map_err(BuildError::file(&partial))?;
    fs::rename(&partial, path).map_err(BuildError::file(path))
}

/// Runs `make`, which makes `made` of `inputs`, unless this program did so with the same bytes before. `mark` is a path
/// for its memory: the inputs as they were, each under that name with its number.
pub(super) fn once(
    mark: &Path,
    inputs: &[&Path],
    made: &Path,
    make: impl FnOnce() -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let mut inputs: Vec<Vec<u8>> = inputs.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    inputs.push(ourselves());
    let copies: Vec<PathBuf> = (0..inputs.len()).map(|number| mark.with_extension(format!("seen-{number}"))).collect();
    let is_seen = |(copy, input): (&PathBuf, &Vec<u8>)| fs::read(copy).is_ok_and(|old| old == *input);
    if made.is_file() && copies.iter().zip(&inputs).all(is_seen) {
        return Ok(());
    }
    // Removed while it is made: half a result is none.
    for copy in &copies {
        let _absent = fs::remove_file(copy);
    }
    make()?;
    copies.iter().zip(&inputs).try_for_each(|(copy, input)| replace(copy, input))
}

/// Returns a mark of this program: an earlier one may have made something else of the same bytes.
fn ourselves() -> Vec<u8> {
    let metadata = std::env::current_exe().and_then(fs::metadata).ok();
    format!("{:?}", metadata.map(|metadata| (metadata.len(), metadata.modified().ok()))).into_bytes()
}

/// Makes `directory` and those above it.
pub(super) fn directory(directory: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(directory).map_err(BuildError::file(directory))
}

/// Returns the bytes of `path`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(BuildError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_of_the_same_is_not_made_again() {
        let folder = std::env::temp_dir().join(format!("toolgate-once-{}", std::process::id()));
        directory(&folder).unwrap();
        let (input, made) = (folder.join("input"), folder.join("made"));
        let runs = std::cell::Cell::new(0);
        let run = |text: &str, ends: bool| {
            fs::write(&input, text).unwrap();
            once(&folder.join("mark"), &[&input], &made, || {
                runs.set(runs.get() + 1);
                fs::write(&made, text).unwrap();
                if ends { Ok(()) } else { Err(BuildError::UnknownBindings("")) }
            })
        };
        assert!(run("one", true).is_ok() && run("one", true).is_ok());
        assert_eq!(runs.get(), 1);
        assert!(run("two", false).is_err() && run("two", true).is_ok(), "what failed is made again");
        assert_eq!(runs.get(), 3);
        fs::remove_file(&made).unwrap();
        assert!(run("two", true).is_ok());
        assert_eq!(runs.get(), 4);
        fs::remove_dir_all(&folder).unwrap();
    }

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
