"""The event socket's gate: what comes in is looked at before a state is loaded, a handler found or a line logged.

Any program can open the socket and call any handler with anything. So before sign-in only what the entry page itself
sends is taken, and little of it; and from everybody, arguments are of the kind their handler names, of a size a page
could have sent, and no deeper than a form.
"""

from __future__ import annotations

import logging
import re
import types
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import parse_qs

import reflex as rx
from reflex.app import EventNamespace
from reflex.istate.manager.redis import StateManagerRedis
from reflex.state import OnLoadInternalState, State, StateUpdate
from reflex.utils import format as naming
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext
from socketio import AsyncServer
from socketio.exceptions import ConnectionRefusedError as Refused

from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit
from liquor_app.api.socket_bounds import KNOWN, NOT_UNDERSTOOD, SOCKET, failures
from liquor_app.core.config import get_settings
from liquor_app.core.errors import TooMany, Unavailable
from liquor_app.screens.session.tab_store import NOBODYS_SECONDS, TabStates, admit_nobody
from liquor_app.ui.toast import toast_failed

log = logging.getLogger(__name__)

TAB = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""A tab's token, which becomes part of keys."""
STRANGERS_EVENTS = 50
"""Events of one socket of nobody: the entry page sends one each time it is opened."""
STRANGERS_HEADERS = 8 * 1024
TABS_OF_ONE = 200
"""Tabs of nobody that one address opens in `NOBODYS_SECONDS`: so that it does not take the room of all others."""
ROUTE_FIELDS = ("pathname", "asPath", "query")
LARGEST_WHOLE = 2**53
"""JavaScript's own limit to whole numbers."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an event may hold: text in characters, values of any kind, lists in lists."""

    text: int
    values: int
    depth: int


OF_STRANGERS = Bounds(text=4_000, values=300, depth=3)
OF_PEOPLE = Bounds(text=400_000, values=20_000, depth=12)
"""A template's source has up to 100,000 characters, twice in a form; a segment's rules nest five levels deep."""
OF_ROUTES = Bounds(text=8_000, values=100, depth=3)
"""An address that leads nowhere comes as a list of its parts, within the query."""


def entry_events() -> frozenset[str]:
    """Tell what the entry page sends: it asks for its state and for what its address loads."""
    handlers = State.event_handlers
    return frozenset(
        naming.format_event_handler(handler)
        for handler in (
            handlers["hydrate"],
            handlers["hydrate_and_load"],
            OnLoadInternalState.event_handlers["on_load_internal"],
        )
    )


def is_within(value: Any, bounds: Bounds) -> bool:
    """Tell whether a value as JSON brings it is no longer, larger or deeper than that."""
    text, values, layer = bounds.text, bounds.values, [value]
    for _ in range(bounds.depth + 1):
        deeper: list[Any] = []
        values -= len(layer)
        for one in layer:
            if isinstance(one, str):
                text -= len(one)
            elif isinstance(one, Mapping):
                text -= sum(len(str(key)) for key in one)
                deeper.extend(one.values())
            elif isinstance(one, list | tuple):
                deeper.extend(one)
            elif isinstance(one, int | float) and not abs(one) <= LARGEST_WHOLE:  # nor what is no number
                return False
            if text < 0 or len(deeper) > values:
                return False
        if not deeper:
            return True
        layer = deeper
    return False


def fits(value: Any, hint: Any) -> bool:
    """Tell whether a value as JSON brings it is what a handler's annotation names."""
    if hint is Any or hint is Parameter.empty:
        return True
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin is list or hint is list:
        return isinstance(value, list) and all(fits(one, inner[0] if inner else Any) for one in value)
    if origin is dict or hint is dict:
        of = inner[1] if inner else Any
        return isinstance(value, dict) and all(isinstance(key, str) and fits(one, of) for key, one in value.items())
    if hint is None or hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return hint in (str, bool) and isinstance(value, hint)


def are_arguments(handler: Any, payload: Mapping[str, Any]) -> bool:
    """Tell whether a handler can be called with these."""
    hints = handler._type_hints or {}
    taken = dict(list(signature(handler.fn).parameters.items())[1:])
    if any(name not in taken for name in payload):
        return False
    if any(one.default is Parameter.empty and name not in payload for name, one in taken.items()):
        return False
    return all(fits(value, hints.get(name, Any)) for name, value in payload.items())


GALLERY = ".liquor_app___screens___gallery___"
"""What the names of the gallery's states have in common, as Reflex makes them of their module."""


def _is_gallerys(name: str) -> bool:
    """Tell whether this is an event of the design system's pages, which are nobody's and hold nothing."""
    return get_settings().gallery and GALLERY in name


