//! The loop of `top` beside an engine that does not answer.

use claude_worker_api::{Agent, State, TaskId};
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::backend::TestBackend;
use tokio::time::Instant;

use super::*;
use crate::fake_engine::{FakeEngine, Observed};
use crate::render::Paint;
use crate::render::local_time::Zone;
use crate::render::samples::{self, NOW};

/// The last frame, as lines without colours.
struct Frames {
    terminal: ratatui::Terminal<TestBackend>,
    shown: mpsc::UnboundedSender<String>,
}

impl Screen for Frames {
    fn draw(&mut self, shown: &Shown, engine: view::Engine) -> Result<(), CliError> {
        let paint = Paint { colour: false, symbols: true };
        let page = view::Page { now: NOW, zone: Zone::UTC, paint };
        self.terminal.draw(|frame| shown.draw(frame, engine, &page)).unwrap();
        let text = self.terminal.backend().to_string();
        drop(self.shown.send(text));
        Ok(())
    }

    fn forget(&mut self) {}

    fn suspend(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}

/// The person at the terminal.
struct Person<'a> {
    engine: &'a Observed,
    keys: mpsc::Sender<Option<KeyEvent>>,
    frames: mpsc::UnboundedReceiver<String>,
}

impl Person<'_> {
    /// Presses keys, and lets the program get as far as it can without waiting.
    async fn press(&self, keys: &str) {
        for c in keys.chars() {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            self.keys.send(Some(key)).await.unwrap();
        }
        sleep(Duration::from_millis(1)).await;
    }

    /// What is on the screen.
    fn sees(&mut self) -> String {
        let mut last = String::new();
        while let Ok(frame) = self.frames.try_recv() {
            last = frame;
        }
        last
    }
}

/// Runs `top` beside a person; gives how it ended, and how long that took.
async fn top(engine: &Observed, person: impl AsyncFnOnce(Person<'_>)) -> (Exit, Duration) {
    let reconnect = Reconnect::while_following();
    let mut shown = Shown::new(current(engine).await.unwrap());
    let changes = Changes::begin(engine, &reconnect).await.unwrap();
    let ((keys, mut pressed), (sender, frames)) = (mpsc::channel(16), mpsc::unbounded_channel());
    let mut screen = Frames {
        terminal: ratatui::Terminal::new(TestBackend::new(80, 24)).unwrap(),
        shown: sender,
    };
    let begun = Instant::now();
    let person = person(Person { engine, keys, frames });
    let ended = async {
        let ended = run(engine, &reconnect, changes, &mut shown, &mut pressed, &mut screen).await;
        (ended.unwrap(), begun.elapsed())
    };
    tokio::join!(ended, person).0
}

fn engine() -> Observed {
    let engine = FakeEngine::default();
    for mut task in samples::tasks() {
        task.agent = Agent::Shell;
        engine.put(task);
    }
    Observed::new(engine)
}

const SOON: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn q_ends_it_while_the_engine_does_not_answer() {
    for keys in ["pq", "lqq", "jcyq", "Grq", "pppq"] {
        let engine = engine();
        let (exit, took) = top(&engine, async |person| {
            person.engine.set_stopped(true);
            person.press(keys).await;
        })
        .await;
        assert!(exit == Exit::Done && took < SOON, "{keys}: {exit:?} after {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_act_while_the_engine_is_asked_and_the_request_is_shown() {
    let engine = engine();
    top(&engine, async |mut person| {
        person.engine.set_stopped(true);
        person.press("pj").await;
        let screen = person.sees();
        assert!(screen.contains("❯ 131") && !screen.contains("asking…"), "{screen}");
        sleep(Duration::from_millis(300)).await;
        assert!(person.sees().contains("asking…"));
        person.engine.set_stopped(false);
        sleep(SOON).await;
        let screen = person.sees();
        assert!(screen.contains("The queue is paused") && !screen.contains("asking"), "{screen}");
        person.press("q").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_command_waits_for_the_one_under_way_and_more_are_refused() {
    let engine = engine();
    top(&engine, async |mut person| {
        person.engine.set_stopped(true);
        person.engine.asked();
        person.press("jcyjcy").await;
        person.press("jcy").await;
        let screen = person.sees();
        assert!(screen.contains(STILL_ASKING), "{screen}");
        person.engine.set_stopped(false);
        sleep(SOON).await;
        let cancels = person.engine.asked().into_iter().filter(|name| *name == "cancel").count();
        assert_eq!(cancels, 2);
        assert!(person.sees().contains("Task 132 is being stopped"));
        person.press("q").await;
    })
    .await;
    let tasks = engine.engine.list(claude_worker_api::ListQuery::default()).await.unwrap().tasks;
    let state = |id| &tasks.iter().find(|task| task.id == TaskId(id)).unwrap().state;
    for id in [131, 132] {
        assert!(matches!(state(id), State::Running { stopping: true, .. }), "{id}");
    }
    assert_eq!(state(135), &State::Pending);
}

#[tokio::test(start_paused = true)]
async fn only_the_log_that_was_asked_for_last_is_shown() {
    let engine = engine();
    let run = engine.engine.begin(130);
    engine.engine.print(&run, "of the first\n");
    engine.engine.end_run(&run);
    let run = engine.engine.begin(131);
    engine.engine.print(&run, "of the second\n");
    engine.engine.end_run(&run);
    top(&engine, async |mut person| {
        person.engine.set_stopped(true);
        person.press("lqjl").await;
        assert!(person.sees().contains("Task 131  "));
        person.engine.set_stopped(false);
        sleep(SOON).await;
        let screen = person.sees();
        assert!(screen.contains("of the second") && !screen.contains("first"), "{screen}");
        person.press("qq").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_never_answers_is_said_and_asked_again() {
    let engine = engine();
    top(&engine, async |mut person| {
        person.engine.set_stopped(true);
        person.press("p").await;
        sleep(Duration::from_secs(6)).await;
        assert!(person.sees().contains("The engine does not answer"));
        person.engine.set_stopped(false);
        person.press("p").await;
        sleep(SOON).await;
        assert!(person.sees().contains("The queue is paused"));
        person.press("q").await;
    })
    .await;
}
