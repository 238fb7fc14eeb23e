//! A stream that a blocking thread feeds through a channel as narrow as Spin's.
//!
//! The thread may hold a lock of the host while it waits for the guest to read on: that is Spin's behaviour, and what a guest
//! must survive.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult};

/// Items that wait for the guest at most, as on Spin.
const WAITING_MAX: usize = 4;

/// The guest's end of a channel.
pub(crate) struct Rows<T>(mpsc::Receiver<T>);

/// The end of the work behind the rows. The guest learns it after the last row.
pub(crate) type Outcome<E> = oneshot::Receiver<Result<(), E>>;

/// The guest has dropped the stream.
pub(crate) struct Unwanted;

/// Runs `work` on a thread of its own; it hands over each item by the function that it is given.
pub(crate) fn feed<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce(&dyn Fn(T) -> Result<(), Unwanted>) -> Result<(), E> + Send + 'static,
) -> (Rows<T>, Outcome<E>) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let (ended, outcome) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let result = work(&|item| sender.blocking_send(item).map_err(|_| Unwanted));
        drop(sender);
        // A guest that has dropped the stream asks for no outcome.
        let _ = ended.send(result);
    });
    (Rows(receiver), outcome)
}

impl<D, T: Send + Sync + 'static> StreamProducer<D> for Rows<T> {
    type Item = T;
    type Buffer = Option<T>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, T, Option<T>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            // The guest only asks whether something could be read.
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.0.poll_recv(cx) {
            Poll::Ready(Some(item)) => {
                destination.set_buffer(Some(item));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
