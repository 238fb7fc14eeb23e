//! The tier in the SQL database: one table, whose name carries the version of its schema.
//!
//! A row holds an entry's stored form under its name in the edge store. A later schema is another table: both versions
//! of a deployment work beside each other, and the old one's rows are dropped with the table by hand.

use super::below::Below;
use crate::ports::{Platform, SqlError, SqlValue};
use crate::words::limits;
use crate::words::time::Timestamp;

/// Creates the table, before an isolate's first write; both statements are idempotent.
pub const SCHEMA: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS toolgate_cache_1 (key TEXT PRIMARY KEY, expires INTEGER NOT NULL, entry BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS toolgate_cache_1_expires ON toolgate_cache_1 (expires)",
];
/// Selects an entry by its name.
pub const SELECT: &str = "SELECT entry FROM toolgate_cache_1 WHERE key = ?";
/// Stores an entry in place of an earlier one. The newer of the two does not win by itself: each carries its own
/// expiry.
pub const UPSERT: &str = "INSERT INTO toolgate_cache_1 (key, expires, entry) VALUES (?, ?, ?) \
    ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, entry = excluded.entry";
/// Deletes some of the expired rows.
pub const DELETE_EXPIRED: &str = "DELETE FROM toolgate_cache_1 WHERE key IN \
    (SELECT key FROM toolgate_cache_1 WHERE expires <= ? LIMIT ?) RETURNING 1";

/// Reads the stored form under `name`. Before the very first write there is no table, which looks like an unavailable
/// database.
pub(super) async fn read<P: Platform>(platform: &P, name: &str) -> Result<Option<Vec<u8>>, SqlError> {
    let rows = platform.query(SELECT, vec![SqlValue::Text(name.to_owned())]).await?;
    Ok(rows.into_iter().flatten().find_map(|value| match value {
        SqlValue::Blob(bytes) => Some(bytes),
        SqlValue::Null | SqlValue::Integer(_) | SqlValue::Text(_) => None,
    }))
}

/// Writes a stored form under `name`.
pub(super) async fn write<P: Platform>(
    platform: &P,
    below: &Below,
    name: &str,
    bytes: Vec<u8>,
    expires: Timestamp,
) -> Result<(), SqlError> {
    if !below.has_table.get() {
        for statement in SCHEMA {
            platform.query(statement, Vec::new()).await?;
        }
        below.has_table.set(true);
    }
    let parameters = vec![SqlValue::Text(name.to_owned()), integer(expires), SqlValue::Blob(bytes)];
    let written = platform.query(UPSERT, parameters).await;
    // The table may have been dropped: the next write creates it again.
    below.has_table.set(written.is_ok());
    written.map(|_| ())
}

/// Deletes expired rows, some at a time. The rest, also after a failure, is left to the next sweep.
pub(crate) async fn sweep<P: Platform>(platform: &P, now: Timestamp) {
    for _ in 0..limits::SQL_SWEEPS {
        let most = SqlValue::Integer(i64::from(limits::SQL_SWEPT_ROWS));
        match platform.query(DELETE_EXPIRED, vec![integer(now), most]).await {
            Ok(rows) if rows.len() < usize::try_from(limits::SQL_SWEPT_ROWS).unwrap_or(usize::MAX) => return,
            Ok(_) => {}
            Err(_) => return tracing::debug!("cache_sql_not_swept"),
        }
    }
}

fn integer(at: Timestamp) -> SqlValue {
    SqlValue::Integer(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}
