"""Who sits before this tab. Every event is authorised here first, and again in the service it calls.

A Reflex tab is known by a token in the browser's session storage, which a thief could copy; the session cookie is
HttpOnly. So each tab's state is bound to the cookie it was opened with: another cookie, or none, empties the state
before anything of it is sent.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

import reflex as rx
from reflex.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext

from liquor_app.accounts.audit import note_refusal
from liquor_app.accounts.cookies import SESSION, cookie_name
from liquor_app.accounts.entry.access_links import find_link
from liquor_app.accounts.entry.passkey_ceremony import relying_party
from liquor_app.accounts.models import LinkKind
from liquor_app.accounts.permission_table import Permission, needed, needs
from liquor_app.accounts.permissions import STRANGER, Actor, lacking, may, require
from liquor_app.accounts.sessions import TOUCH_SECONDS, session_actor, touch_session
from liquor_app.accounts.users import has_users
from liquor_app.api.client_address import tabs_address
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Forbidden, Unauthenticated, Unstorable
from liquor_app.core.security.call_origin import CallOrigin, called_from
from liquor_app.core.security.crypto import token_hash
from liquor_app.core.security.sealed_words import if_ours
from liquor_app.core.storable_text import UNSTORABLE, unstorable
from liquor_app.organization.shop_currency import speak_in_shop_currency
from liquor_app.ui.toast import toast_failed

ENDED = "ended"
"""What the entry page is told of whose session was ended, or had run out."""
OURS = ".liquor_app___"
"""In the names of events of our pages, as Reflex makes them of their modules."""
PUBLIC_ROUTES = frozenset({"/login", "/login/code", "/forgotten", "/welcome", "/setup"})


def cookie_of(state: BaseState) -> str:
    """Return the session cookie of the tab's connection; empty if there is none."""
    try:
        jar = SimpleCookie(str(state.router.headers.cookie or ""))
    except CookieError:
        return ""
    name = cookie_name(SESSION)
    return jar[name].value if name in jar else ""


_CLOSED: dict[str, tuple[frozenset[str], list[Any]]] = {}


def know_closed(route: str, roles: frozenset[str], events: list[Any]) -> None:
    """Tell which events load a page that is for some roles only."""
    _CLOSED[route] = (roles, events)


class SessionState(rx.State):
    """The signed-in person, as far as the shell shows them."""

    name: str = ""
    role: str = ""
    role_label: str = ""
    initials: str = ""

    _actor: Actor | None = None
    _bound_to: str = ""

    @rx.event
    @needs(Permission.ENTER)
    async def require_sign_in(self) -> Any:
        """First on_load of every page inside the shell."""
        if self._actor is None:
            return to_sign_in(self)
        self.name, self.role = self._actor.name, self._actor.role.value
        self.role_label = self._actor.role.label
        self.initials = "".join(word[0] for word in self._actor.name.split()[:2]).upper() or "?"
        return None

    @rx.event
    @needs(Permission.APP)
    async def open_page(self, route: str) -> Any:
        """on_load of a page that is for some roles only: load it for them, and nothing for the others."""
        roles, events = _CLOSED.get(str(route), (frozenset(), []))
        return list(events) if self._actor is not None and self._actor.role.value in roles else None

    @rx.event
    @needs(Permission.ENTER)
    async def skip_if_signed_in(self) -> Any:
        """on_load of the sign-in page: first run goes to set-up, a known person goes on."""
        async with transaction() as session:
            if not await has_users(session):
                return rx.redirect("/setup")
        return rx.redirect("/") if self._actor is not None else None

    @rx.event
    @needs(Permission.ENTER)
    async def only_first_run(self) -> Any:
        """on_load of the set-up page."""
        async with transaction() as session:
            return rx.redirect("/login") if await has_users(session) else None


def to_sign_in(state: BaseState) -> Any:
    """Return a full page load: the cookie is read at the WebSocket handshake, so the socket must be opened anew. Who
    came with a session that is over is told so there."""
    url = state.router.url
    path = str(url.path or "/") + (f"?{url.query}" if url.query else "")
    told = f"&told={ENDED}" if cookie_of(state) else ""
    return rx.call_script(
        f"location.assign('/login?next=' + encodeURIComponent({json.dumps(path)}) + {json.dumps(told)})"
    )


async def signed_in(state: BaseState) -> Actor:
    """Return whoever this event comes from, as the guard read it from the database for this very event.

    Raises:
        Unauthenticated: nobody.
    """
    session_state = await state.get_state(SessionState)
    if session_state._actor is None:
        raise Unauthenticated("Your session has ended. Please sign in again.")
    return session_state._actor


async def recognise(state: BaseState) -> Actor | None:
    """Read who sits before a tab, and bind its state to the session; a tab of another session, or of none, is emptied.

    Returns:
        The signed-in person as the database knows them now; None for nobody.
    """
    cookie = cookie_of(state)
    bound = token_hash(cookie) if cookie else ""
    actor: Actor | None = None
    if cookie:
        async with transaction() as session:
            actor = await session_actor(session, cookie)
            await speak_in_shop_currency(session)
    session_state = await state.get_state(SessionState)
    if session_state._bound_to and (session_state._bound_to != bound or actor is None):
        await _empty(state)
        session_state = await state.get_state(SessionState)
    owner = bound if actor else ""
    if (session_state._actor, session_state._bound_to) != (actor, owner):  # what is written is stored anew
        session_state._actor, session_state._bound_to = actor, owner
    return actor


async def _empty(state: BaseState) -> None:
    """Forget everything the tab was shown. An event loads only the states it needs, and only what is loaded is reset:
    so all of them are."""
    root = state._get_root_state()
    for kind in sorted(rx.State.get_substates(), key=lambda kind: kind.get_full_name()):
        await root.get_state(kind)
    root.reset()


