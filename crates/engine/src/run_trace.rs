//! The place of a run in a trace.
//!
//! The ids follow from the id of the run. So the engine that starts a run and the one that records its end
//! name the same span, and nothing of it need be stored.

use claude_worker_api::{RunId, Traceparent};

/// The span of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunTrace {
    /// The trace and the span.
    pub span: Traceparent,
    /// The span in which the task was submitted, if it was submitted in one.
    pub parent: Option<u64>,
}

impl RunTrace {
    /// The span of a run of a task that was submitted in this trace, if in any.
    #[must_use]
    pub fn of(run: &RunId, submitted_in: Option<Traceparent>) -> Self {
        let span_id = hash(run, 3).max(1);
        match submitted_in {
            Some(parent) => Self { span: parent.at(span_id), parent: Some(parent.span_id()) },
            None => {
                let trace_id = u128::from(hash(run, 1)) << 64 | u128::from(hash(run, 2).max(1));
                // Neither id is 0.
                let span = Traceparent::new(trace_id, span_id);
                Self { span: span.unwrap_or_else(|| unreachable!("ids are not 0")), parent: None }
            }
        }
    }
}

/// A number for a run: FNV-1a, and the mixing steps of SplitMix64, so that every bit depends on every
/// character. It is no secret.
fn hash(run: &RunId, seed: u64) -> u64 {
    let fnv = run.as_str().bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use claude_worker_api::TaskId;

    use super::*;

    #[test]
    fn a_run_has_the_same_span_in_every_engine() {
        let run = RunId::new(TaskId(7), 1, 0xdead_beef);
        // Also in later versions: one may record the end of what another has started.
        let span = RunTrace::of(&run, None).span.to_string();
        assert_eq!(span, "00-320bdb5c919d553af097782e7e8a4664-687c3e2739156d23-01");
        let parent: Traceparent =
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
        let child = RunTrace::of(&run, Some(parent));
        assert_eq!(child.span.trace_id(), parent.trace_id());
        assert_eq!(child.span.span_id(), RunTrace::of(&run, None).span.span_id());
        assert_eq!(child.parent, Some(parent.span_id()));
    }

    #[test]
    fn runs_have_different_spans_and_traces() {
        let runs =
            (1..200).flat_map(|task| (1..20).map(move |run| RunId::new(TaskId(task), run, 1)));
        let spans: Vec<_> = runs.map(|run| RunTrace::of(&run, None).span).collect();
        let traces: HashSet<u128> = spans.iter().map(|span| span.trace_id()).collect();
        let ids: HashSet<u64> = spans.iter().map(|span| span.span_id()).collect();
        assert_eq!((traces.len(), ids.len()), (spans.len(), spans.len()));
    }
}
