//! The repository: its location and its pinned versions.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fmt, fs, io};

use crate::command::{self, CommandError};
use crate::machine::variable;

/// The remedy for missing `cargo` and its companions.
pub const RUSTUP_REMEDY: &str = "install Rust with rustup (https://rustup.rs)";

/// The repository's root and the directory that cargo builds into.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The directory that holds the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory: `target` in the root unless the user has moved it.
    pub target: PathBuf,
    /// The configuration document to compile in; the repository's `toolgate.toml` unless given or named by
    /// `TOOLGATE_CONFIG`.
    document: Option<PathBuf>,
}

/// The failures of reading the repository.
#[derive(Debug)]
pub enum WorkspaceError {
    /// Neither the current directory nor one above it is the repository.
    NotInside(PathBuf),
    /// A file of the repository cannot be read.
    Unreadable(PathBuf, io::Error),
    /// `file` does not name `what`.
    NotPinned {
        /// The file.
        file: &'static str,
        /// The version that is sought.
        what: String,
    },
    /// `cargo metadata` gave no target directory.
    NoTargetDirectory,
    /// A program failed.
    Command(CommandError),
}

impl fmt::Display for WorkspaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInside(directory) => write!(f, "{} is not inside the Toolgate repository", directory.display()),
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::NotPinned { file, what } => {
                write!(f, "{file} does not say the version of {what}")
            }
            Self::NoTargetDirectory => f.write_str("`cargo metadata` names no target directory"),
            Self::Command(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WorkspaceError {}

impl From<CommandError> for WorkspaceError {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl Workspace {
    /// Finds the repository from the current directory upwards, and asks cargo for the target directory.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub fn find() -> Result<Self, WorkspaceError> {
        let here = std::env::current_dir().map_err(|error| WorkspaceError::Unreadable(PathBuf::from("."), error))?;
        let root = here
            .ancestors()
            .find(|directory| directory.join("rust-toolchain.toml").is_file() && directory.join("functions").is_dir())
            .map(Path::to_path_buf)
            .ok_or(WorkspaceError::NotInside(here))?;
        let target = target_directory(&root)?;
        // `cargo dev` names the document to the build command that wrangler runs.
        let document = std::env::var_os("TOOLGATE_CONFIG").map(|path| root.join(path));
        Ok(Self { root, target, document })
    }

    /// Returns the same repository with another configuration document (an absolute path) built into the functions.
    #[must_use]
    pub fn with_document(self, document: &Path) -> Self {
        Self { document: Some(document.to_path_buf()), ..self }
    }

    /// Returns the configuration document to build in.
    #[must_use]
    pub fn document(&self) -> PathBuf {
        self.document.clone().unwrap_or_else(|| self.root.join("toolgate.toml"))
    }

    /// Returns the environment variable that names the document to builds.
    #[must_use]
    pub fn document_variable(&self) -> Option<(&'static str, &Path)> {
        Some(("TOOLGATE_CONFIG", self.document.as_deref()?))
    }

    /// Returns the pinned toolchain, such as `1.95.0`.
    ///
    /// # Errors
    /// [`WorkspaceError`] when `rust-toolchain.toml` does not name one.
    pub fn toolchain(&self) -> Result<String, WorkspaceError> {
        let text = read(&self.root.join("rust-toolchain.toml"))?;
        quoted_value(text.lines(), "channel")
            .ok_or(WorkspaceError::NotPinned { file: "rust-toolchain.toml", what: "Rust".to_owned() })
    }

    /// Returns the folder for programs that are built from source and serve every clone: in the user's cache where
    /// there is one.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        tools(variable("XDG_CACHE_HOME"), variable("HOME")).unwrap_or_else(|| self.target.join("tools"))
    }

    /// Returns the program `name` that `npm ci` has installed, to run at the root with the pinned Node.
    #[must_use]
    pub fn npm_program(&self, name: &str) -> Command {
        let mut command = Command::new(self.npm_programs().join(name));
        command.current_dir(&self.root).env("PATH", self.search_path());
        command
    }

    /// Returns the pinned Node, or the machine's where npm has none for this platform, to run at the root.
    #[must_use]
    pub fn node(&self) -> Command {
        if self.npm_programs().join("node").exists() {
            return self.npm_program("node");
        }
        let mut command = Command::new("node");
        command.current_dir(&self.root);
        command
    }

    /// Returns the `PATH` on which the programs of `package-lock.json`, the pinned Node among them, come first.
    #[must_use]
    pub fn search_path(&self) -> OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories = std::iter::once(self.npm_programs()).chain(std::env::split_paths(&path));
        // Fails if a directory's name holds the separator: then nothing could name it.
        std::env::join_paths(directories).unwrap_or(path)
    }

    fn npm_programs(&self) -> PathBuf {
        self.root.join("node_modules/.bin")
    }

    /// Returns a `cargo` that runs at the root: the one that started us, else the one on the `PATH`.
    #[must_use]
    pub fn cargo(&self) -> Command {
        let mut command = cargo(&self.root);
        command.envs(self.document_variable());
        command
    }
}

fn tools(cache: Option<String>, home: Option<String>) -> Option<PathBuf> {
    // A relative path means nothing there, says the base directory specification.
    let cache = cache.map(PathBuf::from).filter(|cache| cache.is_absolute());
    Some(cache.or_else(|| Some(PathBuf::from(home?).join(".cache")))?.join("toolgate"))
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

fn target_directory(root: &Path) -> Result<PathBuf, WorkspaceError> {
    let text = command::output(cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]), RUSTUP_REMEDY)?;
    let metadata: serde_json::Value = serde_json::from_str(&text).map_err(|_| WorkspaceError::NoTargetDirectory)?;
    let directory = metadata.get("target_directory").and_then(serde_json::Value::as_str);
    directory.map(PathBuf::from).ok_or(WorkspaceError::NoTargetDirectory)
}

fn read(path: &Path) -> Result<String, WorkspaceError> {
    fs::read_to_string(path).map_err(|error| WorkspaceError::Unreadable(path.to_path_buf(), error))
}

/// Returns the first `key = "value"` among `lines`.
fn quoted_value<'a>(mut lines: impl Iterator<Item = &'a str>, key: &str) -> Option<String> {
    lines.find_map(|line| {
        let value = line.trim().strip_prefix(key)?.trim_start().strip_prefix('=')?;
        Some(value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_of_the_lock_come_before_those_of_the_machine() {
        let workspace = Workspace::find().unwrap();
        let path = workspace.search_path();
        let mut directories = std::env::split_paths(&path);
        assert_eq!(directories.next(), Some(workspace.root.join("node_modules/.bin")));
        assert_eq!(directories.next(), std::env::split_paths(&std::env::var_os("PATH").unwrap()).next());
        let program = workspace.npm_program("wrangler");
        assert!(program.get_envs().any(|(name, value)| name == "PATH" && value == Some(path.as_os_str())));
    }

    #[test]
    fn the_repository_is_found_from_below_and_pins_its_toolchain() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root.join("cli").is_dir());
        assert!(workspace.toolchain().unwrap().starts_with("1."));
    }

    #[test]
    fn tools_are_kept_in_the_users_cache() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(tools(text("/c"), text("/h")), Some(PathBuf::from("/c/toolgate")));
        assert_eq!(tools(text("here"), text("/h")), Some(PathBuf::from("/h/.cache/toolgate")));
        assert_eq!(tools(None, None), None);
    }
}
