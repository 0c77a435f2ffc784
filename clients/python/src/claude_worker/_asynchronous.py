"""Sends requests with `asyncio`. An answer is read by hand: the standard library has no client."""

from __future__ import annotations

import asyncio
import ssl
from typing import TypeVar

from . import _address
from ._blocking import CONNECT_WITHIN, START_WITHIN, check_owner, headers, refused_start, tls_context
from ._protocol import Broken, Call, NotReachable, Pause, Request, Response, Session, StartEngine
from .errors import api_error

T = TypeVar("T")

#: The longest line of an answer's head, in bytes.
_MAX_LINE = 1 << 16


async def run(session: Session, call: Call[T], tls: ssl.SSLContext | None) -> T:
    """Runs a call to its end."""
    step = next(call)
    while True:
        try:
            try:
                outcome = await _do(session, step, tls)
            except (NotReachable, Broken) as error:
                step = call.throw(error)
            else:
                step = call.send(outcome)
        except StopIteration as end:
            value: T = end.value
            return value


async def _do(session: Session, step: object, tls: ssl.SSLContext | None) -> Response | None:
    if isinstance(step, Request):
        return await _exchange(session, step, tls)
    if isinstance(step, Pause):
        await asyncio.sleep(step.seconds)
    elif isinstance(step, StartEngine):
        await _start_engine(session)
    return None


async def _connect(
    session: Session, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = session.address
    if address.socket is not None:
        check_owner(address.socket)
        return await asyncio.open_unix_connection(address.socket, limit=_MAX_LINE)
    context = tls_context(tls) if address.tls else None
    return await asyncio.open_connection(address.host, address.port, ssl=context, limit=_MAX_LINE)


async def _exchange(session: Session, request: Request, tls: ssl.SSLContext | None) -> Response:
    try:
        reader, writer = await asyncio.wait_for(_connect(session, tls), CONNECT_WITHIN)
    except (OSError, asyncio.TimeoutError) as error:
        raise NotReachable(str(error) or "it takes too long") from error
    try:
        return await asyncio.wait_for(_talk(session, request, reader, writer), request.timeout)
    except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
        raise Broken(str(error) or type(error).__name__) from error
    finally:
        writer.close()


async def _talk(
    session: Session, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Response:
    address = session.address
    authority = "localhost"
    if address.socket is None:
        name = f"[{address.host}]" if ":" in address.host else address.host
        standard = address.port == (443 if address.tls else 80)
        authority = name if standard else f"{name}:{address.port}"
    body = request.body or b""
    fields = {"Host": authority, **headers(session)}
    if request.body is not None:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"{request.verb} {request.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
    await writer.drain()
    status = int((await _line(reader)).split(" ", 2)[1])
    answered: dict[str, str] = {}
    while True:
        line = await _line(reader)
        if not line:
            break
        name, _, value = line.partition(":")
        answered[name.strip().lower()] = value.strip()
    return Response(status, answered, await _body(reader, status, answered))


async def _line(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n"))[:-2].decode("latin-1")


async def _body(reader: asyncio.StreamReader, status: int, answered: dict[str, str]) -> bytes:
    if status in (204, 304):
        return b""
    if answered.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size = int((await _line(reader)).split(";", 1)[0], 16)
            if size == 0:
                return body
            body += await reader.readexactly(size)
            await reader.readexactly(2)
    if "content-length" in answered:
        return await reader.readexactly(int(answered["content-length"]))
    return await reader.read()


async def _start_engine(session: Session) -> None:
    try:
        child = await asyncio.create_subprocess_exec(
            _address.program(),
            *("--json", "list", "--limit", "1"),
            env=_address.environment(session.address),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(child.communicate(), START_WITHIN)
    except (OSError, asyncio.TimeoutError) as error:
        raise api_error("unavailable", f"The engine cannot be started: {error}") from error
    if child.returncode != 0:
        raise refused_start(out, err)
