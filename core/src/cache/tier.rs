//! The tiers by distance, their limits, and their faults.

use super::CacheOutcome;
use crate::cache::CacheStrategy;
use crate::words::limits;
use crate::words::time::Millis;

/// Names the tiers of the cache, from near to far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The isolate's memory.
    Memory,
    /// The data centre's cache.
    DataCentre,
    /// The edge key-value store.
    Store,
    /// The SQL database.
    Sql,
}

impl Tier {
    /// The tiers that a look-up has to wait for, from near to far.
    pub const BELOW_MEMORY: [Self; 3] = [Self::DataCentre, Self::Store, Self::Sql];

    /// Returns the farthest tier that takes an entry with this remaining lifetime under this strategy.
    #[must_use]
    pub fn farthest(strategy: CacheStrategy, life: Millis) -> Self {
        match strategy {
            CacheStrategy::Persistent if life >= limits::SQL_TTL_MIN => Self::Sql,
            CacheStrategy::Hybrid | CacheStrategy::Persistent if life >= limits::STORE_TTL_MIN => Self::Store,
            CacheStrategy::Hybrid | CacheStrategy::Persistent => Self::DataCentre,
            CacheStrategy::Memory | CacheStrategy::Off => Self::Memory,
        }
    }

    /// Returns the timeout of a look-up in this tier. The timeout of all tiers together is [`limits::TIERS_TIMEOUT`].
    #[must_use]
    pub const fn timeout(self) -> Millis {
        match self {
            Self::Memory => Millis::ZERO,
            Self::DataCentre => limits::DATA_CENTRE_TIMEOUT,
            Self::Store => limits::STORE_TIMEOUT,
            Self::Sql => limits::SQL_TIMEOUT,
        }
    }

    /// Returns the largest stored form that the tier takes, in bytes.
    #[must_use]
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Memory => limits::CACHE_MEMORY_BYTES_MAX,
            Self::DataCentre | Self::Store => limits::STORED_BYTES,
            Self::Sql => limits::SQL_ENTRY_BYTES,
        }
    }

    /// Returns the outcome of a fresh hit in this tier.
    #[must_use]
    pub const fn fresh(self) -> CacheOutcome {
        match self {
            Self::Memory => CacheOutcome::HitMemory,
            Self::DataCentre => CacheOutcome::HitDataCentre,
            Self::Store => CacheOutcome::HitStore,
            Self::Sql => CacheOutcome::HitSql,
        }
    }

    /// Returns the outcome of a stale hit in this tier.
    #[must_use]
    pub const fn stale(self) -> CacheOutcome {
        match self {
            Self::Memory => CacheOutcome::StaleMemory,
            Self::DataCentre => CacheOutcome::StaleDataCentre,
            Self::Store => CacheOutcome::StaleStore,
            Self::Sql => CacheOutcome::StaleSql,
        }
    }

    /// Returns the detail in `Cache-Status`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::DataCentre => "data_centre",
            Self::Store => "store",
            Self::Sql => "sql",
        }
    }
}

/// Names a fault of a tier below memory, or of its content: a name in the record's `degraded`. Faulty content is never
/// served; the next tier is asked, and at last the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierFault {
    /// The tier did not answer in time.
    Slow,
    /// The tier failed.
    Away,
    /// The tier failed or timed out a moment ago, and is skipped.
    Resting,
    /// This host has no SQL database, though the configuration asks for one. Reported once per isolate.
    SqlUnsupported,
    /// The entry has expired, or was invalidated.
    Stale,
    /// The entry belongs to another key.
    OtherKey,
    /// The bytes end too early.
    Truncated,
    /// The bytes have a format that this version does not read.
    Format,
    /// The bytes are no entry.
    Damaged,
    /// The declared size is larger than any entry.
    TooLarge,
    /// An earlier write of this isolate was refused.
    WriteLost,
    /// The store was written under this key less than a second ago, and takes no more.
    WriteSkipped,
}

impl TierFault {
    /// Returns the name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slow => "tier_slow",
            Self::Away => "tier_away",
            Self::Resting => "tier_resting",
            Self::SqlUnsupported => "sql_unsupported",
            Self::Stale => "tier_stale",
            Self::OtherKey => "tier_other_key",
            Self::Truncated => "tier_truncated",
            Self::Format => "tier_format",
            Self::Damaged => "tier_damaged",
            Self::TooLarge => "tier_too_large",
            Self::WriteLost => "tier_write_lost",
            Self::WriteSkipped => "tier_write_skipped",
        }
    }

    /// Adds the fault to the record, once.
    pub(super) fn note(self, degraded: &mut Vec<&'static str>) {
        if !degraded.contains(&self.name()) {
            degraded.push(self.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_reaches_as_far_as_an_entry_lives() {
        let farthest = |strategy, seconds| Tier::farthest(strategy, Millis::from_secs(seconds));
        for (strategy, of_59_s, of_60_s, of_599_s, of_600_s) in [
            (CacheStrategy::Memory, Tier::Memory, Tier::Memory, Tier::Memory, Tier::Memory),
            (CacheStrategy::Hybrid, Tier::DataCentre, Tier::Store, Tier::Store, Tier::Store),
            (CacheStrategy::Persistent, Tier::DataCentre, Tier::Store, Tier::Store, Tier::Sql),
        ] {
            let found = [59, 60, 599, 600].map(|seconds| farthest(strategy, seconds));
            assert_eq!(found, [of_59_s, of_60_s, of_599_s, of_600_s], "{strategy:?}");
        }
    }
}
