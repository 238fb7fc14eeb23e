//! Tokens, claims, key sets and metadata of issuers: what is read has one reading, and nothing that nobody signed is taken.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use toolgate::access::identity::jwk::{KeyLookup, KeySet};
use toolgate::access::identity::rules::{Algorithm, Issuer, TenantRule, UsersFrom};
use toolgate::access::identity::{claims, discovery, is_web_url, jose, signature};
use toolgate::config::{self, Config};
use toolgate::model::caller::UserRule;
use toolgate::ports::Settings;
use toolgate::words::base64;
use toolgate::words::json::{self, Json, Limits};
use toolgate::words::limits;
use toolgate::words::time::{Millis, Timestamp};

const DOCUMENT: &str = include_str!("../../tokens/issuers.toml");

const ISSUER: &str = "https://corp.test/realm";

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Rs256, Algorithm::Ps384, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];

struct Host;

impl Settings for Host {
    async fn get(&self, name: &str) -> Option<String> {
        matches!(name, "KEY_HOLDER" | "AS_SECRET" | "GITHUB_SECRET").then(|| "0123456789abcdef".to_owned())
    }
}

thread_local! {
    static CONFIG: Config = load();
}

fn load() -> Config {
    let mut loading = pin!(config::load(DOCUMENT, &Host, [7; 32]));
    match loading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(loaded)) => loaded.config,
        other => panic!("the issuers of the vectors: {}", other.is_ready()),
    }
}

pub(crate) fn run(data: &[u8]) {
    check_json(data);
    let Ok(text) = std::str::from_utf8(data.strip_suffix(b"\n").unwrap_or(data)) else {
        return;
    };
    check_base64(text);
    if is_web_url(text) {
        let is_here =
            ["http://localhost", "http://127.0.0.1", "http://[::1]"].iter().any(|here| text.starts_with(here));
        assert!(text.starts_with("https://") || is_here, "asked: {text}");
        assert!(!text.contains(['@', '?', '#', '\\', ' ', '%']), "asked: {text}");
    }
    check_token(text);
}

fn check_base64(text: &str) {
    if let Some(bytes) = base64::decode_url(text) {
        let again = base64::encode(&bytes).replace('+', "-").replace('/', "_");
        assert_eq!(again.trim_end_matches('='), text, "two texts for the same bytes");
    }
}

fn check_token(text: &str) {
    let compact = match jose::read(text) {
        Ok(compact) => compact,
        Err(refusal) => {
            assert!(refusal.kind.name().starts_with("token_") && refusal.kind.status() == 401, "{refusal:?}");
            return;
        }
    };
    assert!(text.len() <= limits::TOKEN_BYTES_MAX && text.split('.').count() == 3, "read: {text}");
    text.split('.').for_each(check_base64);
    assert!(jose::is_shaped(text), "a signed token would go elsewhere: {text}");
    assert!(compact.kid.as_ref().is_none_or(|kid| kid.len() <= limits::TOKEN_KID_BYTES));
    let header = text.split('.').next().and_then(base64::decode_url).unwrap_or_default();
    for name in ["jku", "jwk", "x5u", "x5c", "crit", "b64"] {
        let header: serde_json::Value = serde_json::from_slice(&header).expect("what we read, others read");
        assert!(header.get(name).is_none(), "{name} in {header}");
    }
    if let Ok(read) = compact.claims() {
        check_claims(&read);
    }
}

/// Bytes as whatever JSON an issuer could send.
fn check_json(data: &[u8]) {
    if let Some(url) = discovery::jwks_uri(data, ISSUER) {
        assert!(is_web_url(&url) && url.starts_with("https://corp.test"), "asked: {url}");
        assert!(matches!(url.as_bytes().get(17), None | Some(b'/')), "another origin: {url}");
    }
    if let Some(set) = KeySet::parse(data) {
        for algorithm in ALGORITHMS {
            if let KeyLookup::Keys(keys) = set.find(None, algorithm) {
                let [key] = keys.as_slice() else { panic!("no key was named, and several could be meant") };
                let token = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA";
                let checked = signature::check(token, algorithm, key, NOW, Millis::ZERO);
                assert!(checked.is_err(), "signed by nobody");
            }
        }
    }
    let bounds = Limits { depth: 8, values: 512, string_bytes: limits::TOKEN_BYTES_MAX, number_bytes: 32 };
    if let Ok(read) = json::parse(data, bounds)
        && read.as_object().is_some()
    {
        check_claims(&read);
    }
}

fn check_claims(read: &Json<'_>) {
    CONFIG.with(|config| {
        if let Some(place) = claims::issuer_of(read, &config.issuers) {
            assert!(read.get("iss").and_then(Json::as_str).is_some());
            let issuer = config.issuers.get(place).expect("an issuer of the configuration");
            if let Ok(expires_at) = claims::check(read, issuer, NOW) {
                assert!(expires_at.after(issuer.leeway) > NOW, "expired");
            }
        }
        for issuer in config.issuers.iter() {
            check_caller(read, issuer);
        }
    });
}

/// Whoever claims make, belongs to the issuer and to a tenant that it may name.
fn check_caller(read: &Json<'_>, issuer: &Issuer) {
    let Ok((caller, revocations)) = claims::caller(read, issuer) else {
        return;
    };
    let id = caller.id.as_str();
    let subject = id.strip_prefix(issuer.id.as_str()).and_then(|rest| rest.strip_prefix(':')).expect("the issuer's");
    assert!((1..=128).contains(&subject.len()), "{id}");
    assert!(revocations.iter().all(|name| name.len() <= 256) && revocations.iter().any(|name| name == id));
    match &issuer.mapping.tenant {
        TenantRule::Fixed(tenant) => assert_eq!(caller.tenant, *tenant),
        TenantRule::Claim(_, tenants) => assert!(tenants.contains(&caller.tenant)),
    }
    assert!(issuer.mapping.users == UsersFrom::Every || caller.users != UserRule::Every, "everybody");
    assert!(caller.roles.iter().all(|role| issuer.mapping.grants.contains_key(role)), "{:?}", caller.roles);
    assert!(caller.scopes.len() <= limits::TOKEN_CLAIM_ITEMS);
}
