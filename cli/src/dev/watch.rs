//! Notices changed files by polling: the same on every operating system, and cheap for some hundred files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Files and directories, with their last seen states.
pub(super) struct Watch {
    paths: Vec<PathBuf>,
    seen: Vec<Mark>,
}

/// The state of a file: path, length, and modification time in seconds and nanoseconds.
type Mark = (PathBuf, u64, i64, i64);

impl Watch {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        let seen = marks(&paths);
        Self { paths, seen }
    }

    /// Returns true if anything was written, added or removed since the last call.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = marks(&self.paths);
        let changed = now != self.seen;
        self.seen = now;
        changed
    }
}

fn marks(paths: &[PathBuf]) -> Vec<Mark> {
    let mut found = Vec::new();
    for path in paths {
        collect(path, &mut found);
    }
    found.sort_unstable();
    found
}

/// Notes `path`, or all that is below it. An unreadable file counts as absent.
fn collect(path: &Path, found: &mut Vec<Mark>) {
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    if !metadata.is_dir() {
        found.push((path.to_path_buf(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()));
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden {
            collect(&entry.path(), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_added_or_removed_is_noticed_once() {
        let root = std::env::temp_dir().join(format!("toolgate-watch-{}", std::process::id()));
        fs::create_dir_all(root.join("deep/deeper")).unwrap();
        fs::write(root.join("deep/deeper/one"), "1").unwrap();
        let mut watch = Watch::new(vec![root.clone(), root.join("absent")]);
        assert!(!watch.has_changed());
        fs::write(root.join("deep/deeper/one"), "11").unwrap();
        assert!(watch.has_changed());
        assert!(!watch.has_changed());
        fs::write(root.join("deep/two"), "").unwrap();
        assert!(watch.has_changed());
        fs::remove_file(root.join("deep/two")).unwrap();
        assert!(watch.has_changed());
        fs::write(root.join("deep/.hidden"), "").unwrap();
        assert!(!watch.has_changed(), "editors leave hidden files");
        fs::remove_dir_all(&root).unwrap();
    }
}
