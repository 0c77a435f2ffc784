//! Instants on the command line: `2h`, `today`, `2026-11-29`, `2026-11-29 14:00`, `14:00`, or RFC 3339; also
//! `-2h`, `2 hours ago`, `now` and `@SECONDS`, as other programs have them.

use std::fmt;

use claude_worker_api::{Timestamp, parse_duration};
use jiff::civil::{Date, DateTime, Time};

use crate::render::local_time::Zone;

/// An instant in the past, as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This many milliseconds ago.
    Ago(u64),
    /// At this instant.
    At(Timestamp),
    /// When the clock on the wall showed this.
    Local(DateTime),
    /// When the clock on the wall last showed this.
    LocalTime(Time),
    /// When this day began.
    Today,
    /// When the day before began.
    Yesterday,
}

impl fmt::Display for Since {
    /// In a form that [`Since::parse`] takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ago(millis) => {
                let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
                let unit = units.into_iter().find(|(length, _)| millis.is_multiple_of(*length));
                let (length, unit) = unit.unwrap_or((1000, "s"));
                write!(f, "{}{unit}", millis / length)
            }
            Self::At(at) => at.fmt(f),
            Self::Local(time) => time.fmt(f),
            Self::LocalTime(time) => time.fmt(f),
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
        }
    }
}

impl Since {
    /// Parses an instant.
    ///
    /// # Errors
    /// A sentence with the accepted forms.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.to_lowercase().as_str() {
            "today" => return Ok(Self::Today),
            "yesterday" => return Ok(Self::Yesterday),
            "now" => return Ok(Self::Ago(0)),
            _ => {}
        }
        if let Some(seconds) = text.strip_prefix('@').and_then(|text| text.parse::<i64>().ok())
            && let Some(millis) = seconds.checked_mul(1000)
        {
            return Ok(Self::At(Timestamp::from_millis(millis)));
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        // A date and time is read as a date, too.
        if !text.contains(':')
            && let Ok(date) = text.parse::<Date>()
        {
            return Ok(Self::Local(date.at(0, 0, 0, 0)));
        }
        if text.contains('-')
            && let Ok(time) = text.parse::<DateTime>()
        {
            return Ok(Self::Local(time));
        }
        if text.contains(':')
            && let Ok(time) = text.parse::<Time>()
        {
            return Ok(Self::LocalTime(time));
        }
        let ago = text.strip_prefix('-').unwrap_or(text);
        let ago = ago.strip_suffix(" ago").unwrap_or(ago);
        parse_duration(ago).map(Self::Ago).map_err(|_| {
            format!(
                "\"{text}\" is not a time: write 90s, 2h or 3d (so long ago), today, 14:00, 2026-11-29, \
                 \"2026-11-29 14:00\" or 2026-11-29T14:00:00Z"
            )
        })
    }

    /// The instant that it means now, in this time zone.
    #[must_use]
    pub fn resolve(self, now: Timestamp, zone: &Zone) -> Timestamp {
        let local = |time: DateTime| zone.instant(time).unwrap_or(now);
        match self {
            Self::Ago(millis) => now.minus_millis(millis),
            Self::At(at) => at,
            Self::Local(time) => local(time),
            Self::LocalTime(time) => {
                let today = zone.date(now);
                let at = local(today.to_datetime(time));
                if at <= now {
                    return at;
                }
                today.yesterday().map_or(at, |day| local(day.to_datetime(time)))
            }
            Self::Today => local(zone.date(now).at(0, 0, 0, 0)),
            Self::Yesterday => {
                zone.date(now).yesterday().map_or(now, |day| local(day.at(0, 0, 0, 0)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let check = |text: &str, expected: &str| {
            let typed = Since::parse(text).unwrap();
            assert_eq!(Since::parse(&typed.to_string()), Ok(typed), "{text}");
            let since = typed.resolve(now, &Zone::UTC);
            assert_eq!(since.to_string(), expected, "{text}");
        };
        check("2h", "2026-11-29T10:00:00.000Z");
        check("1d12h", "2026-11-28T00:00:00.000Z");
        check("0", "2026-11-29T12:00:00.000Z");
        check("2026-11-28", "2026-11-28T00:00:00.000Z");
        check("2026-11-28 14:00", "2026-11-28T14:00:00.000Z");
        check("2026-11-28T14:00", "2026-11-28T14:00:00.000Z");
        check("2026-11-28T14:00:00+02:00", "2026-11-28T12:00:00.000Z");
        check("-2h", "2026-11-29T10:00:00.000Z");
        check("1 hour", "2026-11-29T11:00:00.000Z");
        check("10 minutes ago", "2026-11-29T11:50:00.000Z");
        check("1w", "2026-11-22T12:00:00.000Z");
        check("now", "2026-11-29T12:00:00.000Z");
        check("@1764000000", "2025-11-24T16:00:00.000Z");
        check("11:30", "2026-11-29T11:30:00.000Z");
        check("14:00", "2026-11-28T14:00:00.000Z");
        check("today", "2026-11-29T00:00:00.000Z");
        check("Yesterday", "2026-11-28T00:00:00.000Z");
        for wrong in ["", "tomorrow", "2", "2026-13-01", "25:00", "--2h", "@x"] {
            assert!(Since::parse(wrong).unwrap_err().contains("is not a time"), "{wrong}");
        }
    }
}
