//! Standard input in shells: material is what is ours alone, and no loop loses its work to it.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Home, Ran, shell};

/// The shells, each by the name that it is started by.
fn shells() -> [PathBuf; 4] {
    ["bash", "dash", "zsh", "busybox"].map(shell)
}

fn redirects_itself(shell: &Path) -> bool {
    ["dash", "busybox"].iter().any(|name| shell.ends_with(name))
}

/// A paused queue, a list of three lines, and the program as `cw`.
struct Desk {
    home: Home,
    shell: PathBuf,
    seen: usize,
}

impl Desk {
    fn new(shell: &Path) -> Self {
        let home = Home::new();
        home.run(["pause"]).ok();
        std::fs::write(home.work().join("list"), "a\nb\nc\n").unwrap();
        Self { home, shell: shell.to_owned(), seen: 0 }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.shell);
        if self.shell.ends_with("busybox") {
            command.arg("sh");
        }
        command
            .env_clear()
            .envs(self.home.variables().iter().cloned())
            .env("cw", env!("CARGO_BIN_EXE_claude-worker"))
            .current_dir(self.home.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs a script from a file; returns what it did and the prompts of the tasks it made.
    fn script(&mut self, text: &str) -> (Ran, Vec<String>) {
        self.script_with(text, Stdio::null())
    }

    fn script_with(&mut self, text: &str, stdin: Stdio) -> (Ran, Vec<String>) {
        let file = self.home.place("script.sh");
        std::fs::write(&file, text).unwrap();
        let output = self.command().arg(&file).stdin(stdin).output().unwrap();
        (Ran::of(&output), self.new_prompts())
    }

    /// The prompts of the tasks that have been made since this was asked last.
    fn new_prompts(&mut self) -> Vec<String> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let path = self.home.data().join("tasks.db");
        let database = rusqlite::Connection::open_with_flags(path, flags).unwrap();
        let mut statement = database
            .prepare(
                "SELECT json_extract(request, '$.execution_prompt') FROM request ORDER BY task_id",
            )
            .unwrap();
        let all: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let new = all[self.seen..].to_vec();
        self.seen = all.len();
        new
    }
}

const MATERIAL: &str = "Review\n\n<stdin>\na\nb\nc\n</stdin>\n";
const DOCUMENTS: [&str; 3] = ["Document a", "Document b", "Document c"];
const NOT_READ: &str = "standard input was not read";

#[test]
fn a_loop_over_standard_input_makes_a_task_of_each_line() {
    let body = "do $cw run \"Document $f\"; done";
    let loops = [
        format!("while read -r f; {body} < list"),
        format!("cat list | while read -r f; {body}"),
        format!("while read -r f; {body} <<EOF\na\nb\nc\nEOF"),
        format!("exec < list; while read -r f; {body}"),
        format!("each() {{ while read -r f; {body}; }}; cat list | each"),
        format!("(while read -r f; {body}) < list"),
        "while read -r f; do timeout 60 $cw run \"Document $f\"; done < list".to_owned(),
        "while read -r f; do id=$($cw run \"Document $f\"); done < list".to_owned(),
        "while read -r f <&3; do $cw run \"Document $f\" <&3; done 3< list".to_owned(),
        "while read -r f; do find . -name list -exec $cw run \"Document $f\" \\; ; done < list"
            .to_owned(),
    ];
    for shell in shells() {
        let mut desk = Desk::new(&shell);
        for text in &loops {
            let (ran, prompts) = desk.script(text);
            assert_eq!(prompts, DOCUMENTS, "{}: {text}: {ran:?}", shell.display());
            // One word about it at the most, however long the list is.
            let words = ran.ok().stderr.matches(NOT_READ).count();
            assert!(words <= 1 && ran.stderr.lines().count() == words, "{text}: {ran:?}");
        }
        // The same for another message in a session; there are no such tasks.
        std::fs::write(desk.home.work().join("ids"), "901\n902\n903\n").unwrap();
        let (ran, _) =
            desk.script("while read -r id; do $cw resume \"$id\" More; done < ids; true");
        for id in [901, 902, 903] {
            assert!(ran.stderr.contains(&format!("no task {id}")), "{ran:?}");
        }
    }
}

#[test]
fn a_script_on_standard_input_is_run_to_its_end() {
    let text = "$cw run One\n$cw run Two\necho done\n";
    for shell in shells() {
        let mut desk = Desk::new(&shell);
        let file = desk.home.place("fed.sh");
        std::fs::write(&file, text).unwrap();
        let output = desk.command().stdin(File::open(&file).unwrap()).output().unwrap();
        let ran = Ran::of(&output);
        assert!(ran.ok().stdout.ends_with("done\n") && ran.stderr.is_empty(), "{ran:?}");
        assert_eq!(desk.new_prompts(), ["One", "Two"], "{}", shell.display());
        // As in `curl … | sh`.
        let fed = format!("cat '{}' | '{}' {}", file.display(), shell.display(), {
            if shell.ends_with("busybox") { "sh" } else { "" }
        });
        let (ran, prompts) = desk.script(&fed);
        assert!(ran.ok().stdout.ends_with("done\n"), "{ran:?}");
        assert_eq!(prompts, ["One", "Two"], "{}", shell.display());
    }
}

