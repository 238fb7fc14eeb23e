//! Engines and workers as we address them: URLs, and the credential that is written at the last moment.

mod send;

use jwt_simple::prelude::{Audiences, HS256Key, JWTClaims, MACLike, UnixTimeStamp};
use serde::{Deserialize, Serialize};

use crate::model::executor::Upstream;
use crate::model::operation::query::encode_into;
use crate::words::names::Project;
use crate::words::secret::Secret;
use crate::words::time::{Millis, Timestamp};

pub(crate) use send::{Scheme, send_as};

/// How long a worker token is valid: long enough for any call, short enough to be worthless later.
const WORKER_TOKEN_LIFE: Millis = Millis::from_secs(120);

/// Workers refuse a token from the future, and clocks differ.
const CLOCK_LEEWAY: Millis = Millis::from_secs(30);

/// The claims of the worker protocol besides the registered ones.
#[derive(Debug, Serialize, Deserialize)]
struct WorkerClaims {
    /// The protocol's version: the text `1`.
    ver: String,
}

/// The engine's API below `/v1`, in the project that the path or else the configuration says.
#[must_use]
pub(crate) fn engine_url(engine: &Upstream, project: Option<&Project>) -> String {
    match project.or(engine.project.as_ref()) {
        None => format!("{}/v1", engine.base_url),
        Some(project) => format!("{}{}", engine.base_url, project.path()),
    }
}

/// `Bearer JWT` for a worker: HS256 with its secret, `aud` "worker", `ver` "1".
fn worker_token(secret: &Secret, now: Timestamp) -> Option<Secret> {
    let key = HS256Key::from_bytes(secret.expose().as_bytes());
    let claims = JWTClaims {
        issued_at: None,
        expires_at: Some(UnixTimeStamp::from_millis(now.after(WORKER_TOKEN_LIFE).as_millis())),
        invalid_before: None,
        issuer: None,
        subject: None,
        audiences: Some(Audiences::AsString("worker".to_owned())),
        jwt_id: None,
        nonce: None,
        custom: WorkerClaims { ver: "1".to_owned() },
    };
    key.authenticate(claims).ok().map(|token| Secret::new(format!("Bearer {token}")))
}

/// Whether an engine's token for our own worker routes is good.
#[must_use]
pub(crate) fn is_worker_token(token: &str, secret: &Secret, now: Timestamp) -> bool {
    let options = jwt_simple::prelude::VerificationOptions {
        artificial_time: Some(UnixTimeStamp::from_millis(now.as_millis())),
        time_tolerance: Some(jwt_simple::prelude::Duration::from_millis(CLOCK_LEEWAY.get())),
        allowed_audiences: Some(std::iter::once("worker".to_owned()).collect()),
        max_token_length: Some(4096),
        ..Default::default()
    };
    HS256Key::from_bytes(secret.expose().as_bytes())
        .verify_token::<WorkerClaims>(token, Some(options))
        .is_ok_and(|claims| claims.custom.ver == "1")
}

/// `&name=value`, encoded.
#[must_use]
pub(crate) fn query_pair(name: &str, value: &str) -> String {
    let mut text = format!("&{name}=");
    encode_into(&mut text, value);
    text
}
