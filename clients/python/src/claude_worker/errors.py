"""What can go wrong, as exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import TaskDetail


class ClaudeWorkerError(Exception):
    """The base of every exception of this package."""


class ApiError(ClaudeWorkerError):
    """The engine refused a request, or no engine answered.

    Codes are stable: programs compare `code`, people read `message` and `hint`.
    """

    def __init__(self, code: str, message: str, hint: str = "", status: int | None = None) -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        #: The stable code, such as `not_found`.
        self.code = code
        #: One sentence: what happened.
        self.message = message
        #: One sentence: what to do next. May be empty.
        self.hint = hint
        #: The HTTP status; None when no engine answered.
        self.status = status


class InvalidRequest(ApiError):
    """The request is wrong: an empty prompt, a missing directory, a value out of range."""


class NotFound(ApiError):
    """There is no such task, run or output."""


class Conflict(ApiError):
    """The state of the task does not allow this, such as `retry` while it runs."""


class QueueFull(ApiError):
    """The queue holds as many tasks as the configuration allows."""


class DiskFull(ApiError):
    """The disk is too full for a new task. Nothing was lost."""


class Forbidden(ApiError):
    """The token is missing, wrong or may not do this; or the data belong to another user."""


class Unavailable(ApiError):
    """No engine answers, or it is stopping."""


class TaskNotCompleted(ClaudeWorkerError):
    """The task has ended without a result: it failed, was cancelled or was skipped."""

    def __init__(self, task: TaskDetail) -> None:
        super().__init__(f"Task {task.id} {task.status}: {task.reason}".rstrip(": "))
        #: The task, with its failure and its runs.
        self.task = task


class WaitTimeout(ClaudeWorkerError, TimeoutError):
    """The task had not finished when the time was over. It keeps running."""

    def __init__(self, task_id: int, seconds: float) -> None:
        super().__init__(f"Task {task_id} has not finished within {seconds:g} s. It keeps running")
        #: The task's number.
        self.task_id = task_id


_BY_CODE: dict[str, type[ApiError]] = {
    "invalid_request": InvalidRequest,
    "not_found": NotFound,
    "conflict": Conflict,
    "queue_full": QueueFull,
    "disk_full": DiskFull,
    "forbidden": Forbidden,
    "unavailable": Unavailable,
}


def api_error(code: str, message: str, hint: str = "", status: int | None = None) -> ApiError:
    """The exception for a code. One that this version does not know is an `ApiError`."""
    return _BY_CODE.get(code, ApiError)(code, message, hint, status)
