//! Small pages that are part of this crate's source, and the security headers of all pages.

use axum::Router;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::refusal::Refusal;
use crate::request::{Nothing, query};

/// The content security policy of [`File`]s: scripts and styles of this server, and requests to it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of a small page. Everybody may see it.
pub(crate) struct File {
    pub(crate) path: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) text: &'static str,
}

/// Adds a route for each file.
pub(crate) fn add<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    files: &'static [File],
) -> Router<S> {
    files.iter().fold(routes, |routes, file| {
        let page = async |uri: Uri| served(&uri, file.media_type, file.text);
        routes.route(file.path, get(page))
    })
}

/// Answers a request for something that everybody may see and that takes no parameters.
///
/// # Errors
/// `invalid_request` for a parameter.
pub(crate) fn served(
    uri: &Uri,
    media_type: &'static str,
    body: impl IntoResponse,
) -> Result<Response, Refusal> {
    query::<Nothing>(uri.query().unwrap_or_default())?;
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(with_security_headers(response, POLICY))
}

/// Adds the headers that every page has, apart from those of every answer
/// ([`crate::routes::guarded_from_browsers`]). `policy` is its content security policy.
pub(crate) fn with_security_headers(mut response: Response, policy: &'static str) -> Response {
    for (name, value) in
        [(header::CONTENT_SECURITY_POLICY, policy), (header::REFERRER_POLICY, "no-referrer")]
    {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // An outdated page must not talk to a newer engine.
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
    response
}
