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

use crate::Spin;

/// The interval at which a waiting task polls.
const MOMENT: Millis = Millis::new(1);

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

impl<Q, A> Asked<Q, A> {
    pub(crate) fn answer(self, answer: A) {
        self.answer.set(Some(answer));
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
    /// time; `None` if its worker was cut off.
    pub(crate) async fn ask(
        &self,
        host: Spin,
        question: Q,
        most: usize,
        work: impl AsyncFn(Vec<Asked<Q, A>>),
    ) -> Option<A> {
        let answer = Rc::new(Cell::new(None));
        self.waiting.borrow_mut().push_back(Asked { question, answer: Rc::clone(&answer) });
        loop {
            if let Some(answer) = answer.take() {
                return Some(answer);
            }
            // Neither waiting nor with a worker.
            if Rc::strong_count(&answer) == 1 {
                return None;
            }
            if self.is_worked_on.replace(true) {
                host.sleep(MOMENT).await;
            } else {
                let _turn = Turn(&self.is_worked_on);
                work(self.take(most)).await;
            }
        }
    }

    /// Takes the questions that have waited longest, without those that nobody waits for any more.
    fn take(&self, most: usize) -> Vec<Asked<Q, A>> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(|asked| Rc::strong_count(&asked.answer) > 1);
        let taken = waiting.len().min(most);
        waiting.drain(..taken).collect()
    }
}
