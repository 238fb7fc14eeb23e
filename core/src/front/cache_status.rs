//! The `Cache-Status` header (RFC 9211).

use std::borrow::Cow;

use crate::cache::{CacheOutcome, Forward, Role, Tier};
use crate::pipeline::call::{CacheStatus, StoredStatus};
use crate::words::time::write_number;

/// Returns the value of the header. Without `fwd-status` (section 2.3), the response's own status counts.
pub(super) fn cache_status(status: &CacheStatus) -> Cow<'static, str> {
    let &CacheStatus { outcome, role, forward, stored } = status;
    let fwd = forward.unwrap_or_default().fwd();
    // A call that others waited for, or that waited, and then went alone (section 2.6).
    let alone = if role == Role::Released { " collapsed=?0;" } else { "" };
    match outcome {
        CacheOutcome::HitMemory | CacheOutcome::StaleMemory => hit(Tier::Memory, stored),
        CacheOutcome::HitDataCentre | CacheOutcome::StaleDataCentre => hit(Tier::DataCentre, stored),
        CacheOutcome::HitStore | CacheOutcome::StaleStore => hit(Tier::Store, stored),
        CacheOutcome::HitSql | CacheOutcome::StaleSql => hit(Tier::Sql, stored),
        CacheOutcome::StaleIfError => {
            let mut text = b"toolgate; fwd=stale".to_vec();
            if let Some(status) = stored.and_then(|stored| stored.fwd_status) {
                text.extend_from_slice(b"; fwd-status=");
                write_number(&mut text, u64::from(status));
            }
            write_ttl(&mut text, stored);
            text.extend_from_slice(b"; detail=stale_if_error");
            Cow::Owned(String::from_utf8(text).unwrap_or_default())
        }
        CacheOutcome::Collapsed(place) => {
            Cow::Owned(format!("toolgate; fwd={fwd}; collapsed; detail={}", place.name()))
        }
        CacheOutcome::MissStored => match forward {
            Some(Forward::Request(demand)) => {
                Cow::Owned(format!("toolgate; fwd={fwd};{alone} stored; detail={}", demand.name()))
            }
            _ => Cow::Owned(format!("toolgate; fwd={fwd};{alone} stored")),
        },
        CacheOutcome::MissNotStored => Cow::Owned(format!("toolgate; fwd={fwd};{alone} detail=not_storable")),
        CacheOutcome::Bypass(bypass) => Cow::Owned(format!("toolgate; fwd=bypass; detail={}", bypass.name())),
    }
}

fn hit(tier: Tier, stored: Option<StoredStatus>) -> Cow<'static, str> {
    let mut text = Vec::with_capacity(64);
    text.extend_from_slice(b"toolgate; hit");
    write_ttl(&mut text, stored);
    text.extend_from_slice(b"; detail=");
    text.extend_from_slice(tier.name().as_bytes());
    if let Some(demand) = stored.and_then(|stored| stored.overruled) {
        text.push(b'/');
        text.extend_from_slice(demand.overruled().as_bytes());
    }
    Cow::Owned(String::from_utf8(text).unwrap_or_default())
}

/// Writes the seconds that a stored response is still fresh for, rounded down: below zero for a stale one (section
/// 2.4).
fn write_ttl(text: &mut Vec<u8>, stored: Option<StoredStatus>) {
    let Some(StoredStatus { now, expires_at, .. }) = stored else { return };
    text.extend_from_slice(b"; ttl=");
    if now < expires_at {
        write_number(text, now.until(expires_at).get() / 1000);
    } else {
        let past = now.since(expires_at).as_secs_ceil();
        if past > 0 {
            text.push(b'-');
        }
        write_number(text, past);
    }
}
