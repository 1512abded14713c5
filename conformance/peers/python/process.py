"""What a peer shares with the process around it: standard input and the number of open files."""
from __future__ import annotations

import os
import resource
from typing import Callable

CHUNK = 262144


def lift_file_limit() -> None:
    """Allow as many connections as the system lets this process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        pass  # the limit that stands has to do


def follow_stdin(loop, take: Callable[[bytes], None]) -> None:
    """Give `take` the octets of standard input as they come, and stop the loop when it ends."""

    def readable() -> None:
        try:
            chunk = os.read(0, CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        if chunk:
            take(chunk)
        else:
            loop.stop()

    def read_file() -> None:
        readable()
        loop.call_soon(read_file)

    try:
        loop.add_reader(0, readable)
    except PermissionError:  # a plain file: always readable, and no selector takes it
        loop.call_soon(read_file)
    except (OSError, ValueError):  # closed: it has ended
        loop.call_soon(loop.stop)
