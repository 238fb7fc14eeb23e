//! Concurrent futures, and futures compiled apart from the function that awaits them.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Returns the same future, compiled as a function of its own.
///
/// An `async` function is inlined into the one function that awaits it, so the whole pipeline becomes one function of
/// 50 KB of WASM, which V8 compiles at its first call, whatever the request. Code that few requests need is kept out of
/// it, at the price of a call.
pub(crate) fn apart<F: Future>(mut future: Pin<&mut F>) -> impl Future<Output = F::Output> {
    poll_fn(move |context| poll(future.as_mut(), context))
}

#[inline(never)]
fn poll<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(context)
}

/// Names the first of two futures to complete, with its output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Either<A, B> {
    /// The first future completed.
    First(A),
    /// The second future completed.
    Second(B),
}

/// Polls both futures until one completes; the first if both do. The other is not polled further: dropping it cancels
/// it.
pub(crate) fn either<A: Future + ?Sized, B: Future + ?Sized>(
    mut first: Pin<&mut A>,
    mut second: Pin<&mut B>,
) -> impl Future<Output = Either<A::Output, B::Output>> {
    poll_fn(move |context| {
        if let Poll::Ready(ended) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(ended));
        }
        second.as_mut().poll(context).map(Either::Second)
    })
}

/// Polls `work` until it completes; returns `None` if `deadline` completes first.
pub(crate) fn within<W: Future + ?Sized, D: Future<Output = ()> + ?Sized>(
    mut deadline: Pin<&mut D>,
    mut work: Pin<&mut W>,
) -> impl Future<Output = Option<W::Output>> {
    poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => deadline.as_mut().poll(context).map(|()| None),
    })
}

/// Polls all futures until every one has completed; returns their outputs in the same order.
pub(crate) fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> impl Future<Output = Vec<F::Output>> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(move |context| {
        for (future, outcome) in running.iter_mut().filter(|(_, outcome)| outcome.is_none()) {
            if let Poll::Ready(ended) = future.as_mut().poll(context) {
                *outcome = Some(ended);
            }
        }
        if running.iter().all(|(_, outcome)| outcome.is_some()) {
            Poll::Ready(mem::take(&mut running).into_iter().filter_map(|(_, outcome)| outcome).collect())
        } else {
            Poll::Pending
        }
    })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn now<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Completes at this many polls.
    fn after(mut polls: u8) -> impl Future<Output = u8> {
        let value = polls;
        poll_fn(move |_| {
            polls = polls.saturating_sub(1);
            if polls == 0 { Poll::Ready(value) } else { Poll::Pending }
        })
    }

    #[test]
    fn the_first_to_end_is_told_and_no_outcome_at_the_deadline() {
        assert_eq!(now(either(pin!(ready(1)), pin!(ready(2)))), Poll::Ready(Either::First(1)));
        assert_eq!(now(either(pin!(pending::<()>()), pin!(ready(2)))), Poll::Ready(Either::Second(2)));
        assert_eq!(now(within(pin!(ready(())), pin!(ready(1)))), Poll::Ready(Some(1)));
        assert_eq!(now(within(pin!(ready(())), pin!(pending::<()>()))), Poll::Ready(None));
        assert_eq!(now(within(pin!(pending()), pin!(pending::<()>()))), Poll::Pending);
    }

    #[test]
    fn outcomes_stand_in_the_order_of_their_futures() {
        let mut all = pin!(join_all([3, 1, 2].map(after)));
        let mut polled = || all.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!([polled(), polled(), polled()], [Poll::Pending, Poll::Pending, Poll::Ready(vec![3, 1, 2])]);
    }
}
