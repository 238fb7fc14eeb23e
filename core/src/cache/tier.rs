//! The tiers by their distance, what each takes, and what can be wrong with them.

use super::CacheOutcome;
use crate::cache::CacheStrategy;
use crate::words::limits;
use crate::words::time::Millis;

/// Where entries are kept, from near to far.
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
    /// Those that have to be waited for, from near to far.
    pub const BELOW_MEMORY: [Self; 3] = [Self::DataCentre, Self::Store, Self::Sql];

    /// The farthest tier that takes an entry with so much life left, where the strategy is this one.
    #[must_use]
    pub fn farthest(strategy: CacheStrategy, life: Millis) -> Self {
        match strategy {
            CacheStrategy::Persistent if life >= limits::SQL_TTL_MIN => Self::Sql,
            CacheStrategy::Hybrid | CacheStrategy::Persistent if life >= limits::STORE_TTL_MIN => Self::Store,
            CacheStrategy::Hybrid | CacheStrategy::Persistent => Self::DataCentre,
            CacheStrategy::Memory | CacheStrategy::Off => Self::Memory,
        }
    }

    /// How long a look-up waits for this tier. That for all of them together is [`limits::TIERS_TIMEOUT`].
    #[must_use]
    pub const fn timeout(self) -> Millis {
        match self {
            Self::Memory => Millis::ZERO,
            Self::DataCentre => limits::DATA_CENTRE_TIMEOUT,
            Self::Store => limits::STORE_TIMEOUT,
            Self::Sql => limits::SQL_TIMEOUT,
        }
    }

    /// Most bytes of a stored form that the tier takes.
    #[must_use]
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Memory => limits::CACHE_MEMORY_BYTES_MAX,
            Self::DataCentre | Self::Store => limits::STORED_BYTES,
            Self::Sql => limits::SQL_ENTRY_BYTES,
        }
    }

    /// What a call is told that was answered from here in the answer's time.
    #[must_use]
    pub const fn fresh(self) -> CacheOutcome {
        match self {
            Self::Memory => CacheOutcome::HitMemory,
            Self::DataCentre => CacheOutcome::HitDataCentre,
            Self::Store => CacheOutcome::HitStore,
            Self::Sql => CacheOutcome::HitSql,
        }
    }

    /// What a call is told that was answered from here with what is past its time.
    #[must_use]
    pub const fn stale(self) -> CacheOutcome {
        match self {
            Self::Memory => CacheOutcome::StaleMemory,
            Self::DataCentre => CacheOutcome::StaleDataCentre,
            Self::Store => CacheOutcome::StaleStore,
            Self::Sql => CacheOutcome::StaleSql,
        }
    }

    /// The detail in `Cache-Status`.
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

/// What was wrong with a tier below memory, or with what it returned: a name in the record's `degraded`. None of it is ever
/// served; the next tier is asked, and at last the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierFault {
    /// It did not answer in its time.
    Slow,
    /// It failed.
    Away,
    /// It failed or was slow a moment ago, and is left alone.
    Resting,
    /// This host has no SQL database, though the configuration asks for one. Said once for each isolate.
    SqlUnsupported,
    /// What it returned is over, or from before what made it stale.
    Stale,
    /// What it returned belongs to another key.
    OtherKey,
    /// What it returned ends too early.
    Truncated,
    /// What it returned has a format that this version does not read.
    Format,
    /// What it returned is no entry.
    Damaged,
    /// What it returned says that it is larger than any entry.
    TooLarge,
    /// An earlier write of this isolate was refused.
    WriteLost,
    /// The store was written under this key less than a second ago, and takes no more.
    WriteSkipped,
}

impl TierFault {
    /// The name in records and metrics.
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

    /// Notes it for the record, once.
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
