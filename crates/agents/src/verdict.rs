//! How a run ended.

use claude_worker_api::{Failure, UnknownValue, Verdict};
use claude_worker_supervisor::{EndedBy, Ending, Exit, Spec};

use crate::agent_program::Ended;
use crate::summary::Summary;

/// The verdict on a run, from what the supervisor recorded (`exit`, under the limits in `spec`)
/// and what the agent reported (`summary`, of all its output).
///
/// If something ended the run from outside, that decides: a success that the agent had reported
/// before a cancel is kept as an answer only. Otherwise the agent's report decides, and then how its
/// process ended. An agent that was ended because it did not exit after its report counts as if it
/// had exited. A stop request that came too late changes nothing.
#[must_use]
pub fn verdict(summary: &Summary, exit: &Exit, spec: &Spec) -> Verdict {
    let answered = summary.has_succeeded();
    let failure = match (exit.ended_by, &exit.ending) {
        (EndedBy::Cancel, _) | (_, Ending::NotStarted) => return Verdict::Cancelled,
        // The agent had reported its end and only did not exit.
        (EndedBy::Silence, _) if summary.is_settled() => return summary.verdict(Ended::Finished),
        (EndedBy::Timeout, _) => {
            Failure::Timeout { limit_ms: spec.timeout_ms.unwrap_or_default(), answered }
        }
        (EndedBy::Silence, _) => {
            Failure::Silent { limit_ms: spec.silence_ms.unwrap_or_default(), answered }
        }
        (EndedBy::OutputLimit, _) => {
            Failure::OutputLimit { limit_bytes: spec.output_cap_bytes, answered }
        }
        (EndedBy::Itself | EndedBy::Finish, Ending::SpawnFailed { message, .. }) => {
            Failure::Spawn { message: message.clone() }
        }
        (EndedBy::Finish, _) => return summary.verdict(Ended::Finished),
        (EndedBy::Itself, Ending::Exited { code }) => {
            return summary.verdict(Ended::Exited(*code));
        }
        (EndedBy::Itself, Ending::Signalled { signal }) => {
            return summary.verdict(Ended::Signalled(*signal));
        }
        (EndedBy::Unknown(by), _) => Failure::Unknown(UnknownValue::named(by.as_str())),
        (EndedBy::Itself, Ending::Unknown(ending)) => Failure::Unknown(ending.clone()),
    };
    Verdict::Failed { failure }
}
