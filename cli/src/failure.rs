//! Why the command did not do its work: text for the person who typed it, and nothing that code would act on.

use std::path::Path;
use std::{fmt, io};

use crate::build::BuildError;
use crate::command::CommandError;
use crate::workspace::WorkspaceError;

/// What is wrong and what to do about it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this explanation.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A failure of which nothing is left to say.
    #[must_use]
    pub const fn already_told() -> Self {
        Self(String::new())
    }

    /// Whether there is anything to say.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.0.is_empty()
    }

    /// For `map_err`: the file that an I/O error is about.
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

/// The errors whose text says all there is to say.
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
