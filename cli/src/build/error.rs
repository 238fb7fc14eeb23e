//! Errors of a build, each with its remedy.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::command::CommandError;
use crate::workspace::WorkspaceError;

/// An error of a build.
#[derive(Debug)]
pub enum BuildError {
    /// The repository could not be read.
    Workspace(WorkspaceError),
    /// A program is missing or failed.
    Command(CommandError),
    /// A file could not be read or written.
    File(PathBuf, io::Error),
    /// The WASM target is not installed, and there is no `rustup` to add it.
    NoTarget(&'static str),
    /// wasm-bindgen's output is not of the shape that the entry relies on.
    UnknownBindings(&'static str),
    /// wasm-bindgen could not make bindings of the module.
    Bindings(String),
    /// The document could not be read into the module's memory.
    Snapshot(String),
    /// The document could not be written into the component.
    Document(String),
}

impl BuildError {
    /// Returns a conversion for `map_err`, with the file that an I/O error is about.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File(path.to_path_buf(), error)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace(error) => error.fmt(f),
            Self::Command(error) => error.fmt(f),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NoTarget(target) => write!(
                f,
                "the Rust target {target} is not installed and `rustup` is missing: install Rust with rustup \
                 (https://rustup.rs), or add the target to the toolchain you use"
            ),
            Self::Bindings(reason) => write!(f, "wasm-bindgen refuses the module: {reason}"),
            Self::Snapshot(reason) => write!(
                f,
                "the module could not be started with its document: {reason}: what the build relies on has changed, so \
                 cli/src/build/snapshot.rs must too"
            ),
            Self::Document(reason) => write!(f, "the document could not be written into the component: {reason}"),
            Self::UnknownBindings(sought) => write!(
                f,
                "the JavaScript that wasm-bindgen wrote does not hold `{sought}`: its version has changed, so \
                 cli/src/build/bindgen.rs must too"
            ),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<WorkspaceError> for BuildError {
    fn from(error: WorkspaceError) -> Self {
        Self::Workspace(error)
    }
}

impl From<CommandError> for BuildError {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}
