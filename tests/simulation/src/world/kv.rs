//! An eventually consistent store: stale reads, lost writes, absence and damage, by seed.

use toolgate::ports::{Kv, KvError};
use toolgate::words::time::{Millis, Timestamp};

use super::Platform;

/// The time of a late read of a kept answer.
const LATE: Millis = Millis::new(1_500);

impl Kv for Platform {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        *self.world.asked.borrow_mut().entry("kv".to_owned()).or_default() += 1;
        self.world.latency().await;
        let faults = self.world.faults.get();
        if key.starts_with("cache/") && self.world.chance(faults.tier_slow) {
            self.world.wait(LATE).await;
        }
        if self.world.chance(faults.kv_broken / 2) {
            return Err(KvError);
        }
        let versions = self.world.kv.borrow().get(key).cloned().unwrap_or_default();
        let newest = versions.len();
        // A stale read finds any earlier version, or that there is none.
        let seen = if self.world.chance(faults.kv_stale) { self.world.below(newest + 1) } else { newest };
        let mut value = seen.checked_sub(1).map(|index| versions[index].clone());
        if let Some(bytes) = &mut value
            && self.world.chance(faults.kv_broken)
        {
            let cut = self.world.below(bytes.len() + 1);
            bytes.truncate(cut);
        }
        Ok(value)
    }

    async fn put(&self, key: &str, value: Vec<u8>, _ttl: Millis) -> Result<(), KvError> {
        self.world.latency().await;
        let faults = self.world.faults.get();
        if self.world.chance(faults.kv_broken / 2) {
            return Err(KvError);
        }
        if !self.world.chance(faults.kv_lost) {
            self.world.kv.borrow_mut().entry(key.to_owned()).or_default().push(value);
        }
        Ok(())
    }

    async fn sweep(&self, _now: Timestamp) {}
}
