//! Tokens and logins in memory, for the check of each request.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use claude_worker_api::{AccessKind, Timestamp, Token};
use tokio::sync::watch;

use super::{Digest, Grant, GrantChange, Granted, Principal, expires_at};

/// How often the last use of a token is written down at the most, in milliseconds.
const NOTE_EVERY_MS: u64 = 60_000;
/// How long the wait for an instant sleeps at the most: its clock stands still while the machine sleeps.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Everything that gives access now, apart from the token in the data directory.
#[derive(Default)]
pub struct Grants {
    entries: RwLock<Vec<Entry>>,
    note_use: OnceLock<NoteUse>,
}

type NoteUse = Box<dyn Fn(i64, Timestamp) + Send + Sync>;

struct Entry {
    grant: Grant,
    principal: Arc<Granted>,
    /// When it was last used, in milliseconds since 1970; 0 for never.
    used: AtomicI64,
    /// The last use that was written down.
    noted: AtomicI64,
    /// Dropped when the secret is no longer valid.
    valid: watch::Sender<()>,
}

impl Entry {
    fn new(grant: Grant) -> Self {
        let used = grant.token.last_used_at.map_or(0, Timestamp::as_millis);
        let principal = Arc::new(Granted {
            id: grant.id,
            name: grant.token.name.clone(),
            kind: grant.token.kind,
            scope: grant.token.scope,
        });
        Self {
            grant,
            principal,
            used: AtomicI64::new(used),
            noted: AtomicI64::new(used),
            valid: watch::channel(()).0,
        }
    }

    /// What clients see of it.
    fn token(&self) -> Token {
        let used = Some(self.used.load(Ordering::Relaxed)).filter(|used| *used > 0);
        let last_used_at = used.map(Timestamp::from_millis);
        let token = Token { last_used_at, ..self.grant.token.clone() };
        Token { expires_at: expires_at(&token), ..token }
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants").field("count", &self.entries().len()).finish_non_exhaustive()
    }
}

/// Why a secret gives no access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// It is wrong, or was revoked or replaced: of those only the digest was kept, and it is gone.
    Unknown,
    /// It was valid until an instant in the past.
    Expired,
}

/// A request that was admitted.
#[derive(Debug)]
pub struct Admitted {
    /// Who sends it.
    pub principal: Principal,
    /// Closed when the secret is no longer valid.
    valid: watch::Receiver<()>,
    expires_at: Option<Timestamp>,
}

impl Admitted {
    /// Resolves when the token has been revoked, has got another secret, or has expired.
    pub async fn ended(mut self) {
        let revoked = async { while self.valid.changed().await.is_ok() {} };
        let expired = async {
            let Some(at) = self.expires_at else { return std::future::pending().await };
            loop {
                let left = Duration::from_millis(at.millis_since(Timestamp::now()));
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
            }
        };
        tokio::select! {
            () = revoked => {}
            () = expired => {}
        }
    }
}

impl Grants {
    pub(crate) fn new(grants: Vec<Grant>) -> Self {
        let entries = grants.into_iter().map(Entry::new).collect();
        Self { entries: RwLock::new(entries), note_use: OnceLock::new() }
    }

    /// Calls `note` when a use is to be written down: at most once a minute for each token.
    pub(crate) fn note_uses_with(&self, note: impl Fn(i64, Timestamp) + Send + Sync + 'static) {
        // An error is impossible: an engine sets it once.
        let _ = self.note_use.set(Box::new(note));
    }

    /// Whom a secret of this kind belongs to. All digests are compared, each in constant time.
    ///
    /// # Errors
    /// Why the secret is not valid.
    pub fn admit(
        &self,
        kind: AccessKind,
        secret: &str,
        now: Timestamp,
    ) -> Result<Admitted, NotAdmitted> {
        let digest = Digest::of(secret);
        let entries = self.entries();
        let of_kind = entries.iter().filter(|entry| entry.grant.token.kind == kind);
        let found =
            of_kind.fold(
                None,
                |found, entry| {
                    if entry.grant.digest.is(&digest) { Some(entry) } else { found }
                },
            );
        let found = found.ok_or(NotAdmitted::Unknown)?;
        let expires_at = found.token().expires_at;
        if expires_at.is_some_and(|at| at <= now) {
            return Err(NotAdmitted::Expired);
        }
        found.used.fetch_max(now.as_millis(), Ordering::Relaxed);
        let noted = found.noted.load(Ordering::Relaxed);
        if now.millis_since(Timestamp::from_millis(noted)) >= NOTE_EVERY_MS {
            found.noted.store(now.as_millis(), Ordering::Relaxed);
            if let Some(note) = self.note_use.get() {
                note(found.grant.id, now);
            }
        }
        Ok(Admitted {
            principal: Principal::Granted(Arc::clone(&found.principal)),
            valid: found.valid.subscribe(),
            // A login that is in use does not expire.
            expires_at: expires_at.filter(|_| kind != AccessKind::Browser),
        })
    }

