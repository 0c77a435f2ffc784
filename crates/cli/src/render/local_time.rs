//! Instants as the clock on the wall shows them.

use claude_worker_api::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The time zone in which times are shown and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of this machine, or of the variable `TZ`. Reads files.
    #[must_use]
    pub fn system() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    fn local(&self, at: Timestamp) -> DateTime {
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        self.0.to_datetime(at)
    }

    /// As short as it can be understood: `14:00` on the same day, `Mon 14:00` within six days, and
    /// `2026-12-24 14:00` otherwise.
    #[must_use]
    pub fn clock(&self, at: Timestamp, now: Timestamp) -> String {
        const SIX_DAYS: u64 = 6 * 24 * 3_600_000;
        let (time, today) = (self.local(at), self.local(now).date());
        let near = at.millis_since(now).max(now.millis_since(at)) < SIX_DAYS;
        let form = match (time.date() == today, near) {
            (true, _) => "%H:%M",
            (false, true) => "%a %H:%M",
            (false, false) => "%Y-%m-%d %H:%M",
        };
        time.strftime(form).to_string()
    }

    /// With date and seconds: `2026-12-24 14:00:05`.
    #[must_use]
    pub fn full(&self, at: Timestamp) -> String {
        self.local(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The time of day with milliseconds: `14:00:05.123`.
    #[must_use]
    pub fn of_day(&self, at: Timestamp) -> String {
        self.local(at).strftime("%H:%M:%S%.3f").to_string()
    }

    /// The date at this instant.
    pub(crate) fn date(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// The instant at which the clock on the wall shows this.
    pub(crate) fn instant(&self, time: DateTime) -> Option<Timestamp> {
        let instant = self.0.to_ambiguous_zoned(time).compatible().ok()?;
        Some(Timestamp::from_millis(instant.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_short_as_they_can_be() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-29T12:00:00Z");
        assert_eq!(Zone::UTC.clock(at("2026-11-29T14:05:59Z"), now), "14:05");
        assert_eq!(Zone::UTC.clock(at("2026-11-28T23:00:00Z"), now), "Sat 23:00");
        assert_eq!(Zone::UTC.clock(at("2026-12-24T14:00:00Z"), now), "2026-12-24 14:00");
        assert_eq!(Zone::UTC.full(at("2026-12-24T14:00:05Z")), "2026-12-24 14:00:05");
        assert_eq!(Zone::UTC.of_day(at("2026-12-24T14:00:05.120Z")), "14:00:05.120");
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let east = Zone(TimeZone::fixed(jiff::tz::offset(2)));
        let at: Timestamp = "2026-11-29T23:30:00Z".parse().unwrap();
        assert_eq!(east.full(at), "2026-11-30 01:30:00");
        assert_eq!(east.instant(jiff::civil::date(2026, 11, 30).at(1, 30, 0, 0)), Some(at));
    }
}
