//! Which directories are trusted, by facts and on a real file system.

use std::fs;

use super::*;

/// A place by the letters of what is known of it.
fn place(path: &str, known: &str) -> Place {
    Place {
        path: path.into(),
        is_trusted: known.contains('t'),
        is_repository: known.contains('r') || known.contains('w'),
        is_of_trusted_repository: known.contains('w'),
        has_settings: known.contains('s') || known.contains('m'),
        has_servers: known.contains('m'),
        has_instructions: false,
    }
}

#[test]
fn which_directories_are_trusted() {
    // t: trusted itself, r: a repository's root, w: a worktree of a trusted repository, s: settings
    // of its own, m: MCP servers.
    let cases: &[(&[&str], Option<usize>)] = &[
        (&["", "", ""], Some(0)),
        (&["s", "", ""], Some(0)),
        (&["t", "", ""], None),
        (&["ts", "", ""], None),
        (&["trs", "", ""], None),
        // Below a trusted directory, without settings and with some.
        (&["", "t", ""], None),
        (&["s", "t", ""], Some(0)),
        (&["m", "t", ""], Some(0)),
        (&["", "s", "t"], Some(0)),
        // Within a trusted repository, which is trusted as a whole.
        (&["s", "tr", ""], None),
        (&["m", "s", "tr"], None),
        // A part of a repository is trusted alone.
        (&["s", "t", "r"], Some(0)),
        (&["ts", "r", ""], None),
        // Another repository below a trusted directory or repository.
        (&["r", "tr", ""], Some(0)),
        (&["", "r", "t"], Some(0)),
        (&["rs", "t", ""], Some(0)),
        (&["tr", "r", ""], None),
        // A worktree of a trusted repository, and a directory in it.
        (&["ws", "", ""], None),
        (&["s", "w", ""], None),
        // Servers further up count there too.
        (&["t", "m", ""], Some(1)),
        (&["t", "", "m"], Some(2)),
        (&["t", "tm", ""], None),
        (&["trm", "tm", "m"], Some(2)),
        (&["", "tm", ""], None),
        (&["t", "s", "s"], None),
    ];
    for (known, expected) in cases {
        let paths = ["/a/b", "/a", "/"];
        let places: Vec<_> =
            paths.iter().zip(*known).map(|(path, known)| place(path, known)).collect();
        let expected = expected.map(|number| Path::new(paths[number]));
        assert_eq!(untrusted(&places), expected, "{known:?}");
    }
}

#[test]
fn claude_codes_list_is_read_for_what_the_user_accepted() {
    let text = br#"{"numStartups":3,"projects":{
        "/yes":{"hasTrustDialogAccepted":true,"allowedTools":[]},
        "/no":{"hasTrustDialogAccepted":false},"/unasked":{"mcpServers":{}}}}"#;
    assert_eq!(lists::accepted(text).unwrap(), ["/yes".to_owned()].into());
    assert!(lists::accepted(b"{}").unwrap().is_empty());
    for odd in [
        &b"[]"[..],
        b"",
        b"{\"projects\":7}",
        b"{\"projects\":{\"/\":{\"hasTrustDialogAccepted\":1}}}",
    ] {
        assert!(lists::accepted(odd).unwrap_or_default().is_empty());
    }
}

#[test]
fn claude_codes_list_is_read_again_when_it_has_changed() {
    let here = tempfile::tempdir().unwrap();
    let path = here.path().join(".claude.json");
    let last = std::sync::Mutex::new(None);
    let accepted = || lists::accepted_in(&path, &last).unwrap().into_iter().collect::<Vec<_>>();
    let accepts = |directory: &str| {
        let text = format!(r#"{{"projects":{{"{directory}":{{"hasTrustDialogAccepted":true}}}}}}"#);
        fs::write(&path, text).unwrap();
    };
    // Of the same length, within one tick of the clock.
    for directory in ["/a", "/b", "/c"] {
        accepts(directory);
        assert_eq!(accepted(), [directory]);
        assert!(last.lock().unwrap().is_none(), "what has just been written is not relied on");
    }
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!((accepted(), accepted()), (vec!["/c".to_owned()], vec!["/c".to_owned()]));
    assert!(last.lock().unwrap().is_some(), "it is not parsed again");
    accepts("/d");
    assert_eq!(accepted(), ["/d"]);
    fs::write(&path, "{").unwrap();
    assert!(lists::accepted_in(&path, &last).is_err());
}

fn set(list: &Path, wanted: &TrustChange) -> Result<Trust, EngineError> {
    change(list, wanted, &real_directory(wanted)?)
}

/// A directory of the test's own, without symbolic links in its path.
struct World(tempfile::TempDir, Lists);

impl World {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), Lists::default())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn trusting(mut self, name: &str) -> Self {
        self.1.own.insert(self.path(name).to_str().unwrap().to_owned());
        self
    }

    fn trusts(&self, name: &str) -> bool {
        untrusted(&look(&self.path(name), &self.1)).is_none()
    }
}

