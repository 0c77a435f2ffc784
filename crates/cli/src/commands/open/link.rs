//! `open --browser` and `open --phone`: one-time links that log a browser in.
//!
//! The code is in the link's fragment, which browsers send to no server. It is not an argument of the
//! browser's process either, because other users can read those: the browser opens a private file that
//! sends it on.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use claude_worker_api::{
    AUTO, ApiError, ErrorCode, HTTP_PORT, HttpChange, HttpState, LoginCode, NewLogin, OFF, TaskApi,
    Timestamp,
};
use claude_worker_engine::Paths;
use claude_worker_os::files::create_anew;
use serde::Serialize;

use super::opener::has_display;
use super::{Args, address, opener};
use crate::commands::token::only_a_person;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::qr_code::qr_code;
use crate::render::text::clean_line;
use crate::render::{Tone, figures};
use crate::selection::resolve_one;

/// The program that opens addresses as the desktop would.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
/// How long it may take to say that it cannot.
const REFUSES_WITHIN: Duration = Duration::from_secs(2);
/// The private file that sends the browser on. The next link replaces it; its code is worthless by then.
const FILE: &str = "open-browser.html";

#[derive(Serialize)]
struct Link {
    url: String,
    expires_at: Timestamp,
}

/// Makes a one-time link, and opens it in the browser, prints it, or shows it as a QR code.
///
/// # Errors
/// `unavailable` when no HTTP server can be reached as asked; `forbidden` inside a task; errors of the
/// engine.
pub(super) async fn by_link(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    only_a_person(api).await?;
    let server =
        if args.phone { address::for_a_phone(api).await? } else { for_here(api, console).await? };
    let LoginCode { code, expires_at } = api.create_login(NewLogin::default()).await?;
    let page = match args.task {
        Some(task) => format!("&/task/{}", resolve_one(api, task).await?),
        None => String::new(),
    };
    let url = clean_line(&format!("{server}/login#{code}{page}"));
    if console.json {
        console.document(&Link { url, expires_at })?;
    } else if args.phone {
        if console.view.terminal
            && let Some(code) = qr_code(&url, console.view.paint.colour)
        {
            console.print(&code)?;
        }
        console.line(&url)?;
        remark(console, "Scan it with the phone's camera", expires_at)?;
    } else {
        let opened = !args.print && has_display() && opens(&url);
        console.line(&url)?;
        let what = if opened {
            "Opened in the browser; if nothing appears there, open the link yourself"
        } else {
            "Open it in a browser on this machine"
        };
        remark(console, what, expires_at)?;
    }
    Ok(Exit::Done)
}

fn remark(console: &mut Console<'_>, what: &str, expires_at: Timestamp) -> Result<(), CliError> {
    let left = figures::short(expires_at.millis_since(console.now()).saturating_add(999));
    let line = format!("{what}. The link works once, within {left}");
    console.remark(&console.view.paint.tone(Tone::Quiet, &line))
}

/// The address of the HTTP server for a browser on this machine. The server is turned on if it is off.
async fn for_here(api: &impl TaskApi, console: &mut Console<'_>) -> Result<String, CliError> {
    if let Some(named) = address::named()? {
        return Ok(named.to_string());
    }
    let state = api.http().await?;
    if let Some(url) = address::for_a_browser(&state) {
        return Ok(url);
    }
    if let Some(problem) = state.problem {
        return Err(ApiError::unavailable(problem)
            .hint("`claude-worker server start --port PORT` serves HTTP at another port")
            .into());
    }
    let state = turn_on(api, &state.configured).await?;
    let url = address::for_a_browser(&state).ok_or_else(|| {
        ApiError::unavailable("HTTP could not be turned on")
            .hint("`claude-worker server http` and engine.log say why")
    })?;
    let line = format!(
        "HTTP is served at {} until the engine is stopped; claude-worker server http off ends it",
        clean_line(&url)
    );
    console.remark(&console.view.paint.tone(Tone::Quiet, &line))?;
    Ok(url)
}

/// Turns the HTTP server on: where the settings say, else at the usual port or any other one.
async fn turn_on(api: &impl TaskApi, configured: &str) -> Result<HttpState, ApiError> {
    if ![OFF, AUTO].contains(&configured) {
        return api.set_http(HttpChange::default()).await;
    }
    match api.set_http(HttpChange::at_port(HTTP_PORT)).await {
        Err(error) if error.code == ErrorCode::InvalidRequest => {
            api.set_http(HttpChange::at("127.0.0.1:0")).await
        }
        state => state,
    }
}

/// Opens the link in the browser, by way of a private file. False when that does not work.
fn opens(url: &str) -> bool {
    let Ok(paths) = Paths::from_env() else { return false };
    let file = paths.home.join(FILE);
    let written = create_anew(&file).and_then(|mut file| file.write_all(page(url).as_bytes()));
    written.is_ok() && opener::start(Command::new(OPENER).arg(&file), REFUSES_WITHIN).is_ok()
}

/// A page that goes to `url` at once. The address is made of an origin, digits and a task's number, so
/// that nothing in it needs escaping; anything else is not opened.
fn page(url: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/#&.-_[]".contains(c);
    let url: String = url.chars().filter(|c| plain(*c)).collect::<String>().replace('&', "&amp;");
    format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={url}\"><title>Claude Worker</title>\
         <p><a href=\"{url}\">Log in to Claude Worker</a></p>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_sends_the_browser_on_names_the_link() {
        let html = page("http://127.0.0.1:8000/login#0af&/task/3");
        assert!(html.contains("url=http://127.0.0.1:8000/login#0af&amp;/task/3\""), "{html}");
        assert!(!page("http://x/\"><script>").contains("<script"));
    }
}
