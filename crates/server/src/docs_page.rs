//! The description of the interface at `/openapi.json`, and a page at `/docs` that shows it and can
//! send requests. Both are public: they are the same for every engine and have no secrets. The page is
//! part of the program and loads nothing from elsewhere.

use std::sync::LazyLock;

use axum::Router;
use axum::http::Uri;
use axum::routing::get;
use claude_worker_api::openapi::{self, DOCS_PATH, OPENAPI_PATH};

use crate::page_files::{self, File, served};

/// The description as it is sent.
static DESCRIPTION: LazyLock<Vec<u8>> =
    LazyLock::new(|| serde_json::to_vec(&openapi::openapi()).unwrap_or_default());

const FILES: &[File] = &[
    File {
        path: DOCS_PATH,
        media_type: "text/html; charset=utf-8",
        text: include_str!("docs_page/page.html"),
    },
    File {
        path: "/docs/page.css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("docs_page/page.css"),
    },
    File {
        path: "/docs/page.js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("docs_page/page.js"),
    },
];

/// Adds the description and the page to `routes`.
pub(crate) fn add<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let description = async |uri: Uri| served(&uri, "application/json", DESCRIPTION.as_slice());
    page_files::add(routes.route(OPENAPI_PATH, get(description)), FILES)
}
