//! Rules of Spin's function that need no Spin: how tasks gather their questions, and what a sweep deletes.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use toolgate::ports::Clock;
use toolgate::words::time::{Millis, Timestamp};

#[path = "../../../functions/spin/src/gather.rs"]
mod gather;
#[path = "../../../functions/spin/src/stamp.rs"]
mod stamp;

use gather::{Asked, Gathering, Unanswered, WAITING_MAX};
use stamp::{Due, Stamped, due, read, stamped};

const NOW: Timestamp = Timestamp::from_millis(5_000);

/// Lets a sleeping task be polled once more.
struct Naps;

impl Clock for Naps {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Millis) {
        let slept = Cell::new(false);
        std::future::poll_fn(|_| if slept.replace(true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

fn poll<F: Future>(task: Pin<&mut F>) -> Poll<F::Output> {
    task.poll(&mut Context::from_waker(Waker::noop()))
}

/// Answers each question with itself, once `is_open`.
async fn echo(is_open: &Cell<bool>, asked: Vec<Asked<usize, usize>>) {
    while !is_open.get() {
        Naps.sleep(Millis::new(1)).await;
    }
    for asked in asked {
        let question = asked.question;
        asked.answer(question);
    }
}

#[test]
fn a_full_queue_refuses_and_serves_those_that_wait() {
    let (gathering, is_open) = (Gathering::new(), Cell::new(false));
    let ask = |question| Box::pin(gathering.ask(&Naps, question, 32, async |asked| echo(&is_open, asked).await));
    // The first works, and has taken its question out of the queue.
    let mut tasks: Vec<_> = (0..=WAITING_MAX).map(ask).collect();
    for task in &mut tasks {
        assert_eq!(poll(task.as_mut()), Poll::Pending);
    }
    assert_eq!(poll(ask(usize::MAX).as_mut()), Poll::Ready(Err(Unanswered::Full)));
    // Those that nobody waits for any more make room.
    drop(tasks.pop());
    let mut again = ask(WAITING_MAX);
    assert_eq!(poll(again.as_mut()), Poll::Pending);
    tasks.push(again);
    is_open.set(true);
    let mut answers = vec![None; tasks.len()];
    for _ in 0..WAITING_MAX {
        for (task, answer) in tasks.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(answered) = poll(task.as_mut()) {
                *answer = Some(answered);
            }
        }
    }
    let expected: Vec<_> = (0..=WAITING_MAX).map(|question| Some(Ok(question))).collect();
    assert_eq!(answers, expected);
}

#[test]
fn a_question_is_lost_with_its_worker() {
    let (gathering, is_open) = (Gathering::new(), Cell::new(false));
    let ask = |question| Box::pin(gathering.ask(&Naps, question, 32, async |asked| echo(&is_open, asked).await));
    let (mut first, mut second, mut third) = (ask(0), ask(1), ask(2));
    for task in [&mut first, &mut second, &mut third] {
        assert_eq!(poll(task.as_mut()), Poll::Pending);
    }
    // The first had begun with its own question alone; the second takes the third's besides.
    drop(first);
    assert_eq!(poll(second.as_mut()), Poll::Pending);
    drop(second);
    is_open.set(true);
    assert_eq!(poll(third.as_mut()), Poll::Ready(Err(Unanswered::CutOff)));
    assert_eq!(poll(ask(3).as_mut()), Poll::Ready(Ok(3)), "the next one works");
}

#[test]
fn a_sweep_deletes_what_has_expired_and_nothing_else() {
    let value = |expires| stamped(b"value".to_vec(), Timestamp::from_millis(expires));
    assert_eq!(read(value(5_001), NOW), Stamped::Fresh(b"value".to_vec()));
    assert_eq!(read(value(5_000), NOW), Stamped::Expired);
    assert_eq!(read(b"foreign".to_vec(), NOW), Stamped::Unmarked);
    for (found, step) in [
        (Ok(Some(value(5_000))), Due::Delete),
        (Ok(Some(value(5_001))), Due::Forget),
        (Ok(Some(b"foreign".to_vec())), Due::Forget),
        (Ok(None), Due::Forget),
        (Err(()), Due::Postpone),
    ] {
        assert_eq!(due(found.clone(), NOW), step, "{found:?}");
    }
}
