"""The client for asynchronous programs."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from . import _address, _arguments, _asynchronous, _calls
from ._arguments import Duration, NewTask, TaskChanges, TaskOptions
from ._protocol import Call, Session
from .types import Event, LogItem, Task, TaskDetail

if sys.version_info >= (3, 11):
    from typing import Self, Unpack
elif TYPE_CHECKING:
    from typing_extensions import Self, Unpack

T = TypeVar("T")

_Tasks = list[Task]
_Items = list[LogItem]


class AsyncClient:
    """A client of one engine. Its methods are coroutines; tasks of one event loop can share it.

    Without arguments it uses the engine of this user, and starts one when none runs. The environment can
    name another: `CLAUDE_WORKER_SERVER_URL` with `CLAUDE_WORKER_TOKEN`, or `CLAUDE_WORKER_HOME`.

    Every method raises `ApiError` when the engine refuses the request or does not answer. Requests that may
    be repeated are sent again when the connection breaks or the engine restarts.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        home: str | os.PathLike[str] | None = None,
        start: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """
        :param url: another engine: `http://127.0.0.1:8000`, `https://HOST` or `unix:///path/to/engine.sock`
        :param token: the token for it
        :param home: the data directory of a local engine
        :param start: whether to start the local engine when none runs
        :param tls: which certificates are accepted for `https`
        """
        address = _address.find(url, token, home, tls)
        self._session = Session(address, starts=start and address.is_ours)

    async def _run(self, call: Call[T]) -> T:
        return await _asynchronous.run(self._session, call)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Does nothing: each call has a connection of its own. It is there for programs that expect it."""

    async def submit(self, prompt: str, **options: Unpack[TaskOptions]) -> Task:
        """Puts a task into the queue. When this returns, the task is on disk.

        :param prompt: what to do; for the agent `shell` a command
        :param working_directory: where the agent works; default: the current directory with an engine on
            this machine, over HTTP the directory that the server is configured with
        :param name: shown in lists; default: the first line of the prompt
        :param agent: `claude` (the default) or `shell`
        :param system_prompt: added to the system prompt of Claude Code
        :param model: the model, as Claude Code names it
        :param permission_mode: as in `claude --permission-mode`
        :param allowed_tools: tools that are allowed without asking, such as `Bash(git diff:*)`
        :param max_turns: after how many turns a run ends
        :param max_budget_usd: after which cost a run ends
        :param timeout: how long a run may take: seconds or a `timedelta`; 0 means no limit
        :param silence: how long the agent may print nothing; 0 means no limit
        :param env: environment variables of the task; no client gets them back
        :param idempotency_key: a second submission with the same key returns the first task
        :param extra: further fields of the request, for engines that are newer than this package
        """
        new = _arguments.new_task(self._session.address, prompt, **options)
        return await self._run(_calls.submit(self._session, new))

    async def submit_batch(self, tasks: Sequence[NewTask], *, idempotency_key: str | None = None) -> _Tasks:
        """Puts up to 1000 tasks into the queue, in this order: all of them or none, in one step.

        :param tasks: each a dictionary with a `prompt` and the options of `submit`
        :param idempotency_key: a second batch with the same key and tasks returns the first tasks
        """
        address = self._session.address
        new = [_arguments.new_task(address, **task) for task in tasks]
        return await self._run(_calls.submit_batch(self._session, new, idempotency_key))

    async def get(self, task_id: int) -> TaskDetail:
        """Everything stored about a task."""
        return await self._run(_calls.get(self._session, task_id))

    async def list(
        self,
        status: str | Sequence[str] | None = None,
        *,
        search: str | None = None,
        order: str | None = None,
        limit: int = 100,
    ) -> _Tasks:
        """Tasks, newest first.

        :param status: only these: `"running"` or `["failed", "cancelled"]`
        :param search: only tasks with this text in name, prompt or directory
        :param order: `newest_first`, `oldest_first`, `next_first` or `ended_last`
        :param limit: at most this many, up to 1000; `all` has no limit
        """
        query = _arguments.list_query(status, search, order, limit)
        page, _ = await self._run(_calls.tasks(self._session, query))
        return page

    async def all(
        self,
        status: str | Sequence[str] | None = None,
        *,
        search: str | None = None,
        order: str | None = None,
    ) -> AsyncIterator[Task]:
        """Every task, read page by page. The arguments are those of `list`."""
        query = _arguments.list_query(status, search, order, 500)
        while True:
            page, following = await self._run(_calls.tasks(self._session, query))
            for task in page:
                yield task
            if following is None:
                return
            query["cursor"] = following

    async def wait(self, task_id: int, timeout: Duration | None = None) -> TaskDetail:
        """Waits until a task has finished, however it ends.

        Raises `WaitTimeout` when it has not finished in time; the task keeps running. When no engine
        answers, it raises `Unavailable` after 20 seconds, or when the time is over.
        """
        limit = _arguments.seconds(timeout)
        return await self._run(_calls.wait(self._session, task_id, limit))

    async def result(self, task_id: int, timeout: Duration | None = None) -> str:
        """Waits for a task, and returns its final answer; for a shell task, the end of what
        it printed.

        Raises `TaskNotCompleted` when the task failed, was cancelled or was skipped, and `WaitTimeout`.
        """
        limit = _arguments.seconds(timeout)
        return await self._run(_calls.result(self._session, task_id, limit))

    async def follow(self, task_id: int) -> AsyncIterator[LogItem]:
        """What the agent does and says, from the beginning, until the task has finished."""
        follower = _calls.Follower(self._session, task_id)
        while not follower.ended:
            for item in await self._run(follower.next_items()):
                yield item

    async def log(self, task_id: int, *, run: str | None = None, last: int = 500) -> _Items:
        """The last items of a log, at most 2000; of the newest run unless `run` names another."""
        query = {"run": run, "tail": "true", "limit": last}
        page = await self._run(_calls.log_page(self._session, task_id, query, 0))
        return page.items

    async def output(self, task_id: int, *, run: str | None = None, stream: str = "stdout") -> bytes:
        """What a run has printed so far. A shell task prints everything to `stdout`."""
        return await self._run(_calls.output(self._session, task_id, run, stream))

    async def events(self, after: int | None = None, *, tasks: Sequence[int] = ()) -> AsyncIterator[Event]:
        """Every change from now on, or after the event of this number. It does not end.

        An event of the kind `gap` says that events before it are missing, because the engine no longer
        stores them: read the tasks again.
        """
        newest = after if after is not None else await self._run(_calls.newest_event(self._session))
        while True:
            found, newest = await self._run(_calls.events(self._session, newest, tasks))
            for event in found:
                yield event

    async def cancel(self, task_id: int) -> Task:
        """Asks a task to stop. It has stopped when `wait` returns."""
        return await self._run(_calls.cancel(self._session, task_id))

    async def retry(
        self,
        task_id: int,
        *,
        changes: TaskChanges | None = None,
        idempotency_key: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task:
        """Runs a finished task again from the beginning, in a new session.

        :param changes: what is changed in the task first, in the words of `submit`: `{"model": "opus"}`;
            tools and variables are added to those of the task
        :param idempotency_key: a second request with the same key does not run the task again
        :param extra: further fields of the request, for engines that are newer than this package
        """
        body = {**_arguments.changes(self._session.address, changes), **(extra or {})}
        call = _calls.run_again(self._session, task_id, "retry", body, idempotency_key)
        return await self._run(call)

    async def resume(
        self,
        task_id: int,
        prompt: str,
        *,
        changes: TaskChanges | None = None,
        idempotency_key: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task:
        """Continues a finished task in its session.

        :param prompt: the next message
        :param changes: what is changed in the task first, as for `retry`
        :param idempotency_key: a second request with the same key does not send the message again
        :param extra: further fields of the request, for engines that are newer than this package
        """
        body = {"prompt": prompt, **_arguments.changes(self._session.address, changes), **(extra or {})}
        call = _calls.run_again(self._session, task_id, "resume", body, idempotency_key)
        return await self._run(call)

    async def edit(
        self,
        task_id: int,
        changes: TaskChanges,
        *,
        idempotency_key: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task:
        """Changes a task that has not begun.

        :param changes: what is changed, in the words of `submit`: `{"prompt": "…", "timeout": 600}`; tools
            and variables are added to those of the task
        :param idempotency_key: a second request with the same key changes nothing more
        :param extra: further fields of the request, for engines that are newer than this package
        """
        body = {**_arguments.changes(self._session.address, changes), **(extra or {})}
        call = _calls.run_again(self._session, task_id, "edit", body, idempotency_key)
        return await self._run(call)

    async def remove(self, task_id: int) -> None:
        """Removes a task with all its output. A running one is stopped first."""
        await self._run(_calls.remove(self._session, task_id))

    async def pause(self) -> None:
        """Starts no further task until `unpause`. Running tasks continue."""
        await self._run(_calls.set_paused(self._session, True))

    async def unpause(self) -> None:
        """Starts tasks again."""
        await self._run(_calls.set_paused(self._session, False))

    async def engine(self) -> dict[str, Any]:
        """The engine: its version, process and queue."""
        return await self._run(_calls.engine(self._session))
