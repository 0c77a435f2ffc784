//! Tokens and the logins of browsers, and who submitted a task.

use claude_worker_api::{AccessKind, Scope, TaskId, Timestamp, Token, UnknownName};
use rusqlite::{OptionalExtension, Row, params};

use super::Writer;
use super::rows::instant;
use crate::EngineError;
use crate::access::{Digest, Grant, NewGrant};

const COLUMNS: &str =
    "id, name, kind, scope, digest, created_at, expires_at, last_used_at, user_agent";

impl Writer {
    /// Everything that gives access, oldest first. Rows that cannot be read give none.
    pub(crate) fn grants(&self) -> Result<Vec<Grant>, EngineError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM token ORDER BY id"))?;
        let mut found = statement.query([])?;
        let mut grants = Vec::new();
        while let Some(row) = found.next()? {
            match grant(row) {
                Ok(grant) => grants.push(grant),
                Err(error) => tracing::error!(%error, "a token cannot be read and is refused"),
            }
        }
        Ok(grants)
    }

    /// Stores a token or a login. One without a name is called `browser-` and its number.
    pub(crate) fn insert_grant(
        &mut self,
        new: &NewGrant,
        now: Timestamp,
    ) -> Result<Grant, EngineError> {
        let number: i64 = self
            .connection
            .prepare_cached(
                "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'token'",
            )?
            .query_row([], |row| row.get(0))?;
        let name = new.name.clone().unwrap_or_else(|| format!("browser-{number}"));
        self.connection
            .prepare_cached(
                "INSERT INTO token (id, name, kind, scope, digest, created_at, expires_at, user_agent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                number,
                name,
                new.kind.name(),
                new.scope.name(),
                new.digest.bytes(),
                now.as_millis(),
                new.expires_at.map(Timestamp::as_millis),
                new.user_agent,
            ])?;
        let token = Token {
            name,
            kind: new.kind,
            scope: new.scope,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            user_agent: new.user_agent.clone(),
        };
        Ok(Grant { id: number, digest: new.digest.clone(), token })
    }

    pub(crate) fn delete_grant(&mut self, id: i64) -> Result<(), EngineError> {
        self.connection.prepare_cached("DELETE FROM token WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    pub(crate) fn set_digest(&mut self, id: i64, digest: &Digest) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE token SET digest = ?1 WHERE id = ?2")?
            .execute(params![digest.bytes(), id])?;
        Ok(())
    }

    pub(crate) fn note_use(&mut self, id: i64, at: Timestamp) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE token SET last_used_at = ?1 WHERE id = ?2")?
            .execute([at.as_millis(), id])?;
        Ok(())
    }

    /// The number of the token that submitted a task, if one did; none when there is no such task.
    pub(crate) fn submitting_token(&self, id: TaskId) -> Result<Option<Option<i64>>, EngineError> {
        Ok(self
            .connection
            .prepare_cached("SELECT token_id FROM task WHERE id = ?1")?
            .query_row([id.0], |row| Ok(row.get(0).unwrap_or_default()))
            .optional()?)
    }
}

fn grant(row: &Row<'_>) -> Result<Grant, EngineError> {
    let kind: String = row.get(2)?;
    let scope: String = row.get(3)?;
    let digest: Vec<u8> = row.get(4)?;
    let known = [AccessKind::Token, AccessKind::Browser];
    let kind = known
        .into_iter()
        .find(|known| known.name() == kind)
        .unwrap_or_else(|| AccessKind::Unknown(UnknownName::new(&kind)));
    let scope = Scope::ALL
        .into_iter()
        .find(|known| known.name() == scope)
        .unwrap_or_else(|| Scope::Unknown(UnknownName::new(&scope)));
    let digest = Digest::stored(&digest).ok_or_else(|| {
        EngineError::Unreadable("the digest of a token has another length".into())
    })?;
    let token = Token {
        name: row.get(1)?,
        kind,
        scope,
        created_at: instant(Some(row.get(5)?)).unwrap_or_default(),
        expires_at: instant(row.get(6)?),
        last_used_at: instant(row.get(7)?),
        user_agent: row.get(8)?,
    };
    Ok(Grant { id: row.get(0)?, digest, token })
}
