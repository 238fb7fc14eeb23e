//! The expiry at the end of each value in the key-value store: eight bytes.

use toolgate::words::time::Timestamp;

/// Classifies a stored value by the mark at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stamped {
    /// The value without its mark; it has not expired.
    Fresh(Vec<u8>),
    /// A value of ours that has expired.
    Expired,
    /// A value without a mark, which is not ours.
    Unmarked,
}

/// Marks `value` with its expiry.
pub(crate) fn stamped(mut value: Vec<u8>, expires: Timestamp) -> Vec<u8> {
    value.extend_from_slice(&expires.as_millis().to_be_bytes());
    value
}

/// Reads the mark of a stored value.
pub(crate) fn read(mut value: Vec<u8>, now: Timestamp) -> Stamped {
    let Some(expires) = value.last_chunk().copied().map(u64::from_be_bytes) else { return Stamped::Unmarked };
    if now >= Timestamp::from_millis(expires) {
        return Stamped::Expired;
    }
    value.truncate(value.len().saturating_sub(size_of_val(&expires)));
    Stamped::Fresh(value)
}

/// Names the step of a sweep for a key whose row is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The value has expired: it is deleted, and the row forgotten.
    Delete,
    /// The row is forgotten, and nothing deleted: there is no value, it was put again, or it is not ours.
    Forget,
    /// The value could not be read: it and its row are left to a later sweep.
    Postpone,
}

/// Decides about a key whose row is due, from the result of reading its value.
pub(crate) fn due<E>(found: Result<Option<Vec<u8>>, E>, now: Timestamp) -> Due {
    match found.map(|value| value.map(|value| read(value, now))) {
        Ok(Some(Stamped::Expired)) => Due::Delete,
        Ok(None | Some(Stamped::Fresh(_) | Stamped::Unmarked)) => Due::Forget,
        Err(_) => Due::Postpone,
    }
}
