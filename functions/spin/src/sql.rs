//! Port `sql`: Spin's default SQLite database, through a connection of its own.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use spin_sdk::sqlite::{Connection, Error, Value};
use toolgate::ports::{Clock, Sql, SqlError, SqlRow, SqlValue};
use toolgate::words::time::Millis;

use crate::Spin;

/// The contract's deadline of an answer.
const TIMEOUT: Millis = Millis::from_secs(1);

thread_local! {
    static DATABASE: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
}

impl Sql for Spin {
    async fn query(&self, statement: &'static str, parameters: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError> {
        let answered = pin!(run(statement, parameters));
        let late = pin!(self.sleep(TIMEOUT));
        match select(answered, late).await {
            Either::Left((answered, _)) => answered,
            Either::Right(_) => Err(SqlError::Unavailable),
        }
    }
}

async fn run(statement: &str, parameters: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError> {
    let parameters: Vec<Value> = parameters.into_iter().map(value).collect();
    let answered = database().await?.execute(statement, parameters).await.map_err(|_| SqlError::Unavailable)?;
    let rows = answered.collect().await.map_err(|_| SqlError::Unavailable)?;
    rows.into_iter().map(|row| row.values.into_iter().map(read).collect()).collect()
}

/// Returns the open database; opened once for the instance's life.
async fn database() -> Result<Rc<Connection>, SqlError> {
    if let Some(database) = DATABASE.with_borrow(Clone::clone) {
        return Ok(database);
    }
    let database = Rc::new(Connection::open_default().await.map_err(|error| match error {
        Error::AccessDenied | Error::NoSuchDatabase => SqlError::Unsupported,
        _ => SqlError::Unavailable,
    })?);
    DATABASE.set(Some(Rc::clone(&database)));
    Ok(database)
}

fn value(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => Value::Integer(number),
        SqlValue::Text(text) => Value::Text(text),
        SqlValue::Blob(bytes) => Value::Blob(bytes),
    }
}

fn read(value: Value) -> Result<SqlValue, SqlError> {
    match value {
        Value::Null => Ok(SqlValue::Null),
        Value::Integer(number) => Ok(SqlValue::Integer(number)),
        Value::Text(text) => Ok(SqlValue::Text(text)),
        Value::Blob(bytes) => Ok(SqlValue::Blob(bytes)),
        // No statement of the core makes one.
        Value::Real(_) => Err(SqlError::Unavailable),
    }
}
