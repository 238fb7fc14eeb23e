//! The expiry of values in the key-value store: a table of Spin's default SQLite database.
//!
//! The store can list its keys, but holds its only lock until the last one is read: a list that is read while another
//! request of the instance touches the store never ends, and neither does anything else. So nothing here lists them.
//!
//! INVARIANT (indexed first): a value is put only after the table says that its key may expire from a time on which is
//! not before its own end. A row without a value is harmless; a value without a row would stay for ever.

use std::rc::Rc;

use spin_sdk::sqlite::Value;
use toolgate::ports::DurableError;
use toolgate::words::time::{Millis, Timestamp};

use crate::Spin;
use crate::database::{self, groups, integer};
use crate::gather::{Asked, Gathering};

/// The unit to which ends are rounded up: a value that is put again within it changes no row, and costs no sync.
const SLOT: Millis = Millis::from_secs(5 * 60);
/// Most keys that one statement enters.
const NOTED_MAX: usize = 32;
/// Keys that one step of a sweep takes.
pub(crate) const STEP: usize = 32;

const SCHEMA: database::Schema = &[
    "CREATE TABLE IF NOT EXISTS toolgate_kv_expiry_1 (key TEXT PRIMARY KEY, slot INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS toolgate_kv_expiry_1_slot ON toolgate_kv_expiry_1 (slot)",
];
const NOTE: (&str, &str) = (
    "INSERT INTO toolgate_kv_expiry_1 (key, slot) VALUES ",
    " ON CONFLICT (key) DO UPDATE SET slot = excluded.slot WHERE excluded.slot > toolgate_kv_expiry_1.slot",
);
const DUE: &str = "SELECT key FROM toolgate_kv_expiry_1 WHERE slot <= ? ORDER BY slot LIMIT ?";
/// Deletes the rows of swept keys. A key whose value was put again meanwhile has a later slot, and stays.
const FORGET: &str = "DELETE FROM toolgate_kv_expiry_1 WHERE slot <= ? AND key IN ";
/// Lets the rows of keys be due later. A key whose value was put again meanwhile has a later slot, and keeps it.
const POSTPONE: &str = "UPDATE toolgate_kv_expiry_1 SET slot = ? WHERE slot <= ? AND key IN ";

type Noted = Result<(), DurableError>;

thread_local! {
    static NOTES: Rc<Gathering<(String, Timestamp), Noted>> = Rc::new(Gathering::new());
}

/// Notes that the value under `key` expires at `expires` at the latest. Values that tasks of this instance put at the
/// same time are noted by one statement.
pub(crate) async fn note(host: Spin, key: &str, expires: Timestamp) -> Noted {
    let notes = NOTES.with(Rc::clone);
    match notes.ask(&host, (key.to_owned(), slot_of(expires)), NOTED_MAX, write).await {
        Ok(noted) => noted,
        Err(reason) => Err(database::unanswered("expiries", reason)),
    }
}

async fn write(asked: Vec<Asked<(String, Timestamp), Noted>>) {
    let statement = format!("{}{}{}", NOTE.0, groups("(?, ?)", asked.len()), NOTE.1);
    let parameters = asked.iter().flat_map(|asked| {
        let (key, slot) = &asked.question;
        [Value::Text(key.clone()), integer(*slot)]
    });
    let written = database::run(SCHEMA, &statement, parameters.collect()).await.map(|_| ());
    asked.into_iter().for_each(|asked| asked.answer(written));
}

/// Returns some keys whose values have expired by `now`, the oldest first.
pub(crate) async fn due(now: Timestamp) -> Result<Vec<String>, DurableError> {
    let most = Value::Integer(i64::try_from(STEP).unwrap_or(i64::MAX));
    let rows = database::run(SCHEMA, DUE, vec![integer(now), most]).await?;
    let keys = rows.into_iter().flat_map(|row| row.values).filter_map(|value| match value {
        Value::Text(key) => Some(key),
        _ => None,
    });
    Ok(keys.collect())
}

/// Removes `keys`, as far as they still have expired by `now`.
pub(crate) async fn forget(now: Timestamp, keys: Vec<String>) -> Result<(), DurableError> {
    let statement = format!("{FORGET}({})", groups("?", keys.len()));
    let parameters = std::iter::once(integer(now)).chain(keys.into_iter().map(Value::Text));
    database::run(SCHEMA, &statement, parameters.collect()).await.map(|_| ())
}

/// Lets `keys`, whose values could not be read, be due again after a slot: until then others have their turn.
pub(crate) async fn postpone(now: Timestamp, keys: Vec<String>) -> Result<(), DurableError> {
    let statement = format!("{POSTPONE}({})", groups("?", keys.len()));
    let parameters = [integer(slot_of(now.after(SLOT))), integer(now)];
    let parameters = parameters.into_iter().chain(keys.into_iter().map(Value::Text));
    database::run(SCHEMA, &statement, parameters.collect()).await.map(|_| ())
}

/// Returns the end of the slot that `expires` lies in.
fn slot_of(expires: Timestamp) -> Timestamp {
    let slots = expires.as_millis().div_ceil(SLOT.get());
    Timestamp::from_millis(slots.saturating_mul(SLOT.get()))
}
