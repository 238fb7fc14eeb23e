//! Cedar's extension values: IP addresses with a range, and decimals of four places.

use std::net::IpAddr;

/// An address, or a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ip {
    address: IpAddr,
    prefix: u8,
}

/// Longest text of a range: eight groups of four digits and a prefix of three.
const IP_BYTES: usize = 43;

impl Ip {
    /// Parses `10.0.0.1`, `10.0.0.0/8`, `fe80::/10`; refuses IPv4 within IPv6 in dotted form.
    pub(super) fn new(text: &str) -> Option<Self> {
        let twice = |byte: u8| text.bytes().filter(|found| *found == byte).count() >= 2;
        if text.len() > IP_BYTES || (twice(b':') && twice(b'.')) {
            return None;
        }
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let most = most_prefix(address);
        let prefix = match prefix {
            None => most,
            Some(digits) => {
                let is_plain =
                    digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
                digits.parse().ok().filter(|prefix| is_plain && *prefix <= most)?
            }
        };
        Some(Self { address, prefix })
    }

    pub(super) const fn is_ipv4(self) -> bool {
        self.address.is_ipv4()
    }

    pub(super) const fn is_loopback(self) -> bool {
        self.address.is_loopback() && self.prefix >= if self.is_ipv4() { 8 } else { 128 }
    }

    pub(super) const fn is_multicast(self) -> bool {
        self.address.is_multicast() && self.prefix >= if self.is_ipv4() { 4 } else { 8 }
    }

    /// Returns true if every address of this range is in the other.
    pub(super) fn is_in(self, other: Self) -> bool {
        if self.is_ipv4() != other.is_ipv4() || self.prefix < other.prefix {
            return false;
        }
        // The bits behind the wider prefix do not matter.
        let shift = u32::from(most_prefix(self.address).saturating_sub(other.prefix));
        let network = |ip: Self| bits(ip.address).checked_shr(shift).unwrap_or(0);
        network(self) == network(other)
    }
}

const fn most_prefix(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Parses `-12.34` to ten thousandths: digits on both sides of the point, at most four behind it.
pub(super) fn decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(digits) || !is_number(fraction) || fraction.len() > 4 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let mut part: i64 = fraction.parse().ok()?;
    for _ in fraction.len()..4 {
        part = part.checked_mul(10)?;
    }
    let whole = whole.checked_mul(10_000)?;
    if text.starts_with('-') { whole.checked_sub(part) } else { whole.checked_add(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, value) in
            [("0.5", 5_000), ("-0.5", -5_000), ("12.3456", 123_456), ("-922337203685477.5808", i64::MIN)]
        {
            assert_eq!(decimal(text), Some(value), "{text}");
        }
        for text in ["1", "1.", ".5", "1.23456", "1e3", "+1.0", "922337203685477.5808", "", "-.1", "1.-1"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_holds_its_parts() {
        let is_in = |inner: &str, outer: &str| Ip::new(inner).unwrap().is_in(Ip::new(outer).unwrap());
        assert!(is_in("10.1.2.3", "10.0.0.0/8") && is_in("10.1.0.0/16", "10.9.9.9/8") && is_in("1.2.3.4", "0.0.0.0/0"));
        assert!(!is_in("10.0.0.0/8", "10.1.0.0/16") && !is_in("11.0.0.1", "10.0.0.0/8") && !is_in("::1", "0.0.0.0/0"));
        assert!(is_in("fe80::1", "fe80::/10") && is_in("::1", "::/0"));
        for text in ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/08", "::ffff:1.2.3.4", "1.2.3.4/", "::1/129", "01.2.3.4"] {
            assert_eq!(Ip::new(text), None, "{text}");
        }
    }
}
