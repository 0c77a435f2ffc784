//! Directories that were just found usable.
//!
//! A look at a directory costs a change of threads, which is a fifth of the work of a submission. Programs
//! submit many tasks to few directories at once, so an answer is used again for a moment. A directory may
//! disappear at any time between submission and start, so the start of a run checks it again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is used. A program that removes a directory and then submits takes longer.
const FRESH: Duration = Duration::from_millis(5);
/// How many directories are remembered.
const MOST: usize = 64;

/// When directories were found usable.
#[derive(Debug, Default)]
pub(super) struct RecentLooks(Mutex<HashMap<String, Instant>>);

impl RecentLooks {
    /// Whether the directory was found usable a moment before `now`.
    pub(super) fn has(&self, directory: &str, now: Instant) -> bool {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.get(directory).is_some_and(|found| is_fresh(*found, now))
    }

    /// Remembers that a look which began at `began` found the directory usable.
    pub(super) fn add(&self, directory: &str, began: Instant) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= MOST && !looks.contains_key(directory) {
            looks.retain(|_, found| is_fresh(*found, began));
        }
        if looks.len() < MOST || looks.contains_key(directory) {
            looks.insert(directory.to_owned(), began);
        }
    }
}

fn is_fresh(found: Instant, now: Instant) -> bool {
    now.saturating_duration_since(found) < FRESH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_used_for_a_moment_and_few_are_kept() {
        let looks = RecentLooks::default();
        let began = Instant::now();
        looks.add("/a", began);
        assert!(looks.has("/a", began) && !looks.has("/b", began));
        assert!(!looks.has("/a", began + FRESH), "it is out of date");
        for number in 0..2 * MOST {
            looks.add(&number.to_string(), began);
        }
        assert_eq!(looks.0.lock().unwrap().len(), MOST);
        looks.add("/c", began + FRESH);
        assert!(looks.has("/c", began + FRESH), "old answers make room");
        assert_eq!(looks.0.lock().unwrap().len(), 1);
    }
}