class SessionGuard(Middleware):
    """Runs before every event, the first one (hydrate) included."""

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        actor = await recognise(state)
        if actor is not None:
            await _touch(cookie_of(state))
        if OURS in event.name and (refusal := await _refusal(state, event, actor)) is not None:
            root = state._get_root_state()  # what `recognise` emptied is told all the same
            delta = await root._get_resolved_delta()
            root._clean()
            return StateUpdate(delta=delta, events=Event.from_event_type(refusal))
        if event.name.endswith(".hydrate_and_load") and event.payload.get("hashes") is not None:
            await _begin_anew(state)
        return None


async def _refusal(state: BaseState, event: Event, actor: Actor | None) -> Any:
    """Return what a tab is told instead of an event that takes a permission which whoever sits before it has not; None
    to let it run. What was marked with none is nobody's."""
    handler = RegistrationContext.get().event_handlers[event.name].handler.fn
    permission = needed(handler)
    if permission is not None and may(actor or STRANGER, permission):
        return None
    if actor is None:
        return to_sign_in(state)
    with called_from(origin_of(state, handler.__qualname__)):
        await note_refusal(actor, handler.__qualname__, takes=lacking(actor, permission) if permission else "")
    if permission is None:
        return toast_failed("Nobody may do this.")
    try:
        require(actor, permission)
    except Forbidden as error:
        return toast_failed(error.message)
    return None


async def _begin_anew(state: BaseState) -> None:
    """Tell every state that the browser has loaded the page anew, which a socket that came back does not do: what
    browsers keep of a page, such as what was typed into its fields, is gone. All states are loaded for this event."""
    root = state._get_root_state()
    for kind in rx.State.get_substates():
        if (begin := getattr(kind, "_page_loaded", None)) is not None:
            begin(await root.get_state(kind))


_touched: dict[str, float] = {}
"""When each session was last noted as used by this process: not with every key that is pressed."""
MOST_TOUCHED = 10_000


async def _touch(cookie: str) -> None:
    session_hash, moment = token_hash(cookie), time.monotonic()
    if moment - _touched.get(session_hash, -TOUCH_SECONDS) < TOUCH_SECONDS:
        return
    if len(_touched) >= MOST_TOUCHED:
        _touched.clear()
    _touched[session_hash] = moment
    async with transaction() as session:
        await touch_session(session, cookie)


def check_storable(given: Any) -> None:
    """Check, or raise Invalid: an argument of an event holds text that the database cannot keep."""
    if (where := unstorable(given)) is not None:
        raise Unstorable(f"{where or 'The text'} {UNSTORABLE}.", field=where or None)


def origin_of(state: BaseState, event: str) -> CallOrigin:
    """Tell where an event comes from: the other end of the tab's socket, as everywhere else."""
    return CallOrigin(tabs_address(state._get_root_state().router_data), event)


def guarded(
    handler: Callable[..., Awaitable[Any]],
) -> Callable[..., Awaitable[Any]]:
    """For event handlers: nobody gets in unsigned, and a mendable error becomes a toast instead of a crash.

    Use below `@rx.event`; the handler then reads its actor with `await signed_in(self)`.
    """

    @functools.wraps(handler)
    async def run(self: BaseState, *args: Any, **kwargs: Any) -> Any:
        with called_from(origin_of(self, handler.__qualname__)):
            try:
                await signed_in(self)
                for given in (*args, kwargs):
                    check_storable(given)
                return await handler(self, *args, **kwargs)
            except Unauthenticated:
                return to_sign_in(self)
            except AppError as error:
                if isinstance(error, Forbidden):
                    await note_refusal(await signed_in(self), handler.__qualname__, takes=error.takes)
                return toast_failed(error.message)

    return run


def error_of(state: BaseState) -> str:
    """Return what went wrong with a form that was sent, shortened; nothing but words of our own."""
    given = state.router.url.query_parameters
    return if_ours(str(given.get("error", "")), str(given.get("seal", "")))[:300]


def next_of(state: BaseState) -> str:
    """Tell where to go after signing in: a path of ours."""
    target = str(state.router.url.query_parameters.get("next", "/"))[:500]
    return quote(target, safe="/?=&[]-_.~%") if target.startswith("/") and not target.startswith("//") else "/"


class EntryState(rx.State):
    """The sign-in and set-up forms. They post to plain routes (`rest.accounts.browser`), not over the socket."""

    error: str = ""
    target: str = "/"
    told: str = ""
    token: str = ""
    """Of the link somebody came by."""
    whose: str = ""
    """Whose link it is; empty for one that is not good."""
    spent: str = ""
    """Why it is not."""
    is_invited: bool = False
    has_passkeys: bool = False
    """Passkeys work at the shop's address."""

    @rx.event
    @needs(Permission.ENTER)
    async def load(self) -> None:
        self._read_address()

    def _page_loaded(self) -> None:
        """Whoever types fast sends the form before `load` ran, and the tab still knows where it went last time."""
        self._read_address()

    @rx.event
    @needs(Permission.ENTER)
    async def load_link(self) -> None:
        """on_load of the page where a password is chosen: the link's token is the authority."""
        self._read_address()
        self.whose, self.spent, self.is_invited = "", "", False
        try:
            async with transaction() as session:
                link = await find_link(session, self.token)
        except AppError as problem:
            self.spent = problem.message
            return
        self.whose, self.is_invited = link.email, link.kind is LinkKind.INVITATION

    def _read_address(self) -> None:
        self.error, self.target = error_of(self), next_of(self)
        self.has_passkeys = relying_party() is not None
        given = self.router.url.query_parameters
        self.told, self.token = str(given.get("told", ""))[:20], str(given.get("token", ""))[:200]
