//! Checks of directories outside of the data directory, with a time limit.
//!
//! A working directory may be on a network drive that is down, and then a look at it does not return.
//! No other request may wait for that: such looks have threads of their own, few of them in all and two
//! of them for one directory, and each request waits for its look for a bounded time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use claude_worker_api::ApiError;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

/// How many looks at directories may be under way at once, hanging ones included.
const LOOKS: usize = 16;
/// How many repositories may be compared at once, hanging ones included.
const COMPARISONS: usize = 4;
/// How many of them at one directory.
const AT_ONE: usize = 2;
/// From this age on a look counts as hanging.
const HANGS: Duration = Duration::from_secs(5);

/// The looks that are under way.
pub(super) struct DirectoryChecks {
    turns: Arc<Semaphore>,
    comparisons: Arc<Semaphore>,
    places: Arc<Places>,
}

/// The directories that are checked now. An entry is removed with its last request and check.
#[derive(Default)]
struct Places(Mutex<HashMap<String, Place>>);

struct Place {
    turns: Arc<Semaphore>,
    /// When the looks that are under way began.
    under_way: Vec<Instant>,
    /// How many requests and looks hold this entry.
    held: usize,
}

impl Places {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request's hold on a place; the look's, once that is under way.
struct Visit {
    places: Arc<Places>,
    what: String,
    began: Option<Instant>,
}

impl Visit {
    /// Gives none when as many looks at the place as may be hang.
    fn new(places: &Arc<Places>, what: &str) -> Option<(Self, Arc<Semaphore>)> {
        let mut all = places.all();
        let place = all.entry(what.to_owned()).or_insert_with(|| Place {
            turns: Arc::new(Semaphore::new(AT_ONE)),
            under_way: Vec::new(),
            held: 0,
        });
        let hanging = place.under_way.iter().filter(|began| began.elapsed() >= HANGS).count();
        if hanging >= AT_ONE {
            return None;
        }
        place.held += 1;
        let visit = Self { places: Arc::clone(places), what: what.to_owned(), began: None };
        Some((visit, Arc::clone(&place.turns)))
    }

    fn begin(&mut self) {
        let now = Instant::now();
        self.began = Some(now);
        if let Some(place) = self.places.all().get_mut(&self.what) {
            place.under_way.push(now);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut all = self.places.all();
        let Some(place) = all.get_mut(&self.what) else { return };
        if let Some(number) = place.under_way.iter().position(|began| Some(*began) == self.began) {
            place.under_way.swap_remove(number);
        }
        place.held -= 1;
        if place.held == 0 {
            all.remove(&self.what);
        }
    }
}

impl Default for DirectoryChecks {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(LOOKS)),
            comparisons: Arc::new(Semaphore::new(COMPARISONS)),
            places: Arc::default(),
        }
    }
}

impl DirectoryChecks {
    /// Looks at a directory, on a thread that may block. A look that hangs keeps its turn, so that
    /// they are never more than a few. While two looks at the directory hang, it is refused at once.
    ///
    /// # Errors
    /// `invalid_request` when there is no answer in time.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        directory: &str,
        patience: Duration,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.look_with(directory, patience, Some(Arc::clone(&self.turns)), look).await
    }

    /// The same for a comparison by git, which may take seconds in a large repository. It takes no turn of the
    /// looks that submissions wait for.
    ///
    /// # Errors
    /// `invalid_request` when there is no answer in time.
    pub(super) async fn compare<T: Send + 'static>(
        &self,
        directory: &str,
        patience: Duration,
        compare: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let what = format!("The repository of {directory}");
        self.look_with(&what, patience, Some(Arc::clone(&self.comparisons)), compare).await
    }

    /// The same for something that has turns apart from those of the directories.
    ///
    /// # Errors
    /// `invalid_request` when there is no answer in time.
    pub(super) async fn check_separately<T: Send + 'static>(
        &self,
        what: &'static str,
        patience: Duration,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.look_with(what, patience, None, look).await
    }

    async fn look_with<T: Send + 'static>(
        &self,
        what: &str,
        patience: Duration,
        turns: Option<Arc<Semaphore>>,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let no_answer = |after: Duration| {
            let what = format!("{what} did not answer within {} s", after.as_secs_f32());
            ApiError::invalid(what).hint(
                "It may be on a network drive that is down: look at it with `ls`, and try again",
            )
        };
        let failed = || ApiError::internal(format!("Looking at {what} failed"));
        let deadline = tokio::time::Instant::now() + patience;
        let Some((mut visit, own_turns)) = Visit::new(&self.places, what) else {
            return Err(no_answer(HANGS));
        };
        let own_turn = timeout_at(deadline, own_turns.acquire_owned()).await;
        let own_turn = own_turn.map_err(|_| no_answer(patience))?.map_err(|_| failed())?;
        let turn = match turns {
            None => None,
            Some(turns) => {
                let turn = timeout_at(deadline, turns.acquire_owned()).await;
                Some(turn.map_err(|_| no_turn(what))?.map_err(|_| failed())?)
            }
        };
        let looking = tokio::task::spawn_blocking(move || {
            visit.begin();
            let found = look();
            // The entry first: a turn that is free is not one that hangs.
            drop(visit);
            drop((own_turn, turn));
            found
        });
        let found = timeout_at(deadline, looking).await;
        found.map_err(|_| no_answer(patience))?.map_err(|_| failed())
    }
}

