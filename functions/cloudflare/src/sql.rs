//! The SQL database: D1, where one is bound.

use js_sys::{Array, Reflect, Uint8Array};
use toolgate::ports::{Sql, SqlError, SqlRow, SqlValue};
use wasm_bindgen::{JsCast, JsValue};

use crate::glue;
use crate::host::Host;

/// The binding in `wrangler.toml`; optional.
const BINDING: &str = "TOOLGATE_SQL";

/// Deadline of the database, in milliseconds.
const TIMEOUT_MS: f64 = 1_000.0;

/// The largest whole number that a double holds with all those below it.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

impl Sql for Host {
    async fn query(&self, statement: &'static str, parameters: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError> {
        let database = Reflect::get(self.env(), &BINDING.into()).unwrap_or(JsValue::UNDEFINED);
        if database.is_undefined() {
            return Err(SqlError::Unsupported);
        }
        let parameters: Array = parameters.into_iter().map(value).collect();
        let rows = glue::query(&database, statement, &parameters, TIMEOUT_MS).await;
        let rows = rows.ok().and_then(|rows| rows.dyn_into::<Array>().ok()).ok_or(SqlError::Unavailable)?;
        rows.iter().map(|row| row_of(&row).ok_or(SqlError::Unavailable)).collect()
    }
}

fn value(value: SqlValue) -> JsValue {
    match value {
        SqlValue::Null => JsValue::NULL,
        SqlValue::Integer(number) => JsValue::from(number as f64),
        SqlValue::Text(text) => JsValue::from(text),
        SqlValue::Blob(bytes) => Uint8Array::from(bytes.as_slice()).into(),
    }
}

fn row_of(row: &JsValue) -> Option<SqlRow> {
    row.dyn_ref::<Array>()?.iter().map(|value| read(&value)).collect()
}

fn read(value: &JsValue) -> Option<SqlValue> {
    if value.is_null() {
        return Some(SqlValue::Null);
    }
    if let Some(number) = value.as_f64() {
        return (number.fract() == 0.0 && number.abs() <= SAFE_INTEGER).then_some(SqlValue::Integer(number as i64));
    }
    if let Some(text) = value.as_string() {
        return Some(SqlValue::Text(text));
    }
    value.dyn_ref::<Uint8Array>().map(|bytes| SqlValue::Blob(bytes.to_vec()))
}
