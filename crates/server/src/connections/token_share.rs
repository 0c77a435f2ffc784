//! How many requests of one token may be under way at once.
//!
//! The programs of this machine have one address, so a share for each address does not keep one of them,
//! with a token that may only read, from taking every permit with streams of events.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The requests that are under way, by the token.
#[derive(Debug)]
pub(super) struct TokenShares {
    most: usize,
    under_way: Mutex<HashMap<i64, usize>>,
}

/// One request of a token. The user's own requests have no bound here.
#[derive(Debug)]
pub(super) struct TokenShare {
    counted: Option<(Arc<TokenShares>, i64)>,
}

impl TokenShares {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), under_way: Mutex::default() }
    }

    /// Counts a request; none when the token has its share already. It does not wait: the requests that
    /// wait would take all connections.
    pub(super) fn take(self: &Arc<Self>, token: Option<i64>) -> Option<TokenShare> {
        let Some(token) = token else { return Some(TokenShare { counted: None }) };
        let mut under_way = self.under_way();
        let count = under_way.entry(token).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(TokenShare { counted: Some((Arc::clone(self), token)) })
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<i64, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TokenShare {
    fn drop(&mut self) {
        let Some((shares, token)) = self.counted.take() else { return };
        let mut under_way = shares.under_way();
        if let Some(count) = under_way.get_mut(&token) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gets_its_share_and_no_other_is_concerned() {
        let shares = Arc::new(TokenShares::new(2));
        let held: Vec<_> = (0..2).map(|_| shares.take(Some(1)).unwrap()).collect();
        assert!(shares.take(Some(1)).is_none());
        assert!(shares.take(Some(2)).is_some() && shares.take(None).is_some());
        drop(held);
        assert!(shares.take(Some(1)).is_some());
        assert!(shares.under_way().is_empty(), "nothing is kept of what is over");
    }
}