    /// All of them, oldest first.
    pub(crate) fn list(&self) -> Vec<Token> {
        let mut tokens: Vec<_> =
            self.entries().iter().map(|entry| (entry.grant.id, entry.token())).collect();
        tokens.sort_by_key(|(id, _)| *id);
        tokens.into_iter().map(|(_, token)| token).collect()
    }

    /// Makes a change that is on disk. From the next request on it holds.
    pub(crate) fn apply(&self, change: GrantChange) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let (GrantChange::Put(Grant { id, .. }) | GrantChange::Remove(id)) = &change;
        entries.retain(|entry| entry.grant.id != *id);
        if let GrantChange::Put(grant) = change {
            entries.push(Entry::new(grant));
        }
    }

    fn entries(&self) -> RwLockReadGuard<'_, Vec<Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use claude_worker_api::Scope;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn grant(id: i64, kind: AccessKind, secret: &str, expires_at: Option<Timestamp>) -> Grant {
        let token = Token {
            name: format!("name-{id}"),
            kind,
            scope: Scope::Submit,
            created_at: at(1_000),
            expires_at,
            last_used_at: None,
            user_agent: None,
        };
        Grant { id, digest: Digest::of(secret), token }
    }

    #[tokio::test]
    async fn a_secret_is_admitted_until_it_is_revoked_replaced_or_expired() {
        const TOKEN: AccessKind = AccessKind::Token;
        let grants = Grants::new(vec![
            grant(1, TOKEN, "one", None),
            grant(2, TOKEN, "two", Some(at(5_000))),
        ]);
        let admits = |secret: &str, now| grants.admit(TOKEN, secret, at(now)).is_ok();
        assert!(admits("one", 2_000) && admits("two", 4_999));
        assert!(!admits("two", 5_000), "expired");
        assert!(!admits("", 2_000) && !admits("on", 2_000) && !admits("one ", 2_000));
        let other_kind = grants.admit(AccessKind::Browser, "one", at(2_000));
        assert_eq!(other_kind.err(), Some(NotAdmitted::Unknown));
        let open = grants.admit(TOKEN, "one", at(2_000)).unwrap();
        assert_eq!(open.principal.token_id(), Some(1));
        grants.apply(GrantChange::Put(grant(1, TOKEN, "new", None)));
        open.ended().await;
        assert!(!admits("one", 2_000) && admits("new", 2_000));
        let open = grants.admit(TOKEN, "new", at(2_000)).unwrap();
        grants.apply(GrantChange::Remove(1));
        open.ended().await;
        assert!(!admits("new", 2_000));
        assert_eq!(grants.list().len(), 1);
    }

    #[test]
    fn a_login_lasts_for_30_days_after_its_last_use() {
        const DAY: i64 = 24 * 3600 * 1000;
        let grants = Grants::new(vec![grant(1, AccessKind::Browser, "one", None)]);
        let admits = |now| grants.admit(AccessKind::Browser, "one", at(now)).is_ok();
        assert!(admits(29 * DAY) && admits(58 * DAY));
        assert_eq!(grants.list()[0].expires_at, Some(at(88 * DAY)));
        assert!(!admits(88 * DAY));
    }

    #[test]
    fn uses_are_written_down_once_a_minute() {
        let grants = Grants::new(vec![grant(1, AccessKind::Token, "one", None)]);
        let noted = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&noted);
        grants.note_uses_with(move |id, at| seen.lock().unwrap().push((id, at.as_millis())));
        for now in [100_000, 100_001, 159_999, 160_000, 160_001] {
            assert!(grants.admit(AccessKind::Token, "one", at(now)).is_ok());
        }
        assert_eq!(*noted.lock().unwrap(), [(1, 100_000), (1, 160_000)]);
        assert_eq!(grants.list()[0].last_used_at, Some(at(160_001)));
    }
}
