//! Asks an executor for its tools.

use std::rc::Rc;

use crate::backends::upstream::{self, Scheme};
use crate::model::credential::Credential;
use crate::model::executor::{Executor, ExecutorKind, Upstream};
use crate::model::operation::query::encode_into;
use crate::model::tool;
use crate::model::tool::CATALOGUE_LIMITS;
use crate::model::tool::Tool;
use crate::ports::{Origin, OriginRequest, Platform};
use crate::words::json::{self, Json};
use crate::words::limits;
use crate::words::method::Method;
use crate::words::names::{Project, TenantId, UserId};
use crate::words::refusal::RefusalKind;
use crate::words::time::Millis;

/// Fetches the whole list of a remote executor, for one user where the answer depends on it.
pub(super) async fn discover<P: Platform>(
    platform: &P,
    executor: &Executor,
    index: usize,
    project: Option<&Project>,
    whose: Option<(&TenantId, &UserId)>,
    within: Millis,
) -> Result<Vec<Rc<Tool>>, RefusalKind> {
    let deadline = platform.now().after(within);
    match &executor.kind {
        ExecutorKind::Local => Ok(tool::of_local(index)),
        ExecutorKind::Worker(worker) => {
            let credential = credential_of(worker, whose)?;
            let request = get(format!("{}/worker/tools", worker.base_url), within);
            let body = fetch(platform, Scheme::Worker, credential, request).await?;
            let list = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
            tool::of_worker(list, index).ok_or(RefusalKind::UpstreamNotJson)
        }
        ExecutorKind::Engine(engine) => {
            let credential = credential_of(engine, whose)?;
            let base = upstream::engine_url(engine, project);
            let mut tools: Vec<Rc<Tool>> = Vec::new();
            let mut offset = 0_usize;
            loop {
                let user = whose.map_or_else(String::new, |(_, user)| upstream::query_pair("user_id", user.as_str()));
                let url = format!("{base}/tools?limit=100&offset={offset}&include_all_versions=true{user}");
                let left = platform.now().until(deadline);
                if left == Millis::ZERO {
                    return Err(RefusalKind::UpstreamTimeout);
                }
                let body = fetch(platform, Scheme::Engine, credential, get(url, left)).await?;
                let page = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
                let (items, total) = page_of(page).ok_or(RefusalKind::UpstreamNotJson)?;
                let is_last_page =
                    items.is_empty() || total.is_some_and(|total| offset.saturating_add(items.len()) >= total);
                offset = offset.saturating_add(items.len());
                tools.extend(items.into_iter().filter_map(|item| tool::of_engine_definition(item, index)).map(Rc::new));
                if is_last_page {
                    return Ok(tools);
                }
                if offset >= limits::CATALOGUE_TOOLS {
                    tracing::warn!(executor = executor.id.as_str(), most = limits::CATALOGUE_TOOLS, "tools_left_out");
                    return Ok(tools);
                }
            }
        }
    }
}

/// Fetches one tool of an engine as one user sees it.
pub(super) async fn discover_one<P: Platform>(
    platform: &P,
    engine: &Upstream,
    index: usize,
    project: Option<&Project>,
    (tenant, user): (&TenantId, &UserId),
    tool: &Tool,
) -> Result<Rc<Tool>, RefusalKind> {
    let credential = credential_of(engine, Some((tenant, user)))?;
    let mut url = format!("{}/tools/", upstream::engine_url(engine, project));
    encode_into(&mut url, tool.name.as_str());
    if !tool.version.is_empty() {
        encode_into(&mut url, &format!("@{}", tool.version));
    }
    url.push('?');
    url.push_str(upstream::query_pair("user_id", user.as_str()).trim_start_matches('&'));
    let body = fetch(platform, Scheme::Engine, credential, get(url, limits::CATALOGUE_TIMEOUT)).await?;
    let definition = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
    tool::of_engine_definition(definition, index).map(Rc::new).ok_or(RefusalKind::UpstreamNotJson)
}

/// The items of a page, and how many there are in all, if it says so.
fn page_of(page: Json<'_>) -> Option<(Vec<Json<'_>>, Option<usize>)> {
    let Json::Object(page) = page else {
        return None;
    };
    let total = match page.get("total_count") {
        Some(Json::Number(total)) => Some(usize::try_from(total.as_i64()?).ok()?),
        _ => None,
    };
    let items = page.into_members().find(|(name, _)| name == "items")?.1;
    match items {
        Json::Array(items) => Some((items, total)),
        _ => None,
    }
}

fn get(url: String, timeout: Millis) -> OriginRequest {
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

/// A list for everybody is fetched under the general credential, one for a user under the tenant's.
fn credential_of<'u>(
    upstream: &'u Upstream,
    whose: Option<(&TenantId, &UserId)>,
) -> Result<&'u Credential, RefusalKind> {
    let credential = match whose {
        Some((tenant, _)) => upstream.credentials.of(tenant),
        None => upstream.credentials.of_discovery(),
    };
    credential.ok_or(RefusalKind::ExecutorInactive)
}

async fn fetch<P: Platform>(
    platform: &P,
    scheme: Scheme,
    credential: &Credential,
    request: OriginRequest,
) -> Result<Vec<u8>, RefusalKind> {
    let send = async |request| Origin::send(platform, request).await;
    let response = upstream::send_as(platform, scheme, credential, request, send, |answer| answer.status).await?;
    match response.status {
        200 => Ok(response.body),
        401 | 403 => Err(RefusalKind::UpstreamRefusedCredential),
        500.. => Err(RefusalKind::UpstreamFailed),
        _ => Err(RefusalKind::UpstreamRefusedRequest),
    }
}
