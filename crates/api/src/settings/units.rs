//! Durations and sizes as texts with a unit, as `config.toml` has them.

use serde::{Deserialize, Deserializer};

use crate::parse_duration;

#[derive(Deserialize)]
#[serde(untagged, expecting = "it must be a text with a unit, like \"10m\" or \"256MB\"")]
enum NumberOrText {
    Number(u64),
    Text(String),
}

/// Reads a duration in milliseconds: a text like `10m`. A number has no unit, so that only 0 can be
/// meant.
pub(super) fn read_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(0) => Ok(0),
        NumberOrText::Number(number) => Err(serde::de::Error::custom(format!(
            "{number} has no unit: write \"{number}d\", \"{number}h\", \"{number}m\" or \"{number}s\""
        ))),
        NumberOrText::Text(text) => parse_duration(&text).map_err(serde::de::Error::custom),
    }
}

/// The shortest text that [`read_duration`] reads as this number of milliseconds.
pub(super) fn duration_text(millis: u64) -> String {
    match millis {
        0 => "0".to_owned(),
        ms if ms % 1000 != 0 => format!("{ms}ms"),
        ms if ms % 86_400_000 == 0 => format!("{}d", ms / 86_400_000),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms => format!("{}s", ms / 1000),
    }
}

/// Reads a size in bytes: a number, or a text like `256MB`.
pub(super) fn read_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(bytes) => Ok(bytes),
        NumberOrText::Text(text) => parse_size(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "\"{text}\" is not a size: write it like 500kB, 256MB or 5GB"
            ))
        }),
    }
}

fn parse_size(text: &str) -> Option<u64> {
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit: u64 = match &*unit.trim().to_ascii_lowercase() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// The shortest text that [`read_size`] reads as this number of bytes.
pub(super) fn size_text(bytes: u64) -> String {
    match bytes {
        0 => "0".to_owned(),
        n if n % 1_000_000_000 == 0 => format!("{}GB", n / 1_000_000_000),
        n if n % 1_000_000 == 0 => format!("{}MB", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{}kB", n / 1_000),
        n => format!("{n}B"),
    }
}
