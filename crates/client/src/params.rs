//! Query strings of the addresses whose queries are more than plain values: lists are written with
//! commas.

use std::str::FromStr;

use claude_worker_api::{
    ApiError, Cursor, EventQuery, ListQuery, Order, SpentQuery, Status, TaskId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A path with a query string made of `query`'s fields.
pub fn path(path: &str, query: &impl Serialize) -> String {
    // Only structs of plain values come here, and those always encode.
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The query string of `GET /api/v1/tasks`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    attention: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
}

impl From<&ListQuery> for ListParams {
    fn from(query: &ListQuery) -> Self {
        Self {
            status: joined(query.statuses.iter().map(|status| status.name())),
            ids: joined(&query.ids),
            attention: query.attention,
            search: query.search.clone(),
            order: (query.order != Order::default()).then_some(query.order),
            cursor: query.cursor,
            limit: query.limit,
        }
    }
}

impl TryFrom<ListParams> for ListQuery {
    type Error = ApiError;
    fn try_from(params: ListParams) -> Result<Self, ApiError> {
        Ok(Self {
            statuses: split::<Status>(params.status.as_deref())?,
            ids: split::<TaskId>(params.ids.as_deref())?,
            attention: params.attention,
            search: params.search,
            order: params.order.unwrap_or_default(),
            cursor: params.cursor,
            limit: params.limit,
        })
    }
}

/// The query string of `GET /api/v1/events` and of the stream.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EventParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lasting: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<u64>,
}

impl From<&EventQuery> for EventParams {
    fn from(query: &EventQuery) -> Self {
        Self {
            after: query.after,
            limit: query.limit,
            tasks: joined(&query.tasks),
            lasting: query.lasting,
            wait_ms: (query.wait_ms > 0).then_some(query.wait_ms),
        }
    }
}

impl TryFrom<EventParams> for EventQuery {
    type Error = ApiError;
    fn try_from(params: EventParams) -> Result<Self, ApiError> {
        Ok(Self {
            after: params.after,
            limit: params.limit,
            tasks: split::<TaskId>(params.tasks.as_deref())?,
            lasting: params.lasting,
            wait_ms: params.wait_ms.unwrap_or_default(),
        })
    }
}

/// The query string of `GET /api/v1/spent`.
#[derive(Debug, Serialize, Deserialize)]
pub struct SpentParams {
    since: i64,
}

impl From<SpentQuery> for SpentParams {
    fn from(query: SpentQuery) -> Self {
        Self { since: query.since.as_millis() }
    }
}

impl From<SpentParams> for SpentQuery {
    fn from(params: SpentParams) -> Self {
        Self { since: Timestamp::from_millis(params.since) }
    }
}

fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> Option<String> {
    let texts: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

fn split<T: FromStr<Err = String>>(text: Option<&str>) -> Result<Vec<T>, ApiError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let list: Vec<T> =
        parts.map(|part| part.parse().map_err(ApiError::invalid)).collect::<Result<_, _>>()?;
    // An empty filter in our types lets everything through. In a query string it is more likely a
    // list from which everything was taken out.
    if list.is_empty() {
        return Err(ApiError::invalid("An empty list chooses nothing; leave it out for all"));
    }
    Ok(list)
}
