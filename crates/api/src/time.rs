//! Timestamps and durations, and their text forms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The beginning of the year 0, in milliseconds since the Unix epoch.
const YEAR_0: i64 = -62_167_219_200_000;

/// An instant: whole milliseconds since the Unix epoch. On the wire an RFC 3339 string in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The wall clock now. A clock before 1970 reads as the epoch.
    #[must_use]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to `self`; zero when the clock went backwards between them.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        let delta = self.0.saturating_sub(earlier.0);
        if delta < 0 { 0 } else { delta.unsigned_abs() }
    }

    /// The instant `millis` milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }

    /// The instant `millis` milliseconds earlier.
    #[must_use]
    pub fn minus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(i64::try_from(millis).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beyond the years 0 to 9999, which RFC 3339 has, the nearest instant that can be read again.
        let latest = jiff::Timestamp::MAX.as_millisecond();
        let instant = jiff::Timestamp::from_millisecond(self.0.clamp(YEAR_0, latest));
        write!(f, "{:.3}", instant.unwrap_or_default())
    }
}

impl FromStr for Timestamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let instant: jiff::Timestamp = text.parse().map_err(|e: jiff::Error| e.to_string())?;
        Ok(Self(instant.as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Reads a duration as people type it: a number with `ms`, `s`, `m`, `h`, `d` or `w`, or several of
/// them (`1h30m`), also with the whole names and with spaces (`10 minutes`). Every number needs a unit,
/// except `0`. The result is in milliseconds.
///
/// # Errors
/// A sentence that contains the text and shows the accepted form.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    let bad = || format!("\"{text}\" is not a duration: write it like 90s, 10m, 1h30m or 2d");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(bad());
    }
    if rest.bytes().all(|byte| byte == b'0') {
        return Ok(0);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = rest[digits..].trim_start();
        let is_end = |c: char| c.is_ascii_digit() || c.is_whitespace();
        let letters = rest.find(is_end).unwrap_or(rest.len());
        let unit = &rest[..letters];
        // M can be a month.
        let unit = if unit == "M" { unit.to_owned() } else { unit.to_ascii_lowercase() };
        let unit = match &*unit {
            "ms" | "millisecond" | "milliseconds" => 1,
            "s" | "sec" | "secs" | "second" | "seconds" => 1000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            "w" | "week" | "weeks" => 604_800_000,
            // Refused instead of guessed: a bare number could mean any unit.
            "" => {
                return Err(format!(
                    "\"{text}\" has no unit: write {number}d, {number}h, {number}m or {number}s"
                ));
            }
            _ => return Err(bad()),
        };
        rest = rest[letters..].trim_start();
        total = number.checked_mul(unit).and_then(|n| total.checked_add(n)).ok_or_else(bad)?;
    }
    Ok(total)
}

/// A duration as text for a sentence: `45 seconds`, `10 minutes`, `2 h 5 min`.
#[must_use]
pub fn format_duration(millis: u64) -> String {
    let plural = |n: u64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..=119 => plural(seconds, "second"),
        120..=7199 => plural(seconds / 60, "minute"),
        _ if seconds % 3600 < 60 => plural(seconds / 3600, "hour"),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_type_them() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(parse_duration(text).ok(), expected, "{text}");
        };
        check("0", Some(0));
        check("00", Some(0));
        check("0s", Some(0));
        check("90s", Some(90_000));
        check("250ms", Some(250));
        check("1h30m", Some(5_400_000));
        check("2d", Some(172_800_000));
        check("1w", Some(604_800_000));
        check("1 d", Some(86_400_000));
        check("1 hour", Some(3_600_000));
        check("2 Hours 30 minutes", Some(9_000_000));
        check("10MIN", Some(600_000));
        check("1M", None);
        check("1 month", None);
        check("1 2s", None);
        check("", None);
        check("m", None);
        check("10x", None);
        check("1m5", None);
        check("-5s", None);
        check("99999999999999999999s", None);
        check("9999999999999999d", None);
    }

    #[test]
    fn a_duration_without_a_unit_is_refused_with_suggestions() {
        let refusal = |text: &str| parse_duration(text).unwrap_err();
        assert_eq!(refusal("7"), "\"7\" has no unit: write 7d, 7h, 7m or 7s");
        assert_eq!(refusal(" 90 "), "\" 90 \" has no unit: write 90d, 90h, 90m or 90s");
        assert!(refusal("1h30").contains("has no unit"), "{}", refusal("1h30"));
        assert!(refusal("1 y").contains("is not a duration"));
    }

    #[test]
    fn durations_are_formatted_for_sentences() {
        let check = |millis: u64, expected: &str| assert_eq!(format_duration(millis), expected);
        check(250, "250 ms");
        check(1000, "1 second");
        check(90_000, "90 seconds");
        check(600_000, "10 minutes");
        check(7_200_000, "2 hours");
        check(7_500_000, "2 h 5 min");
    }

    #[test]
    fn every_stored_instant_is_written_so_that_it_can_be_read() {
        for millis in [i64::MIN, -62_167_219_200_001, 253_402_300_800_000, i64::MAX] {
            let text = Timestamp::from_millis(millis).to_string();
            let read: Timestamp = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(read.to_string(), text);
            assert_eq!(text.len(), "2026-11-23T04:44:38.033Z".len(), "{text} is RFC 3339");
        }
    }

    #[test]
    fn timestamps_are_the_same_after_a_round_trip_through_json() {
        let at = Timestamp::from_millis(1_795_409_078_033);
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(json, "\"2026-11-23T04:44:38.033Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
    }
}
