//! `toolgate dev`: from a fresh clone to a gateway that answers, rebuilt when a file changes, gone after Ctrl-C.

mod cloudflare;
mod health;
mod spin;
mod vars;
mod watch;
mod welcome;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::build::{self, Platform, Profile};
use crate::config::{self, Checked};
use crate::failure::Failure;
use crate::group::Group;
use crate::interrupt::Interrupt;
use crate::machine::{Stopwatch, pause, spoken};
use crate::workspace::Workspace;
use crate::{npm, prerequisites, say};

use health::Health;
use watch::Watch;

/// The default configuration.
const DOCUMENT: &str = "toolgate.toml";
/// The interval of checks on files and processes.
const TICK: Duration = Duration::from_millis(400);
/// Deadline of a server's first answer: its first start compiles a large module on a machine that may be busy.
const PATIENCE: Duration = Duration::from_mins(3);

/// The `dev` subcommand.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 8787, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// The configuration; the repository's `toolgate.toml` unless given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Run on Spin (`spin` if it is installed, else the repository's test host) instead of Cloudflare's workerd.
    #[arg(long)]
    spin: bool,
}

/// The inputs of a development server.
struct Session {
    workspace: Workspace,
    platform: Platform,
    document: PathBuf,
    port: u16,
    key: String,
    checked: Checked,
    interrupt: Interrupt,
}

/// Builds and serves until it is asked to end.
///
/// # Errors
/// [`Failure`]: a missing prerequisite, a fault of the configuration, a build or a server that failed.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let platform = if arguments.spin { Platform::Spin } else { Platform::Cloudflare };
    prerequisites::for_development(platform)?;
    let session = Session::prepare(arguments, platform)?;
    if platform == Platform::Cloudflare {
        npm::ensure(&session.workspace)?;
    }
    session.build()?;
    let mut server = session.serve()?;
    if let Some(server) = &mut server {
        welcome::print(&session);
        session.keep(server)?;
    }
    say::step("stopped");
    Ok(())
}

/// Removes the second copy of secrets, however the command ends.
impl Drop for Session {
    fn drop(&mut self) {
        let _absent = fs::remove_file(self.workspace.root.join(cloudflare::SETTINGS));
    }
}

impl Session {
    fn prepare(arguments: &Arguments, platform: Platform) -> Result<Self, Failure> {
        let workspace = Workspace::find()?;
        let document = match &arguments.config {
            Some(file) => fs::canonicalize(file).map_err(Failure::file(file))?,
            None => workspace.root.join(DOCUMENT),
        };
        let vars = vars::ensure(&workspace.root)?;
        let checked = config::check(&document, &vars)?;
        config::report_notices(&checked);
        let port = arguments.port;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            Failure::new(format!("port {port} of 127.0.0.1 cannot be used ({error}): choose another with --port"))
        })?;
        let key = checked.settings.get(vars::DEV_KEY).or_else(|| vars.get(vars::DEV_KEY)).cloned().unwrap_or_default();
        let workspace = workspace.with_document(&document);
        Ok(Self { workspace, platform, document, port, key, checked, interrupt: Interrupt::watch()? })
    }

    fn build(&self) -> Result<(), Failure> {
        build::build(&self.workspace, self.platform, Profile::Dev)?;
        Ok(())
    }

    /// Starts the server and waits until it answers; returns `None` when the user has asked to end.
    fn serve(&self) -> Result<Option<Group>, Failure> {
        let mut server = match self.platform {
            Platform::Cloudflare => cloudflare::start(self)?,
            Platform::Spin => spin::start(self)?,
        };
        let (begun, health) = (Stopwatch::start(), Health::of(self.port)?);
        while !health.is_live() {
            if self.interrupt.is_asked() {
                return Ok(None);
            }
            if let Some(status) = server.ended() {
                return Err(Failure::new(format!("the server ended before it answered: {status}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!("the server does not answer after {}", spoken(PATIENCE))));
            }
            pause(TICK);
        }
        Ok(Some(server))
    }

    /// Keeps the server running, and current, until the user asks to end.
    fn keep(&self, server: &mut Group) -> Result<(), Failure> {
        let mut sources = Watch::new(self.sources());
        let mut document = Watch::new(vec![self.document.clone()]);
        while !self.interrupt.is_asked() {
            if let Some(status) = server.ended() {
                return Err(Failure::new(format!("the server ended by itself: {status}")));
            }
            if document.has_changed() {
                self.renew_document(server)?;
            } else if sources.has_changed() {
                self.renew(server)?;
            }
            pause(TICK);
        }
        Ok(())
    }

    /// Returns the sources of the running code, besides the configuration, that nobody else watches.
    fn sources(&self) -> Vec<PathBuf> {
        match self.platform {
            // `watch_dir` in wrangler.toml has them.
            Platform::Cloudflare => Vec::new(),
            Platform::Spin => ["core/src", "functions/spin"].map(|path| self.workspace.root.join(path)).to_vec(),
        }
    }

    /// Rebuilds with a changed configuration. One with faults is reported, and the running server stays.
    fn renew_document(&self, server: &mut Group) -> Result<(), Failure> {
        if let Err(faults) = config::check(&self.document, &self.checked.settings) {
            say::failure(&faults.to_string());
            return Ok(());
        }
        let wrangler_watches = self.document == self.workspace.root.join(DOCUMENT);
        if self.platform == Platform::Cloudflare && wrangler_watches {
            return Ok(());
        }
        self.renew(server)
    }

    /// Builds the changed sources. A failed build is reported, and the running server stays.
    fn renew(&self, server: &mut Group) -> Result<(), Failure> {
        let begun = Stopwatch::start();
        if let Err(failure) = self.build() {
            say::failure(&failure.to_string());
            return Ok(());
        }
        // wrangler notices the new module, and reloads workerd.
        if self.platform == Platform::Spin {
            server.stop();
            let Some(started) = self.serve()? else {
                return Ok(());
            };
            *server = started;
        }
        say::step(&format!("a file has changed: rebuilt in {}", spoken(begun.elapsed())));
        Ok(())
    }
}
