//! URLs for an executor to fetch: only those that every parser reads in one way, and that lead to the public network.
//!
//! The reader is stricter than the URL standard (WHATWG) on purpose. The standard repairs its input: it drops tabs,
//! turns `\` into `/`, reads `0x7f.1` as an address. Other parsers repair differently, and between two repairs a check
//! on one host lets a request to another through. So any text that needs a repair is refused by name.

use super::Broken;
use super::host::{self, HostPattern};
use super::place::ArgumentPath;
use crate::words::json::Json;
use crate::words::limits;

/// A rule about one place that holds a URL.
#[derive(Clone, Debug)]
pub struct UrlRule {
    /// The place.
    pub at: ArgumentPath,
    /// The allowed schemes.
    pub schemes: Vec<Scheme>,
    /// Private networks are allowed.
    pub private: bool,
    /// The allowed hosts; empty for all.
    pub hosts: Vec<HostPattern>,
    /// The allowed ports; empty for the scheme's own.
    pub ports: Vec<u16>,
}

/// A scheme whose URLs are read in one way: `scheme://host[:port]/...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `https`
    Https,
    /// `http`
    Http,
    /// `wss`
    Wss,
    /// `ws`
    Ws,
}

impl Scheme {
    const ALL: [Self; 4] = [Self::Https, Self::Http, Self::Wss, Self::Ws];

    /// Returns the scheme with this name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| name.eq_ignore_ascii_case(scheme.as_str()))
    }

    /// Returns the scheme's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Wss => "wss",
            Self::Ws => "ws",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Https | Self::Wss => 443,
            Self::Http | Self::Ws => 80,
        }
    }
}

const NOT_TEXT: Broken = ("url_type", "Input should be a URL as a text");
const TOO_LONG: Broken = ("url_length", "The URL is too long");
const CHARACTER: Broken = (
    "url_character",
    "The URL holds a white space, control, invisible or backslash character: percent-encode it, or leave it out",
);
const SCHEME: Broken = ("url_scheme", "The URL's scheme is not allowed here");
const FORM: Broken = ("url_form", "The URL should have the form scheme://host/path");
const USER: Broken = ("url_user", "The URL should name no user and have no @ before its path");
const PORT: Broken = ("url_port", "The URL's port is not allowed here");

impl UrlRule {
    /// Checks a value at the place.
    pub(super) fn judge(&self, value: &Json<'_>) -> Result<(), Broken> {
        let Json::String(text) = value else { return Err(NOT_TEXT) };
        self.judge_text(text)
    }

    fn judge_text(&self, text: &str) -> Result<(), Broken> {
        if text.len() > limits::URL_BYTES {
            return Err(TOO_LONG);
        }
        // Most URLs are visible ASCII: one look at each byte.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        if !text.bytes().all(is_plain) && text.chars().any(is_unsafe) {
            return Err(CHARACTER);
        }
        let (scheme, rest) = text.split_once(':').ok_or(FORM)?;
        let scheme = Scheme::parse(scheme).filter(|scheme| self.schemes.contains(scheme)).ok_or(SCHEME)?;
        let rest = rest.strip_prefix("//").ok_or(FORM)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at_checked(end).ok_or(FORM)?;
        if authority.is_empty() {
            return Err(FORM);
        }
        // Some parsers end the authority at `/` only: `https://a#@b/` is `b` to them.
        if authority.contains('@') || (!after.starts_with('/') && after.contains('@')) {
            return Err(USER);
        }
        let (host, port) = host_and_port(authority)?;
        if let Some(port) = port {
            let is_allowed = if self.ports.is_empty() { port == scheme.port() } else { self.ports.contains(&port) };
            if !is_allowed {
                return Err(PORT);
            }
        } else if !self.ports.is_empty() && !self.ports.contains(&scheme.port()) {
            return Err(PORT);
        }
        host::judge(host, self.private, &self.hosts)
    }
}

/// Splits an authority into the host as written and the port.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), Broken> {
    let end = if authority.starts_with('[') {
        authority.find(']').map(|end| end.saturating_add(1)).ok_or(host::FORM)?
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(end).ok_or(host::FORM)?;
    if port.is_empty() {
        return Ok((host, None));
    }
    let digits = port.strip_prefix(':').ok_or(host::FORM)?;
    if digits.contains(':') {
        return Err(host::FORM);
    }
    // One way to write each port: no sign, no zero before it.
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let port = digits.parse().ok().filter(|_| is_plain).ok_or(PORT)?;
    Ok((host, Some(port)))
}

/// Returns true for a character that some parser drops, trims, turns into another, or shows as nothing.
fn is_unsafe(letter: char) -> bool {
    letter == '\\'
        || letter.is_control()
        || letter.is_whitespace()
        || matches!(u32::from(letter), 0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff
            | 0xfff9..=0xffff | 0xe0000..=0xe0fff)
}
