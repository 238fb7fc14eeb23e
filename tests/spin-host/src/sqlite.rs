//! `spin:sqlite` 3.1.0: each open connection of a guest is a SQLite connection of its own.

#![expect(clippy::disallowed_types, reason = "a connection is used by the blocking threads of this native host")]

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, params_from_iter};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use crate::bindings::sqlite::{Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value};
use crate::guest::{Guest, SpinInterfaces};
use crate::state;

/// Bytes of rows that one statement may answer, as on Spin.
const RESULT_BYTES_MAX: usize = 128 << 20;

/// A guest's connection.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenDatabase(Arc<Mutex<Connection>>);

impl OpenDatabase {
    /// Runs `work` off the event loop, so that a guest's other tasks go on meanwhile.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        tokio::task::spawn_blocking(move || work(&self.0.lock().unwrap_or_else(PoisonError::into_inner)))
            .await
            .map_err(|error| Error::Io(error.to_string()))?
    }
}

impl Guest {
    /// A new connection to the database with this label, made off the event loop.
    fn connect(&self, label: &str) -> impl Future<Output = Result<OpenDatabase, Error>> + use<> {
        let path = self.grants.databases.iter().any(|granted| granted == label).then(|| self.grants.state.database());
        async move {
            let path = path.ok_or(Error::AccessDenied)?;
            tokio::task::spawn_blocking(move || state::connect(&path))
                .await
                .map_err(|error| Error::Io(error.to_string()))?
                .map(|connection| OpenDatabase(Arc::new(Mutex::new(connection))))
                .map_err(io)
        }
    }
}

fn handle<T>(accessor: &Accessor<T, SpinInterfaces>, open: &Resource<OpenDatabase>) -> wasmtime::Result<OpenDatabase> {
    accessor.with(|mut access| Ok(access.get().table.get(open)?.clone()))
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<OpenDatabase>, Error>> {
        match self.connect(&label).await {
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
        Ok(open.run(move |connection| query(connection, &statement, parameters)).await)
    }

    async fn last_insert_rowid(&mut self, open: Resource<OpenDatabase>) -> wasmtime::Result<i64> {
        let open = self.table.get(&open)?.clone();
        Ok(open.run(|connection| Ok(connection.last_insert_rowid())).await?)
    }

    async fn changes(&mut self, open: Resource<OpenDatabase>) -> wasmtime::Result<u64> {
        let open = self.table.get(&open)?.clone();
        Ok(open.run(|connection| Ok(connection.changes())).await?)
    }

    async fn drop(&mut self, open: Resource<OpenDatabase>) -> wasmtime::Result<()> {
        self.table.delete(open)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for SpinInterfaces {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Resource<OpenDatabase>, Error>> {
        let connecting = accessor.with(|mut access| access.get().connect(&label));
        match connecting.await {
            Ok(open) => accessor.with(|mut access| Ok(Ok(access.get().table.push(open)?))),
            Err(error) => Ok(Err(error)),
        }
    }

    /// As on Spin, a statement that fails does so through the future that follows the rows.
    async fn execute_async(
        accessor: &Accessor<T, Self>,
        open: Resource<OpenDatabase>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<(Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>), Error>> {
        let open = handle(accessor, &open)?;
        let (result, outcome) = match open.run(move |connection| query(connection, &statement, parameters)).await {
            Ok(result) => (result, Ok(())),
            Err(error) => (QueryResult { columns: Vec::new(), rows: Vec::new() }, Err(error)),
        };
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, result.rows)?;
            let outcome = FutureReader::new(&mut access, async { wasmtime::error::Ok(outcome) })?;
            Ok(Ok((result.columns, rows, outcome)))
        })
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        open: Resource<OpenDatabase>,
    ) -> wasmtime::Result<i64> {
        Ok(handle(accessor, &open)?.run(|connection| Ok(connection.last_insert_rowid())).await?)
    }

    async fn changes_async(accessor: &Accessor<T, Self>, open: Resource<OpenDatabase>) -> wasmtime::Result<u64> {
        Ok(handle(accessor, &open)?.run(|connection| Ok(connection.changes())).await?)
    }
}

fn query(connection: &Connection, statement: &str, parameters: Vec<Value>) -> Result<QueryResult, Error> {
    let mut statement = connection.prepare_cached(statement).map_err(io)?;
    let columns = statement.column_names().map(str::to_owned).collect::<Vec<_>>();
    let mut cursor = statement.query(params_from_iter(parameters.into_iter().map(to_stored))).map_err(io)?;
    let mut rows = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = cursor.next().map_err(io)? {
        let mut values = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            let value = from_stored(row.get_ref(index).map_err(io)?)?;
            bytes = bytes.saturating_add(size(&value));
            values.push(value);
        }
        if bytes > RESULT_BYTES_MAX {
            return Err(Error::Io(format!("query result exceeds limit of {RESULT_BYTES_MAX} bytes")));
        }
        rows.push(RowResult { values });
    }
    Ok(QueryResult { columns, rows })
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

fn size(value: &Value) -> usize {
    let outside = match value {
        Value::Text(value) => value.len(),
        Value::Blob(value) => value.len(),
        Value::Integer(_) | Value::Real(_) | Value::Null => 0,
    };
    outside.saturating_add(size_of::<Value>())
}
