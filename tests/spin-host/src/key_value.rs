//! `spin:key-value` 3.0.0 on a SQLite file.
//!
//! As on Spin, all instances share one connection behind one mutex, a call waits for it on the thread that runs its instance,
//! and a list of keys holds it until the guest has read the last name: a guest that leaves a list unread stops every store.

#![expect(clippy::disallowed_types, reason = "instances run on several threads of this native host")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use crate::bindings::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::guest::{Guest, SpinInterfaces};
use crate::rows;

/// One connection, shared by all instances.
#[derive(Clone)]
pub(crate) struct SharedStore(Arc<Mutex<Connection>>);

/// A guest's handle on the store with a label.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenStore {
    store: SharedStore,
    label: Arc<str>,
}

impl SharedStore {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(Arc::new(Mutex::new(connection)))
    }
}

impl OpenStore {
    /// Runs `work` on this very thread, which serves no other task of its instance meanwhile.
    fn run<T>(&self, work: impl FnOnce(&Connection, &str) -> rusqlite::Result<T>) -> Result<T, Error> {
        tokio::task::block_in_place(|| work(&self.connection(), &self.label)).map_err(other)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.store.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn other(error: impl ToString) -> Error {
    Error::Other(error.to_string())
}

fn handle<T>(accessor: &Accessor<T, SpinInterfaces>, store: &Resource<OpenStore>) -> wasmtime::Result<OpenStore> {
    accessor.with(|mut access| Ok(access.get().table.get(store)?.clone()))
}

impl Host for Guest {}

impl HostStore for Guest {
    async fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl<T: Send> HostStoreWithStore<T> for SpinInterfaces {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> wasmtime::Result<Result<Resource<OpenStore>, Error>> {
        accessor.with(|mut access| {
            let guest = access.get();
            let Some(store) = guest.grants.stores.get(&label).cloned() else { return Ok(Err(Error::AccessDenied)) };
            let open = OpenStore { store, label: label.into() };
            Ok(guest.table.push(open).map_err(|_| Error::StoreTableFull))
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let store = handle(accessor, &store)?;
        Ok(store.run(|connection, label| select(connection, label, &key)))
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = handle(accessor, &store)?;
        Ok(store.run(|connection, label| upsert(connection, label, &key, &value)))
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = handle(accessor, &store)?;
        let work = |connection: &Connection, label: &str| {
            connection
                .prepare_cached("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                .execute(params![label, key])
                .map(drop)
        };
        Ok(store.run(work))
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let store = handle(accessor, &store)?;
        Ok(store.run(|connection, label| Ok(select(connection, label, &key)?.is_some())))
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let store = handle(accessor, &store)?;
        let (keys, outcome) = rows::feed(move |send| {
            let connection = store.connection();
            let mut statement =
                connection.prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1").map_err(other)?;
            let mut names = statement.query([&store.label]).map_err(other)?;
            while let Some(row) = names.next().map_err(other)? {
                send(row.get(0).map_err(other)?).map_err(|_| other("the list was dropped"))?;
            }
            Ok(())
        });
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            Ok((keys, FutureReader::new(&mut access, outcome)?))
        })
    }
}

fn select(connection: &Connection, label: &str, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2")?
        .query_row(params![label, key], |row| row.get(0))
        .optional()
}

fn upsert(connection: &Connection, label: &str, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT (store, key) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![label, key, value])
        .map(drop)
}
