//! The data centre's cache: a named cache of the Cache API. On `workers.dev` it takes everything and holds nothing.

use js_sys::Uint8Array;
use toolgate::ports::{EdgeCache, EdgeCacheError};
use toolgate::time::Millis;
use wasm_bindgen::JsCast;

use crate::glue;
use crate::host::Host;

impl EdgeCache for Host {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, EdgeCacheError> {
        let found = glue::cache_get(key).await.map_err(|_| EdgeCacheError::Unavailable)?;
        Ok(found.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()))
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), EdgeCacheError> {
        let seconds = (ttl.get() / 1_000) as f64;
        glue::cache_put(key, &value, seconds).await.map(|_| ()).map_err(|_| EdgeCacheError::Unavailable)
    }
}
