//! Images in a run's output, which tools returned to the agent, and in files that its texts name.
//!
//! Those in the output are read from the output alone: no file of the agent's is opened for them.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use claude_worker_api::{ApiError, ErrorCode, Image, ImageQuery};
use claude_worker_os::files::open_regular;

use super::Source;
use crate::EngineError;

/// The longest image, in characters of Base64.
const MAX_IMAGE: usize = 8 * 1024 * 1024;
/// The longest line that is read. The CLI writes an image twice: for the model, and for programs.
const MAX_LINE: u64 = 4 * MAX_IMAGE as u64;

/// Reads an image.
///
/// # Errors
/// `not_found` where there is none; `invalid_request` for what is no image that a page shows.
pub(crate) fn image(source: &Source<'_>, query: &ImageQuery) -> Result<Image, EngineError> {
    let path = source.dir.stdout_path();
    let mut line = Vec::new();
    let read = open_regular(&path).and_then(|mut file| {
        file.seek(SeekFrom::Start(query.offset))?;
        BufReader::new(file.take(MAX_LINE)).read_until(b'\n', &mut line)
    });
    read.map_err(EngineError::io(format!("cannot read {}", path.display())))?;
    let line = String::from_utf8_lossy(&line);
    let data = claude_worker_agents::image(source.agent, line.trim_end(), query.number);
    let data = data.ok_or_else(|| {
        EngineError::Refused(ApiError::new(
            ErrorCode::NotFound,
            format!("There is no image {} at this place of the log", query.number),
        ))
    })?;
    checked(data).map_err(EngineError::Refused)
}

/// The image in a file.
///
/// # Errors
/// `not_found` where there is no such file; `invalid_request` for what is no image that a page shows.
pub(crate) fn image_in_file(path: &Path) -> Result<Image, ApiError> {
    let mut bytes = Vec::new();
    // Base64 has 4 characters for 3 bytes.
    let most = (MAX_IMAGE / 4 * 3) as u64 + 1;
    let read = open_regular(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| {
        let message = format!("{} cannot be read: {error}", path.display());
        ApiError::new(ErrorCode::NotFound, message)
    })?;
    checked(encode(&bytes))
}

/// An image that a page can show.
fn checked(data: String) -> Result<Image, ApiError> {
    if data.len() > MAX_IMAGE {
        let most = MAX_IMAGE >> 20;
        return Err(ApiError::invalid(format!(
            "The image is larger than {most} MiB and is not shown"
        )));
    }
    let Some(media_type) = media_type(&data) else {
        let message = "This is no PNG, JPEG, GIF or WebP image, and is not shown";
        return Err(ApiError::invalid(message));
    };
    Ok(Image { media_type: media_type.to_owned(), data })
}

/// What an image is, by its first bytes and not by what its sender claims. Only characters of Base64 may
/// follow, because the text becomes an address in a page.
fn media_type(data: &str) -> Option<&'static str> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if !data.bytes().all(is_base64) {
        return None;
    }
    let first = decode(data);
    let begins = |with: &[u8]| first.starts_with(with);
    Some(match () {
        () if begins(b"\x89PNG\r\n\x1a\n") => "image/png",
        () if begins(b"\xff\xd8\xff") => "image/jpeg",
        () if begins(b"GIF87a") || begins(b"GIF89a") => "image/gif",
        () if begins(b"RIFF") && first.get(8..12) == Some(b"WEBP") => "image/webp",
        () => return None,
    })
}

/// Bytes in Base64.
fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let six = (bits >> (18 - 6 * digit) & 63) as usize;
            text.push(if digit > three.len() { '=' } else { DIGITS[six].into() });
        }
    }
    text
}

/// The first 12 bytes of a text in Base64.
fn decode(data: &str) -> Vec<u8> {
    let digit = |byte: u8| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    let digits: Vec<u8> = data.bytes().take(16).map_while(digit).collect();
    let bytes = digits.chunks_exact(4).flat_map(|four| {
        [four[0] << 2 | four[1] >> 4, four[1] << 4 | four[2] >> 2, four[2] << 6 | four[3]]
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_base64() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
        assert_eq!(encode(b"RIFF\x24\0\0\0WEBP\xff\xfe"), "UklGRiQAAABXRUJQ//4=");
    }

    #[test]
    fn images_are_known_by_their_first_bytes() {
        assert_eq!(decode("UklGRiQAAABXRUJQ"), b"RIFF\x24\0\0\0WEBP");
        assert_eq!(media_type("iVBORw0KGgoAAAANSUhEUgAAAAE="), Some("image/png"));
        assert_eq!(media_type("/9j/4AAQSkZJRgABAQAAAQ=="), Some("image/jpeg"));
        assert_eq!(media_type("R0lGODlhAQABAIAAAAAAAA=="), Some("image/gif"));
        assert_eq!(media_type("UklGRiQAAABXRUJQVlA4IBg="), Some("image/webp"));
        for other in ["", "PHN2Zz4=", "PGh0bWw+PHNjcmlwdD4=", "iVBORw0KGgo\"onload=", "iVBO"] {
            assert_eq!(media_type(other), None, "{other}");
        }
    }
}
