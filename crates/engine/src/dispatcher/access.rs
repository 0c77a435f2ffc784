//! Tokens and logins of browsers: created, revoked, given another secret; and whose tasks they may
//! change.

use claude_worker_api::{AccessKind, ApiError, ErrorCode, TaskId, Timestamp};

use super::log_lines::Happened;
use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::access::{
    AccessChange, Grant, GrantChange, MOST_LOGINS, MOST_TOKENS, NewGrant, Principal,
};
use crate::message::Reply;

impl Dispatcher {
    /// Whether a principal may cancel, retry or resume a task.
    ///
    /// # Errors
    /// `forbidden` for a token that may change only tasks that it submitted.
    pub(super) fn check_may_change(
        &self,
        id: TaskId,
        principal: &Principal,
    ) -> Result<(), EngineError> {
        if !principal.only_own_tasks() {
            return Ok(());
        }
        match self.writer.submitting_token(id)? {
            Some(submitter) if submitter.is_none() || submitter != principal.token_id() => {
                Err(EngineError::Refused(
                    ApiError::new(
                        ErrorCode::Forbidden,
                        format!("Task {id} was not submitted with this token, whose scope is submit"),
                    )
                    .hint("`claude-worker token create NAME --scope full` makes a token for all tasks"),
                ))
            }
            // That there is no such task is said by whatever is asked.
            _ => Ok(()),
        }
    }

    pub(super) fn change_access(
        &mut self,
        change: &AccessChange,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let grants = self.writer.grants()?;
        let named = |name: &str| {
            let found = grants.iter().find(|grant| grant.token.name == name).cloned();
            found.ok_or_else(|| EngineError::Refused(no_such_token(name)))
        };
        let (what, grant) = match change {
            AccessChange::Create(new) => {
                self.make_room(new, &grants, now, after)?;
                let grant = self.writer.insert_grant(new, now)?;
                after.grants.push(GrantChange::Put(grant.clone()));
                ("access was given", grant)
            }
            AccessChange::Revoke(name) => {
                let grant = named(name)?;
                self.revoke(grant.id, after)?;
                ("access was revoked", grant)
            }
            AccessChange::RevokeId(id) => {
                let Some(grant) = grants.iter().find(|grant| grant.id == *id).cloned() else {
                    return Err(EngineError::Refused(no_such_token("this")));
                };
                self.revoke(*id, after)?;
                ("access was given up", grant)
            }
            AccessChange::Rotate(name, digest) => {
                let grant = Grant { digest: digest.clone(), ..named(name)? };
                if grant.token.kind != AccessKind::Token {
                    return Err(EngineError::Refused(
                        ApiError::conflict(format!("{name} is the login of a browser"))
                            .hint("`claude-worker token revoke NAME` ends it"),
                    ));
                }
                if grant.is_expired(now) {
                    let name = &grant.token.name;
                    return Err(EngineError::Refused(
                        ApiError::conflict(format!(
                            "The token {name} has expired; with a new secret it would be refused, too"
                        ))
                        .hint(format!("`claude-worker token create {name}` makes a new one in its place")),
                    ));
                }
                self.writer.set_digest(grant.id, digest)?;
                after.grants.push(GrantChange::Put(grant.clone()));
                ("a token has another secret", grant)
            }
        };
        after.log(Happened::AccessChanged { what, name: grant.token.name.clone() });
        Ok(Reply::Access(Box::new(grant.token)))
    }

    fn revoke(&mut self, id: i64, after: &mut AfterCommit) -> Result<(), EngineError> {
        self.writer.delete_grant(id)?;
        after.grants.push(GrantChange::Remove(id));
        Ok(())
    }

    /// Removes what has expired and is in the way of a new token or login.
    ///
    /// # Errors
    /// `conflict` when the name is taken or there are too many tokens.
    fn make_room(
        &mut self,
        new: &NewGrant,
        grants: &[Grant],
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let of_kind = || grants.iter().filter(|grant| grant.token.kind == new.kind);
        let is_full = of_kind().count()
            >= if new.kind == AccessKind::Browser { MOST_LOGINS } else { MOST_TOKENS };
        let mut left = of_kind().count();
        let takes_name = |grant: &&Grant| Some(&grant.token.name) == new.name.as_ref();
        if let Some(taken) = grants.iter().find(takes_name)
            && !taken.is_expired(now)
        {
            let name = &taken.token.name;
            return Err(EngineError::Refused(
                ApiError::conflict(format!("There is a token {name} already")).hint(format!(
                    "`claude-worker token rotate {name}` gives it a new secret; or choose another name"
                )),
            ));
        }
        for grant in of_kind().filter(|grant| grant.is_expired(now)) {
            if is_full || new.kind == AccessKind::Browser || takes_name(&grant) {
                self.revoke(grant.id, after)?;
                left -= 1;
            }
        }
        match new.kind {
            AccessKind::Browser if left >= MOST_LOGINS => {
                let used =
                    |grant: &&Grant| grant.token.last_used_at.unwrap_or(grant.token.created_at);
                let live = of_kind().filter(|grant| !grant.is_expired(now));
                if let Some(unused) = live.min_by_key(used) {
                    self.revoke(unused.id, after)?;
                }
                Ok(())
            }
            AccessKind::Token if left >= MOST_TOKENS => Err(EngineError::Refused(
                ApiError::conflict(format!("There are {left} tokens, as many as there may be"))
                    .hint("`claude-worker token list` shows them, `token revoke NAME` removes one"),
            )),
            _ => Ok(()),
        }
    }
}

fn no_such_token(name: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("There is no token {name}"))
        .hint("claude-worker token list shows the tokens there are")
}
