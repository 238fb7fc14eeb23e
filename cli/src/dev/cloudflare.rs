//! The server for Cloudflare: workerd, started by wrangler.

use std::process::Stdio;

use super::{Session, vars};
use crate::failure::Failure;
use crate::group::Group;
use crate::prerequisites::NODE_REMEDY;

/// The settings as a file: an argument could be read by every user of the machine. Git ignores the directory.
pub(super) const SETTINGS: &str = ".wrangler/toolgate.env";

/// Starts `wrangler dev` without network, questions or measurements of its own.
pub(super) fn start(session: &Session) -> Result<Group, Failure> {
    let root = &session.workspace.root;
    vars::write_env_file(&root.join(SETTINGS), &session.checked.settings)?;
    let mut wrangler = session.workspace.npm_program("wrangler");
    wrangler.args(["dev", "--local", "--ip", "127.0.0.1"]);
    wrangler.args(["--port", &session.port.to_string(), "--persist-to", ".wrangler/state"]);
    wrangler.args(["--env-file", SETTINGS, "--test-scheduled", "--show-interactive-dev-session=false"]);
    wrangler.env("WRANGLER_SEND_METRICS", "false").env("WRANGLER_HIDE_BANNER", "true").env("CI", "1");
    // Wrangler would ask for an example of the `cf` object that requests carry in production.
    wrangler.env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
    // The build command of `wrangler.toml` takes this program as it is: cargo would recompile the core for it with each
    // edit.
    if let Ok(program) = std::env::current_exe() {
        wrangler.env("TOOLGATE_PROGRAM", program);
    }
    wrangler.envs(session.workspace.document_variable()).stdin(Stdio::null());
    Ok(Group::start(&mut wrangler, NODE_REMEDY)?)
}
