//! The Spin component: what cargo compiles, where `spin.toml` looks for it.

use std::path::{Path, PathBuf};

use super::{BuildError, Profile, files, size, target};
use crate::workspace::Workspace;

/// Spin has no limit on size that the component comes near, and instances that live for few requests: here speed counts,
/// where the Worker's release is built for size.
pub(crate) const FOR_SPEED: [&str; 2] = ["--config", "profile.release.opt-level=3"];

/// Compiles the component into `output` and returns it. Its place is the same for both profiles, and wherever cargo's target
/// directory is.
pub(super) fn build(workspace: &Workspace, profile: Profile, output: &Path) -> Result<PathBuf, BuildError> {
    let compiled = target::compile(workspace, "toolgate-spin", "wasm32-wasip2", profile, &FOR_SPEED)?;
    files::directory(output)?;
    let component = output.join("toolgate.wasm");
    files::replace(&component, &files::read(&compiled)?)?;
    size::report(&[&component])?;
    Ok(component)
}
