//! Dialogs and the clipboard, with GTK. GTK is used on the main thread only, which never waits for
//! the user.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;
use claude_worker_desktop::quit::{Question, QuitMode};
use claude_worker_desktop::words::DirectoryChooser;
use gtk::prelude::*;
use gtk::{
    ButtonsType, FileChooserAction, FileChooserNative, MessageDialog, MessageType, ResponseType,
};
use tauri::{AppHandle, WebviewWindow};

use crate::main_thread;

const BACKGROUND: ResponseType = ResponseType::Other(1);
const STOP: ResponseType = ResponseType::Other(2);

/// Asks the user how to quit; `None` if the user cancels.
///
/// # Errors
/// `unavailable` if the app quits meanwhile.
pub(crate) async fn ask_how_to_quit(
    app: &AppHandle,
    parent: Option<WebviewWindow>,
    question: Question,
) -> Result<Option<QuitMode>, ApiError> {
    main_thread::call(app, move |answer| {
        let dialog = MessageDialog::builder()
            .message_type(MessageType::Question)
            .buttons(ButtonsType::None)
            .title(question.heading)
            .text(&question.title)
            .secondary_text(&question.text)
            .modal(true)
            .build();
        dialog.add_button(question.cancel, ResponseType::Cancel);
        dialog.add_button(question.stop, STOP);
        dialog.add_button(question.background, BACKGROUND);
        dialog.set_default_response(BACKGROUND);
        match gtk_window(parent) {
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

/// Shows an error. Returns when it is on the screen.
///
/// # Errors
/// `unavailable` if the app quits meanwhile.
pub(crate) async fn show_error(
    app: &AppHandle,
    parent: Option<WebviewWindow>,
    title: &str,
    error: &ApiError,
) -> Result<(), ApiError> {
    let (title, error) = (title.to_owned(), error.clone());
    main_thread::call(app, move |shown| {
        let dialog = MessageDialog::builder()
            .message_type(MessageType::Error)
            .buttons(ButtonsType::Close)
            .title(&title)
            .text(&error.message)
            .secondary_text(&error.hint)
            .build();
        match gtk_window(parent) {
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

/// Lets the user choose a directory, starting at `start`; `None` if the user cancels.
///
/// # Errors
/// `unavailable` if the app quits meanwhile.
pub(crate) async fn choose_directory(
    app: &AppHandle,
    parent: Option<WebviewWindow>,
    start: Option<PathBuf>,
    words: DirectoryChooser,
) -> Result<Option<PathBuf>, ApiError> {
    main_thread::call(app, move |answer| {
        let chooser = FileChooserNative::new(
            Some(words.title),
            gtk_window(parent).as_ref(),
            FileChooserAction::SelectFolder,
            Some(words.choose),
            Some(words.cancel),
        );
        chooser.set_modal(true);
        // Without a directory, GTK shows recently used files.
        if let Some(start) = start.as_deref().and_then(nearest_directory) {
            chooser.set_current_folder(start);
        }
        // GTK holds no reference to it while it is on the screen.
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

/// The path itself, or the nearest directory above it that exists.
fn nearest_directory(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| path.is_absolute() && path.is_dir())
}

/// Copies a text to the clipboard.
///
/// # Errors
/// `unavailable` if the app quits meanwhile.
pub(crate) async fn copy(app: &AppHandle, text: String) -> Result<(), ApiError> {
    main_thread::call(app, move |done| {
        let clipboard = gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD);
        clipboard.set_text(&text);
        // A clipboard manager keeps it after the app has quit.
        clipboard.store();
        let _ = done.send(());
    })
    .await
}

fn gtk_window(window: Option<WebviewWindow>) -> Option<gtk::ApplicationWindow> {
    window?.gtk_window().ok()
}
