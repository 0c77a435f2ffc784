//! Answers the question for an overview.

use claude_worker_api::{ApiError, Overview, OverviewQuery, Timestamp};

use super::Engine;
use super::list::LONGEST_SEARCH;

/// How many days an overview may have.
const MOST_DAYS: usize = 62;
/// How many it has where none are named.
const USUAL_DAYS: u64 = 14;
/// Milliseconds.
const DAY: u64 = 86_400_000;

impl Engine {
    pub(super) async fn overview_of(&self, query: OverviewQuery) -> Result<Overview, ApiError> {
        let days = days_of(&query, Timestamp::now())?;
        self.read(move |inner| {
            inner.readers.overview(&query, &days, |stored| inner.overlay(stored))
        })
        .await
    }
}

/// When the days of a query began, the oldest first.
///
/// # Errors
/// `invalid_request`.
fn days_of(query: &OverviewQuery, now: Timestamp) -> Result<Vec<Timestamp>, ApiError> {
    if query.model.as_deref().is_some_and(|model| model.chars().count() > LONGEST_SEARCH) {
        return Err(ApiError::invalid(format!(
            "model: a name of at most {LONGEST_SEARCH} characters is needed"
        ))
        .hint("Pass a model as the overview names it"));
    }
    let days = if query.day_starts.is_empty() {
        let today = now.minus_millis(now.millis_since(Timestamp::default()) % DAY);
        (0..USUAL_DAYS).rev().map(|ago| today.minus_millis(ago * DAY)).collect()
    } else {
        query.day_starts.clone()
    };
    if days.len() > MOST_DAYS {
        return Err(ApiError::invalid(format!(
            "day_starts: at most {MOST_DAYS} days are possible"
        ))
        .hint("Ask for fewer days"));
    }
    if !days.is_sorted_by(|one, next| one < next) {
        return Err(ApiError::invalid("day_starts: the days are not in order")
            .hint("Pass the start of each day once, the oldest first"));
    }
    if let Some(day) = query.day.filter(|day| !days.contains(day)) {
        return Err(ApiError::invalid(format!("day: no day of the overview began at {day}"))
            .hint("Pass one of day_starts"));
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_model_with_an_endless_name_is_refused() {
        let query = |length: usize| OverviewQuery {
            model: Some("m".repeat(length)),
            ..OverviewQuery::default()
        };
        assert!(days_of(&query(LONGEST_SEARCH), at("2026-11-30T12:00:00Z")).is_ok());
        assert!(days_of(&query(LONGEST_SEARCH + 1), at("2026-11-30T12:00:00Z")).is_err());
    }

    #[test]
    fn without_days_an_overview_is_of_the_last_14_of_utc() {
        let now = at("2026-11-30T22:06:11Z");
        let days = days_of(&OverviewQuery::default(), now).unwrap();
        assert_eq!(days.len(), 14);
        assert_eq!((days[0], days[13]), (at("2026-11-17T00:00:00Z"), at("2026-11-30T00:00:00Z")));
    }

    #[test]
    fn days_that_make_no_sense_are_refused() {
        let [first, second] = [at("2026-11-29T23:00:00Z"), at("2026-11-30T23:00:00Z")];
        let refusal = |day_starts: &[Timestamp], day| {
            let query =
                OverviewQuery { day_starts: day_starts.to_vec(), day, ..Default::default() };
            days_of(&query, second).err().map(|error| error.message)
        };
        assert_eq!(refusal(&[first, second], Some(second)), None);
        for wrong in [[first, first], [second, first]] {
            let message = "day_starts: the days are not in order";
            assert_eq!(refusal(&wrong, None).as_deref(), Some(message));
        }
        let message = "day: no day of the overview began at 2026-11-30T23:00:00.000Z";
        assert_eq!(refusal(&[first], Some(second)).as_deref(), Some(message));
        let many: Vec<_> = (0..63).map(Timestamp::from_millis).collect();
        assert!(refusal(&many, None).is_some());
        assert_eq!(refusal(&many[1..], None), None);
    }
}
