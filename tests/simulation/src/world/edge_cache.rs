//! The data centre's cache, which all isolates of the world share: it misses when it likes, lags, and fails, by seed.

use toolgate::ports::{EdgeCache, EdgeCacheError};
use toolgate::words::time::Millis;

use super::Platform;

/// The time of a late read.
const LATE: Millis = Millis::new(2_000);

impl EdgeCache for Platform {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, EdgeCacheError> {
        *self.world.asked.borrow_mut().entry("edge_cache".to_owned()).or_default() += 1;
        if self.world.no_edge_cache.get() {
            return Err(EdgeCacheError::Unsupported);
        }
        let faults = self.world.faults.get();
        if self.world.chance(faults.tier_slow) {
            self.world.wait(LATE).await;
        }
        if self.world.chance(faults.edge_away) {
            return Err(EdgeCacheError::Unavailable);
        }
        let versions = self.world.edge.borrow().get(key).cloned().unwrap_or_default();
        let newest = versions.len();
        let seen = if self.world.chance(faults.edge_missing) { self.world.below(newest + 1) } else { newest };
        let Some((expires, mut value)) = seen.checked_sub(1).map(|index| versions[index].clone()) else {
            return Ok(None);
        };
        if self.world.chance(faults.tier_damaged) {
            self.world.damage(&mut value);
        }
        Ok((self.world.now.get() < expires).then_some(value))
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), EdgeCacheError> {
        assert!(ttl.get() >= 1_000, "{ttl:?}: the port takes nothing for less than a second");
        if self.world.no_edge_cache.get() {
            return Err(EdgeCacheError::Unsupported);
        }
        let faults = self.world.faults.get();
        if self.world.chance(faults.edge_away) {
            return Err(EdgeCacheError::Unavailable);
        }
        if !self.world.chance(faults.edge_missing) {
            let expires = self.world.now.get() + ttl.get();
            self.world.edge.borrow_mut().entry(key.to_owned()).or_default().push((expires, value));
        }
        Ok(())
    }
}
