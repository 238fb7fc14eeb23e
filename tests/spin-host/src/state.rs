//! The files behind key-value stores and SQLite databases.
//!
//! Names, tables and settings are Spin's own, so that the same directory serves either host and a write costs the same: Spin
//! sets none of SQLite's pragmas, so a new file has a rollback journal, and each commit is on disk (`synchronous = FULL`)
//! before it is acknowledged. What a component sets in its own database stays: a file in WAL mode is opened in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::error::StartError;

/// The time for which a statement waits for another connection's lock: the default of the library that both hosts use.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the state files of one application.
#[derive(Clone, Debug)]
pub(crate) struct StateDir(PathBuf);

impl StateDir {
    /// Makes the directory if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, StartError> {
        std::fs::create_dir_all(path)
            .map_err(|error| StartError::State { path: path.to_owned(), problem: error.to_string() })?;
        Ok(Self(path.to_owned()))
    }

    /// The store labelled `default`.
    pub(crate) fn key_value(&self) -> Result<Connection, StartError> {
        let path = self.0.join("sqlite_key_value.db");
        connect(&path)
            .and_then(|connection| {
                connection.execute_batch(
                    "CREATE TABLE IF NOT EXISTS spin_key_value (
                        store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key)
                    )",
                )?;
                Ok(connection)
            })
            .map_err(|error| StartError::State { path, problem: error.to_string() })
    }

    /// The file of the database labelled `default`. Every guest connection is one of its own, as on Spin.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("sqlite_db.db")
    }
}

/// A connection to the file at `path`, which is made if it is not there.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}
