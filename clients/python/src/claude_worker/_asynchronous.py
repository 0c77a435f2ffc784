"""Sends requests with `asyncio`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TypeVar

from . import _address, _http
from ._http import Response
from ._protocol import (
    CONNECT_WITHIN,
    Broken,
    Call,
    NotReachable,
    Pause,
    Request,
    Session,
    StartEngine,
    refused_start,
)
from ._socket import check_owner
from .errors import api_error

T = TypeVar("T")


async def run(session: Session, call: Call[T]) -> T:
    """Runs a call to its end."""
    step = next(call)
    while True:
        try:
            try:
                outcome = await _do(session, step)
            except (NotReachable, Broken) as error:
                step = call.throw(error)
            else:
                step = call.send(outcome)
        except StopIteration as end:
            value: T = end.value
            return value


async def _do(session: Session, step: object) -> Response | None:
    if isinstance(step, Request):
        return await _exchange(session, step)
    if isinstance(step, Pause):
        await asyncio.sleep(step.seconds)
    elif isinstance(step, StartEngine):
        await _start_engine(session, step.within)
    return None


async def _connect(session: Session) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = session.address
    if address.socket is None:
        return await asyncio.open_connection(address.host, address.port, ssl=address.tls)
    check_owner(address.socket)
    return await asyncio.open_unix_connection(address.socket)


async def _exchange(session: Session, request: Request) -> Response:
    """Sends a request over a connection of its own, so that it survives the engine."""
    try:
        reader, writer = await asyncio.wait_for(_connect(session), request.bounded(CONNECT_WITHIN))
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        raise NotReachable(str(error) or "it takes too long") from error
    try:
        talk = _talk(session, request, reader, writer)
        return await asyncio.wait_for(talk, request.bounded(request.timeout))
    except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
        raise Broken(str(error) or "the answer takes too long") from error
    finally:
        writer.close()


async def _talk(
    session: Session, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Response:
    writer.write(_http.request(session.address, request.verb, request.path, request.body))
    await writer.drain()
    receiver = _http.receive()
    next(receiver)
    while True:
        try:
            receiver.send(await reader.read(1 << 16))
        except StopIteration as end:
            response: Response = end.value
            return response


async def _start_engine(session: Session, within: float) -> None:
    """Starts an engine in the background; returns when it answers."""
    try:
        child = await asyncio.create_subprocess_exec(
            _address.program(),
            *("--json", "list", "--limit", "1"),
            env=_address.environment(session.address),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise api_error("unavailable", f"The engine cannot be started: {error}") from error
    try:
        out, err = await asyncio.wait_for(child.communicate(), within)
    except asyncio.TimeoutError:
        message = f"The engine cannot be started: it has not answered within {within:.0f} s"
        raise api_error("unavailable", message) from None
    finally:
        # Also when the task that waits for this was cancelled.
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode != 0:
        raise refused_start(out, err)