fn no_turn(what: &str) -> ApiError {
    ApiError::invalid(format!(
        "{what} could not be looked at: too many looks at other directories have no answer"
    ))
    .hint("Repair or unmount the network drive that is down, and try again")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const BRIEFLY: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);

    /// Looks that hang until the sender is gone.
    fn hanging() -> (Sender<()>, Arc<Mutex<Receiver<()>>>) {
        let (release, hold) = channel();
        (release, Arc::new(Mutex::new(hold)))
    }

    async fn hang(
        directory_checks: &DirectoryChecks,
        what: &str,
        held: &Arc<Mutex<Receiver<()>>>,
    ) -> ApiError {
        let held = Arc::clone(held);
        let hangs = move || drop(held.lock().map(|held| held.recv()));
        directory_checks.look(what, BRIEFLY, hangs).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_check_that_hangs_delays_no_other_and_few_hang_at_once() {
        let directory_checks = DirectoryChecks::default();
        let (release, held) = hanging();
        for _ in 0..2 * LOOKS {
            let error = hang(&directory_checks, "/mnt/x", &held).await;
            assert!(error.message.starts_with("/mnt/x did not answer"), "{error}");
        }
        assert_eq!(
            directory_checks.turns.available_permits(),
            LOOKS - AT_ONE,
            "no more than its own"
        );
        let found = directory_checks.look("/", LONG, || 7).await;
        assert_eq!(found.unwrap(), 7, "another directory is looked at");
        // They have hung for long.
        for began in &mut directory_checks.places.all().get_mut("/mnt/x").unwrap().under_way {
            *began = began.checked_sub(HANGS).unwrap();
        }
        let before = Instant::now();
        let error = directory_checks.look("/mnt/x", LONG, || ()).await.unwrap_err();
        assert!(error.message.starts_with("/mnt/x did not answer within 5 s"), "{error}");
        assert!(before.elapsed() < LONG / 2, "it is refused at once");
        drop(release);
        while !directory_checks.places.all().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(
            directory_checks.look("/mnt/x", LONG, || 7).await.unwrap(),
            7,
            "it answers again"
        );
    }

    #[tokio::test]
    async fn when_every_check_hangs_the_error_says_so_and_the_disk_is_still_checked() {
        let directory_checks = DirectoryChecks::default();
        let (_release, held) = hanging();
        for number in 0..LOOKS {
            hang(&directory_checks, &format!("/mnt/{number}"), &held).await;
        }
        assert_eq!(directory_checks.turns.available_permits(), 0, "no more threads than turns");
        let error = directory_checks.look("/", BRIEFLY, || ()).await.unwrap_err();
        assert!(error.message.starts_with("/ could not be looked at: too many"), "{error}");
        assert_eq!(directory_checks.check_separately("The disk", LONG, || 7).await.unwrap(), 7);
        assert_eq!(directory_checks.places.all().len(), LOOKS, "nothing is kept of what is over");
    }

    #[tokio::test]
    async fn comparisons_that_take_long_delay_no_look_at_their_directory() {
        let directory_checks = DirectoryChecks::default();
        let (_release, held) = hanging();
        for _ in 0..2 * COMPARISONS {
            let held = Arc::clone(&held);
            let hangs = move || drop(held.lock().map(|held| held.recv()));
            directory_checks.compare("/mnt/x", BRIEFLY, hangs).await.unwrap_err();
        }
        assert_eq!(directory_checks.look("/mnt/x", LONG, || 7).await.unwrap(), 7);
    }
}
