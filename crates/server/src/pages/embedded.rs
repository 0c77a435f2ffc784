//! The pages in the program, in the encodings in which browsers ask for them. `build.rs` makes the list.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use claude_worker_api::ApiError;

use crate::refusal::Refusal;

/// The files of the built pages, sorted by path; empty when the program was built without them.
pub(super) static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/embedded_files.rs"));

/// One file. Text stands there only compressed, except for pages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its path in an address: `/assets/index-B2ARwg_C.js`.
    pub(super) path: &'static str,
    /// The entity tag. It is weak, because the encodings share it.
    pub(super) tag: &'static str,
    pub(super) plain: Option<&'static [u8]>,
    pub(super) gzip: Option<&'static [u8]>,
    pub(super) brotli: Option<&'static [u8]>,
}

/// The file at `path`, if there is one.
pub(super) fn find(files: &'static [File], path: &str) -> Option<&'static File> {
    let path =
        if path.ends_with('/') { Cow::from(format!("{path}index.html")) } else { path.into() };
    files.binary_search_by(|file| file.path.cmp(&path)).ok().map(|found| &files[found])
}

impl File {
    /// The answer to a request with these headers.
    ///
    /// # Errors
    /// `invalid_request`, with the status 406, when the request accepts no encoding that there is.
    pub(super) fn response(&self, headers: &HeaderMap) -> Result<Response, Refusal> {
        // The bundler puts a hash of the content into these names, so they never change.
        let hashed = self.path.starts_with("/assets/");
        let caching = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let kept: [(HeaderName, &'static str); 3] = [
            (header::ETAG, self.tag),
            (header::CACHE_CONTROL, caching),
            (header::VARY, "Accept-Encoding"),
        ];
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        if known.is_some_and(|known| known.split(',').any(|tag| same_tag(tag.trim(), self.tag))) {
            return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
        }
        let accepted = headers.get(header::ACCEPT_ENCODING);
        let (encoding, content) = self.encoded(accepted).ok_or_else(|| {
            let error = ApiError::invalid("This file is there only compressed")
                .hint("Send `Accept-Encoding: gzip`");
            Refusal::with_status(error, StatusCode::NOT_ACCEPTABLE)
        })?;
        let kind = [(header::CONTENT_TYPE, kind(self.path))];
        let mut response = (kept, kind, content).into_response();
        if let Some(encoding) = encoding {
            let encoding = HeaderValue::from_static(encoding);
            response.headers_mut().insert(header::CONTENT_ENCODING, encoding);
        }
        Ok(response)
    }

    /// The smallest encoding that a request accepts, with its name.
    fn encoded(
        &self,
        accepted: Option<&HeaderValue>,
    ) -> Option<(Option<&'static str>, &'static [u8])> {
        let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let may = |name: &str| accepted.split(',').any(|coding| accepts(coding, name));
        let brotli = self.brotli.filter(|_| may("br")).map(|content| (Some("br"), content));
        let gzip = self.gzip.filter(|_| may("gzip")).map(|content| (Some("gzip"), content));
        brotli.or(gzip).or(self.plain.map(|content| (None, content)))
    }
}

/// Whether one element of `Accept-Encoding` accepts a coding: `br`, `gzip;q=0.8`, but not `br;q=0`.
fn accepts(element: &str, name: &str) -> bool {
    let (coding, parameters) = element.split_once(';').unwrap_or((element, ""));
    let refused = parameters
        .trim()
        .strip_prefix("q=")
        .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0));
    coding.trim().eq_ignore_ascii_case(name) && !refused
}

/// Compares entity tags weakly, as `If-None-Match` asks for.
fn same_tag(given: &str, own: &str) -> bool {
    let bare = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    given == "*" || bare(given) == bare(own)
}

/// The content type by the ending of a name.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SAMPLE: &[File] = &[
        File {
            path: "/assets/a.js",
            tag: "W/\"aa\"",
            plain: None,
            gzip: Some(b"gzip"),
            brotli: Some(b"br"),
        },
        File {
            path: "/index.html",
            tag: "W/\"bb\"",
            plain: Some(b"<p>"),
            gzip: None,
            brotli: None,
        },
    ];

    fn ask(path: &str, headers: &[(HeaderName, &'static str)]) -> (u16, HeaderMap) {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let file = find(SAMPLE, path).unwrap();
        let response = file.response(&headers.collect()).into_response();
        (response.status().as_u16(), response.headers().clone())
    }

    #[test]
    fn the_smallest_accepted_encoding_is_sent() {
        for (accepted, status, encoding) in [
            ("gzip, deflate, br, zstd", 200, Some("br")),
            ("gzip;q=1.0, br;q=0", 200, Some("gzip")),
            ("BR;q=0.5", 200, Some("br")),
            ("identity", 406, None),
        ] {
            let (got, headers) = ask("/assets/a.js", &[(header::ACCEPT_ENCODING, accepted)]);
            assert_eq!(got, status, "{accepted}");
            let got = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
            assert_eq!(got, encoding, "{accepted}");
        }
        let (status, headers) = ask("/", &[]);
        assert_eq!(status, 200);
        assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(!headers.contains_key(header::CONTENT_ENCODING));
    }

    #[test]
    fn hashed_files_are_kept_for_ever_and_pages_are_asked_for_each_time() {
        let (_, asset) = ask("/assets/a.js", &[(header::ACCEPT_ENCODING, "br")]);
        assert_eq!(asset[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(asset[header::VARY], "Accept-Encoding");
        let (_, page) = ask("/index.html", &[]);
        assert_eq!(page[header::CACHE_CONTROL], "no-cache");
        for known in ["W/\"bb\"", "\"bb\"", "\"x\", W/\"bb\"", "*"] {
            assert_eq!(ask("/", &[(header::IF_NONE_MATCH, known)]).0, 304, "{known}");
        }
        assert_eq!(ask("/", &[(header::IF_NONE_MATCH, "W/\"aa\"")]).0, 200);
    }

    #[test]
    fn embedded_files_are_sorted_and_have_a_known_type() {
        assert!(FILES.is_sorted_by_key(|file| file.path));
        for file in FILES {
            assert_ne!(kind(file.path), "application/octet-stream", "{}", file.path);
        }
    }
}
