"""Python's cyclic garbage collector while a great many short-lived objects are made.

It runs after every few hundred allocations and now and then walks everything that lives, hundreds of thousands of
objects of imported modules among them: an import of customers spent a third of its time so, and freed nothing that
counting references had not freed already.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_SECONDS = 2.0
_blocks = 0
_next = 0.0


def seldom() -> None:
    """For a process that makes and drops a great many objects all its life: what lives now is never looked at again,
    and what comes later far less often. A tenth of the CPU a message takes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@contextmanager
def by_hand() -> Iterator[None]:
    """Within the block garbage is collected only by `collect`, which must be called after every step; what lived
    before is not looked at. Blocks may overlap, in whatever order they end."""
    global _blocks  # noqa: PLW0603 - there is one collector a process
    if _blocks == 0:
        gc.disable()
        gc.freeze()
    _blocks += 1
    try:
        yield
    finally:
        _blocks -= 1
        if _blocks == 0:
            gc.unfreeze()
            gc.enable()


def collect() -> None:
    """Free what lies in cycles and came since the block began, at most every two seconds: some milliseconds."""
    global _next  # noqa: PLW0603
    if time.monotonic() >= _next:
        gc.collect()
        _next = time.monotonic() + EVERY_SECONDS
