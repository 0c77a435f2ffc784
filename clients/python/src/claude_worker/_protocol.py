"""What is sent and how answers are read: the same for both clients, without input or output.

Each call is a generator. It yields a step (`Request`, `Pause`, `StartEngine`), and the client that runs
it sends the step's outcome back, or throws `NotReachable` or `Broken` into it.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from ._address import Address
from .errors import ApiError, Forbidden, NotFound, TaskNotCompleted, Unavailable, WaitTimeout, api_error
from .types import Event, LogItem, LogPage, Task, TaskDetail

T = TypeVar("T")

#: Every answer of an engine has it.
PROTOCOL_HEADER = "x-claude-worker-protocol"
#: How often an idempotent request is sent again, and how often an engine is started for one.
REPEATS = 5
#: How often a request is sent again to an engine that is stopping, which takes it some seconds.
REPEATS_WHILE_STOPPING = 50
#: How long following a task goes on while no engine answers, in seconds.
PATIENCE = 20.0
#: How long an answer may take besides the time for which the engine was asked to wait, in seconds.
QUICK, ENDS_RUNS = 30.0, 300.0
#: How long the engine may wait for something new, in milliseconds.
LONG_POLL_MS = 30_000


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    verb: str
    path: str
    body: bytes | None = None
    #: How long the answer may take, in seconds.
    timeout: float = QUICK
    #: Whether it may be sent again when its answer was lost.
    repeat: bool = True
    #: How long to try again while no engine answers, in seconds.
    patience: float = 0.0


@dataclass(frozen=True)
class Response:
    """One answer."""

    status: int
    #: With names in lower case.
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class StartEngine:
    """Start an engine in the background."""


class NotReachable(Exception):
    """Nothing listens there: nothing was sent."""


class Broken(Exception):
    """The connection broke: whether the request was carried out is unknown."""


Step = Request | Pause | StartEngine
Call = Generator[Step, Any, T]


@dataclass
class Session:
    """What a client knows between its calls."""

    address: Address
    #: Whether it may start an engine.
    starts: bool
    #: Whether an engine has answered. Then it does not start one that a person has stopped.
    has_connected: bool = False


def send(session: Session, request: Request) -> Call[Response]:
    """Sends a request until it is answered."""
    starts = broken = stopping = 0
    give_up_at: float | None = None
    while True:
        try:
            response: Response = yield request
            if response.status in (502, 503, 504) and PROTOCOL_HEADER not in response.headers:
                raise Broken(f"a proxy answered with status {response.status}")
        except NotReachable as error:
            now = time.monotonic()
            give_up_at = give_up_at or now + request.patience
            if session.starts and starts < REPEATS:
                if session.has_connected and session.address.was_stopped():
                    raise Unavailable(
                        "unavailable",
                        "The engine was stopped",
                        "Running tasks keep running, and queued tasks are kept: "
                        "`claude-worker server start` continues the queue",
                    ) from None
                starts += 1
                yield StartEngine()
                continue
            if now < give_up_at:
                yield Pause(0.5)
                continue
            raise Unavailable(
                "unavailable",
                f"No engine answers at {session.address}: {error}",
                "Start one with `claude-worker server start`",
            ) from None
        except Broken as error:
            if request.repeat and broken < REPEATS:
                broken += 1
                yield Pause(0.05 * 2**broken)
                continue
            raise Unavailable(
                "unavailable",
                f"The connection broke before the answer: {error}",
                "Check with `claude-worker list` whether the request was carried out, then try again",
            ) from None
        if PROTOCOL_HEADER not in response.headers:
            raise Unavailable(
                "unavailable",
                f"The server at {session.address} is not Claude Worker",
                "Check CLAUDE_WORKER_SERVER_URL",
                response.status,
            )
        session.has_connected = True
        if 200 <= response.status < 300:
            return response
        refusal = _refusal(response)
        if isinstance(refusal, Unavailable) and request.repeat and stopping < REPEATS_WHILE_STOPPING:
            stopping += 1
            yield Pause(0.1)
            continue
        raise refusal


def _refusal(response: Response) -> ApiError:
    try:
        raw = json.loads(response.body)
        return api_error(raw["code"], raw["message"], raw.get("hint", ""), response.status)
    except (ValueError, KeyError, TypeError):
        return ApiError("unknown", f"The engine answered with status {response.status}", "", response.status)


def _json(session: Session, request: Request) -> Call[Any]:
    response = yield from send(session, request)
    return json.loads(response.body) if response.body else None


def _path(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _post(path: str, body: Mapping[str, Any], **more: Any) -> Request:
    return Request("POST", path, json.dumps(body).encode(), **more)


def _waits(path: str, query: Mapping[str, Any], wait_ms: int) -> Request:
    return Request(
        "GET",
        _path(path, {**query, "wait_ms": wait_ms}),
        timeout=QUICK + wait_ms / 1000,
        patience=PATIENCE,
    )


def engine(session: Session) -> Call[dict[str, Any]]:
    answer = yield from _json(session, Request("GET", "/api/v1/engine"))
    return dict(answer)


def _surrounding_task(session: Session) -> Call[int | None]:
    """The task inside which this process runs, if the engine has it: its limits apply then."""
    run, task = os.environ.get("CLAUDE_WORKER_RUN"), os.environ.get("CLAUDE_WORKER_TASK")
    if not run or not task or not task.isdigit():
        return None
    runs = (yield from engine(session)).get("runs_directory", "")
    return int(task) if runs and os.path.isdir(os.path.join(runs, os.path.basename(run))) else None


def submit(session: Session, new: dict[str, Any]) -> Call[Task]:
    if new.get("parent") is None:
        new["parent"] = yield from _surrounding_task(session)
    body = {name: value for name, value in new.items() if value is not None}
    # With a key, the engine recognises a request that is sent again.
    body.setdefault("idempotency_key", uuid.uuid4().hex)
    return Task._of((yield from _json(session, _post("/api/v1/tasks", body))))


def get(session: Session, task_id: int, patience: float = 0.0) -> Call[TaskDetail]:
    request = Request("GET", f"/api/v1/tasks/{int(task_id)}", patience=patience)
    return TaskDetail._of((yield from _json(session, request)))


def tasks(session: Session, query: Mapping[str, Any]) -> Call[tuple[list[Task], str | None]]:
    """A page of tasks, and the cursor of the next page."""
    raw = yield from _json(session, Request("GET", _path("/api/v1/tasks", query)))
    return [Task._of(task) for task in raw["tasks"]], raw.get("next")


def cancel(session: Session, task_id: int) -> Call[Task]:
    request = _post(f"/api/v1/tasks/{int(task_id)}/cancel", {})
    return Task._of((yield from _json(session, request)))


def run_again(session: Session, task_id: int, action: str, body: dict[str, Any]) -> Call[Task]:
    """`retry` and `resume`. Inside a task only what it delegated may run again."""
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
    request = _post(f"/api/v1/tasks/{int(task_id)}/{action}", body, repeat=False)
    return Task._of((yield from _json(session, request)))


def remove(session: Session, task_id: int) -> Call[None]:
    path = f"/api/v1/tasks/{int(task_id)}"
    yield from send(session, Request("DELETE", path, timeout=ENDS_RUNS, repeat=False))


def set_paused(session: Session, paused: bool) -> Call[None]:
    body = json.dumps({"paused": paused}).encode()
    yield from send(session, Request("PUT", "/api/v1/queue", body))


def newest_event(session: Session) -> Call[int]:
    raw = yield from _json(session, Request("GET", "/api/v1/events", patience=PATIENCE))
    return int(raw["next"])


def events(
    session: Session,
    after: int,
    task_ids: Iterable[int] = (),
    lasting: bool = False,
    wait_ms: int = LONG_POLL_MS,
) -> Call[tuple[list[Event], int]]:
    """The events after a point, and the next point; waits for one."""
    chosen = ",".join(str(int(task)) for task in task_ids) or None
    query = {"after": after, "tasks": chosen, "lasting": "true" if lasting else None}
    raw = yield from _json(session, _waits("/api/v1/events", query, wait_ms))
    return [Event._of(event) for event in raw["events"]], int(raw["next"])


def wait(session: Session, task_id: int, timeout: float | None) -> Call[TaskDetail]:
    """Waits for the end of a task, without asking again and again."""
    deadline = None if timeout is None else time.monotonic() + timeout
    # In this order, so that no change falls between the two.
    after = yield from newest_event(session)
    while True:
        detail = yield from get(session, task_id, PATIENCE)
        if detail.is_finished:
            return detail
        wait_ms = LONG_POLL_MS
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise WaitTimeout(task_id, timeout or 0.0)
            wait_ms = min(wait_ms, int(left * 1000) + 1)
        _, after = yield from events(session, after, [task_id], True, wait_ms)


def result(session: Session, task_id: int, timeout: float | None) -> Call[str]:
    """Waits for the end of a task; its answer, or for a shell task the end of what it printed."""
    detail = yield from wait(session, task_id, timeout)
    if detail.status != "completed":
        raise TaskNotCompleted(detail)
    return detail.result or ""


def log_page(session: Session, task_id: int, query: Mapping[str, Any], wait_ms: int) -> Call[LogPage]:
    request = _waits(f"/api/v1/tasks/{int(task_id)}/log", query, wait_ms)
    return LogPage._of((yield from _json(session, request)))


@dataclass
class Follower:
    """Reads the log of a task, run after run, to the end of the task."""

    session: Session
    task_id: int
    run: str | None = None
    after: int = 0
    ended: bool = False

    def next_items(self) -> Call[list[LogItem]]:
        """More items; an empty list when nothing new came for a while."""
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
        if page.end:
            yield from self._next_run()
        return page.items

    def _next_run(self) -> Call[None]:
        event = yield from newest_event(self.session)
        detail = yield from get(self.session, self.task_id, PATIENCE)
        runs = [run.id for run in detail.run_history]
        following = runs[runs.index(self.run) + 1 :] if self.run in runs else runs[-1:]
        if following:
            self.run, self.after = following[0], 0
        elif detail.is_finished:
            self.ended = True
        else:
            # It waits, for a usage limit for example, and another run will continue.
            yield from self._until_something_happens(event)

    def _until_something_happens(self, event: int) -> Call[None]:
        detail = yield from get(self.session, self.task_id, PATIENCE)
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
        offset = int(response.headers.get("x-claude-worker-next", offset))
        if not response.body:
            return b"".join(chunks)
