//! Asks an issuer about an opaque token: writes the question, and reads the answer.

use std::borrow::Cow;

use crate::access::identity::rules::{AskProtocol, AskRules};
use crate::ports::{OriginRequest, OriginResponse};
use crate::words::json::{self, Json, Limits, Object, ObjectWriter};
use crate::words::method::Method;
use crate::words::percent::encode_into;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::secret::Secret;
use crate::words::{base64, limits};

const JSON_LIMITS: Limits = Limits { depth: 16, values: 4_096, string_bytes: 16 * 1024, number_bytes: 64 };

/// Builds the question to the issuer; `None` while the gateway has no secret there.
#[must_use]
pub fn question(rules: &AskRules, token: &str) -> Option<OriginRequest> {
    let secret = rules.client_secret.as_ref()?;
    let (mut user, mut headers) = (String::new(), vec![("accept", "application/json".to_owned())]);
    let (url, body) = match rules.protocol {
        AskProtocol::Introspection => {
            // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
            encode_into(&mut user, &rules.client_id);
            user.push(':');
            encode_into(&mut user, secret.expose());
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
            let mut body = "token=".to_owned();
            encode_into(&mut body, token);
            body.push_str("&token_type_hint=access_token");
            (rules.endpoint.clone(), body.into_bytes())
        }
        AskProtocol::GitHub => {
            user = [&rules.client_id, ":", secret.expose()].concat();
            headers = vec![
                ("accept", "application/vnd.github+json".to_owned()),
                ("content-type", "application/json".to_owned()),
                // GitHub refuses requests without a user agent.
                ("user-agent", "toolgate".to_owned()),
                ("x-github-api-version", "2022-11-28".to_owned()),
            ];
            let mut body = ObjectWriter::new();
            body.text("access_token", token);
            ([&rules.endpoint, "/applications/", &rules.client_id, "/token"].concat(), body.end())
        }
    };
    Some(OriginRequest {
        method: Method::Post,
        url,
        headers,
        authorization: Some(Secret::new(["Basic ", &base64::encode(user.as_bytes())].concat())),
        body,
        timeout: limits::ISSUER_TIMEOUT,
        response_limit: limits::ISSUER_ANSWER_BYTES,
    })
}

/// Returns the claims of the token from its issuer's answer.
///
/// # Errors
/// [`RefusalKind::TokenInactive`] when the issuer calls the token invalid; [`RefusalKind::TokenCheckUnavailable`] when
/// its answer cannot be understood.
pub fn answer<'a>(rules: &AskRules, response: &'a OriginResponse) -> Result<Json<'a>, Refusal> {
    let unclear = || Refusal::with(RefusalKind::TokenCheckUnavailable, format!("status {}", response.status));
    // GitHub knows no such token of this app; 422 is its answer to a text that cannot be one.
    if rules.protocol == AskProtocol::GitHub && matches!(response.status, 404 | 422) {
        return Err(Refusal::new(RefusalKind::TokenInactive));
    }
    if response.status != 200 {
        return Err(unclear());
    }
    let body = json::parse(&response.body, JSON_LIMITS).map_err(|_| unclear())?;
    match rules.protocol {
        AskProtocol::Introspection => match body.get("active").and_then(Json::as_bool) {
            Some(true) => Ok(body),
            Some(false) => Err(Refusal::new(RefusalKind::TokenInactive)),
            None => Err(unclear()),
        },
        AskProtocol::GitHub => github_claims(&body, &rules.client_id).ok_or_else(unclear),
    }
}

/// Converts GitHub's answer to claims: `sub` is the user's number, which stays when the login changes; `login`, `type`;
/// and `scope`, the OAuth app's scopes.
fn github_claims<'a>(body: &Json<'a>, client_id: &str) -> Option<Json<'a>> {
    if body.get("app")?.get("client_id")?.as_str()? != client_id {
        return None;
    }
    let user = body.get("user")?;
    let mut claims = Object::new();
    claims.insert("sub", user.get("id")?.clone());
    for name in ["login", "type"] {
        if let Some(value) = user.get(name) {
            claims.insert(Cow::Owned(name.to_owned()), value.clone());
        }
    }
    claims.insert("scope", body.get("scopes").cloned().unwrap_or(Json::Null));
    Some(Json::Object(claims))
}
