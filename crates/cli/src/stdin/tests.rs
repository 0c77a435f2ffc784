use super::*;

fn parent(program: &str, shares: bool) -> Option<Parent> {
    Some(Parent { pid: 7, began: 9, program: Some(program.to_owned()), shares })
}

fn told(program: &str) -> Decision {
    Decision::LeaveAndTell(parent(program, true).unwrap())
}

#[test]
fn standard_input_is_read_only_where_no_other_process_reads_it() {
    use Stdin::{File, Pipe};
    let check = |kind, read_before, found, expected| {
        assert_eq!(decide(kind, read_before, found), expected);
    };
    let ours = Decision::Take { made_by_shell: true };
    for shell in ["bash", "zsh", "zsh-5.9", "fish", "bash-static"] {
        check(Pipe, 0, parent(shell, false), ours.clone());
        check(File, 0, parent(shell, false), ours.clone());
        check(Pipe, 0, parent(shell, true), told(shell));
        check(File, 0, parent(shell, true), told(shell));
    }
    for shell in ["dash", "busybox", "ksh93", "mksh"] {
        check(Pipe, 0, parent(shell, false), ours.clone());
        check(Pipe, 0, parent(shell, true), told(shell));
        // `claude-worker run "Review" < file`: the shell has the file on its own standard input.
        check(File, 0, parent(shell, true), Decision::TakeAndTell);
    }
    for program in ["python3.13", "node", "cron"] {
        check(Pipe, 0, parent(program, false), Decision::Take { made_by_shell: false });
        check(File, 0, parent(program, true), told(program));
    }
    check(Pipe, 0, None, Decision::TakeAndTell);
    check(File, 0, None, Decision::TakeAndTell);
    // A file that was read from belongs to a loop or is a script, for any parent.
    for found in [parent("bash", true), parent("fish", false), None] {
        check(File, 1, found, Decision::Leave);
    }
}

#[test]
fn only_an_empty_pipe_of_a_shell_is_an_error() {
    let stops = |decision: Decision, allowed| nothing_came(&decision, allowed).is_err();
    assert!(stops(Decision::Take { made_by_shell: true }, false));
    assert!(!stops(Decision::Take { made_by_shell: true }, true));
    assert!(!stops(Decision::Take { made_by_shell: false }, false));
    assert!(!stops(Decision::TakeAndTell, false));
}

/// Set in the process that is to read its standard input; it is this test once more.
#[cfg(target_os = "linux")]
const READER: &str = "CLI_TEST_READS_STANDARD_INPUT";

#[cfg(target_os = "linux")]
#[test]
fn a_silent_pipe_is_waited_for_only_if_a_sibling_can_write() {
    use std::process::{Command, Stdio};

    if std::env::var_os(READER).is_some() {
        let material = material(Args { allow_empty: true, ..Args::default() }).unwrap();
        println!("read: {:?}", material.map(|found| String::from_utf8(found.bytes).unwrap()));
        return;
    }
    let read = |script: &str, stdin: Stdio| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        // Held open, and never written to, until the child has ended.
        let open = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop(open);
        let said = String::from_utf8(output.stdout).unwrap();
        let line = said.lines().find_map(|line| line.split_once("read: "));
        line.map(|(_, read)| read.to_owned()).unwrap_or(said)
    };
    let reader = format!(
        "{READER}=1 exec '{}' --exact stdin::tests::a_silent_pipe_is_waited_for_only_if_a_sibling_can_write --nocapture",
        std::env::current_exe().unwrap().display()
    );
    assert_eq!(read(&reader, Stdio::null()), "None");
    // A pipe that its starter left open, directly and one process further up.
    assert_eq!(read(&reader, Stdio::piped()), "None");
    assert_eq!(read(&format!("sh -c \"{reader}\"; true"), Stdio::piped()), "None");
    // A producer beside it, slower than the wait.
    let slow = format!("(sleep 3; echo late) | sh -c \"{reader}\"");
    assert_eq!(read(&slow, Stdio::null()), "Some(\"late\\n\")");
    // A producer that has nothing to say.
    assert_eq!(read(&format!("true | sh -c \"{reader}\""), Stdio::null()), "None");
}
