//! The database's shape, and how an older one becomes today's.

use rusqlite::Connection;

/// Marks a database file as ours ("CWrk"), so that a foreign one is never written to.
pub(super) const APPLICATION_ID: i32 = 0x4357_726b;

/// One step per released shape, oldest first. A step is never changed once released: a new shape
/// is a new step at the end. `user_version` counts the steps done.
const STEPS: &[&str] = &[
    // 1: the first shape.
    "
    CREATE TABLE task (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        status TEXT NOT NULL,
        state TEXT NOT NULL,
        run_id TEXT,
        queue_position INTEGER NOT NULL,
        due_at INTEGER,
        ended_at INTEGER,
        name TEXT NOT NULL,
        agent TEXT NOT NULL,
        working_directory TEXT NOT NULL,
        model TEXT,
        created_at INTEGER NOT NULL,
        started_at INTEGER,
        runs INTEGER NOT NULL DEFAULT 0,
        session_id TEXT,
        last_action TEXT,
        final_summary TEXT,
        usage TEXT NOT NULL DEFAULT '{}',
        idempotency_key TEXT UNIQUE,
        -- From inside which task it was submitted, how many tasks are above it, and by whom.
        parent_id INTEGER,
        depth INTEGER NOT NULL DEFAULT 0,
        caller TEXT
    ) STRICT;
    CREATE INDEX task_by_status ON task (status, id);
    CREATE INDEX task_queue ON task (queue_position) WHERE status = 'pending';
    CREATE INDEX task_due ON task (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX task_ended ON task (ended_at) WHERE ended_at IS NOT NULL;
    -- Holds all that a search looks at, so that it reads a fraction of the rows.
    CREATE INDEX task_search ON task (id, status, name, working_directory);
    -- The unfinished ones only: that is what is counted.
    CREATE INDEX task_of_parent ON task (parent_id)
        WHERE parent_id IS NOT NULL AND ended_at IS NULL;
    CREATE INDEX task_of_caller ON task (caller) WHERE caller IS NOT NULL AND ended_at IS NULL;

    -- Finished tasks that nobody has looked at since. Kind 1: with nothing to do about it,
    -- 2: failed, 3: completed with tools denied. Apart from the row, so that looking at all of
    -- them is quick.
    CREATE TABLE unseen (
        task_id INTEGER PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
        kind INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX unseen_needy ON unseen (task_id) WHERE kind > 1;

    -- Apart from the row, so that listing never reads prompts.
    CREATE TABLE request (
        task_id INTEGER PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
        request TEXT NOT NULL
    ) STRICT;

    CREATE TABLE run (
        id TEXT PRIMARY KEY,
        task_id INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        follow_up TEXT,
        -- The machine's start in which it was launched.
        boot TEXT,
        started_at INTEGER,
        ended_at INTEGER,
        outcome TEXT,
        session_id TEXT,
        usage TEXT NOT NULL DEFAULT '{}',
        result TEXT,
        output_bytes INTEGER NOT NULL DEFAULT 0,
        output_deleted INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX run_by_task ON run (task_id, number);
    CREATE INDEX run_with_output ON run (ended_at)
        WHERE ended_at IS NOT NULL AND output_deleted = 0 AND output_bytes > 0;

    -- Lasting events (1) tell of tasks' states and are kept long; passing ones (0) tell what an
    -- agent does and are kept for minutes. Each class is numbered, so that its oldest are found
    -- without counting. The setting events_from is the first seq from which on no lasting event
    -- was deleted.
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        task_id INTEGER,
        kind TEXT NOT NULL,
        lasting INTEGER NOT NULL,
        ordinal INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX event_by_class ON event (lasting, ordinal);

    -- What each run cost by itself. Apart from the runs, because money stays spent when a task is
    -- removed.
    CREATE TABLE spending (ended_at INTEGER NOT NULL, usd REAL NOT NULL) STRICT;
    CREATE INDEX spending_by_end ON spending (ended_at, usd);

    -- Run directories that are to be deleted: written with the row's deletion, cleared when the
    -- directory is gone, so that a crash between the two leaves nothing behind.
    CREATE TABLE garbage (run_id TEXT PRIMARY KEY) STRICT;

    CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    ",
    // 2: lists of what ended last, of some statuses too, without reading rows that are not shown.
    "
    DROP INDEX task_ended;
    CREATE INDEX task_by_end ON task (ended_at, id, status) WHERE ended_at IS NOT NULL;
    ",
    // 3: lists of what begins next, page by page.
    "
    CREATE INDEX task_in_queue ON task (queue_position, id)
        WHERE status IN ('pending', 'waiting');
    ",
    // 4: whether an agent asked for a task or for one of its runs. Then the settings of a directory
    // that the user has not trusted are not used. A caller is a program, and taken for an agent.
    "
    ALTER TABLE task ADD COLUMN agent_asked INTEGER NOT NULL DEFAULT 0;
    UPDATE task SET agent_asked = 1 WHERE parent_id IS NOT NULL OR caller IS NOT NULL;
    ",
    // 5: what the engine has filled in that a client had left to it, so that the same submission is
    // known again after a change of the defaults. Rows from before do not say.
    "
    ALTER TABLE request ADD COLUMN filled_in TEXT;
    ",
];

/// The shape this build writes.
pub(super) const VERSION: usize = STEPS.len();

/// Brings a database from `version` to [`VERSION`], each step in its own transaction.
pub(super) fn migrate(connection: &mut Connection, version: usize) -> rusqlite::Result<()> {
    for (done, step) in STEPS.iter().enumerate().skip(version) {
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", (done + 1) as i64)?;
        transaction.commit()?;
    }
    Ok(())
}
