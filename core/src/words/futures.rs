//! Futures that are compiled apart from who awaits them.
//!
//! An `async` function becomes part of the one function that awaits it, and the whole pipeline one function of 50 KB of WASM,
//! which V8 compiles when it is first called, whatever is asked for. What few requests need is kept out of it, at the price
//! of a call.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The same future, whose code is a function of its own.
pub(crate) fn apart<F: Future>(mut future: Pin<&mut F>) -> impl Future<Output = F::Output> {
    poll_fn(move |context| poll(future.as_mut(), context))
}

#[inline(never)]
fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(context)
}