#[test]
fn input_for_this_command_alone_is_added_to_the_prompt() {
    for shell in shells() {
        let mut desk = Desk::new(&shell);
        let name = shell.display();
        for text in [
            "cat list | $cw run Review",
            "$cw run Review < list",
            "for once in 1; do cat list | $cw run Review; done",
            "f() { cat list | $cw run Review; }; f",
            "cat list | timeout 60 $cw run Review",
            "cat list | (exec $cw run Review)",
            "while read -r f; do cat list | $cw run Review; break; done < list",
        ] {
            let (ran, prompts) = desk.script(text);
            assert_eq!(prompts, [MATERIAL], "{name}: {text}: {ran:?}");
            let said = "6 bytes of standard input were added to the prompt";
            assert!(ran.ok().stderr.contains(said), "{name}: {text}: {ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{name}: {text}: {ran:?}");
        }
        // A here-document of dash looks like one around a loop.
        let (ran, prompts) = desk.script("$cw run Review <<EOF\na\nb\nc\nEOF\n");
        if redirects_itself(&shell) {
            assert_eq!(prompts, ["Review"], "{name}: {ran:?}");
            assert!(ran.ok().stderr.contains(NOT_READ), "{name}: {ran:?}");
            assert!(ran.stderr.contains("--stdin always"), "{name}: {ran:?}");
        } else {
            assert_eq!(prompts, [MATERIAL], "{name}: {ran:?}");
        }
        // There is no other prompt that could be meant.
        for text in ["$cw run <<EOF\na\nb\nc\nEOF\n", "$cw run < list", "cat list | $cw run -"] {
            let (ran, prompts) = desk.script(text);
            assert_eq!(prompts, ["a\nb\nc\n"], "{name}: {text}: {ran:?}");
        }
        for text in ["$cw run - < list", "cat list | $cw run -"] {
            let (ran, prompts) = desk.script(text);
            assert_eq!(prompts, ["a\nb\nc\n"], "{name}: {text}: {ran:?}");
            assert!(!ran.ok().stderr.contains("of standard input"), "{name}: {text}: {ran:?}");
        }
    }
}

#[test]
fn what_is_shared_is_left_alone_with_a_word_and_taken_when_asked_for() {
    for shell in shells() {
        let mut desk = Desk::new(&shell);
        let name = shell.display();
        for producer in ["cat list", "(sleep 0.1; cat list)"] {
            let text = format!("{producer} | (cd . ; $cw run Review; $cw run Review; cat)");
            let (ran, prompts) = desk.script(&text);
            assert_eq!(prompts, ["Review", "Review"], "{name}: {ran:?}");
            assert!(ran.ok().stdout.ends_with("a\nb\nc\n"), "the rest is there: {ran:?}");
            assert_eq!(ran.stderr.matches(NOT_READ).count(), 1, "{name}: {ran:?}");
        }
        let (ran, prompts) = desk.script("cat list | (cd . ; $cw run Review --stdin always; cat)");
        assert_eq!(prompts, [MATERIAL], "{name}: {ran:?}");
        let (ran, prompts) = desk.script("cat list | (cd . ; $cw run Review --stdin never; cat)");
        assert_eq!((prompts, ran.stderr.as_str()), (vec!["Review".to_owned()], ""), "{name}");
        let (ran, prompts) = desk.script("cat list | $cw run Review --stdin never");
        assert_eq!((prompts, ran.stderr.as_str()), (vec!["Review".to_owned()], ""), "{name}");
        // A name that is empty must not make a prompt of the rest of the list.
        std::fs::write(desk.home.work().join("gaps"), "a\n\nb\n").unwrap();
        let (ran, prompts) = desk.script("while read -r f; do $cw run $f; done < gaps");
        assert_eq!(prompts, ["a", "b"], "{name}: {ran:?}");
        assert!(ran.stderr.contains("There is no prompt"), "{name}: {ran:?}");
    }
}

/// The first task takes the rest of the list.
#[test]
fn a_prompt_taken_from_what_a_loop_reads_is_told_in_bytes() {
    for shell in shells() {
        let mut desk = Desk::new(&shell);
        let name = shell.display();
        for text in [
            "while read -r f; do $cw run -; done < list",
            "cat list | while read -r f; do $cw run -; done",
        ] {
            let (ran, prompts) = desk.script(text);
            assert_eq!(prompts, ["b\nc\n"], "{name}: {text}: {ran:?}");
            let told = "claude-worker: 4 bytes of standard input were read as the prompt\n";
            assert_eq!(ran.ok().stderr, told, "{name}: {text}");
        }
        // Nobody else's.
        let (ran, prompts) = desk.script("cat list | $cw run -");
        assert_eq!(
            (prompts, ran.ok().stderr.as_str()),
            (vec!["a\nb\nc\n".to_owned()], ""),
            "{name}"
        );
    }
}

