//! Who sends a request, on its way from the local socket or TCP to the engine.
//!
//! The server of each puts a [`Principal`] into the extensions of every request that it admits; nothing else
//! sets it. The routes check what it may do and hand the request to the engine in its name.

use axum::http::Extensions;
use claude_worker_api::{ApiError, ErrorCode, Method, RunId, Scope, TaskApi};
use claude_worker_engine::{Engine, LentWorker, Principal};

/// Something that answers requests in the name of others.
pub(crate) trait Served: TaskApi + Sized {
    /// The same for requests of `principal`.
    fn acting_for(&self, principal: Principal) -> Self;

    /// Lends the worker of a run that waits for another task, until the result is dropped.
    fn lend_worker(&self, run: RunId) -> Option<LentWorker>;
}

impl Served for Engine {
    fn acting_for(&self, principal: Principal) -> Self {
        Self::acting_for(self, principal)
    }

    fn lend_worker(&self, run: RunId) -> Option<LentWorker> {
        Some(Self::lend_worker(self, run))
    }
}

/// Who sends a request for `method`, if that is allowed.
///
/// # Errors
/// `forbidden`, naming the scope that is needed.
pub(crate) fn permitted(extensions: &Extensions, method: &Method) -> Result<Principal, ApiError> {
    permitted_scope(extensions, method.scope, method.name)
}

/// Who sends a request for something that needs `scope`, if that is allowed.
///
/// # Errors
/// `forbidden`, naming the scope.
pub(crate) fn permitted_scope(
    extensions: &Extensions,
    scope: Scope,
    what: &str,
) -> Result<Principal, ApiError> {
    // A server that does not set it must admit no request.
    let principal = extensions
        .get::<Principal>()
        .ok_or_else(|| ApiError::internal("It is not known who sends this request"))?;
    let own = principal.scope();
    if own.allows(scope) {
        return Ok(principal.clone());
    }
    let (own, needed) = (own.name(), scope.name());
    Err(ApiError::new(
        ErrorCode::Forbidden,
        format!("{what} needs the scope {needed}; this token has {own}"),
    )
    .hint(format!("`claude-worker token create NAME --scope {needed}` makes a token that may")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use claude_worker_api::{AccessKind, METHODS};
    use claude_worker_engine::Granted;

    use super::*;

    fn extensions(scope: Scope) -> Extensions {
        let granted = Granted { id: 1, name: "ci".to_owned(), kind: AccessKind::Token, scope };
        let mut extensions = Extensions::new();
        extensions.insert(Principal::Granted(Arc::new(granted)));
        extensions
    }

    #[test]
    fn every_method_is_refused_to_narrower_scopes() {
        for method in METHODS {
            for scope in Scope::ALL {
                let permitted = permitted(&extensions(scope), method);
                assert_eq!(
                    permitted.is_ok(),
                    scope.allows(method.scope),
                    "{} {scope:?}",
                    method.name
                );
                if let Err(error) = permitted {
                    assert_eq!(error.code, ErrorCode::Forbidden);
                    assert!(error.hint.contains(method.scope.name()), "{error}");
                }
            }
            let mut local = Extensions::new();
            local.insert(Principal::Local);
            assert!(permitted(&local, method).is_ok());
            let nobody = permitted(&Extensions::new(), method).unwrap_err();
            assert_eq!(nobody.code, ErrorCode::Internal);
        }
    }

    #[test]
    fn only_a_full_token_changes_settings_tokens_and_the_engine() {
        let needs_less =
            |scope: Scope| METHODS.iter().filter(move |method| scope.allows(method.scope));
        let names: Vec<_> = needs_less(Scope::Submit).map(|method| method.name).collect();
        for name in ["set_settings", "tokens", "create_token", "create_login", "stop", "remove"] {
            assert!(!names.contains(&name), "{name}");
        }
        assert!(needs_less(Scope::Read).all(|method| method.verb == claude_worker_api::Verb::Get));
    }
}
