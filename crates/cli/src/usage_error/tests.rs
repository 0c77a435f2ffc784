use clap::Parser;

use super::*;

/// The arguments of a command line, and the error of clap for it.
pub(super) fn refused(line: &[&str]) -> (Vec<OsString>, clap::Error) {
    let arguments: Vec<OsString> = line.iter().map(OsString::from).collect();
    let given = std::iter::once(OsString::from("claude-worker")).chain(arguments.clone());
    (arguments, Cli::try_parse_from(given).unwrap_err())
}

/// The message and the tips for a command line.
fn told(line: &[&str]) -> (String, Vec<String>) {
    let (arguments, mut error) = refused(line);
    let definition = definition();
    let reading = read(&definition, &arguments);
    let tips = improve(&mut error, &definition, &reading, &arguments);
    (error.render().to_string(), tips)
}

fn tip(line: &[&str]) -> String {
    told(line).1.join("; ")
}

#[test]
fn usage_errors_have_no_control_characters_of_arguments() {
    let told = |arguments: &[&str]| {
        let line = std::iter::once("claude-worker").chain(arguments.iter().copied());
        let error = Cli::try_parse_from(line).unwrap_err();
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        without_control_characters(&error, &arguments)
    };
    assert_eq!(told(&["status", "x"]), None, "in colour");
    assert_eq!(told(&["--help"]), None);
    for hostile in ["\u{1b}]0;title\u{7}", "\u{9b}31m", "gpj.\u{202e}exe", "\u{1b}[31mred"] {
        for before in [&[][..], &["status"]] {
            let told = told(&[before, &[hostile]].concat()).unwrap();
            let is_harmless = |c: char| !c.is_control() && c != '\u{202e}' || c == '\n';
            assert!(told.starts_with("error: ") && told.chars().all(is_harmless), "{told:?}");
        }
    }
}

#[test]
fn bare_words_are_told_with_the_command_to_paste() {
    let check = |line: &[&str], command: &str| {
        assert_eq!(tip(line), format!("quote the prompt: {command}"));
    };
    check(&["run", "fix", "the", "tests"], "claude-worker run \"fix the tests\"");
    check(
        &["add", "-m", "opus", "fix", "the", "--name", "a b", "tests", "-w"],
        "claude-worker add \"fix the tests\" -m opus --name \"a b\" -w",
    );
    assert!(tip(&["run", "-w", "/tmp", "fix the tests"]).contains("the directory is --dir"));
    check(&["run", "costs", "$5"], "claude-worker run 'costs $5'");
    check(&["run", "don't", "$x"], r"claude-worker run 'don'\''t $x'");
    assert_eq!(
        tip(&["fix the tests"]),
        "to submit it as a task: claude-worker run \"fix the tests\""
    );
}

#[test]
fn similar_names_are_told_and_hidden_ones_are_not() {
    assert_eq!(tip(&["lits"]), "a similar command exists: claude-worker list");
    assert_eq!(tip(&["cancle"]), "a similar command exists: claude-worker cancel");
    for harmless in ["sotp-it", "removal", "cleanse"] {
        assert!(!tip(&[harmless]).contains("similar"), "{harmless}");
    }
    assert_eq!(tip(&["server", "strat"]), "a similar command exists: claude-worker server start");
    assert_eq!(tip(&["run", "x", "--modle", "opus"]), "a similar option exists: --model");
    assert_eq!(tip(&["list", "--status", "runing"]), "a similar value exists: running");
    assert_eq!(tip(&["frobnicate"]), "the commands are listed by: claude-worker --help");
    let hidden = told(&["server", "start", "--htt", "x"]).0;
    assert!(!hidden.contains("--http "), "{hidden}");
    for line in [&["run", "x", "--frobnicate"][..], &["list", "-Z"], &["xyzzy"]] {
        let (text, _) = told(line);
        assert!(!text.contains("as a value"), "{text}");
    }
    assert_eq!(
        tip(&["--watch", "run", "x"]),
        "options follow their command: claude-worker run --watch"
    );
}