#[test]
fn an_instruction_about_an_empty_pipe_stops() {
    for shell in shells() {
        let mut desk = Desk::new(&shell);
        let name = shell.display();
        std::fs::write(desk.home.work().join("empty"), "").unwrap();
        for text in ["true | $cw run Review", "echo | $cw run Review", "$cw run Review < empty"] {
            // Of an empty file under a shell that redirects itself it cannot be known.
            let stops = !(text.contains('<') && redirects_itself(&shell));
            let (ran, prompts) = desk.script(text);
            if stops {
                ran.refused(2, &["Standard input was empty", "--allow-empty"]);
                assert!(prompts.is_empty(), "{name}: {text}");
            } else {
                assert_eq!(prompts, ["Review"], "{name}: {text}");
                assert!(ran.ok().stderr.contains("standard input is empty"), "{ran:?}");
            }
            let (ran, prompts) = desk.script(&text.replace("Review", "Review --allow-empty"));
            assert_eq!(prompts, ["Review"], "{name}: {text}");
            assert_eq!(ran.ok().stderr, "", "{name}: {text}");
        }
        for text in ["$cw run Review < /dev/null", "$cw run Review <&-", "$cw run Review"] {
            let (ran, prompts) = desk.script(text);
            assert_eq!(
                (prompts, ran.ok().stderr.as_str()),
                (vec!["Review".to_owned()], ""),
                "{name}"
            );
        }
        // A runner that gives its scripts a pipe because they must have something.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(writer);
        let script = "$cw run Review; $cw run Review; $cw run Review --allow-empty; true";
        let (ran, prompts) = desk.script_with(script, reader.into());
        assert_eq!(prompts, ["Review", "Review", "Review"], "{name}");
        assert!(ran.ok().stderr.contains("standard input is empty, continuing"), "{name}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{name}: one line for a script: {ran:?}");
    }
}

#[test]
fn a_program_that_is_no_shell_may_leave_an_empty_pipe() {
    let home = Home::new();
    home.run(["pause"]).ok();
    // As cron does, and any program that makes a pipe and closes it.
    let ran = home.run_with_input(["run", "Daily report"], b"");
    assert_eq!(ran.ok().stdout, "1\n");
    assert!(ran.stderr.contains("standard input is empty, continuing without it"), "{ran:?}");
    let ran = home.run_with_input(["run", "Review"], b"text");
    assert!(ran.ok().stderr.contains("4 bytes of standard input"), "{ran:?}");
    let always = [OsStr::new("run"), "Review".as_ref(), "--stdin".as_ref(), "always".as_ref()];
    home.run(always).refused(2, &["Standard input was empty"]);
    home.run(["run", "-", "--stdin", "never"]).refused(2, &["--stdin never"]);
}

#[test]
fn data_for_a_shell_task_is_refused_and_no_loop_loses_its_list() {
    for shell in shells() {
        let mut desk = Desk::new(&shell);
        let name = shell.display();
        for lost in [
            "echo data | \"$cw\" run --shell cat",
            "(sleep 0.2; cat list) | \"$cw\" run --shell -- sort",
        ] {
            let (ran, tasks) = desk.script(lost);
            assert!(ran.stderr.contains("this data would be lost"), "{name}: {lost}: {ran:?}");
            assert!(tasks.is_empty(), "{name}: {lost}");
        }
        let nothing_lost = [
            ("\"$cw\" run --shell one </dev/null", vec!["one"]),
            ("true | \"$cw\" run --shell two", vec!["two"]),
            ("echo data | \"$cw\" run --shell three --stdin never", vec!["three"]),
            (
                "while read -r x; do \"$cw\" run --shell \"echo $x\"; done <list",
                vec!["echo a", "echo b", "echo c"],
            ),
            (
                "cat list | while read -r x; do \"$cw\" run --shell \"echo $x\"; done",
                vec!["echo a", "echo b", "echo c"],
            ),
            ("xargs -n1 \"$cw\" run --shell <list", vec!["a", "b", "c"]),
        ];
        for (script, expected) in nothing_lost {
            let (ran, tasks) = desk.script(script);
            assert_eq!(tasks, expected, "{name}: {script}: {ran:?}");
        }
    }
}

#[test]
fn what_was_added_to_the_prompt_is_said_once_the_task_is_accepted() {
    let mut desk = Desk::new(&shell("bash"));
    let script = "printf 'a\\0b' | $cw run Review; printf ab | $cw run Review\n";
    let (ran, prompts) = desk.script(script);
    assert_eq!(prompts.len(), 1, "{ran:?}");
    let (refusal, notice) = (ran.stderr.find("NUL"), ran.stderr.find("2 bytes of standard input"));
    assert!(refusal.is_some() && refusal < notice, "{ran:?}");
    assert_eq!(ran.stderr.matches("were added to the prompt").count(), 1, "{ran:?}");
}
