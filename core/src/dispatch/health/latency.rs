//! A histogram of call times, in buckets that grow with the time: four to each doubling, exact below 8 ms.

use crate::words::time::Millis;

/// Number of buckets: eight exact ones, then four for each doubling up to 2^16 ms, which no call takes.
const BUCKETS: usize = 60;

/// Counts calls by their time.
#[derive(Clone, Debug)]
pub(crate) struct Latencies([u16; BUCKETS]);

impl Default for Latencies {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Latencies {
    /// Counts a call.
    pub(crate) fn note(&mut self, took: Millis) {
        if let Some(count) = self.0.get_mut(bucket_of(took)) {
            *count = count.saturating_add(1);
        }
    }

    /// Returns a percentile of these calls and the others together, by nearest rank: the upper end of its bucket (at
    /// most a quarter too much). `None` without calls.
    pub(crate) fn quantile(&self, others: &Self, percent: u32) -> Option<Millis> {
        let counts =
            || self.0.iter().zip(&others.0).map(|(one, other)| u32::from(*one).saturating_add(u32::from(*other)));
        let all = counts().fold(0, u32::saturating_add);
        let rank = all.saturating_mul(percent).div_ceil(100).max(1);
        let mut below = 0_u32;
        let mut upper = counts().enumerate().filter_map(|(bucket, count)| {
            below = below.saturating_add(count);
            (below >= rank).then(|| upper_end(bucket))
        });
        if all == 0 { None } else { upper.next() }
    }
}

/// Returns the bucket of a time: below 8 ms the time itself, then the exponent and the two bits behind the first.
fn bucket_of(took: Millis) -> usize {
    let ms = took.get();
    let exponent = 63_u32.saturating_sub(ms.leading_zeros());
    let bucket = match exponent.checked_sub(3) {
        None => ms,
        Some(doublings) => {
            let quarter = ms.checked_shr(exponent.saturating_sub(2)).unwrap_or(0) & 3;
            u64::from(doublings).saturating_mul(4).saturating_add(quarter).saturating_add(8)
        }
    };
    usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS.saturating_sub(1))
}

/// Returns the longest time of a bucket.
fn upper_end(bucket: usize) -> Millis {
    let bucket = bucket as u64;
    Millis::new(match bucket.checked_sub(8) {
        None => bucket,
        Some(above) => {
            let (doublings, quarter) = (above / 4, above % 4);
            let next = quarter.saturating_add(5);
            // At most 12 doublings: nothing is shifted out.
            let shift = u32::try_from(doublings).unwrap_or(0).saturating_add(1);
            next.checked_shl(shift).unwrap_or(u64::MAX).saturating_sub(1)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_the_times_up_to_its_end_and_not_the_next() {
        for ms in 0..65_536 {
            let bucket = bucket_of(Millis::new(ms));
            let end = upper_end(bucket).get();
            assert!(ms <= end && end <= ms.saturating_add(ms / 4), "{ms}: {bucket} ends at {end}");
            assert!(bucket == 0 || upper_end(bucket - 1).get() < ms, "{ms} is of the bucket before {bucket}");
        }
        assert_eq!(bucket_of(Millis::new(u64::MAX)), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_of_both_windows_by_nearest_rank() {
        let (mut now, mut before) = (Latencies::default(), Latencies::default());
        assert_eq!(now.quantile(&before, 95), None);
        for ms in 1..=5 {
            now.note(Millis::new(ms));
        }
        before.note(Millis::new(7));
        for (percent, ms) in [(1, 1), (50, 3), (83, 5), (84, 7), (100, 7)] {
            assert_eq!(now.quantile(&before, percent), Some(Millis::new(ms)), "{percent}");
        }
    }
}
