//! What to do when the process that draws the window's pages has ended.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How often the pages are loaded again within [`WITHIN`].
const MOST_RELOADS: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterEnd {
    /// Load the page again, in a new process.
    Reload,
    /// Close the window and say why: a new process would most likely end as well.
    Close,
}

/// The ends of one window's processes so far.
#[derive(Debug, Default)]
pub struct PageEnds {
    reloads: VecDeque<Instant>,
}

impl PageEnds {
    /// Decides what to do about a process that has ended now.
    pub fn add(&mut self, now: Instant) -> AfterEnd {
        self.reloads.retain(|reload| now.duration_since(*reload) < WITHIN);
        if self.reloads.len() == MOST_RELOADS {
            return AfterEnd::Close;
        }
        self.reloads.push_back(now);
        AfterEnd::Reload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_loaded_again_three_times_within_a_minute() {
        let begin = Instant::now();
        let mut ends = PageEnds::default();
        let mut at = |seconds| ends.add(begin + Duration::from_secs(seconds));
        assert_eq!([at(0), at(10), at(20)], [AfterEnd::Reload; 3]);
        assert_eq!(at(59), AfterEnd::Close);
        assert_eq!(at(60), AfterEnd::Reload, "the first one was a minute ago");
        assert_eq!(at(69), AfterEnd::Close);
        assert_eq!(at(1000), AfterEnd::Reload);
    }
}
