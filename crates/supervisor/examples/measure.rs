#![allow(warnings)]
use claude_worker_api::*;
use claude_worker_supervisor::*;
use std::time::*;
fn now() -> u128 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    t.tv_sec as u128 * 1_000_000_000 + t.tv_nsec as u128
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    if a.len() > 2 && a[1] == "agent" {
        let t = now();
        println!("{t}");
        if a[2] == "hang" {
            std::thread::sleep(Duration::from_secs(5));
        }
        return;
    }
    if a.len() > 2 && a[1] == "sup" {
        std::process::exit(
            if run(std::path::Path::new(&a[2])) == std::process::ExitCode::SUCCESS { 0 } else { 1 },
        );
    }
    let n: u32 = a.get(1).map_or(300, |s| s.parse().unwrap());
    let tmp = tempfile::tempdir_in(".").unwrap();
    let root = tmp.path().canonicalize().unwrap();
    let mut bell = Bell::open(&root.join("bell")).unwrap();
    let me = std::env::current_exe().unwrap();
    let cmd = SupervisorCommand { program: "/proc/self/exe".into(), args: vec!["sup".into()] };
    let (mut first, mut ended, mut create, mut gone) = (vec![], vec![], vec![], vec![]);
    let spec = |i: u32, w: &str| Spec {
        run: RunId::new(TaskId(i as i64), 1, std::process::id()),
        task: TaskId(i as i64),
        program: me.display().to_string(),
        args: vec!["agent".into(), w.into()],
        directory: "/".into(),
        env: Default::default(),
        env_remove: vec![],
        merge_stderr: false,
        timeout_ms: None,
        silence_ms: None,
        grace_ms: 100,
        output_cap_bytes: 1 << 30,
        bell: Some(root.join("bell")),
    };
    for i in 0..n {
        let s = spec(i, "x");
        let d = RunDir::new(&root, &s.run);
        let t0 = now();
        d.create(&s, b"hello").unwrap();
        let t1 = now();
        let l = launch(&cmd, &d).unwrap();
        loop {
            if bell.next().unwrap().what == What::Ended {
                break;
            }
        }
        let t2 = now();
        l.wait().unwrap();
        let t3 = now();
        let t: u128 = std::fs::read_to_string(d.stdout_path()).unwrap().trim().parse().unwrap();
        create.push(t1 - t0);
        first.push(t - t1);
        ended.push(t2 - t1);
        gone.push(t3 - t1);
    }
    for (name, v) in [
        ("create", &mut create),
        ("first instr", &mut first),
        ("ended ring", &mut ended),
        ("gone", &mut gone),
    ] {
        v.sort();
        println!(
            "{name}: median {} us p99 {} us max {}",
            v[v.len() / 2] / 1000,
            v[v.len() * 99 / 100] / 1000,
            v[v.len() - 1] / 1000
        );
    }
    let s = spec(n + 1, "hang");
    let d = RunDir::new(&root, &s.run);
    d.create(&s, b"").unwrap();
    let l = launch(&cmd, &d).unwrap();
    while bell.next().unwrap().what != What::Output {}
    println!("{}", std::fs::read_to_string(format!("/proc/{}/smaps_rollup", l.pid())).unwrap());
    d.request_end().unwrap();
    l.wait().unwrap();
}
