//! Toolgate on Spin: one file per port of the core, and the handler that Spin calls.
//!
//! Spin reuses an instance for some requests (128 by default, 16 at once) and then drops it, so thread-locals live that
//! long; tasks in it take turns at every `.await`.

mod background;
mod clock;
mod database;
mod document;
mod durable;
mod edge_cache;
mod entropy;
mod exchange;
mod expiry;
mod gather;
mod kv;
mod log;
mod origin;
mod schedule;
mod settings;
mod sql;
mod stamp;

use std::rc::Rc;

use spin_sdk::wasip3;
use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};
use toolgate::gateway::Gateway;
use toolgate::ports::Background;

/// The platform of the core on this host. It holds nothing: handles live in the ports' own thread-locals.
#[derive(Clone, Copy, Debug)]
struct Spin;

thread_local! {
    static GATEWAY: Rc<Gateway> = {
        log::install();
        Rc::new(Gateway::new(&document::read()))
    };
}

/// The handler that `#[http_service]` would make, without its detour through the types of the `http` crate: of a
/// request's headers only those that the gateway reads are looked at.
struct Component;

wasip3::http::service::export!(Component);

impl Guest for Component {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let gateway = GATEWAY.with(Rc::clone);
        let request = exchange::read(request).await;
        let response = gateway.handle(&Spin, request).await;
        if schedule::is_asked() {
            Spin.spawn(schedule::run_when_due(gateway));
        }
        exchange::write(response)
    }
}
