//! Failures of the command: text for the person who typed it, and nothing that code would act on.

use std::path::Path;
use std::{fmt, io};

use crate::build::BuildError;
use crate::command::CommandError;
use crate::workspace::WorkspaceError;

/// A fault and its remedy.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// Returns a failure with this explanation.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Returns a failure that was already explained.
    #[must_use]
    pub const fn already_told() -> Self {
        Self(String::new())
    }

    /// Returns true if nothing is left to explain.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a conversion for `map_err`, with the file that an I/O error is about.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Converts errors whose text is the whole explanation.
macro_rules! told_by_their_text {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })*
    };
}

told_by_their_text!(BuildError, CommandError, WorkspaceError);
