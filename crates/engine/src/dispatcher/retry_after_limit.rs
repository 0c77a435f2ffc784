//! Whether a task that met a limit goes on by itself, and when. Pure.

use claude_worker_api::{Failure, Settings, Timestamp, WaitReason};

use crate::state::{Attempts, LimitRetry, Plan};

/// The longest wait for a usage limit without a known reset time, in milliseconds.
const LONGEST_GUESS: u64 = 4 * 3_600_000;
/// The longest wait for a rate limit or an overloaded API, in milliseconds.
const LONGEST_PAUSE: u64 = 10 * 60_000;

/// How often a task goes on by itself at the most, however much it achieves in between: each time
/// costs a run directory.
const MOST_RUNS: u32 = 200;

/// A failed run, which may have met a limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailedRun<'a> {
    /// How it failed.
    pub failure: &'a Failure,
    /// Whether the model had answered anything before.
    pub answered: bool,
    /// What it was to do.
    pub plan: &'a Plan,
    /// The session it worked in.
    pub session_id: Option<&'a String>,
    /// How many attempts had met a limit before.
    pub tried: Attempts,
}

/// How a task goes on after a run that failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decision {
    /// By itself.
    Retry(LimitRetry),
    /// Not at all: it met the limit too often.
    GiveUp {
        /// How many runs met the limit.
        tries: u32,
    },
    /// Not at all: it met no limit, or is not to wait for one.
    End,
}

/// The kinds of limits that pass.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Usage { resets_at: Option<Timestamp> },
    Rate,
    Overloaded,
}

impl Limit {
    const fn of(failure: &Failure) -> Option<Self> {
        match failure {
            Failure::UsageLimit { resets_at, .. } => Some(Self::Usage { resets_at: *resets_at }),
            Failure::RateLimit { .. } => Some(Self::Rate),
            Failure::ApiError { http_status: Some(529), .. } => Some(Self::Overloaded),
            _ => None,
        }
    }

    /// What the agent is told when it goes on.
    const fn follow_up(self) -> &'static str {
        match self {
            Self::Usage { .. } => "The usage limit is over. Go on where you stopped.",
            Self::Rate => "The rate limit is over. Go on where you stopped.",
            Self::Overloaded => "The API answers again. Go on where you stopped.",
        }
    }
}

/// How a task goes on after a run that failed at `now`. `chance` is any number: it keeps tasks that
/// met the same limit from coming back at the same instant.
pub(super) fn decide(
    config: &Settings,
    met: FailedRun<'_>,
    now: Timestamp,
    chance: u32,
) -> Decision {
    let Some(limit) = Limit::of(met.failure) else { return Decision::End };
    if matches!(limit, Limit::Usage { .. }) && !config.usage_limit.wait {
        return Decision::End;
    }
    // An answer is progress. Only attempts without one count.
    let tries = if met.answered { 1 } else { met.tried.tries.saturating_add(1) };
    let all = met.tried.all.saturating_add(1);
    let since = met.tried.since.unwrap_or(now);
    let (first, longest, most_tries) = match limit {
        Limit::Usage { .. } => {
            (config.usage_limit.retry_after_ms, LONGEST_GUESS, config.usage_limit.tries)
        }
        Limit::Rate | Limit::Overloaded => {
            (config.rate_limit.retry_after_ms, LONGEST_PAUSE, config.rate_limit.tries)
        }
    };
    if tries >= most_tries {
        return Decision::GiveUp { tries };
    }
    if all >= MOST_RUNS {
        return Decision::GiveUp { tries: all };
    }
    let until = match limit {
        Limit::Usage { resets_at: Some(at) } if at > now => at,
        // The limit should have been reset by now.
        Limit::Usage { resets_at: Some(_) } => {
            now.plus_millis(pause(config.rate_limit.retry_after_ms, longest, tries, chance))
        }
        _ => now.plus_millis(pause(first, longest, tries, chance)),
    };
    let bound = config.usage_limit.give_up_after_ms;
    if bound > 0 && until.millis_since(since) > bound {
        return Decision::GiveUp { tries };
    }
    // A run that got no answer at all has nothing to go on from: it is done again as it was.
    let plan = match met.session_id {
        Some(session_id) if met.answered => {
            Plan::Resume { session_id: session_id.clone(), follow_up: limit.follow_up().to_owned() }
        }
        _ => met.plan.clone(),
    };
    let reason = match limit {
        Limit::Usage { .. } => WaitReason::UsageLimit { until, tries, most_tries },
        Limit::Rate => WaitReason::RateLimit { until, tries, most_tries },
        Limit::Overloaded => WaitReason::Overloaded { until, tries, most_tries },
    };
    Decision::Retry(LimitRetry { reason, plan, tried: Attempts { tries, all, since: Some(since) } })
}

