//! The command line, modelled on `spin up`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Runs the application of a `spin.toml` for tests and development.
///
/// Prints one line `Serving http://ADDRESS` on stdout when it accepts requests, and ends cleanly on SIGTERM or SIGINT.
#[derive(Clone, Debug, Parser)]
#[command(name = "toolgate-spin-host", version)]
pub struct Options {
    /// The application manifest.
    #[arg(short = 'f', long = "from", value_name = "FILE", default_value = "spin.toml")]
    pub manifest: PathBuf,

    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", env = "SPIN_HTTP_LISTEN_ADDR", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// Run the build command of every component first.
    #[arg(long)]
    pub build: bool,

    /// A value for an application variable; goes before `SPIN_VARIABLE_NAME` in the environment and the manifest's default.
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = parse_assignment)]
    pub variables: Vec<(String, String)>,

    /// The directory of key-value stores and SQLite databases; `.spin` beside the manifest unless given.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// The directory of compiled components; the user's cache directory unless given.
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Compile components anew at every start.
    #[arg(long, conflicts_with = "cache_dir")]
    pub disable_cache: bool,

    /// Requests an instance serves before it is dropped.
    #[arg(long, value_name = "COUNT", default_value_t = 128, value_parser = parse_count)]
    pub max_instance_reuse_count: usize,

    /// Requests an instance serves at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = parse_count)]
    pub max_instance_concurrent_reuse_count: usize,

    /// The time for which an idle instance is kept: whole seconds, or a number with `s`, `ms`, `us` or `ns`.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    pub idle_instance_timeout: Duration,

    /// Bound on the time to an answer's head; none unless given.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub request_timeout: Option<Duration>,

    /// End after this many seconds, whatever happens: a safety bound for tests.
    #[arg(long, value_name = "SECONDS")]
    pub quit_after: Option<u64>,
}

fn parse_assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".to_owned())
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) if text.contains("..") => Err("ranges are not supported: give one number".to_owned()),
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads Spin's notation for a span of time.
fn parse_duration(text: &str) -> Result<Duration, String> {
    // `s` comes last: the others end with it too.
    const UNITS: [(&str, Duration); 5] = [
        ("ms", Duration::from_millis(1)),
        ("us", Duration::from_micros(1)),
        ("μs", Duration::from_micros(1)),
        ("ns", Duration::from_nanos(1)),
        ("s", Duration::from_secs(1)),
    ];
    let (digits, unit) = UNITS
        .into_iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|digits| (digits, unit)))
        .unwrap_or((text, Duration::from_secs(1)));
    digits
        .parse::<u32>()
        .map(|count| unit.saturating_mul(count))
        .map_err(|error| format!("expected a number with `s`, `ms`, `us` or `ns`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_follow_spins_notation() {
        for (text, expected) in [
            ("2", Duration::from_secs(2)),
            ("2s", Duration::from_secs(2)),
            ("250ms", Duration::from_millis(250)),
            ("7us", Duration::from_micros(7)),
            ("9ns", Duration::from_nanos(9)),
        ] {
            assert_eq!(parse_duration(text), Ok(expected), "{text}");
        }
        for text in ["", "s", "1..8s", "-1", "1.5s", "3m"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts_are_single_positive_numbers() {
        assert_eq!(parse_count("16"), Ok(16));
        for text in ["0", "1..8", "", "many"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
    }
}
