"""How a request is sent until it is answered: the same for both clients, without input or output.

Each call is a generator. It yields a step (`Request`, `Pause`, `StartEngine`), and the client that runs
it sends the step's outcome back, or throws `NotReachable` or `Broken` into it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from ._address import Address
from ._http import Response
from .errors import ApiError, Unavailable, api_error

T = TypeVar("T")

#: Every answer of an engine has it.
PROTOCOL_HEADER = "x-claude-worker-protocol"
#: How often an idempotent request is sent again, and how often an engine is started for one.
REPEATS = 5
#: How often a request is sent again to an engine that is stopping, which takes it some seconds.
REPEATS_WHILE_STOPPING = 50
#: How long a request is sent again while no engine answers, in seconds: an engine restarts within it.
PATIENCE = 2.0
#: How long following a task goes on while no engine answers, in seconds, once one has answered.
PATIENCE_WHILE_FOLLOWING = 20.0
#: How long a request may go on after the time for the whole call is over, in seconds, so that an answer
#: that is on its way still arrives.
GRACE = 1.0
#: How long a connection may take, in seconds.
CONNECT_WITHIN = 10.0
#: How long an engine may take to start, recovery included, in seconds.
START_WITHIN = 90.0
#: How long an answer may take besides the time for which the engine was asked to wait, in seconds.
QUICK, ENDS_RUNS = 30.0, 300.0


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
    #: Whether it belongs to a call that follows a task, and goes on longer while no engine answers.
    follows: bool = False
    #: When the whole call ends, as `time.monotonic()`.
    deadline: float = math.inf

    def bounded(self, seconds: float) -> float:
        """This long, but not longer than the call may take."""
        return min(seconds, max(self.deadline - time.monotonic(), 0.0) + GRACE)


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class StartEngine:
    """Start an engine in the background."""

    #: How long that may take, in seconds.
    within: float


class NotReachable(Exception):
    """Nothing listens there: nothing was sent."""


class Broken(Exception):
    """The connection broke: whether the request was carried out is unknown."""


class DeadlinePassed(Exception):
    """The time for the whole call was over before an answer came."""


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
            if session.starts and starts < REPEATS:
                if session.has_connected and session.address.was_stopped():
                    raise Unavailable(
                        "unavailable",
                        "The engine was stopped",
                        "Running tasks keep running, and queued tasks are kept: "
                        "`claude-worker server start` continues the queue",
                    ) from None
                starts += 1
                yield StartEngine(request.bounded(START_WITHIN))
                continue
            now = time.monotonic()
            if give_up_at is None:
                # An address at which no engine has ever answered is probably wrong.
                following = request.follows and session.has_connected
                give_up_at = now + (PATIENCE_WHILE_FOLLOWING if following else PATIENCE)
                give_up_at = min(give_up_at, request.deadline)
            if now < give_up_at:
                yield Pause(min(0.25, give_up_at - now))
                continue
            raise Unavailable(
                "unavailable",
                f"No engine answers at {session.address}: {error}",
                "Start one with `claude-worker server start`",
            ) from None
        except Broken as error:
            pause = 0.05 * 2 ** (broken + 1)
            if request.repeat and broken < REPEATS and time.monotonic() + pause < request.deadline:
                broken += 1
                yield Pause(pause)
                continue
            if time.monotonic() >= request.deadline:
                raise DeadlinePassed from None
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
        repeat = request.repeat and stopping < REPEATS_WHILE_STOPPING
        if isinstance(refusal, Unavailable) and repeat and time.monotonic() < request.deadline:
            stopping += 1
            yield Pause(0.1)
            continue
        raise refusal


def _refusal(response: Response) -> ApiError:
    try:
        raw = json.loads(response.body)
        return api_error(raw["code"], raw["message"], raw.get("hint", ""), response.status)
    except (ValueError, LookupError, TypeError, AttributeError):
        return ApiError("unknown", f"The engine answered with status {response.status}", "", response.status)


def send_for(session: Session, request: Request, read: Callable[[Any], T]) -> Call[T]:
    """Sends a request, and reads the JSON of its answer."""
    response = yield from send(session, request)
    try:
        return read(json.loads(response.body))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ApiError(
            "unknown",
            f"The answer to {request.verb} {request.path} cannot be read: {error!r}",
            "Check whether this package and the engine have the same version",
            response.status,
        ) from error


def refused_start(out: bytes, err: bytes) -> ApiError:
    """The error of a program that did not start an engine."""
    try:
        error = json.loads(out)["error"]
        return api_error(error["code"], error["message"], error.get("hint", ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        last = err.decode(errors="replace").strip() or "it says nothing"
        return api_error("unavailable", f"The engine cannot be started: {last}")
