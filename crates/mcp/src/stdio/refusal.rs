//! Error answers to lines that are not valid messages.

use rmcp::model::{ErrorData, JsonRpcMessage, NumberOrString, RequestId};
use serde_json::Value;

use super::encode;

/// The error answer to a line that is not UTF-8. Replacing its bytes could change its meaning (a path,
/// say). The answer has the id of the request where it can be read.
pub(super) fn not_utf8(line: &[u8], error: std::str::Utf8Error) -> Option<Vec<u8>> {
    let value = serde_json::from_str(&String::from_utf8_lossy(line)).unwrap_or(Value::Null);
    let at = error.valid_up_to();
    let byte = line.get(at).copied().unwrap_or_default();
    let what = format!("This is not UTF-8: the byte 0x{byte:02x} after {at} bytes is wrong");
    // Only the id of a request, and only if its bytes are valid, because the client knows no other.
    let id = value.get("method").and_then(|_| id_of(&value));
    let id = id.filter(|id| !id.to_string().contains(char::REPLACEMENT_CHARACTER));
    encode(&JsonRpcMessage::error(ErrorData::parse_error(what, None), id))
}

fn id_of(message: &Value) -> Option<RequestId> {
    match message.get("id") {
        Some(Value::String(id)) => Some(NumberOrString::String(id.as_str().into())),
        Some(Value::Number(id)) => id.as_i64().map(NumberOrString::Number),
        _ => None,
    }
}

/// The error answer to an invalid line; none to a notification or a response.
pub(crate) fn refusal(line: &[u8], error: &serde_json::Error) -> Option<Vec<u8>> {
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        let error = ErrorData::parse_error(format!("This is not JSON: {error}"), None);
        return encode(&JsonRpcMessage::error(error, None));
    };
    let id = id_of(&value);
    // A notification of an unknown kind.
    if value.get("method").is_some() && value.get("id").is_none() {
        return None;
    }
    let what = if value.is_array() {
        "Send one message per line: batches are not part of the protocol"
    } else {
        "This is not a JSON-RPC 2.0 request"
    };
    encode(&JsonRpcMessage::error(ErrorData::invalid_request(what, None), id))
}

/// The id of a message of which only the ends are known: clients put it first or last.
pub(crate) fn id_near(beginning: &[u8], end: &[u8]) -> Option<RequestId> {
    let beginning = String::from_utf8_lossy(beginning);
    let end = String::from_utf8_lossy(end);
    let first = beginning
        .replacen("\"jsonrpc\":\"2.0\",", "", 1)
        .strip_prefix("{\"id\":")
        .and_then(|rest| Some(rest.split_once(',')?.0.to_owned()));
    let last = || {
        let inside = end.strip_suffix('}')?;
        let inside = inside.strip_suffix(",\"jsonrpc\":\"2.0\"").unwrap_or(inside);
        Some(
            inside
                .rsplit_once("},\"id\":")
                .or_else(|| inside.rsplit_once(",\"id\":"))?
                .1
                .to_owned(),
        )
    };
    serde_json::from_str(&first.or_else(last)?).ok()
}

#[cfg(test)]
mod tests {
    use rmcp::service::{RoleServer, RxJsonRpcMessage};

    use super::*;

    #[test]
    fn the_id_of_a_line_that_is_too_long_is_found_where_clients_put_it() {
        let near = |beginning: &str, end: &str| {
            id_near(beginning.as_bytes(), end.as_bytes()).map(|id| id.to_string())
        };
        let some = |id: &str| Some(id.to_owned());
        assert_eq!(near(r#"{"jsonrpc":"2.0","id":7,"method":"tools/c"#, "xxx"), some("7"));
        assert_eq!(near(r#"{"id":"a-1","jsonrpc":"2.0","meth"#, "xxx"), some("a-1"));
        assert_eq!(
            near(r#"{"method":"tools/call","params":{"#, r#"x"}},"jsonrpc":"2.0","id":8}"#),
            some("8")
        );
        assert_eq!(
            near(r#"{"method":"tools/call","params":{"#, r#"x"}},"id":9,"jsonrpc":"2.0"}"#),
            some("9")
        );
        assert_eq!(near(r#"{"method":"tools/call","params":{"#, r#"x"}}}"#), None);
        assert_eq!(near("", ""), None);
    }

    #[test]
    fn invalid_utf8_is_reported_and_not_replaced() {
        let refused = |line: &[u8]| {
            let error = std::str::from_utf8(line).unwrap_err();
            serde_json::from_slice::<Value>(&not_utf8(line, error).unwrap()).unwrap()
        };
        let asked =
            b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":\"caf\xe9\"}";
        let told = refused(asked);
        assert_eq!((&told["error"]["code"], &told["id"]), (&(-32700).into(), &7.into()), "{told}");
        let message = told["error"]["message"].as_str().unwrap();
        assert_eq!(message, "This is not UTF-8: the byte 0xe9 after 59 bytes is wrong");
        for line in [
            &b"\xff{"[..],
            b"{\"jsonrpc\":\"2.0\",\"id\":\"a\xff\",\"method\":\"ping\"}",
            b"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"\xff\"}",
        ] {
            assert!(refused(line).get("id").is_none_or(Value::is_null));
        }
    }

    #[test]
    fn invalid_messages_get_an_error_with_the_reason() {
        let refused = |line: &str| {
            let error = serde_json::from_str::<RxJsonRpcMessage<RoleServer>>(line).unwrap_err();
            refusal(line.as_bytes(), &error)
                .map(|line| serde_json::from_slice::<Value>(&line).unwrap())
        };
        let code = |line: &str| refused(line).unwrap()["error"]["code"].as_i64().unwrap();
        assert_eq!(code("{"), -32700);
        assert_eq!(code("[]"), -32600);
        assert_eq!(code("7"), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":7}"#), -32600);
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":7}"#).unwrap()["id"], 7);
        assert!(refused(r#"{"jsonrpc":"1.0","method":"x"}"#).is_none());
        // With an id it expects an answer, even if the id is invalid.
        for id in ["null", "1.5", "9223372036854775808", "[]", "{}", "true"] {
            let asked = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            assert_eq!(code(&asked), -32600, "{id}");
            assert!(refused(&asked).unwrap()["id"].is_null(), "{id}");
        }
    }
}
