//! Port `edge_cache`: Spin has none.

use toolgate::ports::{EdgeCache, EdgeCacheError};
use toolgate::words::time::Millis;

use crate::Spin;

impl EdgeCache for Spin {
    async fn get(&self, _key: &str) -> Result<Option<Vec<u8>>, EdgeCacheError> {
        Err(EdgeCacheError::Unsupported)
    }

    async fn put(&self, _key: &str, _value: Vec<u8>, _ttl: Millis) -> Result<(), EdgeCacheError> {
        Err(EdgeCacheError::Unsupported)
    }
}
