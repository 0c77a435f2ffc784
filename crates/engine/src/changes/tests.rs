//! Against real repositories.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use claude_worker_api::{Agent, RunId, TaskId};
use claude_worker_supervisor::RunDir;
use tempfile::TempDir;

use super::*;

/// A repository and the directory of a run.
struct Place {
    here: TempDir,
    dir: RunDir,
}

impl Place {
    fn new() -> Self {
        let here = tempfile::tempdir().unwrap();
        let dir = RunDir::new(here.path(), &RunId::try_from("1-1-aa".to_owned()).unwrap());
        fs::create_dir(dir.path()).unwrap();
        fs::create_dir(here.path().join("work")).unwrap();
        Self { here, dir }
    }

    fn with_repository(files: &[(&str, &str)]) -> Self {
        let place = Self::new();
        place.git(&["init", "-q"]);
        for (path, text) in files {
            place.write(path, text);
        }
        if !files.is_empty() {
            place.commit();
        }
        place
    }

    fn work(&self) -> PathBuf {
        self.here.path().join("work").canonicalize().unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=A", "-c", "user.email=a@example.org"]).args(args);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = git.current_dir(self.work()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    fn begin(&self) -> Start {
        let start = look(&self.work(), None);
        store_start(&self.dir, &start);
        start
    }

    fn live(&self) -> RunFiles {
        of_run(&self.dir, Agent::Claude, &self.work(), true, Vec::new())
    }

    /// The changes as lines, which must be the same after the end as before it.
    fn changes(&self) -> Vec<String> {
        let during = lines(self.live(), &self.work());
        finish(&self.dir, Agent::Claude, &self.work(), vec![TaskId(7)]);
        fs::remove_dir_all(self.work()).unwrap();
        let after = of_run(&self.dir, Agent::Claude, &self.work_that_was(), false, Vec::new());
        if self.dir.path().join("changes/end.json").exists() {
            assert_eq!(after.shared_with, [TaskId(7)]);
        }
        assert_eq!(lines(after, &self.work_that_was()), during, "the repository is not needed");
        during
    }

    fn work_that_was(&self) -> PathBuf {
        self.here.path().canonicalize().unwrap().join("work")
    }
}

fn lines(files: RunFiles, directory: &Path) -> Vec<String> {
    let list = file_list(vec![files], directory);
    let line = |entry: &Entry| {
        let file = &entry.file;
        let mut line =
            format!("{} {} +{} -{}", file.change.letter(), file.path, file.added, file.removed);
        if let Some(from) = &file.from {
            line = format!("{line} from {from}");
        }
        if let Some(why) = file.no_lines {
            line = format!("{line} {why:?}");
        }
        if let Some(executable) = file.executable {
            line = format!("{line} executable={executable}");
        }
        line
    };
    list.entries.iter().map(line).collect()
}

