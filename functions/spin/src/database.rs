//! The component's own tables in Spin's default SQLite database, over one connection for the instance's life.
//!
//! INVARIANT (read at once): a statement's rows are read to their end before anything else is awaited, and there are
//! few of them. Spin keeps the connection, and the statement's locks on the file, until the last row is read. `changes`
//! and `last_insert_rowid` are never called: both stop the instance's thread until the connection is free.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use spin_sdk::sqlite::{Connection, Error, RowResult, Value};
use toolgate::ports::DurableError;
use toolgate::words::time::Timestamp;

use crate::gather::Unanswered;

/// Names the features that a host without a database refuses; logged once when an instance finds none.
const NEEDS_DATABASE: &str = "no SQLite database labelled `default`: epochs (cache, revocation, kill switches), \
    idempotency keys, authorisations and metrics are refused";

/// Lets readers go on beside a writer, and makes a commit one sync instead of four. The file keeps the mode. SQLite
/// answers with the current mode when it cannot change it, and a database elsewhere knows no such mode: both go on as
/// they are.
const WRITE_AHEAD: &str = "PRAGMA journal_mode = WAL";

/// The statements that make a table; each may be repeated.
pub(crate) type Schema = &'static [&'static str];

thread_local! {
    static DATABASE: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

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

/// Logs by name that a question of a task got no answer, and returns the port's error.
pub(crate) fn unanswered(questions: &'static str, reason: Unanswered) -> DurableError {
    let reason = match reason {
        Unanswered::Full => "queue_full",
        Unanswered::CutOff => "worker_cut_off",
    };
    tracing::warn!(questions, reason, "database_question_unanswered");
    DurableError::Unavailable
}

/// Runs one statement and reads all its rows; makes the tables of `schema` if they are missing.
pub(crate) async fn run(
    schema: Schema,
    statement: &str,
    parameters: Vec<Value>,
) -> Result<Vec<RowResult>, DurableError> {
    let database = database().await?;
    match execute(&database, statement, parameters.clone()).await {
        Err(Error::Io(message)) if message.contains("no such table") => {
            write_ahead().await?;
            for made in schema {
                execute(&database, made, Vec::new()).await.map_err(|_| DurableError::Unavailable)?;
            }
            execute(&database, statement, parameters).await.map_err(|_| DurableError::Unavailable)
        }
        ended => ended.map_err(|_| DurableError::Unavailable),
    }
}

/// Asks for a write-ahead log.
pub(crate) async fn write_ahead() -> Result<(), DurableError> {
    // Another connection may be using the file: the next attempt may succeed.
    let _as_before = execute(&*database().await?, WRITE_AHEAD, Vec::new()).await;
    Ok(())
}

async fn execute(database: &Connection, statement: &str, parameters: Vec<Value>) -> Result<Vec<RowResult>, Error> {
    database.execute(statement, parameters).await?.collect().await
}

/// Returns `count` times `group`, separated by commas: the groups of a statement with so many parameters.
pub(crate) fn groups(group: &str, count: usize) -> String {
    vec![group; count].join(", ")
}

/// Returns a point in time as SQLite keeps it.
pub(crate) fn integer(at: Timestamp) -> Value {
    Value::Integer(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}
