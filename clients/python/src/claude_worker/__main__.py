"""`python -m claude_worker` is the command line."""

import os
import sys

from ._address import program


def main() -> None:
    """Becomes the program `claude-worker`."""
    path = program()
    os.execv(path, [path, *sys.argv[1:]])


if __name__ == "__main__":
    main()