#[test]
fn hidden_names_are_not_listed_where_a_command_is_missing() {
    let (text, tips) = told(&["--json"]);
    assert!(!text.contains("terminate"), "{text}");
    assert_eq!(tips, ["the commands are listed by: claude-worker --help"]);
    let line = ["run", "- fix", "--agent-args", "--", "--foo"];
    assert!(tip(&line).contains("--file"), "{}", tip(&line));
}

#[test]
fn a_missing_argument_is_told_with_an_example() {
    let mut root = Cli::command();
    root.build();
    let mut without_tip = Vec::new();
    let mut commands: Vec<(Vec<&str>, &Command)> = vec![(Vec::new(), &root)];
    while let Some((path, command)) = commands.pop() {
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        for command in shown.filter(|command| command.get_name() != "help") {
            let path = [&path[..], &[command.get_name()]].concat();
            if command.get_positionals().any(clap::Arg::is_required_set) && tip(&path).is_empty() {
                without_tip.push(path.join(" "));
            }
            commands.push((path, command));
        }
    }
    assert_eq!(without_tip, Vec::<String>::new());
}

#[test]
fn wrong_words_are_told_with_ours() {
    assert!(tip(&["orchestrate", "file.json"]).contains("/api/v1/tasks/batch"));
    assert!(tip(&["run", "x", "--workdir", "/tmp"]).contains("--dir"));
    assert!(tip(&["server", "up"]).contains("claude-worker server start"));
    assert_eq!(
        tip(&["config", "limits.timeout"]),
        "show it: claude-worker config get limits.timeout; change it: claude-worker config set \
         limits.timeout VALUE"
    );
    assert!(tip(&["list", "12"]).contains("claude-worker status 12"));
    assert_eq!(tip(&["list", "--status", "done"]), "write --status completed");
    let (text, _) = told(&["orchestrate"]);
    assert!(text.contains("\n  tip: "), "{text}");
}

#[test]
fn words_of_shells_and_of_claude_code_are_told_with_the_command_to_paste() {
    for (line, expected) in [
        (
            &["run", "--allowedTools", "Bash", "Edit", "Fix it"][..],
            "separate tools with commas: claude-worker run \"Fix it\" \
             --allowed-tools Bash,Edit",
        ),
        (
            &["run", "Fix it", "--allowed-tools", "Bash(git log:*)", "Edit", "Read"],
            "separate tools with commas: claude-worker run \"Fix it\" \
             --allowed-tools \"Bash(git log:*),Edit,Read\"",
        ),
        (
            &["run", "-w", "--disallowedTools=Bash", "mcp__x", "fix"],
            "separate tools with commas: claude-worker run fix -w \
             --disallowed-tools Bash,mcp__x",
        ),
        (
            &["run", "Fix it", "--add-dir", "../a", "../b"],
            "repeat the option: claude-worker run \"Fix it\" \
             --add-dir ../a --add-dir ../b",
        ),
        (
            &["edit", "last", "--allowed-tools", "Bash", "Edit", "Fix it"],
            "separate tools with commas: claude-worker edit last \"Fix it\" --allowed-tools Bash,Edit",
        ),
        (
            &["retry", "5", "--allowed-tools", "Bash", "Edit"],
            "separate tools with commas: claude-worker retry 5 --allowed-tools Bash,Edit",
        ),
        (
            &["retry", "--failed", "--allowed-tools", "Bash", "Edit"],
            "separate tools with commas: claude-worker retry --failed --allowed-tools Bash,Edit",
        ),
        (
            &["run", "--allowed-tools", "Bash", "fix", "the", "tests"],
            "quote the prompt: claude-worker run \"fix the tests\" --allowed-tools Bash",
        ),
        (
            &["run", "--shell", "bash", "-c", "make all"],
            "the command follows the shell: claude-worker run --shell bash \"make all\"",
        ),
        (
            &["run", "--shell", "bash", "-lc", "make"],
            "the command follows the shell: claude-worker run --shell bash make",
        ),
        (&["run", "ls", "-la"], "run a command: claude-worker run --shell \"ls -la\""),
        (
            &["run", "cargo", "test", "--json"],
            "quote the prompt: claude-worker run \"cargo test\" --json; run a command: claude-worker run \
             --shell \"cargo test\" --json",
        ),
        (
            &["run", "--shell", "make", "all", "tests"],
            "quote the prompt: claude-worker run \"make all tests\" --shell",
        ),
        (
            &["retry", "last", "Another prompt"],
            "retry runs the same prompt again; to go on in the session: claude-worker resume last \
             \"Another prompt\"; as a new task: claude-worker run \"Another prompt\"",
        ),
    ] {
        assert_eq!(tip(line), expected, "{line:?}");
    }
}

