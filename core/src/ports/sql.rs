//! A SQL database: remote and large, for data that lives long.

/// The reason for a failed statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlError {
    /// The database is unavailable, or refused the statement, or did not reply in time. The statement may or may not
    /// have been executed.
    Unavailable,
    /// This host has no database; features that need one are bypassed by name.
    Unsupported,
}

/// A value of a parameter or a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlValue {
    /// SQL `NULL`.
    Null,
    /// A whole number of at most 2^53 in magnitude: Cloudflare's numbers are doubles.
    Integer(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The values of one row, in the order of its columns.
pub type SqlRow = Vec<SqlValue>;

/// Runs statements of SQLite's dialect, each by itself: there is no transaction over two.
///
/// A statement that returned has been executed, and survives the host. A read may come from a replica that lags behind,
/// so a row must itself say whether it is valid. The core creates its schemas, by statements that may be repeated;
/// nothing but the core's own tables is named.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait Sql {
    /// Runs `statement`, a constant with a `?` for each of `parameters` (at most 1 MiB in all), and returns its rows.
    ///
    /// # Errors
    /// [`SqlError`]. A result within about a second, or the error.
    async fn query(&self, statement: &'static str, parameters: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError>;
}
