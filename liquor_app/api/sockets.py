"""WebSockets that follow the database: the present state at once, then again after every hint.

Hints come from Redis and may be lost or doubled; what is sent is always read anew, so a client that missed one is
right again with the next. Who is connected is checked anew each time too: a revoked session closes its sockets.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel

from liquor_app.api.live.asyncapi import Heartbeat
from liquor_app.api.socket_bounds import SOCKET, TOO_LARGE, TOO_MUCH
from liquor_app.core.clock import now
from liquor_app.core.errors import AppError, Unauthenticated
from liquor_app.core.pubsub import TICKET_PREFIX, Message, hub
from liquor_app.core.security.own_origin import is_own_origin

log = logging.getLogger(__name__)

A = TypeVar("A")
CALM_SECONDS = 0.1
"""Hints that come within this of each other cause one message."""
CHECK_SECONDS = 5.0
"""How long a quiet socket goes on without asking whether its client may still listen."""
BEAT_SECONDS = 20.0
"""How long a socket that has nothing to say is silent: who hears nothing for three times as long connects anew."""
SEND_SECONDS = 20.0
"""How long one message may wait for whoever reads too slowly. Hints that come meanwhile are bounded and fall together:
what a slow reader is told next is the state of then."""
AUTH_SECONDS = 8.0
"""Less than the edge waits, so that whoever says nothing is told what to say."""
MAX_TOKEN = 4096
MAX_MESSAGE = 8 * 1024
"""Characters of anything a client says; it has no more to say than its token."""
MAX_OPEN = 2000
"""Sockets of one web process."""
CLOSE = 4000
"""Close codes are 4000 + the HTTP status that fits: 4401 nobody known, 4403 not allowed, 4404 no such thing, 4422 an
address that makes no sense."""

_open: set[WebSocket] = set()

Authenticate = Callable[[str | None], Awaitable[A]]
"""From a token, or from the connection's own cookie for None."""
Changes = Callable[[A], str]
"""Where news of this client's access are heard."""
Read = Callable[[A, Sequence[Message]], Awaitable[Sequence[BaseModel]]]
"""What to send now: after the given hints, or at the start (none)."""


def same_site(websocket: WebSocket) -> bool:
    """Tell whether a browser's page of our own opened the socket (cookies travel with strangers' pages too)."""
    return is_own_origin(websocket.headers.get("origin"), websocket.headers.get("host"))


def _in_handshake(websocket: WebSocket) -> str | None:
    """What came with the handshake: a token or a key in a header, or a ticket in the address, where nothing else is
    taken: addresses stand in logs."""
    header = websocket.headers.get("authorization", "")
    bearer = header[7:].strip() if header.lower().startswith("bearer ") else ""
    ticket = websocket.query_params.get("ticket", "")
    if "token" in websocket.query_params or (ticket and not ticket.startswith(TICKET_PREFIX)):
        raise Unauthenticated("Tokens and keys do not go into addresses: send a header, or ask for a ticket.")
    given = websocket.headers.get("x-api-key") or bearer or ticket
    return given[:MAX_TOKEN] or None


async def _token(websocket: WebSocket, has_cookie: bool) -> str | None:
    """Return what came with the handshake, else None for the cookie, else the token in the first message."""
    if given := _in_handshake(websocket):
        return given
    if has_cookie and same_site(websocket):
        return None
    try:
        said = await asyncio.wait_for(websocket.receive_text(), AUTH_SECONDS)
        first = json.loads(said) if len(said) <= MAX_MESSAGE else None
    except (TimeoutError, ValueError, KeyError, RecursionError) as error:
        raise Unauthenticated('Send {"type": "auth", "token": "…"} first.') from error
    token = first.get("token") if isinstance(first, dict) and first.get("type") == "auth" else None
    if not isinstance(token, str) or not 1 <= len(token) <= MAX_TOKEN:
        raise Unauthenticated('Send {"type": "auth", "token": "…"} first.')
    return token


async def _listen(websocket: WebSocket) -> bool:
    """Read and drop what the client says; ends when it leaves (False), or says too much (True)."""
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        if len(message.get("text") or message.get("bytes") or "") > MAX_MESSAGE:
            return True
    return False


async def serve(
    websocket: WebSocket,
    topics: Callable[[], Sequence[str]],
    authenticate: Authenticate[A],
    read: Read[A],
    *,
    changes: Changes[A],
    has_cookie: bool,
) -> None:
    """Run one socket until the client leaves or may no longer listen.

    Args:
        topics: names the hints that cause a new reading; asked once the client is known, it raises `Invalid` for an
            address that makes no sense, which closes the socket as any other refusal does: a browser is told no more of
            a refused handshake than that it failed.
        authenticate: raises an `AppError` if nobody is known or the client may not listen; asked before every message,
            every five seconds, and at once when its access changes.
        has_cookie: whether the connection came with a session cookie.
    """
    await websocket.accept()
    if len(_open) >= MAX_OPEN:
        await websocket.close(1013, "Too many live connections; try again in a minute.")
        return
    _open.add(websocket)
    try:
        token = await _token(websocket, has_cookie)
        known = changes(await authenticate(token))
        if SOCKET in websocket.scope:
            websocket.scope[SOCKET].admit()
        async with hub.subscribe(*topics(), known) as queue:
            await _send(websocket, await read(await authenticate(token), ()))
            said_at = time.monotonic()
            gone = asyncio.create_task(_listen(websocket))
            try:
                while not gone.done():
                    heard = await _wait(queue, gone)
                    actor = await authenticate(token)
                    hints = [hint for hint in heard if hint["topic"] != known]
                    told: Sequence[BaseModel] = await read(actor, hints) if hints else ()
                    if not told and time.monotonic() - said_at >= BEAT_SECONDS:
                        told = (Heartbeat(at=now()),)
                    if told:
                        await _send(websocket, told)
                        said_at = time.monotonic()
                if await gone:
                    await websocket.close(TOO_LARGE, "A client has no more to say than its token.")
            finally:
                gone.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await gone
    except AppError as error:
        with suppress(RuntimeError):
            await websocket.close(CLOSE + error.status, error.message[:120])
    except TimeoutError:
        with suppress(RuntimeError, TimeoutError):
            await asyncio.wait_for(websocket.close(TOO_MUCH, "What was sent was not read."), SEND_SECONDS)
    except WebSocketDisconnect:
        return
    except RuntimeError as error:  # the socket closed between two of our steps
        log.debug("socket ended: %s", error)
    finally:
        _open.discard(websocket)


async def _wait(queue: asyncio.Queue[Message], gone: asyncio.Task[bool]) -> list[Message]:
    """Return the next hints, a few at once; none if it is time to look whether the client may still listen."""
    waiting = asyncio.create_task(queue.get())
    try:
        await asyncio.wait({waiting, gone}, timeout=CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            return []
        hints = [waiting.result()]
    finally:
        waiting.cancel()
    await asyncio.sleep(CALM_SECONDS)
    while not queue.empty():
        hints.append(queue.get_nowait())
    return hints


async def _send(websocket: WebSocket, messages: Sequence[BaseModel]) -> None:
    """Send each; or raise TimeoutError: nobody reads."""
    for message in messages:
        await asyncio.wait_for(websocket.send_text(message.model_dump_json()), SEND_SECONDS)
