"""A worker on a system that takes no limits: it must not be used."""

from __future__ import annotations

import os
import resource

OPERATIONS = {"pid": lambda _: os.getpid()}


def warm() -> None:
    resource.setrlimit = lambda *_: None  # type: ignore[assignment]
    os.setuid = os.setgid = lambda _: None  # type: ignore[assignment]
