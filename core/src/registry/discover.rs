//! Asks an executor for its tools.

use std::rc::Rc;

use super::catalogue::{self, CATALOGUE_LIMITS, Tool};
use crate::config::{Executor, ExecutorKind, Upstream};
use crate::json::{self, Json};
use crate::limits;
use crate::names::{Project, UserId};
use crate::operation::query::encode_into;
use crate::ports::{Origin, OriginRequest, Platform};
use crate::refusal::RefusalKind;
use crate::request::Method;
use crate::time::Millis;
use crate::upstream;

/// Fetches the whole list of a remote executor, for one user where the answer depends on it.
pub(super) async fn discover<P: Platform>(
    platform: &P,
    executor: &Executor,
    index: usize,
    project: Option<&Project>,
    user: Option<&UserId>,
    within: Millis,
) -> Result<Vec<Rc<Tool>>, RefusalKind> {
    let deadline = platform.now().after(within);
    match &executor.kind {
        ExecutorKind::Local => Ok(catalogue::of_local(index)),
        ExecutorKind::Worker(worker) => {
            let authorization = upstream::worker_token(worker, platform.now()).ok_or(RefusalKind::ExecutorInactive)?;
            let request = OriginRequest {
                authorization: Some(authorization),
                ..get(format!("{}/worker/tools", worker.base_url), within)
            };
            let body = fetch(platform, request).await?;
            let list = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
            catalogue::of_worker(list, index).ok_or(RefusalKind::UpstreamNotJson)
        }
        ExecutorKind::Engine(engine) => {
            let credential = upstream::engine_credential(engine).ok_or(RefusalKind::ExecutorInactive)?;
            let base = upstream::engine_url(engine, project);
            let mut tools: Vec<Rc<Tool>> = Vec::new();
            let mut offset = 0_usize;
            loop {
                let user = user.map_or_else(String::new, |user| upstream::query_pair("user_id", user.as_str()));
                let url = format!("{base}/tools?limit=100&offset={offset}&include_all_versions=true{user}");
                let left = platform.now().until(deadline);
                if left == Millis::ZERO {
                    return Err(RefusalKind::UpstreamTimeout);
                }
                let request = OriginRequest { authorization: Some(credential.clone()), ..get(url, left) };
                let body = fetch(platform, request).await?;
                let page = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
                let (items, total) = page_of(page).ok_or(RefusalKind::UpstreamNotJson)?;
                let is_last_page =
                    items.is_empty() || total.is_some_and(|total| offset.saturating_add(items.len()) >= total);
                offset = offset.saturating_add(items.len());
                tools.extend(
                    items.into_iter().filter_map(|item| catalogue::of_engine_definition(item, index)).map(Rc::new),
                );
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
    user: &UserId,
    tool: &Tool,
) -> Result<Rc<Tool>, RefusalKind> {
    let credential = upstream::engine_credential(engine).ok_or(RefusalKind::ExecutorInactive)?;
    let mut url = format!("{}/tools/", upstream::engine_url(engine, project));
    encode_into(&mut url, tool.name.as_str());
    if !tool.version.is_empty() {
        encode_into(&mut url, &format!("@{}", tool.version));
    }
    url.push('?');
    url.push_str(upstream::query_pair("user_id", user.as_str()).trim_start_matches('&'));
    let request = OriginRequest { authorization: Some(credential), ..get(url, limits::CATALOGUE_TIMEOUT) };
    let body = fetch(platform, request).await?;
    let definition = json::parse(&body, CATALOGUE_LIMITS).map_err(|_| RefusalKind::UpstreamNotJson)?;
    catalogue::of_engine_definition(definition, index).map(Rc::new).ok_or(RefusalKind::UpstreamNotJson)
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

async fn fetch<O: Origin>(origin: &O, request: OriginRequest) -> Result<Vec<u8>, RefusalKind> {
    let response = origin.send(request).await?;
    match response.status {
        200 => Ok(response.body),
        401 | 403 => Err(RefusalKind::UpstreamRefusedCredential),
        500.. => Err(RefusalKind::UpstreamFailed),
        _ => Err(RefusalKind::UpstreamRefusedRequest),
    }
}
