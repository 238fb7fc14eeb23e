//! Two things at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Tells which ended first.
#[derive(Debug)]
pub(super) enum Either<A, B> {
    /// The first.
    First(A),
    /// The second.
    Second(B),
}

/// Drives both until one ends; the first where both do. The other is left as it is: whoever drops it ends it.
pub(super) async fn either<A: Future + ?Sized, B: Future + ?Sized>(
    mut first: Pin<&mut A>,
    mut second: Pin<&mut B>,
) -> Either<A::Output, B::Output> {
    poll_fn(|context| {
        if let Poll::Ready(ended) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(ended));
        }
        second.as_mut().poll(context).map(Either::Second)
    })
    .await
}
