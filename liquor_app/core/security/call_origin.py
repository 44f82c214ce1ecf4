"""Where the work in hand comes from, for the audit log: set once at each edge, read wherever something is recorded.

HTTP requests and sockets set it in `api.body_limits`, events of a page in `screens.session`, jobs in `core.queue`, the
clock in `worker.cron`, commands in `cli`. The address is the one `api.client_address` believes, never a header's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallOrigin:
    """Where something was done from.

    Attributes:
        ip: the address a person or program called from; None where nobody did.
        via: the request's id, the page's event, "job <id>", "command line", "clock", "sender"; empty if not known.
    """

    ip: str | None = None
    via: str = ""


COMMAND_LINE = CallOrigin(via="command line")
CLOCK = CallOrigin(via="clock")
SENDER = CallOrigin(via="sender")

UNKNOWN = CallOrigin()

call_origin: ContextVar[CallOrigin] = ContextVar("call_origin", default=UNKNOWN)


@contextmanager
def called_from(origin: CallOrigin) -> Iterator[None]:
    """Tell what is done within the block, and in the tasks it starts, comes from there."""
    token = call_origin.set(origin)
    try:
        yield
    finally:
        call_origin.reset(token)
