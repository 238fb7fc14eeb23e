//! Sends requests under the gateway's own credential, and under its successor during a rotation.

use super::{Rotations, Upstream};
use crate::model::credential::Credential;
use crate::ports::{Clock, Origin, OriginError, OriginRequest, Platform};
use crate::words::limits;
use crate::words::method::Method;
use crate::words::names::{TenantId, UserId};
use crate::words::refusal::RefusalKind;
use crate::words::secret::Secret;
use crate::words::time::{Millis, Timestamp};

/// Describes the use of a credential by a kind of executor.
#[derive(Debug)]
pub(super) struct CredentialScheme {
    /// Returns the value of the `Authorization` header.
    pub(super) authorization: fn(&Secret, Timestamp) -> Option<Secret>,
    /// Returns whether this status means that the credential was refused. In that case nothing has run.
    pub(super) is_refusal: fn(u16) -> bool,
}

/// Sends the request under the credential, which is written into it here, at the last moment. If the upstream refuses
/// it and a successor is set, the request is sent once more under that one, in the rest of its time; the accepted
/// credential is sent first from then on.
///
/// # Errors
/// Those of `send`.
pub(super) async fn send_as<C: Clock, R>(
    clock: &C,
    scheme: &CredentialScheme,
    rotations: &Rotations,
    credential: &Credential,
    request: OriginRequest,
    send: impl AsyncFn(OriginRequest) -> Result<R, OriginError>,
    status_of: impl Fn(&R) -> u16,
) -> Result<R, OriginError> {
    let now = clock.now();
    let (first, other) = rotations.secrets(credential);
    let authorization = (scheme.authorization)(first, now);
    let Some(other) = other else {
        return send(OriginRequest { authorization, ..request }).await;
    };
    let answer = send(OriginRequest { authorization, ..request.clone() }).await?;
    let left = clock.now().until(now.after(request.timeout));
    if !(scheme.is_refusal)(status_of(&answer)) || left == Millis::ZERO {
        return Ok(answer);
    }
    let authorization = (scheme.authorization)(other, now);
    let answer = send(OriginRequest { authorization, timeout: left, ..request }).await?;
    if !(scheme.is_refusal)(status_of(&answer)) {
        rotations.turn(credential);
    }
    Ok(answer)
}

/// Creates a request for a list of tools.
pub(super) fn get(url: String, timeout: Millis) -> OriginRequest {
    OriginRequest {
        method: Method::Get,
        url,
        headers: vec![("accept", "application/json".to_owned())],
        authorization: None,
        body: Vec::new(),
        timeout,
        response_limit: limits::CATALOGUE_BYTES,
    }
}

/// Returns the credential for a list: the general one, or the tenant's for a user's list.
pub(super) fn credential_of<'u>(
    upstream: &'u Upstream,
    user: Option<(&TenantId, &UserId)>,
) -> Result<&'u Credential, RefusalKind> {
    let credential = match user {
        Some((tenant, _)) => upstream.credentials.of(tenant),
        None => upstream.credentials.of_discovery(),
    };
    credential.ok_or(RefusalKind::ExecutorInactive)
}

/// Fetches a list, or a page of it.
pub(super) async fn fetch<P: Platform>(
    platform: &P,
    scheme: &CredentialScheme,
    rotations: &Rotations,
    credential: &Credential,
    request: OriginRequest,
) -> Result<Vec<u8>, RefusalKind> {
    let send = async |request| Origin::send(platform, request).await;
    let response = send_as(platform, scheme, rotations, credential, request, send, |answer| answer.status).await?;
    match response.status {
        200 => Ok(response.body),
        401 | 403 => Err(RefusalKind::UpstreamRefusedCredential),
        500.. => Err(RefusalKind::UpstreamFailed),
        _ => Err(RefusalKind::UpstreamRefusedRequest),
    }
}
