"""What runs inside: imports one module, gives up every right, proves that it has, then answers.

Run as `python -I child.py ROOT MODULE`, with pipes as descriptors 0 and 1 and, for a file to be read, 2. Nothing of the
application is imported here but the named module: its `OPERATIONS` are all that can be asked for.

Raises nothing: a worker that cannot give its rights up ends with status 3 before it has read a byte.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

MEMORY = 512 * 1024**2
"""Bytes of address space; what needs more is no message and no customer file."""
CPU_SECONDS = 900
"""In its whole life: two hundred questions, or the longest file. A single question is cut off by whoever asked it."""
MOST_BYTES = 8 * 1024**2
"""Of one question or answer."""
USER = 65_531
"""Nobody's number, not even `nobody`'s, who runs the embedded database."""
STANDS_BACK = 10
"""By how much everybody else comes first (nice(2))."""
REFUSED = 3
"""Exit status of a worker that could still open something."""

inside = False
"""Whether this process is one."""


def stand_back(by: int = STANDS_BACK) -> None:
    """Let everybody else have the processor first: whoever signs in does not wait for a file that is taken apart.

    A session of its own is, on Linux, a group of its own (sched(7), autogroup), and niceness counts within a group
    only: so the group stands back, too.
    """
    with suppress(OSError):
        os.nice(by)
    with suppress(OSError):
        group = os.open("/proc/self/autogroup", os.O_WRONLY)
        try:
            os.write(group, str(by).encode())
        finally:
            os.close(group)


def give_up_rights(keep: int) -> None:
    """Keep descriptors 0 to `keep` − 1 and the memory; give up everything else, for good."""
    os.closerange(keep, 65_536)
    if os.geteuid() == 0:
        with suppress(OSError):  # a container may know few users; the limits below hold for root's children too
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)
    limits = {"RLIMIT_NOFILE": keep, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0, "RLIMIT_NPROC": 0, "RLIMIT_CPU": CPU_SECONDS}
    if sys.platform == "linux":  # elsewhere libraries are mapped far beyond what is used
        limits["RLIMIT_AS"] = MEMORY
        _no_new_privileges()
    for name, value in limits.items():
        with suppress(ValueError, OSError):  # a system that does not know one of them; what counts is proved below
            resource.setrlimit(getattr(resource, name), (value, value))


def _no_new_privileges() -> None:
    PR_SET_NO_NEW_PRIVS = 38  # noqa: N806 - the kernel's name
    ctypes.CDLL(None)["prctl"](PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def can_open_nothing() -> bool:
    """Tell whether files and sockets are out of reach, by trying."""
    attempts: tuple[Callable[[], int], ...] = (
        lambda: os.open(__file__, os.O_RDONLY),
        lambda: socket.socket().detach(),
        lambda: os.pipe()[0],
    )
    for attempt in attempts:
        try:
            os.close(attempt())
        except OSError:
            continue
        return False
    return True


def _read(length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        piece = os.read(0, length - len(parts))
        if not piece:
            os._exit(0)  # whoever asked has gone
        parts += piece
    return bytes(parts)


def write(payload: bytes) -> None:
    """One length and what it counts, to whoever asked."""
    whole = memoryview(len(payload).to_bytes(4, "big") + payload)
    while whole:
        whole = whole[os.write(1, whole) :]


def _answer(operations: dict[str, Callable[[Any], Any]], question: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": operations[question["operation"]](question["argument"])}
    except (MemoryError, RecursionError):
        return {"overrun": "memory"}
    except Exception as error:
        # the kind of error only: its words may hold what is being read
        return {"broken": type(error).__name__}


def _serve(operations: dict[str, Callable[[Any], Any]]) -> None:
    while True:
        length = int.from_bytes(_read(4), "big")
        if length > MOST_BYTES:
            os._exit(1)
        question = json.loads(_read(length))
        if question.get("rows"):
            _stream(operations[question["operation"]](question["argument"]))
            continue
        answer = json.dumps(_answer(operations, question)).encode()
        if len(answer) > MOST_BYTES:
            answer = json.dumps({"overrun": "answer"}).encode()
        write(answer)


def _stream(lines: Iterator[Any]) -> None:
    """Each line as it comes, then an end; the pipe's own length is what keeps it from running ahead."""
    try:
        for line in lines:
            write(json.dumps({"line": line}).encode())
        write(b'{"end": true}')
    except (MemoryError, RecursionError):
        write(b'{"overrun": "memory"}')
    except Exception as error:
        write(json.dumps({"broken": type(error).__name__}).encode())


def main() -> None:
    """Never returns."""
    global inside  # noqa: PLW0603 - said once, before the module that asks is imported
    stand_back()
    root, module = sys.argv[1:3]
    sys.path.insert(0, root)
    sys.modules["liquor_app.core.sandbox.jail"] = sys.modules["__main__"]
    inside = True
    sys.stderr = None  # its descriptor may be the file that is read
    target = importlib.import_module(module)
    if (warm := getattr(target, "warm", None)) is not None:
        warm()  # what is imported at first use has to be imported now
    give_up_rights(3)
    if not can_open_nothing():
        os._exit(REFUSED)
    write(b'{"ready": true}')
    _serve(target.OPERATIONS)


if __name__ == "__main__":
    main()
