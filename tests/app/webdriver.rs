//! Drives the window as a user would: a small client of the W3C WebDriver protocol.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::desktop::{Desktop, app};
use crate::process::{ChildGuard, is_gone, read, until_some};

/// Finds elements by role and name, as a screen reader does.
const LOCATE: &str = include_str!("locate.js");

/// The key of elements in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Records errors in the page. What does not get its new size in this frame gets it in the next one: nothing
/// is lost.
const RECORD_ERRORS: &str = "
    window.errors = [];
    const put = /^ResizeObserver loop completed/;
    const note = (what) => {
        const text = `${what?.message ?? what} ${what?.stack ?? ''}`;
        if (!put.test(text)) errors.push(text);
    };
    addEventListener('error', (event) => note(event.error ?? event.message));
    addEventListener('unhandledrejection', (event) => note(event.reason));
    const say = console.error;
    console.error = (...words) => { words.forEach(note); say(...words); };
";

/// WebKit's own small browser.
pub(crate) fn browser() -> PathBuf {
    let libraries = std::fs::read_dir("/usr/lib").unwrap().flatten();
    libraries
        .map(|directory| directory.path().join("webkit2gtk-4.1/MiniBrowser"))
        .find(|program| program.is_file())
        .expect("the package of WebKitGTK has a browser")
}

/// The app's window, with the app that was started for it.
pub(crate) struct Window {
    driver: Client,
    session: String,
    log: PathBuf,
    /// Dropped last: the session has to be closed first.
    _process: ChildGuard,
    app: u32,
}

/// An element of the page.
#[derive(Debug, Clone)]
pub(crate) struct Element(String);

impl Window {
    /// Starts the app with these arguments and waits for its window.
    #[track_caller]
    pub(crate) fn open(desktop: &Desktop, arguments: &[&str]) -> Self {
        Self::start(desktop, "wry", &app(), arguments)
    }

    /// Opens an address in WebKit's own small browser.
    #[track_caller]
    pub(crate) fn browse(desktop: &Desktop, address: &str) -> Self {
        let window = Self::start(desktop, "MiniBrowser", &browser(), &["--automation"]);
        window.expect(Method::POST, "/url", Some(json!({ "url": address })));
        window.script(RECORD_ERRORS);
        window
    }

    /// Starts a program with the driver.
    #[track_caller]
    fn start(desktop: &Desktop, browser: &str, program: &Path, arguments: &[&str]) -> Self {
        let log = desktop.place("driver.log");
        let file = std::fs::File::create(&log).unwrap();
        // If another program takes this free port meanwhile, the driver exits with an error.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut driver = desktop.command("WebKitWebDriver");
        driver
            .args([format!("--port={port}"), "--host=127.0.0.1".to_owned()])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdout(Stdio::from(file.try_clone().unwrap()))
            .stderr(file);
        let process = ChildGuard(driver.spawn().unwrap());
        let driver = Client::new(port);
        until_some("the driver replies", || {
            assert!(!is_gone(process.0.id()), "the driver ended: {}", read(&log));
            driver.call(Method::GET, "/status", None).ok()
        });
        let before = desktop.processes();
        let options = json!({ "binary": program, "args": arguments });
        let capabilities = json!({ "browserName": browser, "webkitgtk:browserOptions": options });
        let asked = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let answer = driver
            .call(Method::POST, "/session", Some(asked))
            .unwrap_or_else(|error| panic!("no window: {error}\n{}", read(&log)));
        let session = answer["sessionId"].as_str().unwrap().to_owned();
        let app = desktop.processes().difference(&before).copied().find(|pid| {
            std::fs::read_link(format!("/proc/{pid}/exe"))
                .is_ok_and(|found| found.file_name() == program.file_name())
        });
        let window = Self { driver, session, log, _process: process, app: app.unwrap() };
        window.script(RECORD_ERRORS);
        window
    }

    /// The process id of the app.
    pub(crate) fn app(&self) -> u32 {
        self.app
    }

    fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        self.driver.call(method, &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    fn expect(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        self.call(method, path, body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs JavaScript in the page as a function's body and returns what it returns.
    #[track_caller]
    pub(crate) fn script(&self, body: &str) -> Value {
        self.expect(Method::POST, "/execute/sync", Some(json!({ "script": body, "args": [] })))
    }

    /// The text that a promise in the page resolves to.
    #[track_caller]
    pub(crate) fn answer(&self, promise: &str) -> String {
        let script =
            format!("const done = arguments[0]; {promise}.then(done, (e) => done(`${{e}}`))");
        let asked = json!({ "script": script, "args": [] });
        let answer = self.expect(Method::POST, "/execute/async", Some(asked));
        answer.as_str().unwrap_or_default().to_owned()
    }

    /// Runs JavaScript in the page as a function's body; returns what it passes to its last argument.
    #[track_caller]
    pub(crate) fn run(&self, body: &str, arguments: &Value) -> Value {
        let asked = json!({ "script": body, "args": arguments });
        self.expect(Method::POST, "/execute/async", Some(asked))
    }

    /// The part of the page's address after `#`.
    pub(crate) fn place(&self) -> String {
        self.script("return location.hash").as_str().unwrap_or_default().to_owned()
    }

    /// Goes to another page of the window.
    #[track_caller]
    pub(crate) fn navigate(&self, place: &str) {
        self.script(&format!("location.hash = {place:?}"));
        self.until_page(place);
    }

    /// Waits for the welcome page, which is shown while there are no tasks, and goes on to the queue.
    #[track_caller]
    pub(crate) fn skip_welcome(&self) {
        self.until_page("#/welcome");
        // The result of the checks moves the button below it.
        self.role("button", "Check again");
        self.click("button", "Go to the queue");
        self.until_page("#/");
    }

    /// Waits until the window shows this page.
    #[track_caller]
    pub(crate) fn until_page(&self, place: &str) {
        let mut last = String::new();
        self.until(&format!("the page is at {place}"), || {
            last = self.place();
            (last == place).then_some(())
        });
    }

    /// All text that is shown.
    pub(crate) fn text(&self) -> String {
        self.script("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page contains this text.
    #[track_caller]
    pub(crate) fn until_shown(&self, text: &str) {
        self.until(&format!("the window shows \"{text}\""), || {
            self.text().contains(text).then_some(())
        });
    }

    /// Waits until the log contains this paragraph of the agent.
    #[track_caller]
    pub(crate) fn until_logged(&self, text: &str) {
        let script = "return [...document.querySelectorAll('[aria-label=Log] p')]
            .map((paragraph) => paragraph.textContent.trim())";
        self.until(&format!("the log says \"{text}\""), || {
            let said = self.script(script);
            said.as_array()?.iter().any(|said| said == text).then_some(())
        });
    }

    /// Waits for an element that matches this CSS selector.
    #[track_caller]
    pub(crate) fn css(&self, selector: &str) -> Element {
        let asked = json!({ "using": "css selector", "value": selector });
        self.until(&format!("there is an element {selector}"), || {
            let found = self.call(Method::POST, "/element", Some(asked.clone())).ok()?;
            element(&found)
        })
    }

    /// Waits for an element with this role whose accessible name contains this text.
    #[track_caller]
    pub(crate) fn role(&self, role: &str, name: &str) -> Element {
        self.until(&format!("there is a {role} \"{name}\""), || self.look(role, name))
    }

    /// The visible element with this role and name, if there is one now.
    pub(crate) fn look(&self, role: &str, name: &str) -> Option<Element> {
        let asked = json!({ "script": LOCATE, "args": [role, name] });
        element(&self.call(Method::POST, "/execute/sync", Some(asked)).ok()?)
    }

    /// Whether the element with this role and name has the focus.
    pub(crate) fn has_focus(&self, role: &str, name: &str) -> bool {
        let script = format!(
            "const found = (function () {{ {LOCATE} }})(...arguments);
             return found !== null && found === document.activeElement"
        );
        let asked = json!({ "script": script, "args": [role, name] });
        self.call(Method::POST, "/execute/sync", Some(asked)).is_ok_and(|answer| answer == true)
    }

    /// Waits for an enabled element with this role and name, and clicks it.
    #[track_caller]
    pub(crate) fn click(&self, role: &str, name: &str) {
        self.until(&format!("the {role} \"{name}\" can be clicked"), || {
            // An update of the page meanwhile may replace the element: find it again.
            let Element(id) = self.look(role, name)?;
            self.call(Method::POST, &format!("/element/{id}/click"), Some(json!({}))).ok()
        });
    }

    /// As [`Window::click`], by the page itself: the driver does not scale the place of a click where the
    /// text scale of the desktop enlarges the page.
    #[track_caller]
    pub(crate) fn activate(&self, role: &str, name: &str) {
        self.act(role, name, "arguments[0].click()");
    }

    /// Moves the focus to the element with this role and name.
    #[track_caller]
    pub(crate) fn focus(&self, role: &str, name: &str) {
        self.act(role, name, "arguments[0].focus()");
    }

    /// Waits for an element and runs a script on it.
    #[track_caller]
    fn act(&self, role: &str, name: &str, script: &str) {
        self.until(&format!("there is a {role} \"{name}\" to act on"), || {
            let Element(id) = self.look(role, name)?;
            let asked = json!({ "script": script, "args": [{ ELEMENT: id }] });
            self.call(Method::POST, "/execute/sync", Some(asked)).ok()
        });
    }

    /// Waits for the field with this role and name, and replaces its text.
    #[track_caller]
    pub(crate) fn fill(&self, role: &str, name: &str, text: &str) {
        let Element(id) = self.role(role, name);
        self.expect(Method::POST, &format!("/element/{id}/clear"), Some(json!({})));
        let typed = json!({ "text": text });
        self.expect(Method::POST, &format!("/element/{id}/value"), Some(typed));
    }

    /// Presses keys; the page itself receives them.
    #[track_caller]
    pub(crate) fn press(&self, keys: &str) {
        let press = |key: char| {
            let key = key.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        };
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        let source = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.expect(Method::POST, "/actions", Some(json!({ "actions": [source] })));
    }

    /// Presses a key while `modifier` is held down.
    #[track_caller]
    pub(crate) fn hold(&self, modifier: &str, key: &str) {
        let actions: Vec<Value> =
            [("keyDown", modifier), ("keyDown", key), ("keyUp", key), ("keyUp", modifier)]
                .map(|(kind, value)| json!({ "type": kind, "value": value }))
                .into();
        let source = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.expect(Method::POST, "/actions", Some(json!({ "actions": [source] })));
    }

    /// The middle of the element with this role and name, in pixels of the page.
    #[track_caller]
    pub(crate) fn middle_of(&self, role: &str, name: &str) -> (i32, i32) {
        let Element(id) = self.role(role, name);
        let script = "const { x, y, width, height } = arguments[0].getBoundingClientRect();
            return [Math.round(x + width / 2), Math.round(y + height / 2)]";
        let asked = json!({ "script": script, "args": [{ ELEMENT: id }] });
        let found = self.expect(Method::POST, "/execute/sync", Some(asked));
        serde_json::from_value(found).unwrap()
    }

    /// Presses the pointer at one place of the page, moves it to another one and lets it go.
    #[track_caller]
    pub(crate) fn drag(&self, from: (i32, i32), to: (i32, i32)) {
        let go = |(x, y): (i32, i32)| json!({ "type": "pointerMove", "x": x, "y": y });
        // Two steps: the first one only begins the drag.
        let half = (i32::midpoint(from.0, to.0), i32::midpoint(from.1, to.1));
        let actions = [
            go(from),
            json!({ "type": "pointerDown", "button": 0 }),
            go(half),
            go(to),
            json!({ "type": "pointerUp", "button": 0 }),
        ];
        let source = json!({ "type": "pointer", "id": "mouse", "actions": actions });
        self.expect(Method::POST, "/actions", Some(json!({ "actions": [source] })));
    }

    /// Waits for a value; on failure, prints the page.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let printer = PrintPage(self);
        let found = until_some(what, look);
        std::mem::forget(printer);
        found
    }
}

/// Prints the page if the test fails while it waits.
struct PrintPage<'a>(&'a Window);

impl Drop for PrintPage<'_> {
    fn drop(&mut self) {
        let ask = |script: &str| {
            let asked = json!({ "script": script, "args": [] });
            match self.0.call(Method::POST, "/execute/sync", Some(asked)) {
                Ok(Value::String(text)) => text,
                other => format!("{other:?}"),
            }
        };
        let place = ask("return location.href");
        let page = ask("return document.body.innerText");
        let errors = ask("return errors.join('\\n')");
        let main = ask("return document.querySelector('main')?.outerHTML.slice(-1500)");
        eprintln!(
            "the page at {place}:\n{page}\nerrors:\n{errors}\n{main}\nthe driver:\n{}",
            read(&self.0.log)
        );
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // This ends the app, too. If the app has already exited, there is no session.
        drop(self.call(Method::DELETE, "", None));
        crate::process::kill(self.app);
    }
}

fn element(found: &Value) -> Option<Element> {
    Some(Element(found[ELEMENT].as_str()?.to_owned()))
}

/// The driver's HTTP interface.
struct Client {
    runtime: tokio::runtime::Runtime,
    authority: String,
}

impl Client {
    fn new(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, authority: format!("127.0.0.1:{port}") }
    }

    /// Sends a request over a new connection. The error is the message of the driver.
    fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let exchange = async {
            let stream = TcpStream::connect(&self.authority).await?;
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", &self.authority)
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(body.map_or_else(String::new, |b| b.to_string()))))?;
            let response = sender.send_request(request).await?;
            let bytes = response.into_body().collect().await?.to_bytes();
            Ok::<Value, Box<dyn std::error::Error + Send + Sync>>(serde_json::from_slice(&bytes)?)
        };
        let limited = async { tokio::time::timeout(crate::process::TIMEOUT, exchange).await };
        let answer = self
            .runtime
            .block_on(limited)
            .map_err(|_| format!("{path}: the driver does not reply"))?
            .map_err(|error| format!("{path}: {error}"))?;
        match &answer["value"]["error"] {
            Value::String(error) => Err(format!("{error}: {}", answer["value"]["message"])),
            _ => Ok(answer["value"].clone()),
        }
    }
}
