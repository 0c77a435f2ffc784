//! What the fuzzers call in this crate.

use claude_worker_api::{Answer, EventPage, LogPage, OutputChunk, Stopped, TaskDetail, TaskPage};
use hyper::StatusCode;

use crate::server_url::ServerUrl;
use crate::transport::error_in;

/// An address of an engine, as people write it.
pub fn server_url(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(url) = ServerUrl::parse(text) else { return };
    assert_eq!(ServerUrl::parse(&url.to_string()).as_ref(), Ok(&url), "{text:?}");
    // It becomes a header and is looked up.
    assert!(!url.host().is_empty() && !url.host().contains(['@', '/', ' ']), "{text:?}");
    assert!(!url.authority().contains(['\r', '\n']), "{text:?}");
}

/// An answer of an engine: the first two bytes of the input are the status, the rest is the body.
pub fn answer(input: &[u8]) {
    let Some((status, body)) = input.split_first_chunk::<2>() else { return };
    let status = StatusCode::from_u16(u16::from_be_bytes(*status)).unwrap_or_default();
    if !status.is_success() {
        let error = error_in(status, body);
        let text = serde_json::to_string(&error).expect("an error as JSON");
        assert_eq!(serde_json::from_str(&text).ok(), Some(error), "{text}");
        return;
    }
    read_again::<TaskPage>(body);
    read_again::<TaskDetail>(body);
    read_again::<EventPage>(body);
    read_again::<LogPage>(body);
    read_again::<Stopped>(body);
    let header = |_: &str| std::str::from_utf8(body).ok().map(str::to_owned);
    drop(OutputChunk::from_reply(header, Vec::new()));
}

/// What was read is the same after it was written and read again, with the values of newer versions.
fn read_again<T: Answer + std::fmt::Debug>(body: &[u8]) {
    let Ok(answer) = T::from_reply(|_| None, body.to_vec()) else { return };
    let shown = format!("{answer:?}");
    let written = answer.into_reply().expect("an answer as JSON").body;
    let again = T::from_reply(|_| None, written).expect("what was written can be read");
    assert_eq!(format!("{again:?}"), shown);
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("server_url", super::server_url);
        corpus::replay("answer", super::answer);
    }
}
