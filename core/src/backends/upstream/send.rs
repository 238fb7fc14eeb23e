//! Requests under the gateway's own credential, and under its successor while it is being replaced.

use super::worker_token;
use crate::model::credential::Credential;
use crate::ports::{Clock, OriginError, OriginRequest};
use crate::words::secret::Secret;
use crate::words::time::{Millis, Timestamp};

/// How a credential is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// As an engine wants it: the key itself (`Bearer KEY`).
    Engine,
    /// As a worker wants it: a token that is signed with the secret.
    Worker,
}

impl Scheme {
    /// Whether an answer with this status says that the credential is not accepted. Then nothing has run. An engine's 403 is
    /// about what the account may do.
    const fn is_refusal(self, status: u16) -> bool {
        matches!((self, status), (_, 401) | (Self::Worker, 403))
    }

    fn authorization(self, secret: &Secret, now: Timestamp) -> Option<Secret> {
        match self {
            Self::Engine => Some(Secret::new(format!("Bearer {}", secret.expose()))),
            Self::Worker => worker_token(secret, now),
        }
    }
}

/// Sends the request under the credential, which is written into it here, at the last moment. Where the upstream refuses it
/// and a successor is set, the request is sent once more under that one, in what is left of its time; whichever was accepted
/// is shown first from then on.
///
/// # Errors
/// Those of `send`.
pub(crate) async fn send_as<C: Clock, R>(
    clock: &C,
    scheme: Scheme,
    credential: &Credential,
    request: OriginRequest,
    send: impl AsyncFn(OriginRequest) -> Result<R, OriginError>,
    status_of: impl Fn(&R) -> u16,
) -> Result<R, OriginError> {
    let now = clock.now();
    let authorization = scheme.authorization(credential.current(), now);
    let Some(other) = credential.other() else {
        return send(OriginRequest { authorization, ..request }).await;
    };
    let answer = send(OriginRequest { authorization, ..request.clone() }).await?;
    let left = clock.now().until(now.after(request.timeout));
    if !scheme.is_refusal(status_of(&answer)) || left == Millis::ZERO {
        return Ok(answer);
    }
    let authorization = scheme.authorization(other, now);
    let answer = send(OriginRequest { authorization, timeout: left, ..request }).await?;
    if !scheme.is_refusal(status_of(&answer)) {
        credential.turn();
    }
    Ok(answer)
}
