//! Runs find the programs of the person's login shell, however the engine was started.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Home, Ran, shell};

/// The shells that have files for interactive shells.
fn shells() -> [PathBuf; 3] {
    ["bash", "zsh", "fish"].map(shell)
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A program that says its own name.
fn program(path: &Path, says: &str) {
    write(path, &format!("#!/bin/sh\necho {says}\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).unwrap();
}

/// A home whose login shell is this one, and its directory.
fn home_of(shell: &Path) -> (Home, PathBuf) {
    let home = Home::new().variable("SHELL", shell.display().to_string());
    let place = home.place("home");
    (home, place)
}

/// The files that an interactive login shell of this kind reads, in their language.
fn start_up_file(place: &Path, shell: &Path) -> PathBuf {
    match shell.file_name().unwrap().to_str().unwrap() {
        "bash" => {
            // As Debian and most guides have it.
            write(&place.join(".profile"), "[ -n \"$BASH_VERSION\" ] && . \"$HOME/.bashrc\"\n");
            place.join(".bashrc")
        }
        "zsh" => place.join(".zshrc"),
        _ => place.join(".config/fish/config.fish"),
    }
}

/// What a task prints that calls a program.
fn output_of(home: &Home, command: &str) -> Ran {
    home.run(["run", "--agent", "shell", "--wait", command])
}

/// What `doctor` says, whatever it finds.
fn doctor(home: &Home) -> Value {
    let ran = home.run(["doctor", "--json"]);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn check<'a>(checks: &'a Value, name: &str) -> &'a Value {
    let checks = checks["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

#[test]
fn programs_of_version_managers_are_found_by_each_shell() {
    for shell in shells() {
        let (home, place) = home_of(&shell);
        program(&place.join(".nvm/versions/node/v24.1.0/bin/node-tool"), "from nvm");
        program(&place.join(".asdf/shims/asdf-tool"), "from asdf");
        program(&place.join(".volta/bin/volta-tool"), "from volta");
        program(&place.join("run/fnm_multishells/12_34/bin/fnm-tool"), "from fnm");
        let is_fish = shell.ends_with("fish");
        // Noise before and after, reading from standard input and the terminal, and a background process.
        let text = if is_fish {
            "status is-interactive; or exit\n\
             echo 'Welcome to fish'\n\
             read -l nothing < /dev/null\n\
             set -gx NVM_DIR $HOME/.nvm\n\
             set -gx PATH $NVM_DIR/versions/node/v24.1.0/bin $PATH\n\
             set -gx PATH $HOME/.asdf/shims $PATH\n\
             set -gx VOLTA_HOME $HOME/.volta\n\
             set -gx PATH $VOLTA_HOME/bin $PATH\n\
             set -gx FNM_MULTISHELL_PATH $HOME/run/fnm_multishells/12_34\n\
             set -gx PATH $FNM_MULTISHELL_PATH/bin $PATH\n\
             sleep 600 &\n"
                .to_owned()
        } else {
            write(
                &place.join(".nvm/nvm.sh"),
                "nvm() { PATH=\"$NVM_DIR/versions/node/$1/bin:$PATH\"; export PATH; }\nnvm v24.1.0\n",
            );
            program(&place.join("bin/fnm"), "");
            write(
                &place.join("bin/fnm"),
                "#!/bin/sh\necho \"export FNM_MULTISHELL_PATH=$HOME/run/fnm_multishells/12_34\"\n\
                 echo 'export PATH=\"$FNM_MULTISHELL_PATH/bin:$PATH\"'\n",
            );
            "case $- in *i*) ;; *) return;; esac\n\
             echo 'Welcome'; printf '\\033]0;title\\007'\n\
             read -r nothing; read -r nothing < /dev/tty 2>/dev/null\n\
             set -x\n\
             export NVM_DIR=\"$HOME/.nvm\"\n. \"$NVM_DIR/nvm.sh\"\n\
             export PATH=\"$HOME/.asdf/shims:$PATH\"\n\
             export VOLTA_HOME=\"$HOME/.volta\"\nexport PATH=\"$VOLTA_HOME/bin:$PATH\"\n\
             eval \"$(\"$HOME/bin/fnm\" env)\"\n\
             trap 'echo bye' EXIT\n\
             sleep 600 &\n"
                .to_owned()
        };
        write(&start_up_file(&place, &shell), &text);
        let told = output_of(&home, "node-tool; asdf-tool; volta-tool; fnm-tool; echo $VOLTA_HOME");
        let volta = place.join(".volta");
        let expected = format!("from nvm\nfrom asdf\nfrom volta\nfrom fnm\n{}\n", volta.display());
        assert_eq!(told.ok().stdout, expected, "{}", shell.display());
        let checks = doctor(&home);
        let shown = check(&checks, "Shell");
        assert_eq!(shown["level"], "ok", "{shown}");
        assert!(shown["found"].as_str().unwrap().contains("directories in its PATH"), "{shown}");
    }
}

#[test]
fn an_engine_without_any_environment_asks_the_shell_of_the_account() {
    let home = Home::new();
    let place = home.place("home");
    program(&place.join("tools/own-tool"), "found");
    // Of each shell that the account of the tests may have.
    for file in [".profile", ".bash_profile", ".zprofile"] {
        write(&place.join(file), "export PATH=\"$HOME/tools:$PATH\"\n");
    }
    let bare = |arguments: &[&str]| {
        let mut command = home.command();
        command.env_clear().env("HOME", &place).env("CLAUDE_WORKER_HOME", home.data());
        Ran::of(&command.args(arguments).output().unwrap())
    };
    let told = bare(&["run", "--agent", "shell", "--wait", "own-tool"]);
    assert_eq!(told.ok().stdout, "found\n");
    // A PATH that was named is used as it is.
    let named = home.run(["run", "--agent", "shell", "--env", "PATH", "--wait", "own-tool"]);
    assert_ne!(named.code, 0, "{named:?}");
}

#[test]
fn claude_and_what_it_needs_are_found_by_the_same_path() {
    let (home, place) = home_of(Path::new("/usr/bin/bash"));
    let bin = place.join(".nvm/versions/node/v24.1.0/bin");
    write(&bin.join("claude"), "#!/usr/bin/env own-node\n");
    let mode = || std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("claude"), mode()).unwrap();
    program(&bin.join("own-node"), "9.9.9 made by the test");
    write(&place.join(".profile"), &format!("PATH=\"{}:$PATH\"\n", bin.display()));
    let checks = doctor(&home);
    let text = checks.to_string();
    assert!(text.contains("9.9.9 made by the test"), "{text}");
    assert!(text.contains("found in the PATH of the login shell"), "{text}");
}

#[test]
fn files_that_hang_or_end_the_shell_delay_the_first_run_only() {
    let (home, place) = home_of(Path::new("/usr/bin/bash"));
    program(&place.join("tools/own-tool"), "found");
    write(
        &place.join(".profile"),
        "echo read >> \"$HOME/reads\"\nexport PATH=\"$HOME/tools:$PATH\"\n\
         [ -f \"$HOME/.bashrc\" ] && . \"$HOME/.bashrc\"\n",
    );
    let reads = || std::fs::read_to_string(place.join("reads")).unwrap();
    // Interactive shells only: another program takes the shell's place and never ends.
    write(&place.join(".bashrc"), "case $- in *i*) exec sleep 600;; esac\n");
    assert_eq!(output_of(&home, "own-tool").ok().stdout, "found\n");
    let of_first = reads();
    assert_eq!(of_first, "read\nread\n", "as an interactive shell, and as another");
    for _ in 0..3 {
        assert_eq!(output_of(&home, "own-tool").ok().stdout, "found\n");
    }
    assert_eq!(reads(), of_first, "the shell was asked again");
    // It ends at once.
    write(&place.join(".bashrc"), "case $- in *i*) exit 0;; esac\n");
    let checks = doctor(&home);
    let shell = check(&checks, "Shell");
    assert_eq!(shell["level"], "warn", "{shell}");
    assert!(shell["found"].as_str().unwrap().contains("ends without an answer"), "{shell}");
}

#[test]
fn a_run_whose_path_was_named_does_not_ask_the_shell() {
    let (home, place) = home_of(Path::new("/usr/bin/bash"));
    let asked = place.join("asked");
    write(&place.join(".profile"), &format!("echo asked > {}\n", asked.display()));
    let path = format!("{}:/usr/bin:/bin", place.join("venv/bin").display());
    program(&place.join("venv/bin/venv-tool"), "of the task");
    let mut command = home.command();
    command.env("PATH", path);
    command.args(["run", "--agent", "shell", "--env", "PATH", "--wait", "venv-tool"]);
    assert_eq!(Ran::of(&command.output().unwrap()).ok().stdout, "of the task\n");
    assert!(!asked.exists());
}

#[test]
fn the_first_run_has_the_same_path_as_later_ones() {
    let (home, place) = home_of(Path::new("/usr/bin/bash"));
    program(&place.join("tools/own-tool"), "found");
    write(&place.join(".profile"), "export PATH=\"$HOME/tools:$PATH\"\n");
    // With a directory that the system does not have, as in most terminals.
    let path = format!("{}:/usr/bin:/bin", place.join("bin").display());
    for _ in 0..2 {
        let mut command = home.command();
        command.env("PATH", &path).args(["run", "--agent", "shell", "--wait", "own-tool"]);
        assert_eq!(Ran::of(&command.output().unwrap()).ok().stdout, "found\n");
    }
}

#[test]
fn claude_code_is_found_after_it_has_moved() {
    let (home, place) = home_of(Path::new("/usr/bin/bash"));
    let install = |version: &str| {
        let bin = place.join(".nvm").join(version).join("bin");
        program(&bin.join("claude"), version);
        write(&place.join(".profile"), &format!("export PATH=\"{}:$PATH\"\n", bin.display()));
    };
    let told = || {
        let ran = home.run(["run", "--wait", "Do it", "--json"]);
        assert_eq!(ran.code, 10, "it is no Claude Code, so it has no result: {ran:?}");
        ran.stdout
    };
    install("v22");
    assert!(told().contains("no_result"));
    std::fs::remove_dir_all(place.join(".nvm/v22")).unwrap();
    install("v24");
    let after = told();
    assert!(after.contains("no_result"), "{after}");
}
