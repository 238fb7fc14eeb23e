//! Port `durable`: a table of Spin's default SQLite database, changed by compare and swap.
//!
//! Many instances work on the table at the same time, and tasks of one instance share a connection; so there is no
//! transaction, which would have to stay open over an `.await`. Instead each row has a version, and a command counts when
//! one statement replaces the very version that was read. Whoever loses reads again.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use spin_sdk::sqlite::{Connection, Error, RowResult, Value};
use toolgate::ports::{Clock, Durable, DurableError, Entropy};
use toolgate::state;
use toolgate::words::time::{Millis, Timestamp};

use crate::Spin;

/// The contract's bound on an answer.
const TIMEOUT: Millis = Millis::from_secs(1);
/// Attempts within that bound. Whenever one loses another has won, so this many in a row mean a crowd of writers.
const ATTEMPTS: u32 = 64;
/// The longest wait after a loss is two to this power, in milliseconds.
const BACK_OFF_DOUBLINGS: u32 = 6;
/// What a host without a database refuses, said once when an instance finds none.
const NEEDS_DATABASE: &str = "no SQLite database labelled `default`: epochs (cache, revocation, kill switches), \
    idempotency keys, authorisations and metrics are refused";
/// Rows that [`forget_expired`] deletes at most.
const EXPIRED_ROWS: i64 = 1_000;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS toolgate_state (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, state BLOB NOT NULL, expires INTEGER
) WITHOUT ROWID";
const SELECT: &str = "SELECT version, state, expires FROM toolgate_state WHERE key = ?";
const INSERT: &str = "INSERT INTO toolgate_state (key, version, state, expires) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO NOTHING RETURNING version";
const UPDATE: &str = "UPDATE toolgate_state SET version = version + 1, state = ?, expires = ?
    WHERE key = ? AND version = ? RETURNING version";
const DELETE_EXPIRED: &str = "DELETE FROM toolgate_state WHERE key IN
    (SELECT key FROM toolgate_state WHERE expires <= ? LIMIT ?)";

