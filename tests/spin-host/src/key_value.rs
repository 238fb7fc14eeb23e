//! `spin:key-value` 3.0.0 on a SQLite file.

#![expect(clippy::disallowed_types, reason = "instances run on several threads of this native host")]

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use crate::bindings::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::guest::{Guest, SpinInterfaces};

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
    /// Runs `work` off the event loop, so that a guest's other tasks go on meanwhile.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        tokio::task::spawn_blocking(move || {
            let connection = self.store.0.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection, &self.label)
        })
        .await
        .map_err(|error| Error::Other(error.to_string()))?
        .map_err(|error| Error::Other(error.to_string()))
    }
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
        Ok(store.run(move |connection, label| select(connection, label, &key)).await)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = handle(accessor, &store)?;
        Ok(store.run(move |connection, label| upsert(connection, label, &key, &value)).await)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = handle(accessor, &store)?;
        let work = move |connection: &Connection, label: &str| {
            connection
                .prepare_cached("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?
                .execute(params![label, key])
                .map(drop)
        };
        Ok(store.run(work).await)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let store = handle(accessor, &store)?;
        Ok(store.run(move |connection, label| Ok(select(connection, label, &key)?.is_some())).await)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let store = handle(accessor, &store)?;
        let work = |connection: &Connection, label: &str| {
            connection
                .prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")?
                .query_map([label], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()
        };
        let (keys, outcome) = match store.run(work).await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let outcome = FutureReader::new(&mut access, async { wasmtime::error::Ok(outcome) })?;
            Ok((keys, outcome))
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
