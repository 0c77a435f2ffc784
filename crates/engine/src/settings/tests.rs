use claude_worker_api::{ErrorCode, PermissionMode, Settings};

use super::*;

fn places() -> (tempfile::TempDir, Paths) {
    let directory = tempfile::tempdir().unwrap();
    let paths = Paths::below(directory.path());
    (directory, paths)
}

fn refusal(result: Result<Settings, EngineError>) -> ApiError {
    let error = ApiError::from(result.unwrap_err());
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    error
}

#[test]
fn only_what_changes_is_touched() {
    let (_directory, paths) = places();
    let text = "# mine\nworkers = 3 # enough\n\n[limits]\n# long\ntimeout='90m'\n\n\
                [caps]\nfree_disk = 5000000\n";
    std::fs::write(&paths.config, text).unwrap();
    let in_force = load(&paths).unwrap();
    let mut wanted = in_force.clone();
    wanted.workers = 5;
    wanted.limits.silence_ms = 60_000;
    wanted.notifications.finished = false;
    let settings = write(&paths, &in_force, wanted.changes_since(&in_force).unwrap()).unwrap();
    assert_eq!(settings, wanted);
    let expected = "# mine\nworkers = 5 # enough\n\n[limits]\n# long\ntimeout='90m'\n\
                    silence = \"1m\"\n\n[caps]\nfree_disk = 5000000\n\n\
                    [notifications]\nfinished = false\n";
    assert_eq!(std::fs::read_to_string(&paths.config).unwrap(), expected);
}

#[test]
fn nothing_is_written_when_nothing_changes() {
    let (_directory, paths) = places();
    let settings = Settings::default();
    assert_eq!(write(&paths, &settings, SettingsChange::default()).unwrap(), settings);
    assert!(!paths.config.exists());
}

#[test]
fn what_a_person_changed_in_the_file_meanwhile_comes_into_force_too() {
    let (_directory, paths) = places();
    std::fs::write(&paths.config, "workers = 9\n").unwrap();
    let in_force = Settings::default();
    let mut wanted = in_force.clone();
    wanted.retention.finished_ms = 86_400_000;
    let settings = write(&paths, &in_force, wanted.changes_since(&in_force).unwrap()).unwrap();
    assert_eq!(settings.workers, 9);
    assert_eq!(settings.retention.finished_ms, 86_400_000);
}

#[test]
fn a_program_can_be_chosen_and_let_go_again() {
    let (_directory, paths) = places();
    let in_force = Settings::default();
    let mut wanted = in_force.clone();
    wanted.agents.claude = Some("/bin/sh".to_owned());
    let settings = write(&paths, &in_force, wanted.changes_since(&in_force).unwrap()).unwrap();
    assert_eq!(settings.agents.claude.as_deref(), Some("/bin/sh"));
    wanted.agents.claude = Some("/no/such/program".to_owned());
    assert!(
        refusal(write(&paths, &settings, wanted.changes_since(&settings).unwrap()))
            .message
            .contains("agents.claude")
    );
    wanted.agents.claude = None;
    assert_eq!(
        write(&paths, &settings, wanted.changes_since(&settings).unwrap()).unwrap(),
        in_force
    );
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    let (_directory, paths) = places();
    let in_force = Settings::default();
    let check = |change: &dyn Fn(&mut Settings), key: &str| {
        let mut wanted = in_force.clone();
        change(&mut wanted);
        let message =
            refusal(write(&paths, &in_force, wanted.changes_since(&in_force).unwrap())).message;
        assert!(message.contains(key), "{message}");
    };
    check(&|s| s.workers = 0, "workers");
    check(&|s| s.workers = 257, "workers");
    check(&|s| s.permission_mode = PermissionMode::BypassPermissions, "permission_mode");
    check(&|s| s.caps.output_per_run = 0, "caps.output_per_run");
    check(&|s| s.caps.queued = u64::MAX, "caps.queued");
    check(&|s| s.limits.timeout_ms = u64::MAX, "limits.timeout");
    check(&|s| s.usage_limit.retry_after_ms = u64::MAX, "usage_limit.retry_after");
    assert!(!paths.config.exists());

    std::fs::write(&paths.config, "wrokers = 3\n").unwrap();
    check(&|s| s.workers = 5, "wrokers");
    assert_eq!(std::fs::read_to_string(&paths.config).unwrap(), "wrokers = 3\n");
}

#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, paths) = places();
    let real = directory.path().join("kept.toml");
    std::fs::write(&real, "workers = 3\n").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, &paths.config).unwrap();
    let in_force = load(&paths).unwrap();
    let wanted = Settings { workers: 4, ..in_force.clone() };
    write(&paths, &in_force, wanted.changes_since(&in_force).unwrap()).unwrap();
    assert!(std::fs::symlink_metadata(&paths.config).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "workers = 4\n");
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}
