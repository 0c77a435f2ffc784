"""HTTP as bytes, without input or output: the same for both clients."""

from __future__ import annotations

import io
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from http.client import HTTPException, parse_headers

from ._address import Address

#: The longest head of an answer, and the longest line of a chunked body, in bytes.
_MAX_HEAD, _MAX_LINE = 1 << 18, 1 << 12


@dataclass(frozen=True)
class Response:
    """One answer."""

    status: int
    #: With names in lower case.
    headers: Mapping[str, str]
    body: bytes


#: Reads an answer: it yields when it needs bytes, and takes them; none are left after `b""`.
Receiver = Generator[None, bytes, Response]


def request(address: Address, verb: str, path: str, body: bytes | None) -> bytes:
    """A request over a connection of its own."""
    fields = {
        "Host": address.authority,
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Connection": "close",
    }
    if address.socket is None:
        fields["Authorization"] = f"Bearer {address.token}"
    if body is not None:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{verb} {path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + (body or b"")


def receive() -> Receiver:
    """Reads an answer. Raises `ValueError` or `EOFError` when it is damaged or ends too early."""
    stream = _Stream()
    while True:
        head = yield from stream.until(b"\r\n\r\n", _MAX_HEAD)
        first, _, fields = head.partition(b"\r\n")
        status = _status(first)
        if status >= 200:
            break
    try:
        parsed = parse_headers(io.BytesIO(fields + b"\r\n\r\n"))
    except HTTPException as error:
        raise ValueError(f"the head of the answer is damaged: {error}") from error
    headers = {name.lower(): value for name, value in parsed.items()}
    if status in (204, 304):
        body = b""
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = yield from _chunks(stream)
    elif "content-length" in headers:
        body = yield from stream.take(_number(headers["content-length"], 10))
    else:
        body = yield from stream.rest()
    return Response(status, headers, body)


def _status(line: bytes) -> int:
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise ValueError("the answer is not HTTP")
    return _number(rest[:3].decode("latin-1"), 10)


def _number(text: str, base: int) -> int:
    digits = text.strip()
    if not digits.isalnum():
        raise ValueError("a number of the answer's head is damaged")
    return int(digits, base)


def _chunks(stream: _Stream) -> Generator[None, bytes, bytes]:
    body: list[bytes] = []
    while True:
        line = yield from stream.until(b"\r\n", _MAX_LINE)
        size = _number(line.partition(b";")[0].decode("latin-1"), 16)
        if size == 0:
            return b"".join(body)
        body.append((yield from stream.take(size)))
        yield from stream.until(b"\r\n", 0)


class _Stream:
    """The bytes that have arrived and were not read yet."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def _more(self) -> Generator[None, bytes, bool]:
        arrived = yield
        self._bytes += arrived
        return bool(arrived)

    def until(self, end: bytes, longest: int) -> Generator[None, bytes, bytes]:
        """The bytes before `end`, which is taken too."""
        while (length := self._bytes.find(end)) < 0:
            if len(self._bytes) > longest + len(end):
                raise ValueError("a line of the answer is too long")
            if not (yield from self._more()):
                raise EOFError("the connection was closed")
        found = bytes(self._bytes[:length])
        del self._bytes[: length + len(end)]
        return found

    def take(self, size: int) -> Generator[None, bytes, bytes]:
        """This many bytes."""
        while len(self._bytes) < size:
            if not (yield from self._more()):
                raise EOFError("the connection was closed in the middle of the answer")
        found = bytes(self._bytes[:size])
        del self._bytes[:size]
        return found

    def rest(self) -> Generator[None, bytes, bytes]:
        """All bytes until the connection is closed."""
        while (yield from self._more()):
            pass
        return bytes(self._bytes)
