//! What `top` changes at the terminal is undone however `top` ends.

use std::sync::{Mutex, Once, PoisonError};

/// Undoes the change that a [`Guard`] stands for.
type Undo = fn();

/// What is to be undone. The first to take it out does it: the end of the guard, or a panic.
static PENDING: Mutex<Option<Undo>> = Mutex::new(None);

/// Undoes a change when it is dropped. When any thread panics before, the change is undone before the
/// message of the panic is printed: the message would otherwise be on the screen that disappears.
///
/// There is one at a time.
pub(super) struct Guard(());

impl Guard {
    pub(super) fn new(undo: Undo) -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                undo_pending();
                usual(info);
            }));
        });
        *PENDING.lock().unwrap_or_else(PoisonError::into_inner) = Some(undo);
        Self(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        undo_pending();
    }
}

fn undo_pending() {
    let pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(undo) = pending {
        undo();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    static EVENTS: Mutex<Vec<&str>> = Mutex::new(Vec::new());

    fn note(event: &'static str) {
        EVENTS.lock().unwrap().push(event);
    }

    fn noted() -> Vec<&'static str> {
        std::mem::take(&mut *EVENTS.lock().unwrap())
    }

    /// One test, because a process has one panic hook.
    #[test]
    fn the_terminal_is_given_back_once_and_before_the_message_of_a_panic() {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            note("message");
            usual(info);
        }));
        let guard = || Guard::new(|| note("given back"));

        drop(guard());
        assert_eq!(noted(), ["given back"]);

        let panicked = catch_unwind(|| {
            let _guard = guard();
            panic!("while the terminal is taken");
        });
        assert!(panicked.is_err());
        assert_eq!(noted(), ["given back", "message"]);

        let held = guard();
        let thread = std::thread::spawn(|| panic!("on another thread"));
        assert!(thread.join().is_err());
        drop(held);
        assert_eq!(noted(), ["given back", "message"]);

        assert!(catch_unwind(|| panic!("while the terminal is not taken")).is_err());
        assert_eq!(noted(), ["message"]);
    }
}
