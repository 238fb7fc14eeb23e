//! The Spin component, compiled by cargo to the path that `spin.toml` names.

use std::path::{Path, PathBuf};

use super::{BuildError, Profile, files, size, target};
use crate::workspace::Workspace;

/// Optimises for speed, where the Worker's release is built for size: Spin has no limit on size that the component
/// comes near, and instances that live for few requests.
pub(crate) const FOR_SPEED: [&str; 2] = ["--config", "profile.release.opt-level=3"];

/// Compiles the component into `output` and returns it. Its path is the same for both profiles, and for any target
/// directory of cargo's.
pub(super) fn build(workspace: &Workspace, profile: Profile, output: &Path) -> Result<PathBuf, BuildError> {
    let compiled = target::compile(workspace, "toolgate-spin", "wasm32-wasip2", profile, &FOR_SPEED)?;
    files::directory(output)?;
    let component = output.join("toolgate.wasm");
    files::replace(&component, &files::read(&compiled)?)?;
    size::report(&[&component])?;
    Ok(component)
}
