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

    fn area(&self) -> Rect {
        Rect::new(0, 0, 80, 24)
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
    let (exit, took, _) = top_to_its_end(engine, person).await;
    (exit, took)
}

/// The same with what is printed afterwards.
async fn top_to_its_end(
    engine: &Observed,
    person: impl AsyncFnOnce(Person<'_>),
) -> (Exit, Duration, Vec<String>) {
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
    let mut requests = Requests::new(engine);
    let ended = async {
        let ended =
            run(&reconnect, changes, &mut requests, &mut shown, &mut pressed, &mut screen).await;
        (ended.unwrap(), begun.elapsed())
    };
    let ((exit, took), ()) = tokio::join!(ended, person);
    (exit, took, requests.unanswered())
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
async fn commands_without_an_answer_are_named_at_the_end() {
    let engine = engine();
    let (_, _, said) = top_to_its_end(&engine, async |person| {
        person.engine.set_stopped(true);
        person.press("jcyjcyq").await;
    })
    .await;
    let expected = [
        "No answer of the engine to: cancel task 131. It may still do it. See: claude-worker status 131",
        "The engine was not asked to cancel task 132, because it does not answer. \
         Type: claude-worker cancel 132",
    ];
    assert_eq!(said, expected);
    engine.set_stopped(false);
    let (_, _, said) = top_to_its_end(&engine, async |person| {
        person.press("jcy").await;
        person.press("q").await;
    })
    .await;
    assert_eq!(said, Vec::<String>::new());
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
async fn a_command_without_an_answer_is_shown_and_stays_under_way() {
    let engine = engine();
    top(&engine, async |mut person| {
        person.engine.set_stopped(true);
        person.press("p").await;
        sleep(Duration::from_secs(6)).await;
        assert!(person.sees().contains("No answer for 5 s to: pause the queue; still asking"));
        person.engine.set_stopped(false);
        sleep(SOON).await;
        assert!(person.sees().contains("The queue is paused"));
        person.press("q").await;
    })
    .await;
}
