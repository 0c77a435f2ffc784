//! The header `Idempotency-Key`: the same as the field `idempotency_key` of the body.

use axum::http::HeaderMap;
use claude_worker_api::ApiError;

/// The name of the header.
const HEADER: &str = "idempotency-key";

/// The key in the headers of a request. It may be written as a string in quotes, which do not belong to
/// the key.
///
/// # Errors
/// `invalid_request` for several keys, and for one with other characters than visible ones of ASCII.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if values.next().is_some()
        || text.is_empty()
        || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(ApiError::invalid(
            "The header Idempotency-Key must be one key of visible ASCII characters",
        )
        .hint("Use a short key, such as a UUID"));
    }
    Ok(Some(text.to_owned()))
}

/// Puts the key of the headers into the request.
///
/// # Errors
/// `invalid_request` when the body has another key.
pub(crate) fn use_key(in_body: &mut Option<String>, key: String) -> Result<(), ApiError> {
    match in_body {
        Some(other) if *other != key => Err(ApiError::invalid(
            "The header Idempotency-Key and the field idempotency_key are different",
        )
        .hint("Send one of them")),
        _ => {
            *in_body = Some(key);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<String>, ApiError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, value.parse().unwrap());
        }
        idempotency_key(&headers)
    }

    #[test]
    fn the_header_is_one_key_with_or_without_quotes() {
        assert_eq!(read(&[]), Ok(None));
        for text in ["a-1", "\"a-1\"", " a-1 "] {
            assert_eq!(read(&[text]), Ok(Some("a-1".to_owned())), "{text}");
        }
        for wrong in [&["a", "a"][..], &[""], &["\"\""], &["a b"], &["\u{e9}"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn header_and_body_may_not_differ() {
        for (body, fits) in [(None, true), (Some("a"), true), (Some("b"), false)] {
            let mut slot = body.map(str::to_owned);
            assert_eq!(use_key(&mut slot, "a".to_owned()).is_ok(), fits);
            assert!(!fits || slot.as_deref() == Some("a"));
        }
    }
}
