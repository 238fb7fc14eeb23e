//! The host of one event: its bindings, and the context that outlives the response.

use std::fmt;
use std::rc::Rc;

use worker::worker_sys::Context as JsContext;
use worker::{Context, Env};

/// The platform of the core, for one event. I/O objects belong to the event that made them, so nothing of this may be
/// kept for the next one.
#[derive(Clone)]
pub(crate) struct Host(Rc<Event>);

struct Event {
    env: Env,
    context: Context,
}

impl Host {
    pub(crate) fn new(env: Env, context: JsContext) -> Self {
        Self(Rc::new(Event { env, context: Context::new(context) }))
    }

    pub(crate) fn env(&self) -> &Env {
        &self.0.env
    }

    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The bindings hold secrets.
        f.write_str("Host")
    }
}
