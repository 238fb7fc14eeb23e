//! `toolgate build`: one platform's WebAssembly, ready to run or deploy.

mod bindgen;
mod cloudflare;
mod error;
mod files;
pub(crate) mod size;
mod snapshot;
pub(crate) mod spin;
pub(crate) mod target;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::workspace::Workspace;

pub use error::BuildError;

/// Options of a build: the platform, and the profile.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The platform.
    #[arg(value_enum)]
    platform: Platform,

    /// Small and fast code: what is deployed and measured. The default, except under `wrangler dev`.
    #[arg(long, conflicts_with = "dev")]
    release: bool,

    /// Code that is built in seconds.
    #[arg(long)]
    dev: bool,

    /// The directory for the host's files; `build/PLATFORM` unless given.
    #[arg(long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

/// A platform that Toolgate runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Platform {
    /// Cloudflare Workers.
    Cloudflare,
    /// Spin.
    Spin,
}

/// The profile that the code is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Optimised, for deployment and measurement.
    Release,
    /// Built in seconds.
    Dev,
}

impl Profile {
    /// Returns the cargo profile, which is also the name of its output directory.
    const fn cargo(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev-wasm",
        }
    }
}

/// Runs the subcommand.
///
/// # Errors
/// [`BuildError`], with a remedy.
pub fn run(arguments: &Arguments) -> Result<(), BuildError> {
    let profile = choose(arguments.release, arguments.dev, std::env::var_os("WRANGLER_COMMAND").as_deref());
    let workspace = Workspace::find()?;
    let output = arguments.output.clone().unwrap_or_else(|| default_output(&workspace, arguments.platform));
    build_into(&workspace, arguments.platform, profile, &output).map(drop)
}

/// Builds `platform` and returns the file that its host loads: the entry module of the Worker, or the Spin component.
///
/// # Errors
/// [`BuildError`], with a remedy.
pub fn build(workspace: &Workspace, platform: Platform, profile: Profile) -> Result<PathBuf, BuildError> {
    build_into(workspace, platform, profile, &default_output(workspace, platform))
}

/// Builds `platform` into a directory of the caller's.
pub(crate) fn build_into(
    workspace: &Workspace,
    platform: Platform,
    profile: Profile,
    output: &Path,
) -> Result<PathBuf, BuildError> {
    match platform {
        Platform::Cloudflare => cloudflare::build(workspace, profile, output),
        Platform::Spin => spin::build(workspace, profile, output),
    }
}

/// Builds a Worker that has no entry of its own, in release, and writes wasm-bindgen's two files into `output`.
pub(crate) fn bindings_of(workspace: &Workspace, package: &str, output: &Path) -> Result<(), BuildError> {
    let compiled =
        target::compile(workspace, package, cloudflare::TARGET, Profile::Release, &cloudflare::KEEP_FEATURES)?;
    files::directory(output)?;
    bindgen::run(&compiled, output)
}

/// Returns the directory in which `wrangler.toml` and `spin.toml` look.
fn default_output(workspace: &Workspace, platform: Platform) -> PathBuf {
    workspace.root.join(match platform {
        Platform::Cloudflare => "build/cloudflare",
        Platform::Spin => "build/spin",
    })
}

/// Chooses the profile by the flags; without one, by wrangler, which names its own command to the build command of
/// `wrangler.toml`.
fn choose(release: bool, dev: bool, wrangler_command: Option<&OsStr>) -> Profile {
    let under_wrangler_dev = wrangler_command == Some(OsStr::new("dev"));
    if dev || (under_wrangler_dev && !release) { Profile::Dev } else { Profile::Release }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_development_loop_is_built_for_speed_of_building() {
        let wrangler = |name: &'static str| Some(OsStr::new(name));
        assert_eq!(choose(false, false, None), Profile::Release);
        assert_eq!(choose(false, false, wrangler("deploy")), Profile::Release);
        assert_eq!(choose(false, false, wrangler("dev")), Profile::Dev);
        assert_eq!(choose(true, false, wrangler("dev")), Profile::Release);
        assert_eq!(choose(false, true, wrangler("deploy")), Profile::Dev);
    }
}