#[test]
fn repositories_worktrees_and_settings_are_seen() {
    let world = World::new().trusting("main").trusting("plain");
    world.file("main/.git/HEAD", "ref: refs/heads/main\n");
    world.file("main/pkg/.claude/settings.json", "{}");
    world.file("main/clone/.git/HEAD", "");
    world.file("plain/empty/x", "");
    world.file("plain/own/.mcp.json", "{}");
    assert!(world.trusts("main") && world.trusts("main/pkg") && !world.trusts("main/clone"));
    assert!(world.trusts("plain/empty") && !world.trusts("plain/own"));

    let text = |path: PathBuf| path.display().to_string();
    let entry = text(world.path("main/.git/worktrees/tree"));
    world.file("tree/.git", &format!("gitdir: {entry}\n"));
    world.file("tree/.claude/settings.json", "{}");
    assert!(!world.trusts("tree"), "the repository does not know it");
    world.file("main/.git/worktrees/tree/commondir", "../..\n");
    world.file("main/.git/worktrees/tree/gitdir", &text(world.path("tree/.git")));
    assert!(world.trusts("tree"));
    // One that claims to be it.
    world.file("forged/.git", &format!("gitdir: {entry}\n"));
    assert!(!world.trusts("forged"));
    // A repository of its own that claims to be a part of another one.
    world.file("other/.git/worktrees/x/commondir", &text(world.path("main/.git")));
    world.file("other/.git/worktrees/x/gitdir", &text(world.path("posing/.git")));
    world.file("posing/.git", &format!("gitdir: {}\n", text(world.path("other/.git/worktrees/x"))));
    assert!(!world.trusts("posing"));
}

#[test]
fn links_lead_to_what_is_judged() {
    let world = World::new();
    let list = world.path("trusted.json");
    world.file("real/x", "");
    std::os::unix::fs::symlink(world.path("real"), world.path("link")).unwrap();
    let trust = |directory: PathBuf, trusted: bool| {
        let directory = directory.display().to_string();
        set(&list, &TrustChange { directory, trusted })
    };
    let judged = |name: &str| untrusted_for_agents(&list, &world.path(name));
    assert_eq!(judged("link"), Some(world.path("real")));
    trust(world.path("link"), true).unwrap();
    assert_eq!((judged("link"), judged("real")), (None, None));
    // The list holds where the link led to then, whatever it leads to later.
    world.file("hostile/.mcp.json", "{}");
    fs::remove_file(world.path("link")).unwrap();
    std::os::unix::fs::symlink(world.path("hostile"), world.path("link")).unwrap();
    assert_eq!(judged("link"), Some(world.path("hostile")));
    assert_eq!(judged("gone"), Some(world.path("gone")));

    assert!(trust(world.path("gone"), true).is_err());
    assert!(trust(world.path("real/x"), true).is_err());
    assert!(trust(PathBuf::from("real"), true).is_err());
    assert!(trust(world.path("hostile"), false).is_err(), "it was not in the list");
    fs::remove_dir_all(world.path("real")).unwrap();
    let left = trust(world.path("real"), false).unwrap();
    assert!(left.directories.iter().all(|it| it.by != TrustSource::ClaudeWorker), "{left:?}");
    // A list that cannot be read trusts nothing, and is not written over.
    fs::write(&list, "{").unwrap();
    assert!(trust(world.path("hostile"), true).is_err());
    assert_eq!(fs::read_to_string(&list).unwrap(), "{");
}

#[test]
fn people_are_warned_of_settings_that_run_something() {
    let world = World::new();
    let list = world.path("trusted.json");
    let warned = |name: &str| warning_for_people(&list, &world.path(name));
    world.file("none/x", "");
    world.file(
        "harmless/.claude/settings.json",
        r#"{"permissions":{"allow":["Read"]},"model":"opus"}"#,
    );
    world.file("commands/.claude/commands/x.md", "");
    world.file("no-servers/.mcp.json", r#"{"mcpServers":{}}"#);
    for name in ["none", "harmless", "commands", "no-servers"] {
        assert_eq!(warned(name), None, "{name}");
    }
    world.file("hooks/.claude/settings.json", r#"{"hooks":{}}"#);
    world.file("local/.claude/settings.local.json", r#"{"apiKeyHelper":"x"}"#);
    world.file("env/.claude/settings.json", r#"{"env":{"ANTHROPIC_BASE_URL":"http://x"}}"#);
    world.file("servers/.mcp.json", r#"{"mcpServers":{"x":{"command":"x"}}}"#);
    world.file("broken/.claude/settings.json", "{");
    for name in ["hooks", "local", "env", "servers", "broken"] {
        let warning = warned(name).unwrap();
        let path = world.path(name).display().to_string();
        assert!(warning.words.contains(&format!("claude-worker trust {path}")), "{warning:?}");
        assert_eq!(warning.untrusted.as_deref(), Some(path.as_str()));
        let trusted = TrustChange { directory: path, trusted: true };
        set(&list, &trusted).unwrap();
        assert_eq!(warned(name), None, "{name}");
    }
    world.file("my own/.claude/settings.json", r#"{"hooks":{}}"#);
    let quoted = format!("claude-worker trust \"{}\"", world.path("my own").display());
    assert!(warned("my own").unwrap().words.ends_with(&quoted), "{quoted}");
    world.file("servers/below/x", "");
    assert_eq!(warned("servers/below"), None);
    // A pipe in the place of a file is neither read nor waited for.
    fs::create_dir_all(world.path("pipe/.claude")).unwrap();
    let pipe = world.path("pipe/.claude/settings.json");
    let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, fifo, mode, 0).unwrap();
    assert_eq!(warned("pipe"), None);
}
