//! The header `traceparent` of W3C Trace Context, by which a run becomes part of a trace.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A trace, a span in it, and whether the trace is recorded: `00-TRACE-SPAN-FLAGS`.
///
/// <https://www.w3.org/TR/trace-context/>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Traceparent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl Traceparent {
    /// The bit of the flags that says that the trace is recorded.
    const SAMPLED: u8 = 1;

    /// The one for a span in a trace that is recorded; none for the ids 0, which mean that there is none.
    #[must_use]
    pub const fn new(trace_id: u128, span_id: u64) -> Option<Self> {
        if trace_id == 0 || span_id == 0 {
            return None;
        }
        Some(Self { trace_id, span_id, flags: Self::SAMPLED })
    }

    /// The same trace at another span of it.
    #[must_use]
    pub const fn at(self, span_id: u64) -> Self {
        Self { span_id, ..self }
    }

    /// The id of the trace, never 0.
    #[must_use]
    pub const fn trace_id(self) -> u128 {
        self.trace_id
    }

    /// The id of the span, never 0.
    #[must_use]
    pub const fn span_id(self) -> u64 {
        self.span_id
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.flags & Self::SAMPLED != 0
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl FromStr for Traceparent {
    type Err = String;

    /// Later versions may have more fields, which are left out.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{}\" is not a traceparent", text.escape_debug());
        let field = |text: Option<&str>, length: usize| {
            let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
            let text = text.filter(|text| text.len() == length && text.bytes().all(lower))?;
            u128::from_str_radix(text, 16).ok()
        };
        let mut parts = text.split('-');
        let version = field(parts.next(), 2).ok_or_else(wrong)?;
        let trace_id = field(parts.next(), 32).ok_or_else(wrong)?;
        let span_id = field(parts.next(), 16).ok_or_else(wrong)?;
        let flags = field(parts.next(), 2).ok_or_else(wrong)?;
        if version == 0xff
            || trace_id == 0
            || span_id == 0
            || (version == 0 && parts.next().is_some())
        {
            return Err(wrong());
        }
        // Each fits by its length.
        Ok(Self { trace_id, span_id: span_id as u64, flags: flags as u8 & Self::SAMPLED })
    }
}

impl TryFrom<String> for Traceparent {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Traceparent> for String {
    fn from(traceparent: Traceparent) -> Self {
        traceparent.to_string()
    }
}

impl JsonSchema for Traceparent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Traceparent".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // The ids are not 0, and only versions after 00 have further fields.
        let ids = "(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}";
        let pattern = format!("^(00-{ids}|(?!00|ff)[0-9a-f]{{2}}-{ids}(-.*)?)$");
        json_schema!({ "type": "string", "pattern": pattern })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_standard_is_read_and_written() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let read: Traceparent = text.parse().unwrap();
        assert_eq!(read.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(read.span_id(), 0x00f0_67aa_0ba9_02b7);
        assert!(read.is_sampled());
        assert_eq!(read.to_string(), text);
        let child = read.at(1).to_string();
        assert_eq!(child, "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01");
        let unsampled: Traceparent = text.replace("-01", "-00").parse().unwrap();
        assert!(!unsampled.is_sampled());
        // A later version with one more field.
        let later = format!("cc{}-what", &text[2..]);
        assert_eq!(later.parse::<Traceparent>().unwrap(), read);
        let json = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Traceparent>(&json).unwrap(), read);
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(wrong.parse::<Traceparent>().is_err(), "{wrong}");
        }
        assert_eq!(Traceparent::new(0, 1), None);
        assert_eq!(Traceparent::new(1, 0), None);
    }
}
