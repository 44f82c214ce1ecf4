"""A parser that has been taken over: what it would try, inside the sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

if os.environ.get("LIQUOR_NEVER"):  # imported by name in a worker, whose environment is empty
    raise RuntimeError


def _refused(work: Callable[[], Any]) -> str:
    try:
        return f"done: {work()!r}"
    except (OSError, ValueError, RuntimeError) as error:
        return f"refused: {type(error).__name__}"


def _open(path: str) -> str:
    return _refused(lambda: open(path, "rb").read(20))


def _write(path: str) -> str:
    return _refused(lambda: open(path, "wb").write(b"x"))


def _connect(port: int) -> str:
    return _refused(lambda: socket.create_connection(("127.0.0.1", port), 2))


def _resolve(name: str) -> str:
    return _refused(lambda: socket.getaddrinfo(name, 80))


def _fork(_: None) -> str:
    return _refused(os.fork)


def _run(_: None) -> str:
    return _refused(lambda: subprocess.run(["/bin/true"], check=True))


def _raise_limits(_: None) -> str:
    import resource

    return _refused(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))


def _kill_parent(_: None) -> str:
    return _refused(lambda: os.kill(os.getppid(), 0))


def _facts(_: None) -> dict[str, Any]:
    return {"environment": dict(os.environ), "uid": os.geteuid(), "pid": os.getpid(), "held": _held()}


def _held() -> list[int]:
    held = []
    for number in range(64):
        try:
            os.fstat(number)
        except OSError:
            continue
        held.append(number)
    return held


def _swell(_: None) -> int:
    return len([bytearray(1 << 24) for _ in range(1000)])


def _spin(_: None) -> None:
    while True:
        pass


def _shout(_: None) -> str:
    return "x" * (9 * 1024**2)


def _die(_: None) -> None:
    os._exit(0)


def _dig(_: None) -> None:
    _dig(None)


def _fail(words: str) -> None:
    raise KeyError(words)


def _endless(_: None) -> Iterator[int]:
    yield 1
    while True:
        pass


def _many(_: None) -> Iterator[str]:
    while True:
        yield "x" * 10_000


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    name.removeprefix("_"): work
    for name, work in list(globals().items())
    if name.startswith("_") and not name.startswith(("__", "_refused", "_held"))
}
