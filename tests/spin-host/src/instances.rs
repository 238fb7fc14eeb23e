//! Instances of a component, reused and dropped by Spin's rules.

#![expect(clippy::disallowed_types, reason = "the engine's own interface for deadlines")]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::engine::NO_DEADLINE;
use crate::guest::{Grants, Guest};
use crate::options::Options;

/// Stands for "never" where a timer needs a number: about 136 years.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The rules for reusing and dropping an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reuse {
    count_max: usize,
    concurrent_max: usize,
    idle: Duration,
    request: Duration,
}

impl From<&Options> for Reuse {
    fn from(options: &Options) -> Self {
        Self {
            count_max: options.max_instance_reuse_count,
            concurrent_max: options.max_instance_concurrent_reuse_count,
            idle: options.idle_instance_timeout.min(NEVER),
            request: options.request_timeout.unwrap_or(NEVER).min(NEVER),
        }
    }
}

/// Makes the instances of one component.
pub(crate) struct Instances {
    pub(crate) service: ServicePre<Guest>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) reuse: Reuse,
}

impl HandlerState for Instances {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Reuse;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Reuse>> {
        let mut store = Store::new(self.service.engine(), Guest::new(Arc::clone(&self.grants)));
        store.set_epoch_deadline(NO_DEADLINE);
        let proxy = Proxy::P3(self.service.instantiate_async(&mut store).await?);
        let expiration = Expiration { reuse: self.reuse, timer: Box::pin(tokio::time::sleep(NEVER)) };
        Ok(Instance { store, proxy, view: Guest::http, expiration, state: self.reuse })
    }
}

/// Ends an instance that was idle, or that left a request unanswered, for too long.
pub(crate) struct Expiration {
    reuse: Reuse,
    timer: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        let bound = match status {
            WorkerStatus::Idle => self.reuse.idle,
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.reuse.request,
        };
        let Some(deadline) = start.checked_add(bound).map(tokio::time::Instant::from_std) else { return Poll::Pending };
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        self.timer.as_mut().poll(cx)
    }
}

impl WorkerState for Reuse {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.count_max {
            ShouldAccept::Never
        } else if concurrent >= self.concurrent_max {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, Guest>,
        _: (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(tokio::time::sleep(self.request))
    }

    #[expect(clippy::print_stderr, reason = "a trap is for whoever started the host to read")]
    fn drop(&self, store: Store<Guest>, result: wasmtime::Result<()>) {
        // The handler's word for an instance that was cut off by our own end, or by a panic that has printed itself.
        const CUT_OFF: &str = "worker panicked";
        if let Err(error) = result
            && error.to_string() != CUT_OFF
        {
            eprintln!("instance ended: {error:?}");
        }
        drop(store);
    }
}
