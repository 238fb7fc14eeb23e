//! An issuer of tokens on this machine: its metadata, its keys, which change while it runs, and what it says of opaque tokens.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a server in a native test: it has a thread of its own, and shares what it serves with the tests"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use jwt_simple::prelude::{
    Claims, Duration as Life, ECDSAP256KeyPairLike as _, ECDSAP256PublicKeyLike as _, ES256KeyPair, Ed25519KeyPair,
    EdDSAKeyPairLike as _, JWTClaims, RS256KeyPair, RSAKeyPairLike as _,
};
use jwt_simple::reexports::ct_codecs::{Base64UrlSafeNoPadding, Encoder as _};
use serde_json::{Value, json};

use crate::build::PORTS;

const AUDIENCE: &str = "https://gate.e2e";
/// With which the gateway asks about opaque tokens.
pub(crate) const CLIENT_SECRET: &str = "the gateway's secret at its issuer";
/// An opaque token that is active; every other is not.
pub(crate) const OPAQUE: &str = "opaque_0123456789abcdef";

/// The one issuer of all tests; it ends with this process.
pub(crate) static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::start);

/// The claims of a token.
pub(crate) type Said = BTreeMap<String, Value>;

/// One key pair.
pub(crate) enum Signer {
    Rs256(Box<RS256KeyPair>),
    Es256(Box<ES256KeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

pub(crate) struct Issuer {
    pub base: String,
    pub signers: Vec<Signer>,
    served: &'static Mutex<Vec<Value>>,
}

impl Issuer {
    fn start() -> Self {
        let signers = vec![
            Signer::Rs256(Box::new(RS256KeyPair::generate(2048).unwrap().with_key_id("rsa-1"))),
            Signer::Es256(Box::new(ES256KeyPair::generate().with_key_id("ec-1"))),
            Signer::EdDsa(Box::new(Ed25519KeyPair::generate().with_key_id("ed-1"))),
        ];
        let keys: Vec<Value> = signers.iter().map(Signer::jwk).collect();
        let served: &'static Mutex<Vec<Value>> = Box::leak(Box::new(Mutex::new(keys)));
        let base = format!("http://127.0.0.1:{}", PORTS.issuer);
        let listener = TcpListener::bind(("127.0.0.1", PORTS.issuer)).unwrap();
        let of = base.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up gets no answer.
                let _gone = answer(stream, &of, served);
            }
        });
        Self { base, signers, served }
    }

    /// A token's claims, as this issuer makes them for Ada.
    pub(crate) fn claims(&self) -> JWTClaims<Said> {
        let said = Said::from([("email".to_owned(), json!("ada@acme.example"))]);
        Claims::with_custom_claims(said, Life::from_mins(20))
            .with_issuer(format!("{}/realm", self.base))
            .with_audience(AUDIENCE)
            .with_subject("ada")
    }

    /// Has one more key from now on.
    pub(crate) fn add(&self, signer: &Signer) {
        self.served.lock().unwrap().push(signer.jwk());
    }
}

impl Signer {
    /// A new key pair with this name.
    pub(crate) fn new(kid: &str) -> Self {
        Self::EdDsa(Box::new(Ed25519KeyPair::generate().with_key_id(kid)))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    pub(crate) fn sign(&self, claims: JWTClaims<Said>) -> String {
        match self {
            Self::Rs256(key) => key.sign(claims).unwrap(),
            Self::Es256(key) => key.sign(claims).unwrap(),
            Self::EdDsa(key) => key.sign(claims).unwrap(),
        }
    }

    fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| Base64UrlSafeNoPadding::encode_to_string(bytes).unwrap();
        match self {
            Self::Rs256(key) => {
                let public = key.public_key().to_components();
                json!({"kty": "RSA", "kid": key.key_id(), "n": text(&public.n), "e": text(&public.e)})
            }
            Self::Es256(key) => {
                let point = key.public_key().public_key().to_bytes_uncompressed();
                let (x, y) = point[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": key.key_id(), "x": text(x), "y": text(y)})
            }
            Self::EdDsa(key) => {
                let point = key.public_key().to_bytes();
                json!({"kty": "OKP", "crv": "Ed25519", "kid": key.key_id(), "x": text(&point)})
            }
        }
    }
}

/// Answers one request on a connection of its own.
fn answer(mut stream: TcpStream, base: &str, keys: &Mutex<Vec<Value>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
    let (head, body) = loop {
        let read = stream.read(&mut piece)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let of_length = |line: &str| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok();
            let length = head.to_ascii_lowercase().lines().find_map(of_length).unwrap_or(0);
            if body.len() >= length || read == 0 {
                break (head.to_owned(), body.to_owned());
            }
        } else if read == 0 {
            return Ok(());
        }
    };
    let path = head.split(' ').nth(1).unwrap_or_default();
    let realm = format!("{base}/realm");
    let said = match path {
        "/realm/.well-known/openid-configuration" => json!({"issuer": realm, "jwks_uri": format!("{base}/keys")}),
        "/keys" => json!({"keys": *keys.lock().unwrap()}),
        "/introspect" if body.split('&').any(|pair| pair.strip_prefix("token=") == Some(OPAQUE)) => {
            json!({"active": true, "iss": realm, "aud": AUDIENCE, "sub": "ada", "email": "ada@acme.example"})
        }
        "/introspect" => json!({"active": false}),
        _ => Value::Null,
    };
    let status = if said.is_null() { "404 Not Found" } else { "200 OK" };
    let body = said.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}
