//! Names, addresses and URIs.

/// Checks a host name (RFC 1123): labels of letters, digits and inner hyphens. A label in the form of an
/// internationalised one (`xn--`) is accepted as it stands, and no other label has hyphens in the third and fourth
/// place (RFC 5890 section 2.3.1).
pub(super) fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        (1..=63).contains(&bytes.len())
            && is_edge(bytes.first())
            && is_edge(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && (bytes.get(2..4) != Some(b"--")
                || bytes.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"xn")))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Checks an IPv4 address (RFC 2673): four decimal numbers without leading zeros.
pub(super) fn is_ipv4(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Checks an IPv6 address (RFC 4291 section 2.2), without a zone.
pub(super) fn is_ipv6(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Checks an email address (RFC 5321): `local@domain`, the local part plain or quoted, the domain a name or an address
/// literal.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_local = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => is_quoted(quoted),
        None => local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom)),
    };
    let is_domain = match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => literal.strip_prefix("IPv6:").map_or_else(|| is_ipv4(literal), is_ipv6),
        None => is_hostname(domain),
    };
    local.len() <= 64 && is_local && is_domain
}

fn is_quoted(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_text = match byte {
            b'\\' => bytes.next().is_some_and(|byte| (b' '..=b'~').contains(&byte)),
            b'"' => false,
            _ => (b' '..=b'~').contains(&byte),
        };
        if !is_text {
            return false;
        }
    }
    true
}

/// Checks a URI with its scheme (RFC 3986).
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or((Some(rest), ""), |at| {
            let (authority, path) = rest.split_at_checked(at).unwrap_or((rest, ""));
            (Some(authority), path)
        }),
        None => (None, rest),
    };
    is_scheme
        && authority.is_none_or(is_authority)
        && is_made_of(path, b":@/")
        && is_made_of(query, b":@/?")
        && is_made_of(fragment, b":@/?")
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if !is_ipv6(address) || !(port.is_empty() || port.starts_with(':')) {
                return false;
            }
            ("", port.strip_prefix(':').unwrap_or(port))
        }
        None => host.split_once(':').unwrap_or((host, "")),
    };
    is_made_of(user, b":") && is_made_of(host, b"") && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns true if the text consists of unreserved characters, sub-delimiters, percent-encoded bytes and `more`.
fn is_made_of(text: &str, more: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_one = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].into_iter().all(|digit| digit.is_some_and(|it| it.is_ascii_hexdigit()))
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || more.contains(&byte),
        };
        if !is_one {
            return false;
        }
    }
    true
}
