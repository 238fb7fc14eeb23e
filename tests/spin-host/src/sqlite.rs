//! `spin:sqlite` 3.1.0: each open connection of a guest is a SQLite connection of its own.
//!
//! As on Spin, a statement runs on a thread of its own and holds its connection until the guest has read the last row, with
//! whatever it locks in the file; `changes` and `last-insert-rowid` wait for the connection on the instance's own thread.

#![expect(clippy::disallowed_types, reason = "a connection is used by the blocking threads of this native host")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, params_from_iter};
use tokio::sync::oneshot;
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use crate::bindings::sqlite::{Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value};
use crate::guest::{Guest, SpinInterfaces};
use crate::{rows, state};

/// Bytes of one row, as on Spin.
const ROW_BYTES_MAX: usize = 128 << 20;

/// A guest's connection.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenDatabase(Arc<(PathBuf, OnceLock<Mutex<Connection>>)>);

impl OpenDatabase {
    /// The file is opened by the first statement.
    fn connection(&self) -> Result<MutexGuard<'_, Connection>, Error> {
        let (path, opened) = &*self.0;
        if opened.get().is_none() {
            let connection = state::connect(path).map_err(io)?;
            let _ = opened.set(Mutex::new(connection));
        }
        opened
            .get()
            .map(|connection| connection.lock().unwrap_or_else(PoisonError::into_inner))
            .ok_or(Error::InvalidConnection)
    }
}

impl Guest {
    /// A new connection to the database with this label.
    fn connect(&self, label: &str) -> Result<OpenDatabase, Error> {
        let granted = self.grants.databases.iter().any(|granted| granted == label);
        let path = granted.then(|| self.grants.state.database()).ok_or(Error::AccessDenied)?;
        Ok(OpenDatabase(Arc::new((path, OnceLock::new()))))
    }
}

fn handle<T>(accessor: &Accessor<T, SpinInterfaces>, open: &Resource<OpenDatabase>) -> wasmtime::Result<OpenDatabase> {
    accessor.with(|mut access| Ok(access.get().table.get(open)?.clone()))
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<OpenDatabase>, Error>> {
        match self.connect(&label) {
            Ok(open) => Ok(Ok(self.table.push(open)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute(
        &mut self,
        open: Resource<OpenDatabase>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let open = self.table.get(&open)?.clone();
        Ok(tokio::task::spawn_blocking(move || query(&open, &statement, parameters)).await?)
    }

    async fn last_insert_rowid(&mut self, open: Resource<OpenDatabase>) -> wasmtime::Result<i64> {
        Ok(self.table.get(&open)?.connection()?.last_insert_rowid())
    }

    async fn changes(&mut self, open: Resource<OpenDatabase>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&open)?.connection()?.changes())
    }

    async fn drop(&mut self, open: Resource<OpenDatabase>) -> wasmtime::Result<()> {
        self.table.delete(open)?;
        Ok(())
    }
}

type Answer = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl<T: Send> HostConnectionWithStore<T> for SpinInterfaces {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Resource<OpenDatabase>, Error>> {
        accessor.with(|mut access| {
            let guest = access.get();
            match guest.connect(&label) {
                Ok(open) => Ok(Ok(guest.table.push(open)?)),
                Err(error) => Ok(Err(error)),
            }
        })
    }

    /// As on Spin, a statement that fails does so through the future that follows the rows.
    async fn execute_async(
        accessor: &Accessor<T, Self>,
        open: Resource<OpenDatabase>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Answer, Error>> {
        let open = handle(accessor, &open)?;
        let (named, columns) = oneshot::channel();
        let (rows, outcome) = rows::feed(move |send| {
            let name = |columns| named.send(columns).map_err(|_| dropped());
            run(&open, &statement, parameters, name, |row| send(row).map_err(|_| dropped()))
        });
        // Nobody names the columns of a statement that cannot be prepared.
        let columns = columns.await.unwrap_or_default();
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            Ok(Ok((columns, rows, FutureReader::new(&mut access, outcome)?)))
        })
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        open: Resource<OpenDatabase>,
    ) -> wasmtime::Result<i64> {
        Ok(handle(accessor, &open)?.connection()?.last_insert_rowid())
    }

    async fn changes_async(accessor: &Accessor<T, Self>, open: Resource<OpenDatabase>) -> wasmtime::Result<u64> {
        Ok(handle(accessor, &open)?.connection()?.changes())
    }
}

/// Runs a statement: names its columns, then hands over row after row.
fn run(
    open: &OpenDatabase,
    statement: &str,
    parameters: Vec<Value>,
    name: impl FnOnce(Vec<String>) -> Result<(), Error>,
    mut send: impl FnMut(RowResult) -> Result<(), Error>,
) -> Result<(), Error> {
    let connection = open.connection()?;
    let mut statement = connection.prepare_cached(statement).map_err(io)?;
    let columns = statement.column_names().map(str::to_owned).collect::<Vec<_>>();
    let count = columns.len();
    name(columns)?;
    let mut cursor = statement.query(params_from_iter(parameters.into_iter().map(to_stored))).map_err(io)?;
    while let Some(row) = cursor.next().map_err(io)? {
        let values = (0..count).map(|index| from_stored(row.get_ref(index).map_err(io)?));
        let row = RowResult { values: values.collect::<Result<_, _>>()? };
        if size(&row) > ROW_BYTES_MAX {
            return Err(Error::Io(format!("query result exceeds limit of {ROW_BYTES_MAX} bytes")));
        }
        send(row)?;
    }
    Ok(())
}

/// Runs a statement and collects what it answers.
fn query(open: &OpenDatabase, statement: &str, parameters: Vec<Value>) -> Result<QueryResult, Error> {
    let mut result = QueryResult { columns: Vec::new(), rows: Vec::new() };
    let name = |columns| {
        result.columns = columns;
        Ok(())
    };
    run(open, statement, parameters, name, |row| {
        result.rows.push(row);
        Ok(())
    })?;
    Ok(result)
}

/// The guest reads no further.
fn dropped() -> Error {
    Error::Io("the rows were dropped".to_owned())
}

fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

fn to_stored(value: Value) -> Stored {
    match value {
        Value::Integer(value) => Stored::Integer(value),
        Value::Real(value) => Stored::Real(value),
        Value::Text(value) => Stored::Text(value),
        Value::Blob(value) => Stored::Blob(value),
        Value::Null => Stored::Null,
    }
}

fn from_stored(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => {
            Value::Text(str::from_utf8(value).map_err(|error| Error::Io(error.to_string()))?.to_owned())
        }
        ValueRef::Blob(value) => Value::Blob(value.to_vec()),
        ValueRef::Null => Value::Null,
    })
}

fn size(row: &RowResult) -> usize {
    let outside = row.values.iter().map(|value| match value {
        Value::Text(value) => value.len(),
        Value::Blob(value) => value.len(),
        Value::Integer(_) | Value::Real(_) | Value::Null => 0,
    });
    outside.fold(size_of_val(row.values.as_slice()), usize::saturating_add)
}
