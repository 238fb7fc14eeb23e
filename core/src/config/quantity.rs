//! Durations, sizes and prices as people write them: `30s`, `5m`, `16MiB`, `0.15`.

use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use super::document::{DocumentValue, parsed};
use super::faults::Faults;
use crate::words::price::Price;
use crate::words::time::Millis;

/// Parses a duration: `250ms`, `30s`, `5m`, `2h`, `1d`.
pub(super) fn duration(text: &str) -> Option<Millis> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).map(Millis::new)
}

impl DocumentValue for Millis {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(node, faults, "a duration such as \"250ms\", \"30s\", \"5m\", \"2h\" or \"1d\"", duration)
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" })
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) struct Bytes(pub(crate) u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// Parses a size: `4096`, `64KiB`, `64KB`, `1MiB`, `1GB` (decimal and binary units, as written).
pub(super) fn bytes(text: &str) -> Option<Bytes> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit.trim_start() {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).map(Bytes)
}

impl DocumentValue for Bytes {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(node, faults, "a size such as \"64KiB\" or \"16MiB\"", bytes)
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^[0-9]+ ?(B|KB|MB|GB|KiB|MiB|GiB)?$" })
    }
}

impl DocumentValue for Price {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(node, faults, "a price such as \"3\" or \"0.15\", with at most six places after the point", Self::parse)
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^[0-9]{1,7}(\\.[0-9]{1,6})?$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(duration("250ms"), Some(Millis::new(250)));
        assert_eq!(duration("5m"), Some(Millis::from_secs(300)));
        assert_eq!(bytes("16MiB"), Some(Bytes(16 << 20)));
        assert_eq!(bytes("1GB"), Some(Bytes(1_000_000_000)));
        for text in ["", "5", "s", "-5s", "5 s", "1.5s", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(duration(text), None, "{text:?}");
        }
        for text in ["", "MiB", "1TB", "-1", "99999999999GiB"] {
            assert_eq!(bytes(text), None, "{text:?}");
        }
    }
}
