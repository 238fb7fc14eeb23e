//! The kinds of executors: each is one file, and one row of the table below.
//!
//! A kind's file has its [`Traits`], lists its tools (`list`), and makes a call (`call`). Nothing outside this folder
//! tells kinds apart except by the methods of [`ExecutorKind`].

mod answer;
mod engine;
mod executor;
mod local;
mod outcome;
mod pass;
mod rotation;
mod send;
mod worker;

use std::rc::Rc;

pub(crate) use answer::ANSWER_LIMITS;
pub(crate) use engine::list_one;
pub(crate) use executor::NO_ACCOUNT;
pub use executor::{Executor, Remote, Target, Upstream};
pub(crate) use local::call_tool as call_local_tool;
pub use local::write_result as write_worker_result;
pub use outcome::{Failed, Failure, OutputKind, Ran};
pub(crate) use pass::{Bounds, Passed, pass};
pub use rotation::Rotations;
pub(crate) use rotation::number_credentials;
pub(crate) use worker::is_worker_token;

use crate::model::call::ToolCall;
use crate::model::tool::Tool;
use crate::ports::{Origin, OriginRequest, Platform};
use crate::words::choice::choice;
use crate::words::limits::{PROBE_BYTES, PROBE_TIMEOUT};
use crate::words::method::Method;
use crate::words::names::{Project, TenantId, UserId};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;

/// Holds the traits of a kind of executor, besides its list and its calls.
struct Traits {
    /// Its executors are reached over the network, by a base URL and a credential.
    is_remote: bool,
    /// Its executors have an engine's API: projects, scheduled calls, requests that are passed on, lists for one user.
    has_engine_api: bool,
    /// The path of the health check, which needs no credential.
    health_path: &'static str,
}

macro_rules! backends {
    ($($(#[doc = $about:literal])* $kind:ident = $name:literal, $file:ident;)*) => {
        choice! {
            /// Names the kinds of executors.
            pub enum ExecutorKind { $($(#[doc = $about])* $kind = $name),* }
        }

        impl ExecutorKind {
            const fn traits(self) -> &'static Traits {
                match self { $(Self::$kind => &$file::TRAITS),* }
            }
        }

        /// Fetches the whole list of an executor's tools.
        ///
        /// # Errors
        /// The reason for which there is no list.
        pub(crate) async fn list<P: Platform>(listing: &Listing<'_, P>) -> Result<Vec<Rc<Tool>>, RefusalKind> {
            match listing.executor.kind { $(ExecutorKind::$kind => $file::list(listing).await),* }
        }

        /// Makes one call.
        ///
        /// # Errors
        /// [`Failed`]. A tool that ran and failed is an answer, not an error.
        pub(crate) async fn call<P: Platform>(kind: ExecutorKind, invocation: &Invocation<'_, P>) -> Result<Ran, Failed> {
            match kind { $(ExecutorKind::$kind => $file::call(invocation).await),* }
        }
    };
}

backends! {
    /// The tools compiled into the gateway.
    Local = "local", local;
    /// An Arcade engine, by its REST API.
    Engine = "engine", engine;
    /// An Arcade worker, by the worker protocol.
    Worker = "worker", worker;
}

impl ExecutorKind {
    /// Returns whether such an executor is reached over the network, by a base URL and a credential.
    #[must_use]
    pub const fn is_remote(self) -> bool {
        self.traits().is_remote
    }

    /// Returns whether such an executor has an engine's API: projects, scheduled calls, requests that are passed on.
    #[must_use]
    pub const fn has_engine_api(self) -> bool {
        self.traits().has_engine_api
    }
}

/// Asks for a list of tools.
#[derive(Debug)]
pub(crate) struct Listing<'l, P> {
    pub(crate) platform: &'l P,
    pub(crate) rotations: &'l Rotations,
    pub(crate) executor: &'l Executor,
    /// The executor's index in the configuration.
    pub(crate) index: usize,
    pub(crate) project: Option<&'l Project>,
    /// The user of a user's own list.
    pub(crate) user: Option<(&'l TenantId, &'l UserId)>,
    /// Timeout of all its exchanges together.
    pub(crate) within: Millis,
}

/// Asks for one call of a tool.
#[derive(Debug)]
pub(crate) struct Invocation<'i, P> {
    pub(crate) platform: &'i P,
    pub(crate) rotations: &'i Rotations,
    pub(crate) target: Target<'i>,
    pub(crate) call: &'i ToolCall<'i>,
    /// The executor's own tool.
    pub(crate) tool: &'i Tool,
    pub(crate) timeout: Millis,
    /// Most bytes of the answer.
    pub(crate) response_limit: usize,
    pub(crate) request_id: &'i str,
}

impl<'i, P> Invocation<'i, P> {
    /// Returns the executor that the call is sent to.
    fn remote(&self) -> Result<Remote<'i>, Failed> {
        match self.target {
            Target::Remote(remote) => Ok(remote),
            Target::Local(_) => Err(Failed::refused(Refusal::new(RefusalKind::ExecutorInactive), true)),
        }
    }
}

/// Asks an executor for its health. It is unhealthy only if it answers so, or not at all.
pub(crate) async fn is_healthy<P: Platform>(platform: &P, executor: &Executor) -> bool {
    let Some(upstream) = &executor.upstream else { return true };
    let request = OriginRequest {
        method: Method::Get,
        url: [upstream.base_url.as_str(), executor.kind.traits().health_path].concat(),
        headers: Vec::new(),
        authorization: None,
        body: Vec::new(),
        timeout: PROBE_TIMEOUT,
        response_limit: PROBE_BYTES,
    };
    let answer = Origin::send(platform, request).await;
    answer.is_ok_and(|answer| answer.status < 500 && answer.status != 429)
}
