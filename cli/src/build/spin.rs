//! The Spin component: what cargo compiles is already what Spin runs.

use std::path::PathBuf;

use super::{BuildError, Profile, size, target};
use crate::workspace::Workspace;

/// Compiles the component and returns it.
pub(super) fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf, BuildError> {
    let component = target::compile(workspace, "toolgate-spin", "wasm32-wasip2", profile, &[])?;
    size::report(&[&component])?;
    Ok(component)
}
