//! What a token allows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// What a token allows. Each scope includes the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Looking: tasks, their logs and output, events, the engine's state.
    Read,
    /// Also submitting tasks, and cancelling, retrying and resuming those that the token submitted.
    Submit,
    /// Everything.
    Full,
    /// One that this version does not know. It allows nothing.
    #[serde(untagged)]
    #[schemars(skip)]
    Unknown(UnknownName),
}

impl Scope {
    /// The known scopes, from the narrowest on.
    pub const ALL: [Self; 3] = [Self::Read, Self::Submit, Self::Full];

    /// Whether a token with this scope may do what needs `needed`.
    #[must_use]
    pub const fn allows(self, needed: Self) -> bool {
        match (self.rank(), needed.rank()) {
            (Some(own), Some(needed)) => own >= needed,
            _ => false,
        }
    }

    const fn rank(self) -> Option<u8> {
        match self {
            Self::Read => Some(0),
            Self::Submit => Some(1),
            Self::Full => Some(2),
            Self::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_includes_the_narrower_ones_and_an_unknown_one_allows_nothing() {
        for (own, place) in Scope::ALL.into_iter().zip(0..) {
            for (needed, other) in Scope::ALL.into_iter().zip(0..) {
                assert_eq!(own.allows(needed), place >= other, "{own:?} {needed:?}");
            }
        }
        let unknown: Scope = serde_json::from_str("\"admin\"").unwrap();
        assert!(matches!(unknown, Scope::Unknown(_)));
        assert!(!unknown.allows(Scope::Read) && !Scope::Full.allows(unknown));
    }
}
