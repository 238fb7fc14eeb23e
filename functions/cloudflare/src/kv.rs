//! The edge store: Workers KV. Its reads lag behind writes by a minute and more, and a missing key is cached too.

use toolgate::ports::{Kv, KvError};
use toolgate::words::limits;
use toolgate::words::time::{Millis, Timestamp};
use worker::kv::KvStore;

use crate::host::Host;

/// The binding in `wrangler.toml`.
const BINDING: &str = "TOOLGATE_KV";

impl Kv for Host {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.store()?.get(key).bytes().await.map_err(|_| KvError)
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), KvError> {
        let put = self.store()?.put_bytes(key, &value).map_err(|_| KvError)?;
        let ttl = ttl.max(limits::STORE_TTL_MIN);
        put.expiration_ttl(ttl.as_secs_ceil()).execute().await.map_err(|_| KvError)
    }

    async fn sweep(&self, _now: Timestamp) {
        // KV drops expired values by itself.
    }
}

impl Host {
    fn store(&self) -> Result<KvStore, KvError> {
        self.env().kv(BINDING).map_err(|_| KvError)
    }
}
