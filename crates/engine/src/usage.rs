//! What runs used, added up.

use std::collections::BTreeMap;

use claude_worker_api::Usage;

/// What runs used together; each comes with the session it worked in. An agent reports what its
/// session has cost so far, so that within one session only the greatest cost counts; turns and
/// tokens are reported per run and are added.
pub(crate) fn total(runs: &[(String, Usage)]) -> Usage {
    let mut cost_by_session: BTreeMap<&str, f64> = BTreeMap::new();
    let mut total = Usage::default();
    for (session, usage) in runs {
        if let Some(cost) = usage.cost_usd {
            let known = cost_by_session.entry(session).or_default();
            *known = known.max(cost);
        }
        add(&mut total.turns, usage.turns, u32::saturating_add);
        add(&mut total.input_tokens, usage.input_tokens, u64::saturating_add);
        add(&mut total.output_tokens, usage.output_tokens, u64::saturating_add);
        add(&mut total.cache_read_tokens, usage.cache_read_tokens, u64::saturating_add);
        add(&mut total.cache_creation_tokens, usage.cache_creation_tokens, u64::saturating_add);
    }
    if !cost_by_session.is_empty() {
        total.cost_usd = Some(cost_by_session.values().sum());
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

    #[test]
    fn nothing_reported_is_not_nothing_spent() {
        assert_eq!(total(&[("a".to_owned(), Usage::default())]).cost_usd, None);
    }
}
