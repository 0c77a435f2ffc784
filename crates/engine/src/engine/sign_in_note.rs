//! Says once that a task uses the engine's sign-in where the submitting shell has none.

use std::sync::atomic::{AtomicBool, Ordering};

use claude_worker_agents::can;
use claude_worker_api::{Capability, NewTask};

use crate::doctor::sign_in;

/// Whether it was said.
#[derive(Debug, Default)]
pub(super) struct SignInNote(AtomicBool);

impl SignInNote {
    /// The note for this task, if there is one and none was given before. It is for people: an agent is
    /// not to stop the engine.
    pub(super) fn about(&self, task: &NewTask) -> Option<String> {
        // Only a shell that tells its variables is known to lack one.
        let is_asked = !task.inherited_env.is_empty()
            && can(task.agent, Capability::ProjectSettings)
            && !task.asked_by().is_agent();
        if !is_asked || self.0.load(Ordering::Relaxed) {
            return None;
        }
        words(&sign_in::variables(), task)
    }

    /// Whether the note is to be given now, with the answer to a task that was queued: the first one has it.
    pub(super) fn is_first(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

fn words(of_engine: &[&str], task: &NewTask) -> Option<String> {
    let has = |name: &str| task.env.contains_key(name) || task.inherited_env.contains_key(name);
    let missing = sign_in::missing_in_shell(of_engine.iter().copied(), has)?;
    Some(format!(
        "The {missing}: the task uses the engine's. To go without: {}.",
        sign_in::START_ANEW
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_engine_alone_are_named() {
        let mut task = NewTask::default();
        task.inherited_env.insert("ANTHROPIC_API_KEY".to_owned(), "secret".to_owned());
        assert_eq!(words(&["ANTHROPIC_API_KEY"], &task), None);
        let said = words(&["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR"], &task).unwrap();
        assert!(
            said.contains("with CLAUDE_CONFIG_DIR, which") && !said.contains("secret"),
            "{said}"
        );
    }
}
