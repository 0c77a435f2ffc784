//! The pages, dialogs and menus that are looked at, and how to get to each.

use crate::keyboard::{DOWN, ENTER, ESCAPE};

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
    /// What to do afterwards, where leaving the page does not undo it.
    pub(crate) back: &'static [Step],
    /// The windows that have it.
    pub(crate) windows: Windows,
}

/// Windows by what they have room for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Windows {
    Every,
    /// So wide that two versions of a file stand side by side.
    Huge,
    /// One of them at a time.
    Stacked,
    /// The same, with the navigation at the bottom.
    Phone,
}

impl Windows {
    /// Whether a window with a page of this width, in its own pixels, is one of them.
    pub(crate) fn have(self, width: f64) -> bool {
        match self {
            Self::Every => true,
            Self::Huge => width >= 2400.0,
            Self::Stacked => (600.0..900.0).contains(&width),
            Self::Phone => width < 600.0,
        }
    }
}

impl Page {
    /// Whether nothing else can be looked at afterwards.
    pub(crate) fn ends_the_day(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, StopEngine))
    }

    const fn back(self, back: &'static [Step]) -> Self {
        Self { back, ..self }
    }

    const fn of(self, windows: Windows) -> Self {
        Self { windows, ..self }
    }
}

/// What a person does on a page.
pub(crate) enum Step {
    /// Presses keys.
    Press(&'static str),
    /// Presses a key with Ctrl.
    Control(&'static str),
    /// Presses a key with Shift.
    Shift(&'static str),
    /// Moves the focus to the element with this role and name, as the keyboard does.
    Focus(&'static str, &'static str),
    /// Goes to another address.
    Go(&'static str),
    /// Stops the engine, at the end.
    StopEngine,
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

use Step::{
    Click, Control, DragFiles, Fill, Focus, Go, OtherClick, Press, Shift, Shows, StopEngine,
};

const fn page(
    name: &'static str,
    at: &'static str,
    shows: &'static str,
    steps: &'static [Step],
) -> Page {
    Page { name, at, shows, steps, back: &[], windows: Windows::Every }
}

const DELETE: &str = "\u{e017}";

/// Pages that have all layouts between them, by name.
pub(crate) const LAYOUTS: &[&str] = &[
    "queue",
    "queue-menu",
    "queue-select",
    "queue-peek",
    "queue-clean",
    "queue-toast",
    "running",
    "denied",
    "done",
    "done-changes",
    "done-changes-split",
    "long",
    "new-open",
    "settings",
    "welcome",
    "palette",
    "shortcuts",
];

/// The templates of the pages.
pub(crate) const TEMPLATES: &str = r#"{ "templates": [
    { "name": "Audit", "agent": "claude", "task": {
        "execution_prompt": "Audit {{file}}, above all for {{focus}}. Write what you find to AUDIT.md.",
        "model": "opus" } },
    { "name": "Nightly check", "agent": "shell", "task": { "execution_prompt": "make check" } }
] }"#;

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
    page("queue-attention", "#/attention", "Needs you", &[]),
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
        &[OtherClick("[role=option]"), Shows("Remove")],
    ),
    page("queue-back", "#/", "Compress the pictures", &[Press("jj"), Press(ENTER), Press(ESCAPE)]),
    page("queue-escape", "#/", "Compress the pictures", &[Press(ESCAPE)]),
    page("queue-drop", "#/", "Compress the pictures", &[DragFiles, Shows("Drop files")]),
    page("queue-project", "#/?project=docs", "Write the migration guide", &[]),
    page(
        "queue-select",
        "#/",
        "Compress the pictures",
        &[Press("jx"), Shift("j"), Shift("j"), Shows("3 selected")],
    ),
    page(
        "queue-peek",
        "#/",
        "Compress the pictures",
        &[
            Fill("textbox", "Search tasks", "Find why"),
            Press(ENTER),
            Press(" "),
            Shows("What I found"),
        ],
    ),
    page(
        "queue-search",
        "#/",
        "Compress the pictures",
        &[Fill("textbox", "Search tasks", "approval"), Shows("In prompts, results and logs")],
    ),
    page(
        "queue-clean",
        "#/failed",
        "Generate API client",
        &[Click("button", "Clean…"), Shows("Remove")],
    ),
    page("queue-toast", "#/", "Compress the pictures", &[Press("p"), Shows("The queue is paused")])
        .back(&[Press("p")]),
    page("queue-undo", "#/task/{triage}", "Triage", &[Press("c"), Shows("Cancelling")])
        .back(&[Control("z")]),
    page(
        "queue-drawer",
        "#/",
        "Compress the pictures",
        &[Click("button", "Sidebar"), Shows("Spent today")],
    )
    .of(Windows::Stacked),
    page(
        "queue-more",
        "#/",
        "Compress the pictures",
        &[Click("button", "More"), Shows("Spent today")],
    )
    .of(Windows::Phone),
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
        &[Click("tab", "Changes"), Shows("No changes so far")],
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
    page(
        "done-changes",
        "#/task/{done}",
        "What I found",
        &[Click("tab", "Changes"), Shows("since the task began")],
    ),
    page(
        "done-changes-file",
        "#/task/{done}",
        "What I found",
        &[Click("tab", "Changes"), Click("button", "constants_of_all"), Shows("STEP_5")],
    ),
    page(
        "done-changes-split",
        "#/task/{done}",
        "What I found",
        &[Click("tab", "Changes"), Click("button", "Split view"), Shows("rerun-if-changed")],
    )
    .back(&[Click("button", "Split view")])
    .of(Windows::Huge),
    page("done-tooltip", "#/task/{done}", "What I found", &[Focus("button", "Open directory")]),
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
    page("new-templates", "#/new", "What should", &[Click("button", "Templates"), Shows("Audit")]),
    page("new-template", "#/new?template=Audit", "focus", &[]),
    page("templates", "#/templates", "Asks for file, focus", &[]),
    page(
        "templates-edit",
        "#/templates",
        "Asks for file, focus",
        &[Click("button", "Edit “Audit”"), Shows("Edit template")],
    ),
    page(
        "templates-new",
        "#/templates",
        "Asks for file, focus",
        &[Click("button", "New template"), Shows("where each task has something else")],
    ),
    page(
        "about",
        "#/",
        "Compress the pictures",
        &[Control("k"), Press("About Claude"), Press(ENTER), Shows("Installed by")],
    ),
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
    page("warning", "#/new", "What should Claude do?", &SUBMIT_IN_TRACKER),
    page(
        "warning-beside",
        "#/new",
        "What should Claude do?",
        &[
            Fill("textbox", "What should Claude do?", "Label the newest issues"),
            Fill("combobox", "Directory", "~/code/tracker"),
            Click("button", "Send"),
            Shows("settings.json"),
            Go("#/settings"),
            Shows("Open the task"),
        ],
    ),
    // The last: the day has ended.
    page("engine-away", "#/", "Compress the pictures", &[StopEngine, Shows("Start engine")]),
];

/// Submits a task in a directory whose settings run code.
const SUBMIT_IN_TRACKER: [Step; 4] = [
    Fill("textbox", "What should Claude do?", "Label the new issues"),
    Fill("combobox", "Directory", "~/code/tracker"),
    Click("button", "Send"),
    Shows("settings.json"),
];
