//! The data centre's cache: a named cache of the Cache API. On `workers.dev` it takes everything and holds nothing.
//!
//! All Workers of a zone share its named caches. Two deployments count their epochs apart, and must not find each
//! other's entries: the name holds the id of the epochs' durable owner, which differs by namespace of durable objects.

use js_sys::Uint8Array;
use toolgate::ports::{EdgeCache, EdgeCacheError};
use toolgate::words::time::Millis;
use wasm_bindgen::JsCast;

use crate::host::Host;
use crate::{durable, glue};

impl EdgeCache for Host {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, EdgeCacheError> {
        let found = glue::cache_get(&self.cache_name()?, key).await.map_err(|_| EdgeCacheError::Unavailable)?;
        Ok(found.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()))
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), EdgeCacheError> {
        let seconds = (ttl.get() / 1_000) as f64;
        glue::cache_put(&self.cache_name()?, key, &value, seconds)
            .await
            .map(|_| ())
            .map_err(|_| EdgeCacheError::Unavailable)
    }
}

impl Host {
    fn cache_name(&self) -> Result<String, EdgeCacheError> {
        let owners = self.env().durable_object(durable::BINDING).map_err(|_| EdgeCacheError::Unavailable)?;
        let id = owners.id_from_name("epochs").map_err(|_| EdgeCacheError::Unavailable)?;
        Ok(format!("toolgate-{id}"))
    }
}