class Gate(EventNamespace):
    """Reflex's own event socket behind the gate."""

    def __init__(self, namespace: str, app: rx.App) -> None:
        super().__init__(namespace, app)
        self._strangers: Counter[str] = Counter()
        self._entry = entry_events()

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        tab = "".join(parse_qs(environ.get("QUERY_STRING", "")).get("token", [])[:1])
        if not TAB.fullmatch(tab):
            raise Refused("no tab")
        scope = environ.get("asgi.scope", {})
        if not scope.get(KNOWN, False):
            await self._admit_stranger(sid, tab, scope)
        try:
            await super().on_connect(sid, environ, auth)  # hands the event that comes with it to `on_event`
        except BaseException:
            self._strangers.pop(sid, None)
            raise
        if SOCKET in scope:
            scope[SOCKET].join()

    async def _admit_stranger(self, sid: str, tab: str, scope: Mapping[str, Any]) -> None:
        if sum(len(name) + len(value) for name, value in scope.get("headers", ())) > STRANGERS_HEADERS:
            raise Refused("too much")
        try:
            source = source_group(source_of(scope))
            await limit("tabs-of-nobody", source, allowed=TABS_OF_ONE, seconds=NOBODYS_SECONDS)
        except TooMany as error:
            raise Refused("too many") from error
        store = self.app.state_manager
        if isinstance(store, TabStates) and not await admit_nobody(store.redis, tab):
            raise Refused("too many")
        self._strangers[sid] = STRANGERS_EVENTS

    def on_disconnect(self, sid: str) -> Any:
        self._strangers.pop(sid, None)
        return super().on_disconnect(sid)

    async def on_client_error(self, sid: str, data: Any = None) -> None:
        if sid not in self._strangers and is_within(data, OF_ROUTES):
            await super().on_client_error(sid, data)

    async def on_event(self, sid: str, data: Any) -> None:
        if sid in self._strangers:
            self._strangers[sid] -= 1
            event = self._checked(data, OF_STRANGERS) if self._strangers[sid] >= 0 else None
            if event is not None and (event["name"] in self._entry or _is_gallerys(event["name"])):
                await super().on_event(sid, event)
            return
        event = self._checked(data, OF_PEOPLE)
        if event is not None:
            await super().on_event(sid, event)
            return
        log.info("an event was refused at the gate")
        told = toast_failed("This was not taken", "It is larger than a page sends, or not what was asked for.")
        update = StateUpdate(events=Event.from_event_type(told))
        await self.emit(str(rx.constants.SocketEvent.EVENT), update, to=sid)

    def _checked(self, data: Any, bounds: Bounds) -> dict[str, Any] | None:
        """Return the event with nothing in it that was not asked for; None if it is none of ours."""
        if not isinstance(data, dict) or not isinstance(name := data.get("name"), str):
            return None
        payload, route = data.get("payload") or {}, data.get("router_data") or {}
        found = RegistrationContext.get().event_handlers.get(name)
        if found is None or name.endswith(".setvar") or not isinstance(payload, dict) or not isinstance(route, dict):
            return None
        if name.startswith("reflex___") and payload.get("vars"):  # what browsers keep of states: of ours, nothing
            return None
        route = {field: route[field] for field in ROUTE_FIELDS if field in route}
        is_route = fits(route.get("query", {}), dict[str, Any]) and all(
            isinstance(route.get(field, ""), str) for field in ("pathname", "asPath")
        )
        if not is_route or not is_within(route, OF_ROUTES) or not is_within(payload, bounds):
            return None
        if not are_arguments(found.handler, payload):
            return None
        return {"name": name, "payload": payload, "router_data": route}


def _close_on_failure(sio: AsyncServer) -> None:
    """End a socket at the first packet that cannot be read or handled. The server would write a traceback for each,
    and read on."""
    handle = sio.eio.handlers["message"]

    async def handled(eio_sid: str, data: Any) -> None:
        try:
            await handle(eio_sid, data)
        except Exception as error:
            failures.tell(error)
            if isinstance(error, Unavailable):
                return  # what is away is ours, and nothing the other end said
            socket = sio.environ.get(eio_sid, {}).get("asgi.scope", {}).get(SOCKET)
            if socket is None:
                await sio.eio.disconnect(eio_sid)
            else:
                socket.end(NOT_UNDERSTOOD)

    sio.eio.on("message", handled)
    sio.eio.logger.addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Tell what the socket library says of an error is said in our words."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    failures.tell(error)
    return False


def install(app: rx.App) -> None:
    """Put the gate before the app's event socket, and its tabs where they belong."""
    present = app.event_namespace
    if present is not None and app.sio is not None:
        gate = Gate(present.namespace, app)
        app._event_namespace = gate
        app.sio.register_namespace(gate)
        app.sio.eio.max_http_buffer_size = 1024 * 1024
        _close_on_failure(app.sio)
    store = app._state_manager
    if isinstance(store, StateManagerRedis):
        app._state_manager = TabStates(
            redis=store.redis,
            token_expiration=store.token_expiration,
            lock_expiration=store.lock_expiration,
            lock_warning_threshold=store.lock_warning_threshold,
        )