thread_local! {
    static DATABASE: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// The open database; opened once for the instance's life.
async fn database() -> Result<Rc<Connection>, DurableError> {
    if let Some(database) = DATABASE.with_borrow(Clone::clone) {
        return Ok(database);
    }
    match Connection::open_default().await {
        Ok(database) => {
            let database = Rc::new(database);
            DATABASE.set(Some(Rc::clone(&database)));
            Ok(database)
        }
        Err(Error::AccessDenied | Error::NoSuchDatabase) => {
            if !REFUSED.replace(true) {
                tracing::error!(features = NEEDS_DATABASE, "durable_unsupported");
            }
            Err(DurableError::Unsupported)
        }
        Err(_) => Err(DurableError::Unavailable),
    }
}

impl Durable for Spin {
    async fn apply(&self, key: &str, command: Vec<u8>) -> Result<Vec<u8>, DurableError> {
        let applied = pin!(apply(*self, key, &command));
        let late = pin!(self.sleep(TIMEOUT));
        match select(applied, late).await {
            Either::Left((applied, _)) => applied,
            Either::Right(_) => Err(DurableError::Unavailable),
        }
    }
}

/// Writes down that the job under `key` runs now, unless it did within `every`. Returns whether it is the caller's to run:
/// of all instances that ask at the same time, one is told so.
pub(crate) async fn claim(host: Spin, key: &str, every: Millis) -> Result<bool, DurableError> {
    let database = database().await?;
    let now = host.now();
    let row = read(&database, key).await?;
    let ran = row.as_ref().and_then(|row| row.state.first_chunk().copied().map(u64::from_be_bytes));
    if ran.is_some_and(|ran| now < Timestamp::from_millis(ran).after(every)) {
        return Ok(false);
    }
    let state = now.as_millis().to_be_bytes().to_vec();
    replace(&database, host, key, row.map(|row| row.version), state, None).await
}

/// Deletes rows that no longer count.
pub(crate) async fn forget_expired(now: Timestamp) -> Result<(), DurableError> {
    let parameters = vec![integer(now), Value::Integer(EXPIRED_ROWS)];
    run(&*database().await?, DELETE_EXPIRED, parameters).await.map(|_| ())
}

async fn apply(host: Spin, key: &str, command: &[u8]) -> Result<Vec<u8>, DurableError> {
    let database = database().await?;
    for attempt in 0..ATTEMPTS {
        back_off(host, attempt).await;
        let now = host.now();
        let row = read(&database, key).await?;
        let stored = row.as_ref().filter(|row| row.expires.is_none_or(|expires| now < expires));
        let step = state::step(stored.map(|row| row.state.as_slice()), command, now);
        let Some(next) = step.state else { return Ok(step.reply) };
        if replace(&database, host, key, row.map(|row| row.version), next, step.expires).await? {
            return Ok(step.reply);
        }
    }
    Err(DurableError::Unavailable)
}

/// Lets a crowd of writers spread out: after each further loss a random wait of up to twice as long.
async fn back_off(host: Spin, losses: u32) {
    if let Some(longest) = losses.checked_sub(2) {
        let mut random = [0];
        host.fill(&mut random);
        let lengths = (1_u64 << longest.min(BACK_OFF_DOUBLINGS)).saturating_add(1);
        host.sleep(Millis::new(u64::from(random[0]).checked_rem(lengths).unwrap_or(0))).await;
    }
}

struct Row {
    version: i64,
    state: Vec<u8>,
    expires: Option<Timestamp>,
}

async fn read(database: &Connection, key: &str) -> Result<Option<Row>, DurableError> {
    let rows = run(database, SELECT, vec![Value::Text(key.to_owned())]).await?;
    rows.into_iter().next().map(|row| Row::of(row).ok_or(DurableError::Unavailable)).transpose()
}

impl Row {
    fn of(row: RowResult) -> Option<Self> {
        let [Value::Integer(version), Value::Blob(state), expires] = <[Value; 3]>::try_from(row.values).ok()? else {
            return None;
        };
        let expires = match expires {
            Value::Integer(ms) => Some(Timestamp::from_millis(u64::try_from(ms).ok()?)),
            _ => None,
        };
        Some(Self { version, state, expires })
    }
}

/// Stores `next` if the row is still at `version` (or still absent). Returns whether it was.
async fn replace(
    database: &Connection,
    host: Spin,
    key: &str,
    version: Option<i64>,
    next: Vec<u8>,
    expires: Option<Timestamp>,
) -> Result<bool, DurableError> {
    let key = Value::Text(key.to_owned());
    let expires = expires.map_or(Value::Null, integer);
    let changed = match version {
        Some(version) => run(database, UPDATE, vec![Value::Blob(next), expires, key, Value::Integer(version)]).await?,
        None => run(database, INSERT, vec![key, first_version(host), Value::Blob(next), expires]).await?,
    };
    Ok(!changed.is_empty())
}

/// A row that was deleted and made again must not be taken for the old one: versions begin at a random number, far enough
/// from the end of the range.
fn first_version(host: Spin) -> Value {
    let mut random = [0; 8];
    host.fill(&mut random);
    Value::Integer(i64::from_be_bytes(random) >> 2)
}

/// Runs one statement and reads all its rows; makes the table when it is not there yet.
async fn run(database: &Connection, statement: &str, parameters: Vec<Value>) -> Result<Vec<RowResult>, DurableError> {
    match execute(database, statement, parameters.clone()).await {
        Err(Error::Io(message)) if message.contains("no such table") => {
            execute(database, CREATE, Vec::new()).await.map_err(|_| DurableError::Unavailable)?;
            execute(database, statement, parameters).await.map_err(|_| DurableError::Unavailable)
        }
        ended => ended.map_err(|_| DurableError::Unavailable),
    }
}

async fn execute(database: &Connection, statement: &str, parameters: Vec<Value>) -> Result<Vec<RowResult>, Error> {
    database.execute(statement, parameters).await?.collect().await
}

fn integer(at: Timestamp) -> Value {
    Value::Integer(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}
