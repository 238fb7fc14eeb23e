//! Explanations of requests, looked up by the id in the response: refusals, and routing decisions. Stored for
//! `routing.explained`, for the caller's own tenant.
//!
//! An isolate writes the explanations of [`BLOCK`] consecutive requests under one name, which each id encodes, at most
//! once a second: one write of the edge store for each call would cost more than the call.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ports::{Kv, Platform};
use crate::words::limits::{self, EXPLAINED_BLOCK as BLOCK};
use crate::words::request_id::origin_of;
use crate::words::time::{Millis, Timestamp};

/// Holds an isolate's explanations, and the allowances of the current second.
#[derive(Debug, Default)]
pub struct Explained {
    /// The second, and the number of explanations taken in it.
    of_callers: Cell<(u64, u32)>,
    of_unknown: Cell<(u64, u32)>,
    /// The blocks by their names in the store: one line for each request.
    blocks: RefCell<BTreeMap<String, ExplanationLines>>,
    /// The number of the newest block.
    newest: Cell<u64>,
    /// The retention time of an explanation.
    life: Millis,
    /// The end of the write job; another may be started after it, in case it was cut off.
    writing_until: Cell<Timestamp>,
}

#[derive(Debug, Default)]
struct ExplanationLines {
    text: Vec<u8>,
    is_new: bool,
    last: Timestamp,
    /// The block's number in its isolate.
    number: u64,
}

impl Explained {
    /// Starts without explanations; each will be available for `life`.
    pub(crate) fn new(life: Millis) -> Self {
        Self { life, ..Self::default() }
    }

    /// Takes one from this second's allowance: a flood of bad requests must not become a bill.
    #[must_use]
    pub fn take(&self, now: Timestamp, caller_is_known: bool) -> bool {
        let (cell, most) = if caller_is_known {
            (&self.of_callers, limits::EXPLAINED_PER_SECOND)
        } else {
            (&self.of_unknown, limits::EXPLAINED_UNKNOWN_PER_SECOND)
        };
        let second = now.as_millis() / 1000;
        let (of, taken) = cell.get();
        let taken = if of == second { taken } else { 0 };
        if taken >= most {
            return false;
        }
        cell.set((second, taken.saturating_add(1)));
        true
    }

    /// Notes the outcome of a request. `text` is JSON without line breaks.
    pub(crate) fn note(&self, tenant: Option<&str>, request_id: &str, text: &[u8], now: Timestamp) {
        let Some((name, number)) = block_of(request_id) else { return };
        let newest = self.newest.get().max(number);
        self.newest.set(newest);
        let mut blocks = self.blocks.borrow_mut();
        // The lines of a forgotten block must not be overwritten: this one is stored alone.
        let is_late = number < newest && !blocks.contains_key(&name);
        let block = blocks.entry(if is_late { alone(&name, request_id) } else { name }).or_default();
        block.text.extend_from_slice(request_id.as_bytes());
        block.text.push(b'\t');
        // No tenant's id can have this form.
        block.text.extend_from_slice(tenant.unwrap_or(NOBODYS).as_bytes());
        block.text.push(b'\t');
        block.text.extend_from_slice(text);
        block.text.push(b'\n');
        block.is_new = true;
        block.number = number;
        block.last = now;
    }

    /// Takes the blocks to be written; and forgets blocks that are idle for longer than any call takes, or too many.
    fn take_new(&self, now: Timestamp) -> Vec<(String, Vec<u8>)> {
        let mut blocks = self.blocks.borrow_mut();
        let new = blocks
            .iter_mut()
            .filter_map(|(name, block)| std::mem::take(&mut block.is_new).then(|| (name.clone(), block.text.clone())));
        let new = new.collect();
        // The newest block will still grow, however long it was idle.
        let newest = self.newest.get();
        let is_kept =
            |block: &ExplanationLines| block.number == newest || now.since(block.last) < limits::EXECUTE_TIMEOUT_MAX;
        blocks.retain(|_, block| is_kept(block));
        while blocks.len() > limits::EXPLAINED_BLOCKS {
            let old = blocks.iter().filter(|(_, block)| block.number != newest);
            let oldest = old.min_by_key(|(_, block)| block.last).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { break };
            blocks.remove(&oldest);
        }
        new
    }
}

/// Stands for the tenant of a request whose caller is unknown.
const NOBODYS: &str = "-";

/// Schedules the write of new explanations, a little later. Best effort by its contract: the record's line is the
/// record, this only makes it easy to find.
pub(crate) fn write_soon<P: Platform>(platform: &P, explained: &Rc<Explained>) {
    let now = platform.now();
    if now < explained.writing_until.get() {
        return;
    }
    let delay = limits::EXPLAINED_DELAY.min(P::GRACE);
    explained.writing_until.set(now.after(delay).after(limits::EXPLAINED_DELAY));
    let (platform_, explained) = (platform.clone(), Rc::clone(explained));
    platform.spawn(async move {
        platform_.sleep(delay).await;
        explained.writing_until.set(Timestamp::default());
        for (name, text) in explained.take_new(platform_.now()) {
            let _lost = Kv::put(&platform_, &name, text, explained.life).await;
        }
    });
}

