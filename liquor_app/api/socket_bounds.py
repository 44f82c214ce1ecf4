"""What one WebSocket may say, how fast, and how long it may stand there without having joined anything.

A stranger needs no account to open one: strangers' sockets are counted by where they come from, and the one that has
been silent longest makes room when all seats are taken.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from liquor_app.api.client_address import source_of, source_site
from liquor_app.core.admission import Crowd
from liquor_app.core.security.redact import describe

log = logging.getLogger(__name__)

MAX_MESSAGE = 1024 * 1024
STRANGERS_MESSAGE = 16 * 1024
"""Bytes of one message on a socket."""
STRANGERS_MESSAGES = 2000
"""Messages of one stranger's socket: an answer to every ping for half a day, then it connects anew."""
JOIN_SECONDS = 10.0
"""Within which a socket has joined the app's events, or said whose it is."""
LINE_SECONDS = 10.0
"""Between two lines in the log about sockets that failed."""
SOCKET = "liquor.socket"
"""In a WebSocket's scope: its `Socket`."""
KNOWN = "liquor.known"
"""In a WebSocket's scope: whether somebody signed in opened it."""
EVENTS = "/_event"
"""Where Reflex's own sockets are opened."""

PACKETS = "0123456b"
"""How a message on them begins (Engine.IO 4)."""
TOO_MUCH, NOT_UNDERSTOOD, TOO_LARGE, NO_ROOM = 1008, 1007, 1009, 1013
"""Close codes (RFC 6455 §7.4.1)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Messages a second, and how many at once after a while of silence."""

    a_second: float
    at_once: int


STRANGERS_PACE = Pace(20, 60)
PEOPLES_PACE = Pace(100, 500)
"""A page sends one for each thing somebody does; a burst when it is opened."""


class Socket:
    """One WebSocket while it is open."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, is_known: bool) -> None:
        self.source = source_site(source_of(scope))
        self._receive, self._send, self._is_known = receive, send, is_known
        self._is_event = scope["path"].startswith(EVENTS)
        self._crowd = EVENT_STRANGERS if self._is_event else API_STRANGERS
        self._limit = MAX_MESSAGE if is_known else STRANGERS_MESSAGE
        self._pace = PEOPLES_PACE if is_known else STRANGERS_PACE
        self._left, self._in_all = float(self._pace.at_once), 0
        self._opened = self._heard = time.monotonic()
        self._has_joined = False
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def enter(self) -> bool:
        """Take a stranger's seat; False if its source has all it may have of the app's own sockets. Of the API's the
        one makes room that has been silent longest: a neighbour who holds them all must not keep out who says at once
        whose it is."""
        if self._is_known:
            return True
        if self._is_event and self._crowd.has_all_of(self.source):
            return False
        self._crowd.enter(self)
        return True

    def leave(self) -> None:
        self._crowd.leave(self)

    def claim(self) -> float:
        return self._heard

    def make_room(self) -> None:
        self.end(NO_ROOM)

    def join(self) -> None:
        """It has joined the app's events: it may be silent from now on."""
        self._has_joined = True

    def admit(self) -> None:
        """It has said whose it is: it takes no stranger's seat any more."""
        self._has_joined = True
        self.leave()

    def end(self, code: int) -> None:
        """Close it, at the next look at what comes in."""
        if not self._end.done():
            self._end.set_result(code)

    async def receive(self) -> Message:
        """Return the next message; a disconnect, once it is closed for what it said or did not say."""
        part = asyncio.ensure_future(self._receive())
        waiting: set[asyncio.Future[Any]] = {part, self._end}
        try:
            while not part.done() and not self._end.done():
                left = None if self._has_joined else self._opened + JOIN_SECONDS - time.monotonic()
                if left is not None and left <= 0:
                    self.end(TOO_MUCH)
                await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not self._end.done() and self._is_allowed(message := part.result()):
                return message
        finally:
            part.cancel()
        code = self._end.result()
        await self._send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    def _is_allowed(self, message: Message) -> bool:
        """Tell whether a message is no larger, and comes no faster, than it may; else the socket ends."""
        if message["type"] != "websocket.receive":
            return True
        moment = time.monotonic()
        self._left = min(self._left + (moment - self._heard) * self._pace.a_second, self._pace.at_once) - 1
        self._heard, self._in_all = moment, self._in_all + 1
        if len(message.get("bytes") or message.get("text") or "") > self._limit:
            self.end(TOO_LARGE)
        elif self._left < 0 or (not self._is_known and self._in_all > STRANGERS_MESSAGES):
            self.end(TOO_MUCH)
        elif self._is_event and (message.get("text") or PACKETS)[0] not in PACKETS:
            self.end(NOT_UNDERSTOOD)
        return not self._end.done()


EVENT_STRANGERS: Crowd[Socket] = Crowd(of_one=100, in_all=1000)
"""The app's own sockets, of nobody signed in."""
API_STRANGERS: Crowd[Socket] = Crowd(of_one=100, in_all=1000)
"""Sockets of the API that have not yet said whose they are."""


class FailureLog:
    """Sockets that failed, one line now and then: whoever makes them fail must not write the log."""

    def __init__(self) -> None:
        self._next, self._passed_over = 0.0, 0

    def tell(self, error: BaseException) -> None:
        """One line of what failed, and where; no traceback."""
        moment = time.monotonic()
        if moment < self._next:
            self._passed_over += 1
            return
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        place = f"{last.tb_frame.f_code.co_name}:{last.tb_lineno}" if last is not None else "nowhere"
        log.warning("a socket was closed: %s in %s (%d more before)", describe(error), place, self._passed_over)
        self._next, self._passed_over = moment + LINE_SECONDS, 0


failures = FailureLog()