/// How long to wait after so many tries: twice as long each time, a fifth more or less by chance.
fn pause(first: u64, longest: u64, tries: u32, chance: u32) -> u64 {
    let doubled = first.saturating_mul(1 << (tries - 1).min(32));
    // A configured first pause may be longer than the default maximum.
    let pause = doubled.min(longest.max(first));
    pause.saturating_mul(80 + u64::from(chance % 41)) / 100
}

/// The failure with the number of attempts after which the task was given up.
pub(super) fn with_tries(mut failure: Failure, after: u32) -> Failure {
    if let Failure::UsageLimit { tries, .. }
    | Failure::RateLimit { tries, .. }
    | Failure::ApiError { tries, .. } = &mut failure
    {
        *tries = after;
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);
    const MINUTE: u64 = 60_000;
    /// The chance at which a pause is neither longer nor shorter.
    const EVEN: u32 = 20;

    fn usage(resets_in: Option<u64>) -> Failure {
        let resets_at = resets_in.map(|millis| NOW.plus_millis(millis));
        Failure::UsageLimit { resets_at, message: "limit".to_owned(), tries: 0 }
    }

    fn rate() -> Failure {
        Failure::RateLimit { message: "slowly".to_owned(), tries: 0 }
    }

    fn api(http_status: u16) -> Failure {
        let http_status = Some(http_status);
        Failure::ApiError { http_status, message: "busy".to_owned(), tries: 0 }
    }

    fn after(tries: u32) -> Attempts {
        Attempts { tries, all: tries, since: (tries > 0).then_some(NOW) }
    }

    fn met(failure: &Failure, tried: Attempts) -> FailedRun<'_> {
        FailedRun { failure, answered: false, plan: &Plan::New, session_id: None, tried }
    }

    fn waits(next: Decision) -> (WaitReason, u64) {
        let Decision::Retry(LimitRetry { reason, .. }) = next else { panic!("{next:?}") };
        let left = reason.until().unwrap().millis_since(NOW);
        (reason, left)
    }

    #[test]
    fn a_usage_limit_is_waited_for_until_it_resets() {
        let config = Settings::default();
        let at = |resets, tries| {
            waits(decide(&config, met(&usage(resets), after(tries)), NOW, EVEN)).1 / MINUTE
        };
        assert_eq!(at(Some(125 * MINUTE), 0), 125);
        assert_eq!(at(Some(125 * MINUTE), 6), 125);
        // Without a known reset time.
        assert_eq!(at(None, 0), 15);
        // Where it should be over already.
        assert_eq!([0, 1, 2].map(|tries| at(Some(0), tries)), [0, 1, 2]);
        assert_eq!([1, 2, 3, 4, 5, 6].map(|tries| at(None, tries)), [30, 60, 120, 240, 240, 240]);
        let (reason, _) = waits(decide(&config, met(&usage(None), after(2)), NOW, EVEN));
        assert_eq!(reason.describe(), "Usage limit reached, try 3 of 8");
    }

    #[test]
    fn a_rate_limit_and_an_overloaded_api_are_retried_with_growing_pauses() {
        let config = Settings::default();
        for (failure, words) in [(rate(), "Rate limit reached"), (api(529), "API overloaded")] {
            let at = |tries| waits(decide(&config, met(&failure, after(tries)), NOW, EVEN));
            let seconds: Vec<u64> = (0..5).map(|tries| at(tries).1 / 1000).collect();
            assert_eq!(seconds, [30, 60, 120, 240, 480]);
            assert_eq!(at(0).0.describe(), format!("{words}, try 1 of 6"));
            let last = decide(&config, met(&failure, after(5)), NOW, EVEN);
            assert_eq!(last, Decision::GiveUp { tries: 6 });
        }
    }

    #[test]
    fn every_retry_after_a_limit_has_a_bound() {
        let config = Settings::default();
        let last = decide(&config, met(&usage(None), after(7)), NOW, EVEN);
        assert_eq!(last, Decision::GiveUp { tries: 8 });
        // Not even with an answer each time, once it has taken too long in all.
        let since = Some(NOW.minus_millis(8 * 24 * 60 * MINUTE));
        let tried = Attempts { tries: 1, all: 1, since };
        let limit = rate();
        let answered = FailedRun { answered: true, ..met(&limit, tried) };
        assert_eq!(decide(&config, answered, NOW, EVEN), Decision::GiveUp { tries: 1 });
        // Nor often.
        let tried = Attempts { tries: 1, all: 199, since: Some(NOW) };
        let answered = FailedRun { answered: true, ..met(&limit, tried) };
        assert_eq!(decide(&config, answered, NOW, EVEN), Decision::GiveUp { tries: 200 });
        let far = usage(Some(9 * 24 * 60 * MINUTE));
        assert_eq!(decide(&config, met(&far, after(0)), NOW, EVEN), Decision::GiveUp { tries: 1 });
        let mut patient = config;
        patient.usage_limit.give_up_after_ms = 0;
        assert_eq!(waits(decide(&patient, met(&far, after(0)), NOW, EVEN)).1, 9 * 24 * 60 * MINUTE);
    }

    #[test]
    fn only_limits_that_pass_are_retried() {
        let mut config = Settings::default();
        let ends = |config: &Settings, failure: &Failure| {
            assert_eq!(
                decide(config, met(failure, after(0)), NOW, EVEN),
                Decision::End,
                "{failure:?}"
            );
        };
        let message = || "no".to_owned();
        ends(&config, &Failure::Account { http_status: Some(429), message: message() });
        ends(&config, &Failure::Refusal { message: message() });
        ends(&config, &Failure::ContextFull { message: message() });
        ends(&config, &api(500));
        ends(&config, &Failure::Lost);
        config.usage_limit.wait = false;
        ends(&config, &usage(Some(1)));
    }

    #[test]
    fn a_run_with_an_answer_is_resumed_and_counts_as_progress() {
        let config = Settings::default();
        let session = "s".to_owned();
        let plan = Plan::Resume { session_id: session.clone(), follow_up: "more".to_owned() };
        let limit = usage(None);
        let in_vain =
            FailedRun { plan: &plan, session_id: Some(&session), ..met(&limit, after(3)) };
        let Decision::Retry(again) = decide(&config, in_vain, NOW, EVEN) else {
            panic!("it ended")
        };
        assert_eq!((again.plan, again.tried), (plan.clone(), after(4)));
        let answered = FailedRun { answered: true, ..in_vain };
        let Decision::Retry(on) = decide(&config, answered, NOW, EVEN) else { panic!("it ended") };
        let follow_up = "The usage limit is over. Go on where you stopped.".to_owned();
        assert_eq!(on.plan, Plan::Resume { session_id: session, follow_up });
        assert_eq!(on.tried, Attempts { tries: 1, all: 4, since: Some(NOW) });
    }

    #[test]
    fn chance_spreads_a_pause_by_a_fifth() {
        let all: Vec<u64> = (0..200).map(|chance| pause(1000, 10_000, 1, chance)).collect();
        assert_eq!((all.iter().min(), all.iter().max()), (Some(&800), Some(&1200)));
        assert_eq!(pause(1000, 500, 9, EVEN), 1000);
        assert_eq!(
            pause(u64::MAX, u64::MAX, u32::MAX, u32::MAX) / 1_000_000,
            u64::MAX / 100_000_000
        );
    }
}
