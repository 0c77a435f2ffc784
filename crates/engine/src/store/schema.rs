//! The database's shape, and how an older one becomes today's.
//!
//! `docs/database-schema.md` is made from the comments in the SQL: one above each table and each column,
//! and above an index that needs one. `schema_page.rs` has the rules.

use rusqlite::Connection;

/// Marks a database file as ours ("CWrk"), so that a foreign one is never written to.
pub(super) const APPLICATION_ID: i32 = 0x4357_726b;

/// One step per released shape, oldest first. A step is never changed once released, but for its
/// comments: a new shape is a new step at the end. `user_version` counts the steps done.
pub(super) const STEPS: &[&str] = &[
    // 1: the first shape.
    "
    -- One row per task: what lists show, and what the scheduler needs.
    CREATE TABLE task (
        -- Its number. A number is never used again.
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        -- The name of its state: waiting, pending, running, completed, failed, cancelled or skipped.
        status TEXT NOT NULL,
        -- Its state as JSON: the status with its data, such as why the task failed.
        state TEXT NOT NULL,
        -- The live run, while it runs.
        run_id TEXT,
        -- Its place in the queue: pending tasks start in this order.
        queue_position INTEGER NOT NULL,
        -- When it continues, while it waits.
        due_at INTEGER,
        -- When it finished.
        ended_at INTEGER,
        -- Its name.
        name TEXT NOT NULL,
        -- The agent that works on it: claude or shell.
        agent TEXT NOT NULL,
        -- The directory in which the agent works.
        working_directory TEXT NOT NULL,
        -- The model in the request, or the one that the agent reports.
        model TEXT,
        -- When it was submitted.
        created_at INTEGER NOT NULL,
        -- When the agent of its newest run was started.
        started_at INTEGER,
        -- How many runs it has had, including the current one.
        runs INTEGER NOT NULL DEFAULT 0,
        -- The agent's session, which resume continues.
        session_id TEXT,
        -- What the agent did last, in a few words.
        last_action TEXT,
        -- The beginning of the newest run's answer.
        final_summary TEXT,
        -- What all its runs used together, as JSON: cost_usd, turns, tokens.
        usage TEXT NOT NULL DEFAULT '{}',
        -- The key of its submission, after the submitter that chose it and a space: token_id, or 0 for the
        -- user's own programs, or import. A second submission with this key makes no second task.
        idempotency_key TEXT UNIQUE,
        -- The task from inside which it was submitted.
        parent_id INTEGER,
        -- How many tasks are above it.
        depth INTEGER NOT NULL DEFAULT 0,
        -- The program that submitted it, such as an MCP client.
        caller TEXT
    ) STRICT;
    -- For lists and counts of one status.
    CREATE INDEX task_by_status ON task (status, id);
    CREATE INDEX task_queue ON task (queue_position) WHERE status = 'pending';
    -- For tasks that wait for an instant.
    CREATE INDEX task_due ON task (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX task_ended ON task (ended_at) WHERE ended_at IS NOT NULL;
    -- Holds all that a search looks at, so that it reads a fraction of the rows.
    CREATE INDEX task_search ON task (id, status, name, working_directory);
    -- The unfinished ones only: that is what is counted.
    CREATE INDEX task_of_parent ON task (parent_id)
        WHERE parent_id IS NOT NULL AND ended_at IS NULL;
    CREATE INDEX task_of_caller ON task (caller) WHERE caller IS NOT NULL AND ended_at IS NULL;

    -- Finished tasks that no person has looked at. Kind 1: no action is needed,
    -- 2: failed, 3: completed with tools denied. Apart from the row, so that looking at all of
    -- them is quick.
    CREATE TABLE unseen (
        -- The task.
        task_id INTEGER PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
        -- 1, 2 or 3, as above.
        kind INTEGER NOT NULL
    ) STRICT;
    -- The tasks that need a person.
    CREATE INDEX unseen_needy ON unseen (task_id) WHERE kind > 1;

    -- What was submitted. Apart from the row, so that listing never reads prompts.
    CREATE TABLE request (
        -- The task.
        task_id INTEGER PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
        -- The request as JSON: the prompt, the limits, the allowed tools, the names of variables.
        request TEXT NOT NULL
    ) STRICT;

    -- One row per run of a task.
    CREATE TABLE run (
        -- Its id, which is also the name of its directory below runs/.
        id TEXT PRIMARY KEY,
        -- The task.
        task_id INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
        -- Its number within the task, counted from 1.
        number INTEGER NOT NULL,
        -- The message with which it continues a session (resume).
        follow_up TEXT,
        -- The machine's start in which it was launched.
        boot TEXT,
        -- When its agent was started.
        started_at INTEGER,
        -- When its process tree had ended.
        ended_at INTEGER,
        -- How it ended, as JSON: the verdict, with its reason.
        outcome TEXT,
        -- The agent's session.
        session_id TEXT,
        -- What the agent reported, as JSON. The cost is that of the session so far.
        usage TEXT NOT NULL DEFAULT '{}',
        -- The agent's final answer.
        result TEXT,
        -- The size of its output in its directory.
        output_bytes INTEGER NOT NULL DEFAULT 0,
        -- 1 when the output was deleted to free disk space.
        output_deleted INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX run_by_task ON run (task_id, number);
    -- The runs whose output can be deleted, oldest first.
    CREATE INDEX run_with_output ON run (ended_at)
        WHERE ended_at IS NOT NULL AND output_deleted = 0 AND output_bytes > 0;

    -- Lasting events (1) tell of tasks' states and are kept long; passing ones (0) tell what an
    -- agent does and are kept for minutes. Each class is numbered, so that its oldest are found
    -- without counting. The setting events_from is the first seq from which on no lasting event
    -- was deleted.
    CREATE TABLE event (
        -- Its number: clients ask for what is newer than the last one they know.
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        -- When it happened.
        at INTEGER NOT NULL,
        -- The task, if it is about one.
        task_id INTEGER,
        -- What happened, as JSON.
        kind TEXT NOT NULL,
        -- 1 for a lasting event, 0 for a passing one.
        lasting INTEGER NOT NULL,
        -- Its number among the events of its class.
        ordinal INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX event_by_class ON event (lasting, ordinal);

    -- What each run cost by itself. Apart from the runs, because money stays spent when a task is
    -- removed.
    CREATE TABLE spending (
        -- When the run ended.
        ended_at INTEGER NOT NULL,
        -- What the run added to the cost, in US dollars.
        usd REAL NOT NULL
    ) STRICT;
    CREATE INDEX spending_by_end ON spending (ended_at, usd);

    -- Run directories that are to be deleted: written with the row's deletion, cleared when the
    -- directory is gone, so that a crash between the two leaves nothing behind.
    CREATE TABLE garbage (
        -- The run's id.
        run_id TEXT PRIMARY KEY
    ) STRICT;

    -- What the engine remembers of itself. The settings of a person are in config.toml.
    CREATE TABLE setting (
        -- paused, runs_directory or events_from.
        key TEXT PRIMARY KEY,
        -- Its value as text.
        value TEXT NOT NULL
    ) STRICT;
    ",
    // 2: lists of what ended last, of some statuses too, without reading rows that are not shown.
    "
    DROP INDEX task_ended;
    -- For lists of what ended last.
    CREATE INDEX task_by_end ON task (ended_at, id, status) WHERE ended_at IS NOT NULL;
    ",
    // 3: lists of what begins next, page by page.
    "
    -- For lists of what starts next.
    CREATE INDEX task_in_queue ON task (queue_position, id)
        WHERE status IN ('pending', 'waiting');
    ",
    // 4: whether an agent asked for a task or for one of its runs. Then the settings of a directory
    // that the user has not trusted are not used. A caller is a program, and taken for an agent.
    "
    -- 1 when an agent asked for the task or for one of its runs.
    ALTER TABLE task ADD COLUMN agent_asked INTEGER NOT NULL DEFAULT 0;
    UPDATE task SET agent_asked = 1 WHERE parent_id IS NOT NULL OR caller IS NOT NULL;
    ",
    // 5: what the engine has filled in that a client had left to it, so that the same submission is
    // known again after a change of the defaults. Rows from before do not say.
    "
    -- What the engine filled in from the settings: permission_mode or nothing. NULL in older rows.
    ALTER TABLE request ADD COLUMN filled_in TEXT;
    ",
    // 6: what gives access over HTTP, and who submitted a task.
    "
    -- What gives access over HTTP: tokens for programs, and logins of browsers.
    CREATE TABLE token (
        -- Its number, which is never used again.
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        -- Its name.
        name TEXT NOT NULL UNIQUE,
        -- What it is: token or browser.
        kind TEXT NOT NULL,
        -- What it allows: read, submit or full.
        scope TEXT NOT NULL,
        -- The SHA-256 of its secret, which is not stored.
        digest BLOB NOT NULL UNIQUE,
        -- When it was created.
        created_at INTEGER NOT NULL,
        -- From when on it is refused, if it expires. A login expires 30 days after its last use.
        expires_at INTEGER,
        -- When it was last used, to the minute.
        last_used_at INTEGER,
        -- What the browser calls itself.
        user_agent TEXT
    ) STRICT;
    -- Who submitted it: local, owner, token:NAME or browser:NAME. NULL in rows from before this.
    ALTER TABLE task ADD COLUMN submitted_by TEXT;
    -- The number of the token that submitted it. Its name may have been given to another one since.
    ALTER TABLE task ADD COLUMN token_id INTEGER;
    -- The tasks of a submitter, in the order of lists.
    CREATE INDEX task_by_submitter ON task (submitted_by, id) WHERE submitted_by IS NOT NULL;
    ",
    // 7: since when a task could have been started, for the time that it waits in the queue; and the
    // trace in which it was submitted. Rows from before do not say.
    "
    -- Since when it could have been started.
    ALTER TABLE task ADD COLUMN queued_at INTEGER;
    -- The same, of this run.
    ALTER TABLE run ADD COLUMN queued_at INTEGER;
    -- The trace that its task was submitted in, as in the header traceparent.
    ALTER TABLE run ADD COLUMN traceparent TEXT;
    ",
    // 8: the idempotency keys of requests that are not single submissions.
    "
    -- The idempotency keys of batches, retries and resumes, kept for a day: such a request can be repeated
    -- after the engine was killed.
    CREATE TABLE request_key (
        -- Its number: a later key has a greater one.
        id INTEGER PRIMARY KEY,
        -- What was asked for: batch, retry or resume. Each has keys of its own.
        method TEXT NOT NULL,
        -- The key, after the submitter that chose it, as in task.idempotency_key.
        key TEXT NOT NULL,
        -- When it was used.
        used_at INTEGER NOT NULL,
        -- Equal for equal requests, such as the SHA-256 of a batch.
        fingerprint TEXT NOT NULL,
        -- The numbers of the tasks, as JSON.
        tasks TEXT NOT NULL,
        UNIQUE (method, key)
    ) STRICT;
    -- The oldest keys, which are deleted first.
    CREATE INDEX request_key_by_time ON request_key (used_at, id);
    ",
    // 9: keys belong to the submitter that chose them. First all are taken away, because one of another
    // submitter may look like a new one.
    "
    CREATE TEMP TABLE owned_key (task_id INTEGER PRIMARY KEY, key TEXT NOT NULL) STRICT;
    INSERT INTO owned_key
        SELECT id, CASE WHEN idempotency_key GLOB 'python-claude-worker-[0-9]*-[0-9]*'
            THEN 'import' ELSE coalesce(token_id, 0) END || ' ' || idempotency_key
        FROM task WHERE idempotency_key IS NOT NULL;
    UPDATE task SET idempotency_key = NULL WHERE idempotency_key IS NOT NULL;
    UPDATE task SET idempotency_key = owned_key.key FROM owned_key WHERE id = owned_key.task_id;
    DROP TABLE owned_key;
    DELETE FROM request_key;
    ",
    // 10: how the working directory was sent, so that the same submission is known again after a change of
    // http.base_directory; and batches have a fingerprint.
    "
    -- The working directory as it was sent, if that was not a whole path.
    ALTER TABLE request ADD COLUMN sent_directory TEXT;
    DELETE FROM request_key WHERE fingerprint = '';
    ",
    // 11: requests that were changed after the submission, which is still known by its key.
    "
    -- The request as it was submitted, if it was changed since.
    ALTER TABLE request ADD COLUMN first_request TEXT;
    ",
    // 12: the variables of the shell that submitted a task.
    "
    -- The name of the file in env/ with the variables of the shell that submitted it, or retried or resumed
    -- it last. Tasks share such files.
    ALTER TABLE request ADD COLUMN shell_env TEXT;
    -- Whether a file is still used.
    CREATE INDEX request_by_shell_env ON request (shell_env) WHERE shell_env IS NOT NULL;
    ",
    // 13: each row names the file with the variables that were given to its task, so that they change with the
    // transaction. The file of an earlier version is called by the number of the task.
    "
    -- The name of the file in env/ with the variables that were given to it. Tasks share such files.
    ALTER TABLE request ADD COLUMN given_env TEXT;
    UPDATE request SET given_env = task_id
        WHERE CASE WHEN json_valid(request) THEN json_type(request, '$.env') = 'object' ELSE 1 END;
    -- Whether a file is still used.
    CREATE INDEX request_by_given_env ON request (given_env) WHERE given_env IS NOT NULL;
    UPDATE request SET shell_env = 'shell-' || shell_env WHERE shell_env IS NOT NULL;
    ",
    // 14: the projects that tasks belong to. A task has a directory, and the directory a project, which is found
    // by a look at the disk: so a project that changes, changes for all its tasks.
    "
    -- The repositories, and the directories in none, that tasks work in.
    CREATE TABLE project (
        -- Its number, which is never used again.
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        -- Its directory.
        root TEXT NOT NULL UNIQUE,
        -- Its name: that of the directory, with some of those above it where the name was taken.
        name TEXT NOT NULL COLLATE NOCASE UNIQUE
    ) STRICT;
    -- The working directories that tasks have or had.
    CREATE TABLE directory (
        -- Its number.
        id INTEGER PRIMARY KEY,
        -- Its path, as the tasks have it.
        path TEXT NOT NULL UNIQUE,
        -- The project that it belongs to, once that is known.
        project_id INTEGER REFERENCES project (id),
        -- How many tasks work in it.
        tasks INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- The directories of a project.
    CREATE INDEX directory_of_project ON directory (project_id);
    -- The number of its working directory.
    ALTER TABLE task ADD COLUMN directory_id INTEGER;
    -- The number of the directory that the run's task worked in. NULL in older rows whose task is gone.
    ALTER TABLE spending ADD COLUMN directory_id INTEGER;
    INSERT INTO directory (path, tasks)
        SELECT working_directory, count(*) FROM task GROUP BY working_directory;
    UPDATE task SET directory_id = (SELECT id FROM directory WHERE path = working_directory);
    -- The end of a run tells which run a cost belongs to, unless runs in several directories ended at once.
    UPDATE spending SET directory_id = found.directory_id
    FROM (
        SELECT run.ended_at, min(task.directory_id) AS directory_id
        FROM run JOIN task ON task.id = run.task_id WHERE run.ended_at IS NOT NULL
        GROUP BY run.ended_at HAVING min(task.directory_id) = max(task.directory_id)
    ) AS found
    WHERE found.ended_at = spending.ended_at;
    -- The indexes that lists go through hold what a filter looks at, so that it reads no other rows.
    DROP INDEX task_search;
    -- Holds all that a search or a filter looks at, so that it reads a fraction of the rows.
    CREATE INDEX task_search
        ON task (id, status, name, working_directory, directory_id, agent, model, created_at);
    DROP INDEX task_by_end;
    -- For lists of what ended last.
    CREATE INDEX task_by_end ON task (ended_at, id, status, directory_id) WHERE ended_at IS NOT NULL;
    DROP INDEX task_in_queue;
    -- For lists of what starts next.
    CREATE INDEX task_in_queue ON task (queue_position, id, directory_id)
        WHERE status IN ('pending', 'waiting');
    DROP INDEX spending_by_end;
    -- For sums of a period.
    CREATE INDEX spending_by_end ON spending (ended_at, usd, directory_id);
    ",
    // 15: the figures of days: with what, how long and how a run worked. They are kept apart from the runs, as its
    // cost is. Of runs whose task is still there they are taken from it; a failure counts only where the task
    // ended with it, because others were met by a task that went on by itself or was run again.
    "
    -- The model that the run used, if it used one.
    ALTER TABLE spending ADD COLUMN model TEXT;
    -- Since when the run could have been started.
    ALTER TABLE spending ADD COLUMN queued_at INTEGER;
    -- When its agent was started.
    ALTER TABLE spending ADD COLUMN started_at INTEGER;
    -- How its task ended with it: completed, failed or cancelled. NULL when the task went on by itself.
    ALTER TABLE spending ADD COLUMN task_end TEXT;
    UPDATE spending SET model = found.model, queued_at = found.queued_at, started_at = found.started_at,
        task_end = found.task_end
    FROM (
        SELECT run.ended_at, run.queued_at, run.started_at, task.directory_id, task.model,
            CASE WHEN json_valid(outcome) AND (run.ended_at = task.ended_at
                OR json_extract(outcome, '$.verdict') IN ('completed', 'cancelled'))
            THEN json_extract(outcome, '$.verdict') END AS task_end
        FROM run JOIN task ON task.id = run.task_id WHERE run.ended_at IS NOT NULL
    ) AS found
    WHERE found.ended_at = spending.ended_at AND found.directory_id = spending.directory_id;
    DROP INDEX spending_by_end;
    -- For sums of a period. It holds all that is summed, so that they read no rows.
    CREATE INDEX spending_by_end
        ON spending (ended_at, usd, directory_id, model, queued_at, started_at, task_end);
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
