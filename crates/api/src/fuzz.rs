//! The functions of this crate that the fuzzers call.

use std::str::FromStr;

use crate::{
    Cursor, HttpSettings, RunId, TaskId, Timestamp, Traceparent, format_duration, host_name,
    listen_address, parse_duration,
};

/// Reads values as people and programs write them: durations, timestamps, ids, cursors, traces.
pub fn values(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(millis) = parse_duration(text) {
        drop(format_duration(millis));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        assert_eq!(instant.to_string().parse(), Ok(instant), "{text:?}");
    }
    if let Ok(id) = text.parse::<TaskId>() {
        assert_eq!(id.to_string().parse(), Ok(id), "{text:?}");
    }
    if let Ok(run) = RunId::try_from(text.to_owned()) {
        // A run id is used as the name of a directory.
        let name = run.as_str();
        assert!(!name.is_empty() && !name.contains(['/', '\0']) && !name.starts_with('.'));
    }
    if let Ok(cursor) = Cursor::from_str(text) {
        assert_eq!(Cursor::from_str(&cursor.to_string()).ok(), Some(cursor), "{text:?}");
    }
    if let Ok(trace) = text.parse::<Traceparent>() {
        assert_eq!(trace.to_string().parse(), Ok(trace), "{text:?}");
        assert!(trace.trace_id() != 0 && trace.span_id() != 0);
    }
}

/// Reads `[http]`: the first line of the input is `listen`, each further line one of `allow_hosts`.
/// Without TLS and without a proxy, no other machine reaches an address that is accepted.
pub fn addresses(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.split('\n').map(str::to_owned);
    let listen = lines.next().unwrap_or_default();
    if let Ok(Some(address)) = listen_address(&listen) {
        assert_eq!(listen_address(&address.to_string()), Ok(Some(address)), "{text:?}");
    }
    let settings = HttpSettings { listen, allow_hosts: lines.collect(), ..HttpSettings::default() };
    let Ok(Some(listen)) = settings.to_listen() else { return };
    assert!(listen.address.ip().is_loopback(), "{text:?}");
    for host in &listen.allow_hosts {
        assert_eq!(host_name(host).as_ref(), Ok(host), "{text:?}");
        assert!(host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*'), "{text:?}");
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("values", super::values);
        corpus::replay("addresses", super::addresses);
    }
}