#[test]
fn options_are_told_with_their_command_and_the_task_that_was_named() {
    for (line, expected) in [
        (&["-f", "logs"][..], "options follow their command: claude-worker logs -f"),
        (&["-d", "/tmp", "run", "x"], "options follow their command: claude-worker run -d"),
        (&["edit", "last", "--prompt", "x"], "claude-worker edit last \"The new prompt\""),
        (&["retry", "7", "--prompt", "x"], "claude-worker resume 7 \"what to do next\""),
        (&["list", "3"], "show one: claude-worker status 3;"),
        (&["list", "-3"], "write -n 3"),
        (&["logs", "-20"], "write -n 20"),
        (&["logs", "-n", "-5"], "write -n 5"),
        (&["list", "--format", "json"], "--output FORMAT"),
        (&["list", "-l"], "--output wide"),
        (&["run", "x", "-q"], "the number of the task is all that is printed"),
        (&["rm", "--older-than", "1d"], "claude-worker clean --older-than 7d"),
    ] {
        assert!(tip(line).contains(expected), "{line:?}: {}", tip(line));
    }
    assert_eq!(tip(&["list", "-c"]), "");
}

#[test]
fn short_words_are_not_taken_for_commands_that_remove() {
    assert_eq!(tip(&["r", "hey"]), "the commands are listed by: claude-worker --help");
    assert_eq!(tip(&["rnu", "x"]), "a similar command exists: claude-worker run");
    assert!(tip(&["jobs"]).contains("claude-worker list"));
    assert!(tip(&["queue"]).contains("claude-worker list"));
    assert!(tip(&["enqueue", "x"]).contains("claude-worker run"));
}

#[test]
fn the_last_of_repeated_options_is_taken() {
    let parse = |line: &[&str]| Cli::try_parse_from([&["claude-worker"], line].concat());
    for line in [
        &["list", "-n", "20", "-n", "5"][..],
        &["run", "x", "--timeout", "1h", "--timeout", "2h"],
        &["--color", "never", "list", "--color", "always"],
        &["--json", "list", "--json"],
        &["run", "x", "--watch", "-w", "--watch"],
    ] {
        assert!(parse(line).is_ok(), "{line:?}");
    }
    let crate::commands::Command::List(list) =
        parse(&["list", "-n", "20", "-n", "5"]).unwrap().command
    else {
        panic!("not list")
    };
    assert_eq!(list.limit, Some(5));
    let line = ["list", "--status", "FAILED", "--status", "pending", "--cancelled", "--waiting"];
    let crate::commands::Command::List(list) = parse(&line).unwrap().command else {
        panic!("not list")
    };
    assert_eq!(list.status.statuses().len(), 4, "options that collect still collect");
    assert!(parse(&["run", "x", "--wait", "--watch"]).is_err());
}

#[test]
fn numbers_that_are_none_are_told_in_words() {
    for (line, expected) in [
        (&["logs", "-n", "x"][..], "it is not a whole number, like 20"),
        (&["logs", "-n", "+2"], "claude-worker logs ID | tail -n +2"),
        (&["logs", "--run", "-1"], "runs are numbered from 1, and the newest is last"),
        (&["list", "-n", "x"], "it is not a whole number, like 20"),
        (&["run", "x", "--max-turns", "many"], "it is not a whole number, like 20"),
        (&["server", "start", "--port", "x"], "it is not a whole number, like 20"),
        (&["server", "logs", "-n", "x"], "it is not a whole number, like 20"),
    ] {
        let (text, _) = told(line);
        assert!(text.contains(expected), "{line:?}: {text}");
    }
    let parse = |line: &[&str]| Cli::try_parse_from([&["claude-worker"], line].concat());
    for line in
        [&["logs", "-n", "all"][..], &["logs", "--run", "last"], &["logs", "--since", "-5m"]]
    {
        assert!(parse(line).is_ok(), "{line:?}");
    }
}
