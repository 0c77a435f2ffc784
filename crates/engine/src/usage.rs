//! What runs used, added up.

use std::collections::BTreeMap;

use claude_worker_api::Usage;

/// What runs used together; each comes with the session it worked in. An agent reports what its
/// session has cost so far, and how long the API took for it, so that within one session only the
/// greatest of these counts; turns, tokens and the time of tools are of a run and are added.
pub(crate) fn total(runs: &[(String, Usage)]) -> Usage {
    let mut cost_by_session: BTreeMap<&str, f64> = BTreeMap::new();
    let mut api_ms_by_session: BTreeMap<&str, u64> = BTreeMap::new();
    let mut total = Usage::default();
    for (session, usage) in runs {
        if let Some(cost) = usage.cost_usd {
            let known = cost_by_session.entry(session).or_default();
            *known = known.max(cost);
        }
        if let Some(api_ms) = usage.api_ms {
            let known = api_ms_by_session.entry(session).or_default();
            *known = api_ms.max(*known);
        }
        add(&mut total.tools_ms, usage.tools_ms, u64::saturating_add);
        add(&mut total.turns, usage.turns, u32::saturating_add);
        add(&mut total.input_tokens, usage.input_tokens, u64::saturating_add);
        add(&mut total.output_tokens, usage.output_tokens, u64::saturating_add);
        add(&mut total.cache_read_tokens, usage.cache_read_tokens, u64::saturating_add);
        add(&mut total.cache_creation_tokens, usage.cache_creation_tokens, u64::saturating_add);
    }
    if !cost_by_session.is_empty() {
        total.cost_usd = Some(cost_by_session.values().sum());
    }
    if !api_ms_by_session.is_empty() {
        total.api_ms = Some(api_ms_by_session.values().fold(0, |sum, ms| sum.saturating_add(*ms)));
    }
    total
}

fn add<N: Copy>(sum: &mut Option<N>, more: Option<N>, plus: impl Fn(N, N) -> N) {
    *sum = match (*sum, more) {
        (Some(sum), Some(more)) => Some(plus(sum, more)),
        (sum, more) => sum.or(more),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_is_cumulative_within_a_session_and_added_across_sessions() {
        let run = |session: &str, cost: f64, turns| {
            let usage = Usage { cost_usd: Some(cost), turns: Some(turns), ..Usage::default() };
            (session.to_owned(), usage)
        };
        let total = total(&[run("a", 1.0, 2), run("a", 1.5, 3), run("b", 0.25, 1)]);
        assert_eq!(total.cost_usd, Some(1.75));
        assert_eq!(total.turns, Some(6));
    }

    // Claude Code 2.1.330 reported 822 ms for a run and 1549 ms for the one that resumed its session.
    #[test]
    fn time_of_the_api_is_cumulative_within_a_session_and_time_of_tools_is_not() {
        let run = |session: &str, api_ms, tools_ms| {
            let usage = Usage { api_ms, tools_ms, ..Usage::default() };
            (session.to_owned(), usage)
        };
        let runs = [
            run("a", Some(822), Some(5)),
            run("a", Some(1549), None),
            run("a", None, Some(6)),
            run("b", Some(10), None),
        ];
        let total = total(&runs);
        assert_eq!((total.api_ms, total.tools_ms), (Some(1559), Some(11)));
    }

    #[test]
    fn nothing_reported_is_not_nothing_spent() {
        assert_eq!(total(&[("a".to_owned(), Usage::default())]).cost_usd, None);
    }
}
