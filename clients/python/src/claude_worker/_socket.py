"""The socket of a local engine."""

from __future__ import annotations

import os

from .errors import Forbidden


def check_owner(path: str) -> None:
    """Refuses the socket of another user: requests are private, and answers could be forged."""
    owner = os.stat(path).st_uid
    if owner not in (os.getuid(), 0):
        raise Forbidden(
            "forbidden",
            f"{path} belongs to another user (uid {owner}); nothing was sent",
            "Check CLAUDE_WORKER_SERVER_URL and CLAUDE_WORKER_HOME",
        )
