//! The questions that the desktop's own dialogs ask, and the clipboard. GTK is only touched on the
//! main thread, which never waits for a person.

use std::cell::Cell;
use std::path::PathBuf;

use claude_worker_api::ApiError;
use claude_worker_desktop::quit::{Question, QuitMode};
use gtk::prelude::*;
use gtk::{
    ButtonsType, FileChooserAction, FileChooserNative, MessageDialog, MessageType, ResponseType,
};
use tauri::{AppHandle, Manager};
use tokio::sync::oneshot;

use crate::window;

const BACKGROUND: ResponseType = ResponseType::Other(1);
const STOP: ResponseType = ResponseType::Other(2);

/// Asks how to leave; none when a person does not want to.
///
/// # Errors
/// `unavailable` when the app ends meanwhile.
pub(crate) async fn ask_how_to_quit(
    app: &AppHandle,
    question: Question,
) -> Result<Option<QuitMode>, ApiError> {
    let parent = app.clone();
    on_main(app, move |answer| {
        let dialog = MessageDialog::builder()
            .message_type(MessageType::Question)
            .buttons(ButtonsType::None)
            .title("Quit Claude Worker")
            .text(&question.title)
            .secondary_text(&question.text)
            .modal(true)
            .build();
        dialog.add_button(question.cancel, ResponseType::Cancel);
        dialog.add_button(question.stop, STOP);
        dialog.add_button(question.background, BACKGROUND);
        dialog.set_default_response(BACKGROUND);
        match parent_window(&parent) {
            Some(parent) => dialog.set_transient_for(Some(&parent)),
            None => dialog.set_keep_above(true),
        }
        let answer = Cell::new(Some(answer));
        dialog.connect_response(move |dialog, response| {
            dialog.close();
            let chosen = match response {
                BACKGROUND => Some(QuitMode::Background),
                STOP => Some(QuitMode::Stop),
                _ => None,
            };
            if let Some(answer) = answer.take() {
                let _ = answer.send(chosen);
            }
        });
        dialog.show_all();
        dialog.present();
    })
    .await
}

/// Tells a person what went wrong. Returns when it is on the screen.
///
/// # Errors
/// `unavailable` when the app ends meanwhile.
pub(crate) async fn show_error(
    app: &AppHandle,
    title: &str,
    error: &ApiError,
) -> Result<(), ApiError> {
    let parent = app.clone();
    let (title, error) = (title.to_owned(), error.clone());
    on_main(app, move |shown| {
        let dialog = MessageDialog::builder()
            .message_type(MessageType::Error)
            .buttons(ButtonsType::Close)
            .title(&title)
            .text(&error.message)
            .secondary_text(&error.hint)
            .build();
        match parent_window(&parent) {
            Some(parent) => dialog.set_transient_for(Some(&parent)),
            None => dialog.set_keep_above(true),
        }
        dialog.connect_response(|dialog, _| dialog.close());
        dialog.show_all();
        dialog.present();
        let _ = shown.send(());
    })
    .await
}

/// Lets a person choose a directory, beginning at `start`; none when they thought better of it.
///
/// # Errors
/// `unavailable` when the app ends meanwhile.
pub(crate) async fn directory(
    app: &AppHandle,
    start: Option<PathBuf>,
) -> Result<Option<PathBuf>, ApiError> {
    let parent = app.clone();
    on_main(app, move |answer| {
        let chooser = FileChooserNative::new(
            Some("Choose a directory"),
            parent_window(&parent).as_ref(),
            FileChooserAction::SelectFolder,
            Some("Choose"),
            Some("Cancel"),
        );
        chooser.set_modal(true);
        if let Some(start) = start.filter(|start| start.is_dir()) {
            chooser.set_current_folder(start);
        }
        // Nobody else holds it while it is on the screen.
        let held = Cell::new(Some((chooser.clone(), answer)));
        chooser.connect_response(move |chooser, response| {
            let Some((_chooser, answer)) = held.take() else { return };
            let chosen = (response == ResponseType::Accept).then(|| chooser.filename()).flatten();
            chooser.destroy();
            drop(answer.send(chosen));
        });
        chooser.show();
    })
    .await
}

/// Puts a text into the clipboard.
///
/// # Errors
/// `unavailable` when the app ends meanwhile.
pub(crate) async fn copy(app: &AppHandle, text: String) -> Result<(), ApiError> {
    on_main(app, move |done| {
        let clipboard = gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD);
        clipboard.set_text(&text);
        // A clipboard manager keeps it when the app is gone.
        clipboard.store();
        let _ = done.send(());
    })
    .await
}

fn parent_window(app: &AppHandle) -> Option<gtk::ApplicationWindow> {
    app.get_webview_window(window::LABEL)?.gtk_window().ok()
}

/// Begins something on the main thread, and waits for its answer elsewhere.
pub(crate) async fn on_main<T: Send + 'static>(
    app: &AppHandle,
    begin: impl FnOnce(oneshot::Sender<T>) + Send + 'static,
) -> Result<T, ApiError> {
    let (answer, answered) = oneshot::channel();
    let gone = |_| ApiError::unavailable("The app is being closed");
    app.run_on_main_thread(move || begin(answer))
        .map_err(|_| ApiError::unavailable("The app is being closed"))?;
    answered.await.map_err(gone)
}
