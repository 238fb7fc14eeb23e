//! Lists of tools as the Arcade API gives them: filtered, formatted, in pages; only tools that the caller may call.

mod filter;
mod format;

use std::rc::Rc;

use crate::access::admission::Context;
use crate::catalog::Catalog;
use crate::front::response::Answer;
use crate::model::operation::Query;
use crate::model::tool::Tool;
use crate::ports::Platform;
use crate::words::json::{self, Json, Object, write_json};
use crate::words::names::{Project, UserId};
use crate::words::refusal::{Refusal, RefusalKind};

use filter::Filter;
use format::Format;

/// The form of an item of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The definition, with `formatted_schema` for each requested format.
    Tools,
    /// The tool in one format alone.
    Formatted,
}

/// Page size without `limit`.
const LIMIT: usize = 25;

/// Largest page.
const LIMIT_MAX: usize = 100;

/// Answers `GET /v1/tools` and `GET /v1/formatted_tools`.
///
/// # Errors
/// [`RefusalKind::QueryInvalid`], and those of an engine that has to be asked for the user's status.
pub(crate) async fn list<P: Platform>(
    platform: &P,
    catalog: &Catalog,
    context: &Context<'_>,
    query: &Query,
    project: Option<&Project>,
    shape: Shape,
) -> Result<Answer<P::Stream>, Refusal> {
    let limit = number(query, "limit")?.unwrap_or(LIMIT).min(LIMIT_MAX);
    let offset = number(query, "offset")?.unwrap_or(0);
    let formats = formats(query, shape)?;
    let filter = Filter::parse(query.get("filter"))?;
    let toolkit = query.get("toolkit").map(str::to_ascii_lowercase);
    let all_versions = flag(query, "include_all_versions")?;
    let user = user_of(query);
    let wanted: Vec<&Rc<Tool>> = context
        .registry
        .iter(all_versions)
        .filter(|tool| context.sees(tool, user.as_ref()))
        .filter(|tool| toolkit.as_ref().is_none_or(|toolkit| tool.toolkit_folded() == toolkit))
        .filter(|tool| filter.matches(tool.definition()))
        .collect();
    let page: Vec<Rc<Tool>> = wanted.iter().skip(offset).take(limit).map(|tool| Rc::clone(tool)).collect();
    let page = with_user_status(platform, catalog, context, query, project, page).await?;
    let mut body = b"{\"items\":[".to_vec();
    for (index, tool) in page.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_json(&mut body, &item(tool, shape, &formats));
    }
    body.extend_from_slice(
        format!(
            "],\"limit\":{limit},\"offset\":{offset},\"page_count\":{},\"total_count\":{}}}",
            page.len(),
            wanted.len()
        )
        .as_bytes(),
    );
    Ok(Answer::json(200, body))
}

/// Answers `GET /v1/tools/{name}` and `GET /v1/formatted_tools/{name}`.
///
/// # Errors
/// As [`list`], and those of [`Context::tool`].
pub(crate) async fn get<P: Platform>(
    platform: &P,
    catalog: &Catalog,
    context: &Context<'_>,
    name: &str,
    query: &Query,
    project: Option<&Project>,
    shape: Shape,
) -> Result<Answer<P::Stream>, Refusal> {
    let formats = formats(query, shape)?;
    let tool = context.tool(name, None)?;
    let tools = with_user_status(platform, catalog, context, query, project, vec![tool]).await?;
    let mut body = Vec::new();
    if let Some(tool) = tools.first() {
        write_json(&mut body, &item(tool, shape, &formats));
    }
    Ok(Answer::json(200, body))
}

/// Adds the status of requirements, which depends on the user: asked of the engine for the tools that have any, never
/// stored.
async fn with_user_status<P: Platform>(
    platform: &P,
    catalog: &Catalog,
    context: &Context<'_>,
    query: &Query,
    project: Option<&Project>,
    mut tools: Vec<Rc<Tool>>,
) -> Result<Vec<Rc<Tool>>, Refusal> {
    let Some(user) = user_of(query) else {
        return Ok(tools);
    };
    for (index, executor) in context.rules.executors.iter().enumerate() {
        let concerned = |tool: &Rc<Tool>| tool.executor == index && tool.needs_authorization;
        let mut asked = tools.iter().filter(|tool| concerned(tool));
        let (first, second) = (asked.next(), asked.next());
        let (Some(first), Some(_)) = (first, executor.engine()) else { continue };
        // One tool is asked for by its name; several with the whole list.
        let only = if second.is_none() { Some(Rc::clone(first)) } else { None };
        let (tenant, only) = (&context.caller.tenant, only.as_deref());
        let theirs = catalog.for_user(platform, index, project, tenant, &user, only).await.map_err(Refusal::new)?;
        for tool in tools.iter_mut().filter(|tool| concerned(tool)) {
            let same = theirs.iter().find(|known| known.folded == tool.folded && known.version == tool.version);
            if let Some(same) = same {
                *tool = Rc::clone(same);
            }
        }
    }
    Ok(tools)
}

/// Returns the user of the query, whom the caller may name: admission has looked.
fn user_of(query: &Query) -> Option<UserId> {
    query.get("user_id").and_then(UserId::new)
}

fn item(tool: &Tool, shape: Shape, formats: &[Format]) -> Json<'static> {
    match (shape, formats) {
        (Shape::Formatted, [format, ..]) => format.of(tool),
        (Shape::Formatted, []) | (Shape::Tools, []) => tool.definition().clone(),
        (Shape::Tools, formats) => {
            let Json::Object(mut definition) = tool.definition().clone() else {
                return Json::Null;
            };
            let mut formatted = Object::new();
            for format in formats {
                formatted.insert(format.name(), format.of(tool));
            }
            definition.insert("formatted_schema", Json::Object(formatted));
            Json::Object(definition)
        }
    }
}

fn formats(query: &Query, shape: Shape) -> Result<Vec<Format>, Refusal> {
    let name = if shape == Shape::Tools { "include_format" } else { "format" };
    let formats: Option<Vec<Format>> = query.list(name).map(Format::parse).collect();
    let mut formats = formats.ok_or_else(|| {
        Refusal::with(RefusalKind::QueryInvalid, format!("{name}: must be arcade, openai or anthropic"))
    })?;
    let mut asked = Vec::new();
    formats.retain(|format| {
        !asked.contains(format) && {
            asked.push(*format);
            true
        }
    });
    if shape == Shape::Formatted && formats.is_empty() {
        formats.push(Format::Arcade);
    }
    Ok(formats)
}

fn number(query: &Query, name: &'static str) -> Result<Option<usize>, Refusal> {
    let invalid = || Refusal::with(RefusalKind::QueryInvalid, format!("{name}: must be a whole number, not negative"));
    query.get(name).map(|text| text.parse().map_err(|_| invalid())).transpose()
}

fn flag(query: &Query, name: &'static str) -> Result<bool, Refusal> {
    match query.get(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Refusal::with(RefusalKind::QueryInvalid, format!("{name}: must be true or false"))),
    }
}

/// Limits on reading the `filter` parameter.
const FILTER_LIMITS: json::Limits = json::Limits { depth: 6, values: 500, string_bytes: 1_000, number_bytes: 100 };
