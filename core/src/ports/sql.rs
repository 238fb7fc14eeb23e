//! A SQL database: far, large, and asked for what lives long.

/// Why a statement has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlError {
    /// The database is away, or refused the statement, or did not answer in time. It may or may not have been carried out.
    Unavailable,
    /// This host has no database at all; what needs one is bypassed by name.
    Unsupported,
}

/// A value of a parameter or a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlValue {
    /// None.
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
/// A statement that was answered has been carried out, and survives the host. A read may come from a replica that lags
/// behind, so what is read must say itself whether it is good. Schemas are made by the core, by statements that may be
/// repeated; nothing but the core's own tables is named.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait Sql {
    /// Runs `statement`, a constant with a `?` for each of `parameters` (at most 1 MiB in all), and returns its rows.
    ///
    /// # Errors
    /// [`SqlError`]. An answer within about a second, or the error.
    async fn query(&self, statement: &'static str, parameters: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError>;
}
