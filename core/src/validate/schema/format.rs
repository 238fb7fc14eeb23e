//! The formats that are checked (JSON Schema validation, section 7.3). Others are refused where a schema names them.

mod internet;
mod time;

/// A checked format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringFormat {
    DateTime,
    Date,
    Time,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Uri,
    Uuid,
}

/// Every format, by name.
const FORMATS: [(&str, StringFormat); 9] = [
    ("date-time", StringFormat::DateTime),
    ("date", StringFormat::Date),
    ("time", StringFormat::Time),
    ("email", StringFormat::Email),
    ("hostname", StringFormat::Hostname),
    ("ipv4", StringFormat::Ipv4),
    ("ipv6", StringFormat::Ipv6),
    ("uri", StringFormat::Uri),
    ("uuid", StringFormat::Uuid),
];

impl StringFormat {
    /// Returns the format with this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Returns the format's name.
    pub(super) fn name(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Returns true if the text has the format.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::DateTime => time::is_date_time(text),
            Self::Date => time::is_date(text),
            Self::Time => time::is_time(text),
            Self::Email => internet::is_email(text),
            Self::Hostname => internet::is_hostname(text),
            Self::Ipv4 => internet::is_ipv4(text),
            Self::Ipv6 => internet::is_ipv6(text),
            Self::Uri => internet::is_uri(text),
            Self::Uuid => is_uuid(text),
        }
    }
}

/// Checks a UUID (RFC 4122): 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
