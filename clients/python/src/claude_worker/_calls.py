"""Every call of the clients: which requests it sends, and what it makes of the answers."""

from __future__ import annotations

import json
import math
import os
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ._protocol import ENDS_RUNS, QUICK, Call, DeadlinePassed, Request, Session, send, send_for
from .errors import Forbidden, NotFound, TaskNotCompleted, WaitTimeout
from .types import Event, LogItem, LogPage, Task, TaskDetail

#: How long the engine may wait for something new, in milliseconds.
LONG_POLL_MS = 30_000


def _path(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _post(path: str, body: Mapping[str, Any]) -> Request:
    return Request("POST", path, json.dumps(body).encode())


def _waits(path: str, query: Mapping[str, Any], wait_ms: int, deadline: float = math.inf) -> Request:
    path = _path(path, {**query, "wait_ms": wait_ms})
    return Request("GET", path, timeout=QUICK + wait_ms / 1000, follows=True, deadline=deadline)


def _key(given: str | None) -> str:
    """With a key, the engine recognises a request that is sent again."""
    return given if given is not None else uuid.uuid4().hex


def engine(session: Session) -> Call[dict[str, Any]]:
    return (yield from send_for(session, Request("GET", "/api/v1/engine"), dict))


def _surrounding_task(session: Session) -> Call[int | None]:
    """The task inside which this process runs, if the engine has it: its limits apply then."""
    run, task = os.environ.get("CLAUDE_WORKER_RUN"), os.environ.get("CLAUDE_WORKER_TASK")
    if not run or not task or not task.isdigit():
        return None
    runs = (yield from engine(session)).get("runs_directory", "")
    return int(task) if runs and os.path.isdir(os.path.join(runs, os.path.basename(run))) else None


def submit(session: Session, new: dict[str, Any]) -> Call[Task]:
    if "parent" not in new and (parent := (yield from _surrounding_task(session))) is not None:
        new["parent"] = parent
    body = {**new, "idempotency_key": _key(new.get("idempotency_key"))}
    return (yield from send_for(session, _post("/api/v1/tasks", body), Task._of))


def submit_batch(session: Session, new: Sequence[dict[str, Any]], key: str | None) -> Call[list[Task]]:
    parent = yield from _surrounding_task(session)
    if parent is not None:
        new = [{"parent": parent, **task} for task in new]
    request = _post("/api/v1/tasks/batch", {"tasks": new, "idempotency_key": _key(key)})
    return (yield from send_for(session, request, lambda raw: [Task._of(task) for task in raw["tasks"]]))


def get(
    session: Session, task_id: int, follows: bool = False, deadline: float = math.inf
) -> Call[TaskDetail]:
    request = Request("GET", f"/api/v1/tasks/{int(task_id)}", follows=follows, deadline=deadline)
    return (yield from send_for(session, request, TaskDetail._of))


def tasks(session: Session, query: Mapping[str, Any]) -> Call[tuple[list[Task], str | None]]:
    """A page of tasks, and the cursor of the next page."""

    def read(raw: Any) -> tuple[list[Task], str | None]:
        return [Task._of(task) for task in raw["tasks"]], raw.get("next")

    return (yield from send_for(session, Request("GET", _path("/api/v1/tasks", query)), read))


def cancel(session: Session, task_id: int) -> Call[Task]:
    request = _post(f"/api/v1/tasks/{int(task_id)}/cancel", {})
    return (yield from send_for(session, request, Task._of))


def run_again(
    session: Session, task_id: int, action: str, body: Mapping[str, Any], key: str | None
) -> Call[Task]:
    """`retry`, `resume` and `edit`. Inside a task only what it delegated may run again."""
    body = {**body, "idempotency_key": _key(key)}
    around = yield from _surrounding_task(session)
    if around is not None:
        above = (yield from get(session, task_id)).raw.get("parent")
        while above != around:
            if above is None:
                raise Forbidden(
                    "forbidden",
                    f"Task {around} may not run task {task_id} again: it did not delegate it",
                    "Submit a new task, or ask a person to run that one again",
                )
            try:
                above = (yield from get(session, above)).raw.get("parent")
            except NotFound:
                above = None
        body["asked_by"] = {"parent": around}
    request = _post(f"/api/v1/tasks/{int(task_id)}/{action}", body)
    return (yield from send_for(session, request, Task._of))


def remove(session: Session, task_id: int) -> Call[None]:
    path = f"/api/v1/tasks/{int(task_id)}"
    yield from send(session, Request("DELETE", path, timeout=ENDS_RUNS, repeat=False))


def set_paused(session: Session, paused: bool) -> Call[None]:
    body = json.dumps({"paused": paused}).encode()
    yield from send(session, Request("PUT", "/api/v1/queue", body))


def newest_event(session: Session, deadline: float = math.inf) -> Call[int]:
    request = Request("GET", "/api/v1/events", follows=True, deadline=deadline)
    return (yield from send_for(session, request, lambda raw: int(raw["next"])))


def events(
    session: Session,
    after: int,
    task_ids: Iterable[int] = (),
    lasting: bool = False,
    wait_ms: int = LONG_POLL_MS,
    deadline: float = math.inf,
) -> Call[tuple[list[Event], int]]:
    """The events after a point, and the next point; waits for one."""
    chosen = ",".join(str(int(task)) for task in task_ids) or None
    query = {"after": after, "tasks": chosen, "lasting": "true" if lasting else None}

    def read(raw: Any) -> tuple[list[Event], int]:
        found = [Event._of(event) for event in raw["events"]]
        following = int(raw["next"])
        if raw.get("gap"):
            found.insert(0, Event._gap(found[0].seq if found else following))
        return found, following

    request = _waits("/api/v1/events", query, wait_ms, deadline)
    return (yield from send_for(session, request, read))


def wait(session: Session, task_id: int, timeout: float | None) -> Call[TaskDetail]:
    """Waits for the end of a task, without asking again and again."""
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    try:
        # In this order, so that no change falls between the two.
        after = yield from newest_event(session, deadline)
        while True:
            detail = yield from get(session, task_id, follows=True, deadline=deadline)
            if detail.is_finished:
                return detail
            left = deadline - time.monotonic()
            if left <= 0:
                break
            wait_ms = math.ceil(min(left * 1000, LONG_POLL_MS))
            _, after = yield from events(session, after, [task_id], True, wait_ms, deadline)
    except DeadlinePassed:
        pass
    raise WaitTimeout(task_id, timeout or 0.0)


def result(session: Session, task_id: int, timeout: float | None) -> Call[str]:
    """Waits for the end of a task; its answer, or for a shell task the end of what it printed."""
    detail = yield from wait(session, task_id, timeout)
    if detail.status != "completed":
        raise TaskNotCompleted(detail)
    return detail.result or ""


def log_page(session: Session, task_id: int, query: Mapping[str, Any], wait_ms: int) -> Call[LogPage]:
    request = _waits(f"/api/v1/tasks/{int(task_id)}/log", query, wait_ms)
    return (yield from send_for(session, request, LogPage._of))


@dataclass
class Follower:
    """Reads the log of a task, run after run, to the end of the task."""

    session: Session
    task_id: int
    run: str | None = None
    after: int = 0
    #: Whether the log of this run was read to its end.
    run_ended: bool = False
    ended: bool = False

    def next_items(self) -> Call[list[LogItem]]:
        """More items; an empty list when nothing new came for a while."""
        if self.run_ended:
            yield from self._next_run()
            return []
        if self.run is None:
            event = yield from newest_event(self.session)
            page = yield from log_page(self.session, self.task_id, {}, 0)
            if page.run is None:
                yield from self._until_something_happens(event)
                return []
            self.run = page.run
        query = {"run": self.run, "after": self.after}
        page = yield from log_page(self.session, self.task_id, query, LONG_POLL_MS)
        self.after = page.next
        # The next run is looked for in the next call: that may take long, or fail.
        self.run_ended = page.end
        return page.items

    def _next_run(self) -> Call[None]:
        event = yield from newest_event(self.session)
        detail = yield from get(self.session, self.task_id, follows=True)
        runs = [run.id for run in detail.run_history]
        following = runs[runs.index(self.run) + 1 :] if self.run in runs else runs[-1:]
        if following:
            self.run, self.after, self.run_ended = following[0], 0, False
        elif detail.is_finished:
            self.ended = True
        else:
            # It waits, for a usage limit for example, and another run will continue.
            yield from self._until_something_happens(event)

    def _until_something_happens(self, event: int) -> Call[None]:
        detail = yield from get(self.session, self.task_id, follows=True)
        if detail.is_finished:
            self.ended = True
            return
        yield from events(self.session, event, [self.task_id], True)


def output(session: Session, task_id: int, run: str | None, stream: str) -> Call[bytes]:
    """What a run has printed so far, as bytes."""
    chunks: list[bytes] = []
    offset = 0
    while True:
        query = {"run": run, "stream": stream, "offset": offset, "limit": 1 << 20}
        path = _path(f"/api/v1/tasks/{int(task_id)}/output", query)
        response = yield from send(session, Request("GET", path))
        chunks.append(response.body)
        following = response.headers.get("x-claude-worker-next", "")
        offset = int(following) if following.isdigit() else offset + len(response.body)
        if not response.body:
            return b"".join(chunks)
