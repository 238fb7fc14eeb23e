//! The tier in the SQL database: one table, whose name carries the version of its schema.
//!
//! A row is an entry's stored form under the name that the edge store has for it too. A later schema is another table: both
//! versions of a deployment work beside each other, and the old one's rows are dropped with the table by hand.

use super::below::Below;
use crate::ports::{Platform, SqlError, SqlValue};
use crate::words::limits;
use crate::words::time::Timestamp;

/// Made before an isolate's first write; both may be repeated.
pub const SCHEMA: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS toolgate_cache_1 (key TEXT PRIMARY KEY, expires INTEGER NOT NULL, entry BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS toolgate_cache_1_expires ON toolgate_cache_1 (expires)",
];
/// One entry by its name.
pub const SELECT: &str = "SELECT entry FROM toolgate_cache_1 WHERE key = ?";
/// Keeps an entry in place of what was there. Which of two is newer is not asked: each says itself when it is stale.
pub const UPSERT: &str = "INSERT INTO toolgate_cache_1 (key, expires, entry) VALUES (?, ?, ?) \
    ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, entry = excluded.entry";
/// Some of what is over.
pub const DELETE_EXPIRED: &str = "DELETE FROM toolgate_cache_1 WHERE key IN \
    (SELECT key FROM toolgate_cache_1 WHERE expires <= ? LIMIT ?) RETURNING 1";

/// The stored form under `name`. Before the first write of all there is no table, which looks like a database that is away.
pub(super) async fn read<P: Platform>(platform: &P, name: &str) -> Result<Option<Vec<u8>>, SqlError> {
    let rows = platform.query(SELECT, vec![SqlValue::Text(name.to_owned())]).await?;
    Ok(rows.into_iter().flatten().find_map(|value| match value {
        SqlValue::Blob(bytes) => Some(bytes),
        SqlValue::Null | SqlValue::Integer(_) | SqlValue::Text(_) => None,
    }))
}

/// Keeps a stored form under `name`.
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
    // Somebody may have dropped the table: the next write makes it anew.
    below.has_table.set(written.is_ok());
    written.map(|_| ())
}

/// Deletes what is over, some rows at a time. What is left, or fails, is left to the next time.
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