#[test]
fn what_was_there_before_the_run_is_no_change_of_it() {
    let place = Place::with_repository(&[
        ("clean", "1\n"),
        ("dirty", "1\n"),
        ("staged", "1\n"),
        ("gone", "1\n"),
        ("was", "a\nb\nc\n"),
        ("program", "#!/bin/sh\n"),
        (".gitignore", "*.log\n"),
    ]);
    place.write("dirty", "1\nmine\n");
    place.write("staged", "1\nmine\n");
    place.git(&["add", "staged"]);
    place.write("untracked", "mine\n");
    place.write("untouched", "mine\n");
    place.write("x.log", "mine\n");
    assert!(matches!(place.begin(), Start::Repository(_)));
    assert_eq!(lines(place.live(), &place.work()), [""; 0]);

    place.write("clean", "2\n");
    place.write("dirty", "1\nmine\ntheirs\n");
    place.write("untracked", "mine\ntheirs\n");
    place.write("a b/new", "x\ny\n");
    place.write("x.log", "theirs\n");
    fs::remove_file(place.work().join("gone")).unwrap();
    fs::rename(place.work().join("was"), place.work().join("is")).unwrap();
    fs::set_permissions(place.work().join("program"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("clean", place.work().join("link")).unwrap();
    fs::write(place.work().join("image"), b"\x89PNG\0").unwrap();
    let expected = [
        "A a b/new +2 -0",
        "M clean +1 -1",
        "M dirty +1 -0",
        "D gone +0 -1",
        "A image +0 -0 Binary",
        "R is +0 -0 from was",
        "A link +1 -0",
        "M program +0 -0 executable=true",
        "M untracked +1 -0",
    ];
    assert_eq!(lines(place.live(), &place.work()), expected);
    // What the agent commits is as much a change as what it leaves.
    place.commit();
    assert_eq!(place.changes(), expected);
}

#[test]
fn a_repository_without_a_commit_and_one_below_are_understood() {
    let place = Place::with_repository(&[]);
    place.write("mine", "1\n");
    fs::create_dir(place.work().join("inner")).unwrap();
    let mut inner = Command::new("git");
    inner.args(["init", "-q"]).current_dir(place.work().join("inner"));
    assert!(inner.status().unwrap().success());
    place.begin();
    place.write("new", "1\n");
    place.write("mine", "2\n");
    place.write("inner/file", "1\n");
    assert_eq!(place.changes(), ["M mine +1 -1", "A new +1 -0"]);
}

#[test]
fn line_ends_that_git_writes_are_no_change() {
    let place = Place::with_repository(&[("a", "1\n2\n"), (".gitattributes", "* text eol=crlf\n")]);
    fs::remove_file(place.work().join("a")).unwrap();
    place.git(&["checkout", "a"]);
    assert_eq!(fs::read(place.work().join("a")).unwrap(), b"1\r\n2\r\n");
    place.begin();
    place.write("a", "1\r\n3\r\n");
    assert_eq!(place.changes(), ["M a +1 -1"]);
}

#[test]
fn programs_that_a_repository_names_are_not_started() {
    let place = Place::with_repository(&[("a", "1\n")]);
    let trap = place.here.path().join("trap");
    let script = place.here.path().join("script");
    fs::write(&script, format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", trap.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.display().to_string();
    place.write(".gitattributes", "* filter=evil diff=evil\n*.b filter=a=b\n");
    for key in [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "filter.a=b.clean",
        "filter.a=b.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.pager",
    ] {
        place.git(&["config", key, &script]);
    }
    place.git(&["config", "filter.evil.required", "true"]);
    let hooks = place.here.path().join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["post-index-change", "fsmonitor-watchman", "reference-transaction"] {
        symlink(&script, hooks.join(hook)).unwrap();
    }
    place.git(&["config", "core.hooksPath", &hooks.display().to_string()]);
    let index = fs::read(place.work().join(".git/index")).unwrap();
    fs::remove_file(&trap).ok();
    // Touched, so that git has to look at the content.
    place.write("a", "1\n");
    place.begin();
    place.write("a", "2\n");
    place.write("x.b", "1\n");
    lines(place.live(), &place.work());
    assert_eq!(fs::read_to_string(&trap).unwrap_or_default(), "", "it was started");
    assert_eq!(fs::read(place.work().join(".git/index")).unwrap(), index, "the index is as it was");
    assert_eq!(place.changes(), ["M a +1 -1", "A x.b +1 -0"]);
    assert_eq!(fs::read_to_string(&trap).unwrap_or_default(), "", "it was started");
}

#[test]
fn without_a_repository_only_tools_are_known_and_nothing_is_stored() {
    let place = Place::new();
    assert_eq!(place.begin(), Start::NoRepository);
    assert!(!place.dir.path().join("changes").exists());
    place.write("by command", "1\n");
    let edit = r#"{"type":"user","tool_use_result":{"type":"create","filePath":"new","content":"1\n2\n","originalFile":null}}"#;
    fs::write(place.dir.stdout_path(), format!("{edit}\n")).unwrap();
    assert_eq!(place.live().source, Source::NoRepository);
    assert_eq!(place.changes(), ["A new +2 -0"]);
}

#[test]
fn tools_tell_of_files_that_git_ignores_or_does_not_see() {
    let place = Place::with_repository(&[(".gitignore", "*.log\n")]);
    place.begin();
    let mut output = String::new();
    for path in ["x.log", "/elsewhere/file", "and back"] {
        output += &format!(
            "{{\"type\":\"user\",\"tool_use_result\":{{\"type\":\"create\",\"filePath\":\"{path}\",\
             \"content\":\"1\\n\",\"originalFile\":null}}}}\n"
        );
    }
    fs::write(place.dir.stdout_path(), output).unwrap();
    place.write("x.log", "1\n");
    assert_eq!(place.changes(), ["A /elsewhere/file +1 -0", "A x.log +1 -0"]);
}

#[test]
fn a_repository_that_git_does_not_read_gives_its_reason() {
    let place = Place::with_repository(&[("a", "1\n")]);
    fs::write(place.work().join(".git/HEAD"), "nonsense").unwrap();
    let Start::Failed { reason } = place.begin() else { panic!("git has read it") };
    assert!(reason.contains("not a git repository"), "{reason}");
    assert_eq!(place.live().source, Source::GitFailed { reason });
}

#[test]
fn large_files_are_named_and_not_kept() {
    let place = Place::with_repository(&[("a", "1\n")]);
    place.write("large", &"x".repeat(side::MAX_FILE as usize + 1));
    place.write("mine", &"x".repeat(side::MAX_FILE as usize + 1));
    place.begin();
    place.write("large", &"y".repeat(side::MAX_FILE as usize + 2));
    assert_eq!(place.changes(), ["M large +0 -0 TooLarge"]);
}

#[test]
fn a_repository_that_the_run_makes_is_no_failure() {
    let place = Place::new();
    assert_eq!(place.begin(), Start::NoRepository);
    place.git(&["init", "-q"]);
    place.write("a", "1");
    place.commit();
    let source =
        |is_live| of_run(&place.dir, Agent::Claude, &place.work(), is_live, Vec::new()).source;
    assert!(matches!(source(true), Source::NoRepository));
    finish(&place.dir, Agent::Claude, &place.work(), Vec::new());
    assert!(matches!(source(false), Source::NoRepository));
}