/// Returns the explanation of a request of this tenant's, or of one whose caller is unknown: noted by this isolate, or
/// by another. `None` where there is none.
pub(crate) async fn look_up<P: Platform>(
    platform: &P,
    explained: &Explained,
    tenant: &str,
    id: &str,
) -> Option<Vec<u8>> {
    let (name, _) = block_of(id)?;
    for name in [alone(&name, id), name] {
        let here = explained.blocks.borrow().get(&name).and_then(|block| find(&block.text, tenant, id));
        if here.is_some() {
            return here;
        }
        let stored = Kv::get(platform, &name).await.ok().flatten();
        let found = stored.and_then(|stored| find(&stored, tenant, id));
        if found.is_some() {
            return found;
        }
    }
    None
}

fn find(text: &[u8], tenant: &str, id: &str) -> Option<Vec<u8>> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let mut parts = line.splitn(3, |byte| *byte == b'\t');
        let (of, whose) = (parts.next()?, parts.next()?);
        let is_meant = of == id.as_bytes() && (whose == tenant.as_bytes() || whose == NOBODYS.as_bytes());
        parts.next().filter(|_| is_meant).map(<[u8]>::to_vec)
    })
}

/// Returns the name of a request's block in the edge store, and the block's number in its isolate; `None` for a text
/// that is not a request's id.
fn block_of(request_id: &str) -> Option<(String, u64)> {
    let digits = request_id.strip_prefix("req_").filter(|digits| digits.len() == 32)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let (isolate, number) = origin_of(u128::from_str_radix(digits, 16).ok()?);
    let block = number.checked_div(BLOCK)?;
    Some((format!("explain/2/{isolate:020x}/{block}"), block))
}

/// Returns the name for one request stored outside its block.
fn alone(block: &str, request_id: &str) -> String {
    format!("{block}/{request_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "req_0123456789abcdef0123456789abcdef";

    #[test]
    fn a_flood_is_cut_off_each_second() {
        let explained = Explained::default();
        let taken = |ms, known| (0..1_000).filter(|_| explained.take(Timestamp::from_millis(ms), known)).count();
        assert_eq!(taken(5_000, true), limits::EXPLAINED_PER_SECOND as usize);
        assert_eq!(taken(5_999, true), 0);
        assert_eq!(taken(5_999, false), limits::EXPLAINED_UNKNOWN_PER_SECOND as usize);
        assert_eq!(taken(6_000, true), limits::EXPLAINED_PER_SECOND as usize);
    }

    #[test]
    fn an_id_is_not_a_path() {
        assert!(block_of(ID).is_some());
        assert_eq!(block_of("req_../../t-other/req_0123456789abcd"), None);
        assert_eq!(block_of("req_+123456789abcdef0123456789abcde"), None);
    }

    #[test]
    fn what_is_noted_is_found_by_its_own_tenant() {
        let explained = Explained::default();
        explained.note(Some("acme"), ID, b"{\"a\":1}", Timestamp::from_millis(1));
        let other = "req_0123456789abcdef0123456789abcdee";
        explained.note(None, other, b"{}", Timestamp::from_millis(1));
        let new = explained.take_new(Timestamp::from_millis(2));
        let text = |id| new.iter().find_map(|(_, text)| find(text, "acme", id));
        assert_eq!((text(ID), text(other)), (Some(b"{\"a\":1}".to_vec()), Some(b"{}".to_vec())));
        assert!(new.iter().all(|(_, text)| find(text, "zenith", ID).is_none()));
        assert_eq!(explained.take_new(Timestamp::from_millis(3)), [], "nothing is written twice");
    }

    #[test]
    fn a_line_that_comes_late_is_written_over_no_others() {
        let explained = Explained::default();
        let ids = crate::words::request_id::test_ids(2 * BLOCK);
        let [early, late, newer, last] = [&ids[0], &ids[1], &ids[BLOCK as usize], &ids[BLOCK as usize + 1]];
        let now = Timestamp::from_millis(1_000);
        explained.note(None, early, b"1", now);
        explained.note(None, newer, b"2", now);
        let mut store: BTreeMap<String, Vec<u8>> = explained.take_new(now).into_iter().collect();
        assert_eq!(store.len(), 2);
        let later = now.after(limits::EXECUTE_TIMEOUT_MAX);
        explained.take_new(later);
        explained.note(None, late, b"3", later);
        store.extend(explained.take_new(later));
        explained.note(None, last, b"4", later);
        store.extend(explained.take_new(later));
        let found = |id: &str| store.values().find_map(|text| find(text, "acme", id)).map(|text| text[0]);
        assert_eq!([early, newer, late, last].map(|id| found(id)), [b'1', b'2', b'3', b'4'].map(Some));
    }

    #[test]
    fn few_blocks_are_remembered_and_none_for_long() {
        let explained = Explained::default();
        for id in crate::words::request_id::test_ids(100 * BLOCK).iter().step_by(BLOCK as usize) {
            explained.note(None, id, b"{}", Timestamp::from_millis(1_000));
        }
        assert_eq!(explained.take_new(Timestamp::from_millis(1_001)).len(), 100);
        assert_eq!(explained.blocks.borrow().len(), limits::EXPLAINED_BLOCKS);
        explained.take_new(Timestamp::from_millis(1_000).after(limits::EXECUTE_TIMEOUT_MAX));
        assert!(explained.blocks.borrow().values().all(|block| block.number == explained.newest.get()));
    }
}
