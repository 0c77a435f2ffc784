//! Tokens.

use claude_worker_api::{AccessKind, ErrorCode, Scope, Token};

use super::*;
use crate::access::{AccessChange, Digest, NewGrant};

fn create(name: &str, expires_at: Option<Timestamp>) -> Request {
    Request::Access(AccessChange::Create(NewGrant {
        name: Some(name.to_owned()),
        kind: AccessKind::Token,
        scope: Scope::Submit,
        expires_at,
        digest: Digest::of(&format!("{name} {expires_at:?}")),
        user_agent: None,
    }))
}

fn token(answer: Result<Reply, ApiError>) -> Token {
    let Ok(Reply::Access(token)) = answer else { panic!("{answer:?}") };
    *token
}

/// A new secret would be refused like the old one.
#[test]
fn a_token_that_has_expired_is_not_rotated_but_made_anew() {
    let place = Place::new();
    let clock = TestClock::at(Timestamp::from_millis(1_000));
    let (mut dispatcher, _) = place.dispatcher_with(Box::new(clock.clone()));
    let rotate = || Request::Access(AccessChange::Rotate("ci".to_owned(), Digest::of("new")));
    token(dispatcher.asked(create("ci", Some(Timestamp::from_millis(2_000)))));
    assert_eq!(token(dispatcher.asked(rotate())).name, "ci");
    clock.advance(Duration::from_secs(1));
    let refused = dispatcher.asked(rotate()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict, "{refused}");
    assert!(refused.message.contains("has expired"), "{refused}");
    assert!(refused.hint.contains("token create ci"), "{refused}");
    assert_eq!(token(dispatcher.asked(create("ci", None))).expires_at, None);
    assert_eq!(token(dispatcher.asked(rotate())).name, "ci");
}
