//! The pages, dialogs and menus that are looked at, and how to get to each.

/// Something to look at.
pub(crate) struct Page {
    /// The name of its picture.
    pub(crate) name: &'static str,
    /// Its address, in which `{key}` stands for a task of [`super::day::Day`].
    pub(crate) at: &'static str,
    /// Text that shows that it is all there.
    pub(crate) shows: &'static str,
    /// What to do there before looking.
    pub(crate) steps: &'static [Step],
}

/// What a person does on a page.
pub(crate) enum Step {
    /// Presses keys.
    Press(&'static str),
    /// Presses a key with Ctrl.
    Control(&'static str),
    /// Clicks on the element with this role and name.
    Click(&'static str, &'static str),
    /// Clicks with the other button on the middle of the element that this selector names.
    OtherClick(&'static str),
    /// Replaces the text of the field with this role and name.
    Fill(&'static str, &'static str, &'static str),
    /// Drags files over the window.
    DragFiles,
    /// Waits until the page shows this text.
    Shows(&'static str),
}

use Step::{Click, Control, DragFiles, Fill, OtherClick, Press, Shows};

const fn page(
    name: &'static str,
    at: &'static str,
    shows: &'static str,
    steps: &'static [Step],
) -> Page {
    Page { name, at, shows, steps }
}

pub(crate) const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";
const DELETE: &str = "\u{e017}";

/// All of them. What was done on one is undone before the next.
pub(crate) const PAGES: &[Page] = &[
    page("overview", "#/overview", "Spend and run time", &[]),
    page(
        "overview-filtered",
        "#/overview",
        "Spend and run time",
        &[Click("button", "webshop:"), Shows("How long runs take")],
    ),
    page("queue", "#/", "Compress the pictures", &[]),
    page("queue-running", "#/running", "Document every public function", &[]),
    page("queue-attention", "#/attention", "Add retry with backoff", &[]),
    page("queue-waiting", "#/waiting", "Port the CLI tests", &[]),
    page("queue-failed", "#/failed", "Generate API client", &[]),
    page("queue-finished", "#/finished", "Find why the build got slow", &[]),
    page(
        "filtered",
        "#/?status=failed&since=7d&sort=cost",
        "Most expensive first",
        &[Shows(" of ")],
    ),
    page("sorted", "#/?sort=longest", "Longest first", &[]),
    page("filtered-empty", "#/?model=none", "Clear the filters", &[]),
    page(
        "filter-dialog",
        "#/?status=failed",
        "Clear",
        &[Click("button", "Filter and sort"), Shows("All agents")],
    ),
    page(
        "queue-menu",
        "#/",
        "Compress the pictures",
        &[OtherClick("[role=option]:nth-of-type(3)"), Shows("Remove")],
    ),
    page("queue-back", "#/", "Compress the pictures", &[Press("jj"), Press(ENTER), Press(ESCAPE)]),
    page("queue-drop", "#/", "Compress the pictures", &[DragFiles, Shows("Drop files")]),
    page("running", "#/task/{running}", "All 42 tests pass", &[]),
    page(
        "running-open",
        "#/task/{running}",
        "All 42 tests pass",
        &[Click("button", "nextest run -p auth"), Shows("denies_unknown_role")],
    ),
    page(
        "running-raw",
        "#/task/{running}",
        "All 42 tests pass",
        &[Press("l"), Shows("Standard output")],
    ),
    page(
        "running-find",
        "#/task/{running}",
        "All 42 tests pass",
        &[Control("f"), Press("auth"), Shows(" of ")],
    ),
    page(
        "running-changes",
        "#/task/{running}",
        "All 42 tests pass",
        &[Click("tab", "Changes"), Shows("since the task began")],
    ),
    page("queued", "#/task/{queued}", "Review these changes", &[]),
    page("limited", "#/task/{limited}", "Usage limit", &[]),
    page("denied", "#/task/{denied}", "2 tool calls were denied", &[]),
    page(
        "denied-prompt",
        "#/task/{denied}",
        "were denied",
        &[Click("tab", "Prompt"), Shows("claude-worker run")],
    ),
    page(
        "denied-runs",
        "#/task/{denied}",
        "were denied",
        &[Click("tab", "Runs"), Shows("Exit code")],
    ),
    page(
        "denied-menu",
        "#/task/{denied}",
        "were denied",
        &[Click("button", "More"), Shows("Copy prompt")],
    ),
    page("failed", "#/task/{failed}", "Credit balance too low", &[]),
    page("login", "#/task/{login}", "Check the licences", &[]),
    page("timeout", "#/task/{timeout}", "fuzzing", &[]),
    page("cancelled", "#/task/{cancelled}", "1 of 900", &[]),
    page("lost", "#/task/{lost}", "a.png", &[]),
    page("exited", "#/task/{exited}", "503 Service Unavailable", &[]),
    page("done", "#/task/{done}", "What I found", &[]),
    page(
        "done-result",
        "#/task/{done}",
        "What I found",
        &[Click("tab", "Result"), Shows("What I found")],
    ),
    page("done-follow-up", "#/task/{done}", "What I found", &[Press("f"), Shows("What I found")]),
    page("done-remove", "#/task/{done}", "What I found", &[Press(DELETE), Shows("Remove")]),
    page("long", "#/task/{long}", "in code, documents", &[]),
    page("unbroken", "#/task/{unbroken}", "xxxxxxxx", &[]),
    page("arabic", "#/task/{arabic}", "اكتب", &[]),
    page("gone", "#/task/999", "There is no task 999", &[]),
    page("new", "#/new", "What should Claude do?", &[]),
    page(
        "new-open",
        "#/new",
        "What should Claude do?",
        &[Click("button", "Limits"), Click("button", "Environment variables")],
    ),
    page(
        "new-directories",
        "#/new",
        "What should Claude do?",
        &[Click("combobox", "Directory"), Press(DOWN), Shows("docs")],
    ),
    page("new-select", "#/new", "What should Claude do?", &[Click("combobox", "Permissions")]),
    page("settings", "#/settings", "Workers", &[]),
    page("welcome", "#/welcome", "Check again", &[]),
    page("palette", "#/", "Compress the pictures", &[Control("k"), Shows("Actions")]),
    page(
        "palette-found",
        "#/task/{done}",
        "What I found",
        &[Control("k"), Press("build"), Shows("Find why")],
    ),
    page(
        "palette-nothing",
        "#/",
        "Compress",
        &[Control("k"), Press("qqqq"), Shows("Nothing is called")],
    ),
    page("shortcuts", "#/task/{done}", "What I found", &[Press("?"), Shows("Command palette")]),
    page(
        "nothing-found",
        "#/failed",
        "Generate API client",
        &[Fill("textbox", "Search tasks", "no such thing"), Shows("Nothing found")],
    ),
];
