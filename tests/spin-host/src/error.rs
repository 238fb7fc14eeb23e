//! Why the host does not start.

use std::fmt;
use std::path::PathBuf;

/// A fault found before the first request. Every message names the thing to change.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The manifest cannot be read, is not a version 2 manifest, or uses something this host does not support.
    Manifest {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        problem: String,
    },
    /// Variables without a value, or templates that mean nothing.
    Variables(Vec<String>),
    /// The build command of a component failed.
    Build(String),
    /// The component cannot be read, compiled or linked.
    Component {
        /// Its name in the manifest.
        name: String,
        /// The engine's message.
        problem: String,
    },
    /// A state file cannot be opened.
    State {
        /// The file or directory.
        path: PathBuf,
        /// The message of the operating system or of SQLite.
        problem: String,
    },
    /// The address cannot be listened on.
    Listen(std::io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest { path, problem } => write!(f, "{}: {problem}", path.display()),
            Self::Variables(problems) => write!(f, "variables: {}", problems.join("; ")),
            Self::Build(problem) => write!(f, "build: {problem}"),
            Self::Component { name, problem } => write!(f, "component `{name}`: {problem}"),
            Self::State { path, problem } => write!(f, "{}: {problem}", path.display()),
            Self::Listen(error) => write!(f, "cannot listen: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
