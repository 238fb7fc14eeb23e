//! Classification of addresses, by the registries of special-purpose addresses (RFC 6890 and its successors).

use std::net::{Ipv4Addr, Ipv6Addr};

/// Classifies the network that an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NetworkClass {
    /// The public network.
    Public,
    /// The machine itself, or a private network.
    Private,
    /// Addresses that no tool has to fetch from: metadata services, links, groups, reserved ranges, and addresses that
    /// embed another.
    Never,
}

/// An address and its prefix length.
type Range4 = ([u8; 4], u32);

const PRIVATE_4: [Range4; 5] =
    [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16), ([127, 0, 0, 0], 8), ([100, 64, 0, 0], 10)];

const NEVER_4: [Range4; 13] = [
    ([0, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    // Metadata services of clouds, outside the ranges above.
    ([100, 100, 100, 200], 32),
    ([168, 63, 129, 16], 32),
    ([127, 255, 255, 255], 32),
];

/// The first 32 bits, and the number of them that count.
type Range6 = (u32, u32);

/// Refused ranges within global unicast: IETF protocols with Teredo and ORCHID, documentation, 6to4, documentation
/// again.
const NEVER_6: [Range6; 4] = [(0x2001_0000, 23), (0x2001_0db8, 32), (0x2002_0000, 16), (0x3fff_0000, 20)];

/// Returns the reach of an IPv4 address.
pub(super) fn reach_of_v4(address: Ipv4Addr) -> NetworkClass {
    let bits = u32::from(address);
    let is_in = |(network, length): &Range4| begins_alike(bits, u32::from(Ipv4Addr::from(*network)), *length);
    if NEVER_4.iter().any(is_in) {
        NetworkClass::Never
    } else if PRIVATE_4.iter().any(is_in) {
        NetworkClass::Private
    } else {
        NetworkClass::Public
    }
}

/// Returns the reach of an IPv6 address.
pub(super) fn reach_of_v6(address: Ipv6Addr) -> NetworkClass {
    const AWS_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    let [first, second, _, _, _, sixth, ..] = address.segments();
    let top = u32::from(first) << 16 | u32::from(second);
    // ISATAP carries an IPv4 address behind this mark (RFC 5214).
    let is_isatap = sixth == 0x5efe;
    if address == AWS_METADATA {
        return NetworkClass::Never;
    }
    if address == Ipv6Addr::LOCALHOST || begins_alike(top, 0xfc00_0000, 7) {
        return NetworkClass::Private;
    }
    let is_global = begins_alike(top, 0x2000_0000, 3);
    if !is_global || is_isatap || NEVER_6.iter().any(|(range, length)| begins_alike(top, *range, *length)) {
        return NetworkClass::Never;
    }
    NetworkClass::Public
}

fn begins_alike(left: u32, right: u32, bits: u32) -> bool {
    (left ^ right).checked_shr(32_u32.saturating_sub(bits)).unwrap_or_default() == 0
}
