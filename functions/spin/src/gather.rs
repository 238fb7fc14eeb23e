//! Batches work of tasks in one instance: the first that comes does it for all that wait, so that one commit serves
//! them.
//!
//! No task can wake another one here, so those that wait poll every moment. A worker may be cut off, as its request may
//! be: then its questions count as lost, and the next task that polls goes on with the rest.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use toolgate::ports::Clock;
use toolgate::words::time::Millis;

/// The interval at which a waiting task polls.
const MOMENT: Millis = Millis::new(1);
/// Most questions that wait for a worker: more than an instance's tasks ask at Spin's own bound of tasks, and few
/// enough that the last one is answered within the ports' second.
pub(crate) const WAITING_MAX: usize = 256;

/// The tasks' questions that no worker has taken yet.
pub(crate) struct Gathering<Q, A> {
    waiting: RefCell<VecDeque<Asked<Q, A>>>,
    is_worked_on: Cell<bool>,
}

/// A question, and the place for its answer.
pub(crate) struct Asked<Q, A> {
    pub(crate) question: Q,
    answer: Rc<Cell<Option<A>>>,
}

/// Names the reason for which a question got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// [`WAITING_MAX`] questions wait already.
    Full,
    /// The worker that took it was cut off.
    CutOff,
}

impl<Q, A> Asked<Q, A> {
    pub(crate) fn answer(self, answer: A) {
        self.answer.set(Some(answer));
    }

    fn is_awaited(&self) -> bool {
        Rc::strong_count(&self.answer) > 1
    }
}

/// The right to work; it ends when it is dropped, at whatever point.
struct Turn<'a>(&'a Cell<bool>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<Q, A> Gathering<Q, A> {
    pub(crate) const fn new() -> Self {
        Self { waiting: RefCell::new(VecDeque::new()), is_worked_on: Cell::new(false) }
    }

    /// Returns the answer to `question`, by this task's `work` or another's, which gets at most `most` questions at a
    /// time.
    ///
    /// # Errors
    /// [`Unanswered`]: nothing answered it, and it may be asked again.
    pub(crate) async fn ask(
        &self,
        clock: &impl Clock,
        question: Q,
        most: usize,
        work: impl AsyncFn(Vec<Asked<Q, A>>),
    ) -> Result<A, Unanswered> {
        let answer = Rc::new(Cell::new(None));
        self.wait(Asked { question, answer: Rc::clone(&answer) })?;
        loop {
            if let Some(answer) = answer.take() {
                return Ok(answer);
            }
            // Neither waiting nor with a worker.
            if Rc::strong_count(&answer) == 1 {
                return Err(Unanswered::CutOff);
            }
            if self.is_worked_on.replace(true) {
                clock.sleep(MOMENT).await;
            } else {
                let _turn = Turn(&self.is_worked_on);
                work(self.take(most)).await;
            }
        }
    }

    /// Lets a question wait for a worker. Those that nobody waits for any more do not count.
    fn wait(&self, asked: Asked<Q, A>) -> Result<(), Unanswered> {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= WAITING_MAX {
            waiting.retain(Asked::is_awaited);
        }
        if waiting.len() >= WAITING_MAX {
            return Err(Unanswered::Full);
        }
        waiting.push_back(asked);
        Ok(())
    }

    /// Takes the questions that have waited longest, without those that nobody waits for any more.
    fn take(&self, most: usize) -> Vec<Asked<Q, A>> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(Asked::is_awaited);
        let taken = waiting.len().min(most);
        waiting.drain(..taken).collect()
    }
}
