//! `toolgate key`: API keys for callers, of which the configuration holds only keyed hashes.

mod issued;

use std::io::Read as _;

use clap::{Args, Subcommand};
use toolgate::access::identity::KeyHasher;
use toolgate::words::hex;
use toolgate::words::limits::{KEY_BYTES_MAX, KEY_BYTES_MIN};
use toolgate::words::names::KeyId;

use crate::failure::Failure;
use crate::{machine, say};

/// The prefix of a caller's key, by which scanners for leaked secrets can know it.
const PREFIX: &str = "tg_";
/// The least length of a hashing secret in bytes: as much as the hash itself withstands.
const SECRET_BYTES_MIN: usize = 32;

/// The `key` subcommand.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key, print it once, and print the line that gives it to a caller.
    New {
        /// The key's name, by which it can be revoked.
        #[arg(long)]
        id: String,
        #[command(flatten)]
        secret: SecretSource,
    },
    /// Read a key from stdin and print its hash.
    Hash {
        #[command(flatten)]
        secret: SecretSource,
    },
    /// Let a running gateway issue a key, and print it once.
    Create(issued::Create),
    /// List the keys that a running gateway has issued.
    List(issued::List),
    /// Let a running gateway issue a key in the place of another, and print it once.
    Rotate(issued::Rotate),
    /// End a key that a running gateway has issued, everywhere.
    Revoke(issued::Revoke),
}

#[derive(Args, Debug)]
struct SecretSource {
    /// The environment variable that holds the hashing secret. It must be the one that the gateway has.
    #[arg(long, value_name = "NAME", default_value = "TOOLGATE_KEY_HASH_SECRET")]
    secret_env: String,
}

impl SecretSource {
    fn hasher(&self) -> Result<KeyHasher, Failure> {
        let name = &self.secret_env;
        let remedy = "make one with `openssl rand -hex 32`, give it to the gateway as the secret TOOLGATE_KEY_HASH_SECRET, \
                      and set it here too";
        let secret = machine::variable(name).ok_or_else(|| Failure::new(format!("{name} is not set: {remedy}")))?;
        if secret.len() < SECRET_BYTES_MIN {
            return Err(Failure::new(format!("{name} is shorter than {SECRET_BYTES_MIN} bytes: {remedy}")));
        }
        Ok(KeyHasher::new(secret.as_bytes()))
    }
}

/// Runs the subcommand.
///
/// # Errors
/// [`Failure`].
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::New { id, secret } => {
            let (key, line) = new(id, &secret.hasher()?)?;
            say::step("the key, which is shown this once; hand it to the caller as a secret:");
            say::output(&key);
            say::step("the line for `keys` of its [[callers]] in toolgate.toml:");
            say::output(&line);
            Ok(())
        }
        Command::Hash { secret } => {
            let mut key = String::new();
            let most = u64::try_from(KEY_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
            let read = std::io::stdin().take(most).read_to_string(&mut key);
            read.map_err(|error| Failure::new(format!("no key can be read from stdin: {error}")))?;
            say::output(&hash(key.trim_end_matches(['\r', '\n']), &secret.hasher()?)?);
            Ok(())
        }
        Command::Create(create) => create.run(),
        Command::List(list) => list.run(),
        Command::Rotate(rotate) => rotate.run(),
        Command::Revoke(revoke) => revoke.run(),
    }
}

/// Returns a new key and the line that gives it to a caller.
fn new(id: &str, hasher: &KeyHasher) -> Result<(String, String), Failure> {
    let id = KeyId::new(id).ok_or_else(|| {
        Failure::new("--id must be an identifier: 1 to 64 of a-z A-Z 0-9 _ - . that begins with a letter or digit")
    })?;
    let key = random(PREFIX)?;
    let line = format!("keys = [{{ id = \"{}\", hash = \"{}\" }}]", id.as_str(), hash(&key, hasher)?);
    Ok((key, line))
}

fn hash(key: &str, hasher: &KeyHasher) -> Result<String, Failure> {
    let is_key = key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    if !is_key || !(KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()) {
        return Err(Failure::new(format!(
            "a key is {KEY_BYTES_MIN} to {KEY_BYTES_MAX} visible ASCII characters without a comma"
        )));
    }
    Ok(hex::encode(&hasher.hash(key)))
}

/// Returns `prefix` and 128 random bits in hexadecimal.
///
/// # Errors
/// [`Failure`] when the operating system gives no randomness.
pub fn random(prefix: &str) -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(format!("no randomness: {error}")))?;
    Ok(format!("{prefix}{}", hex::encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_opens_what_its_line_says() {
        let hasher = KeyHasher::new(b"a hashing secret of enough bytes");
        let (key, line) = new("agent-1", &hasher).unwrap();
        let (other, _) = new("agent-1", &hasher).unwrap();
        assert_ne!(key, other);
        assert_eq!(key.len(), 35);
        assert_eq!(line, format!("keys = [{{ id = \"agent-1\", hash = \"{}\" }}]", hash(&key, &hasher).unwrap()));
        assert!(new("no spaces", &hasher).is_err());
    }

    #[test]
    fn a_hash_is_hmac_sha_256() {
        // Made with `openssl dgst -sha256 -hmac`.
        let hasher = KeyHasher::new(b"0123456789abcdef0123456789abcdef");
        let expected = "cf74725d63fda61dc69d5e010ea15c12e143541958fe20364b72551e78a160db";
        assert_eq!(hash("tg_00112233445566778899aabbccddeeff", &hasher).unwrap(), expected);
        for wrong in ["short", "has a space in it!", "has,a,comma,in,it,"] {
            assert!(hash(wrong, &hasher).is_err(), "{wrong}");
        }
    }
}
