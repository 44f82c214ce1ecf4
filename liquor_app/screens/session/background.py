"""The one door to background events: whoever a stream runs for is read again, for as long as it runs.

    @background
    async def live(self) -> None:
        async for _ in follow(self, "dashboard"):
            async with self:
                await self._refresh()

A background event lives on after the event that started it was authorised. So its `async with self` (without which it
can neither read the tab's state nor push anything) reads session, user and role from the database first; beside it a
watch does the same every five seconds and whenever news of that user's access come. Once the session has ended or the
role has changed the event ends, what the tab was shown is forgotten, and the browser is sent to sign in.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from typing import Any

import reflex as rx
from reflex.istate.proxy import StateProxy

from liquor_app.accounts.access_changes import CHECK_SECONDS, access_topic
from liquor_app.accounts.audit import note_refusal
from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.sessions import session_actor
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Forbidden, Unauthenticated
from liquor_app.core.pubsub import hub
from liquor_app.core.security.call_origin import call_origin
from liquor_app.screens.session.state import check_storable, cookie_of, origin_of, recognise, to_sign_in
from liquor_app.ui.frame.trouble import RELOAD
from liquor_app.ui.toast import toast_failed

MARK = "authorised_throughout"
"""On the function of every event made by `background`; a test looks for it on all that runs in the background."""


class _RoleChanged(Exception):
    """The person may now do other things than when the event started: the page is loaded anew."""


class WatchedProxy(StateProxy):
    """A background event's hold on its state that reads who it runs for each time it is taken."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._self_actor: Actor | None = None
        self._self_read_at = 0.0
        self._self_ended = False
        self._self_handing_over = False

    async def __aenter__(self) -> Any:
        entered = await super().__aenter__()
        if self._self_parent_state_proxy is None:
            try:
                actor = await recognise(self.__wrapped__)
                self._check(actor)
            except BaseException:
                await self.__aexit__(None, None, None)
                raise
        return entered

    def _check(self, actor: Actor | None) -> None:
        """Or raise Unauthenticated: nobody is signed in any more. _RoleChanged: another, or with another role."""
        if actor is None:
            raise Unauthenticated("Your session has ended. Please sign in again.")
        if self._self_actor is None:
            self._self_actor = actor
        elif (actor.id, actor.role) != (self._self_actor.id, self._self_actor.role):
            raise _RoleChanged
        self._self_read_at = time.monotonic()


async def _reader(cookie: str) -> Actor | None:
    async with transaction() as session:
        return await session_actor(session, cookie) if cookie else None


async def _watch(proxy: WatchedProxy, cookie: str, work: asyncio.Task[Any]) -> None:
    """Cancel `work` once the session behind it is no more, or not the same; between two of its holds of the state, so
    that nothing half written is pushed."""
    first = await _reader(cookie)
    async with hub.subscribe(access_topic(first.id if first else None)) as news:
        while first is not None:
            age = time.monotonic() - proxy._self_read_at
            with suppress(TimeoutError):
                await asyncio.wait_for(news.get(), max(CHECK_SECONDS - age, 0.1))
            found = await _reader(cookie)
            if found is None or (found.id, found.role) != (first.id, first.role):
                break
            proxy._self_read_at = time.monotonic()
    while proxy._self_mutable or proxy._self_handing_over:  # noqa: ASYNC110 - the hold is Reflex's, and tells nobody
        await asyncio.sleep(0.02)
    proxy._self_ended = True
    work.cancel()


async def _watched(state: Any, steps: Callable[[Any], AsyncIterator[Any]]) -> AsyncIterator[Any]:
    """Tell what `steps` yields, until whoever it runs for may no longer see it; then what sends the tab to sign in."""
    if not isinstance(state, StateProxy):  # no tab: a test's own state, told who acts by whoever made it
        async for event in steps(state):
            yield event
        return
    proxy, work = WatchedProxy(state.__wrapped__), asyncio.current_task()
    assert work is not None
    # a background event has a task, and so a context, of its own
    call_origin.set(origin_of(proxy.__wrapped__, steps.__qualname__))
    watch = asyncio.create_task(_watch(proxy, cookie_of(proxy), work))
    try:
        async with aclosing(steps(proxy)) as running:  # type: ignore[type-var]
            async for event in running:
                proxy._self_handing_over = True
                yield event
                proxy._self_handing_over = False
    except asyncio.CancelledError:
        if not proxy._self_ended:
            raise
        work.uncancel()
        yield await _forget(proxy)
    except Unauthenticated:
        yield to_sign_in(proxy)
    except _RoleChanged:
        yield RELOAD
    except AppError as error:
        if isinstance(error, Forbidden) and proxy._self_actor is not None:
            await note_refusal(proxy._self_actor, steps.__qualname__, takes=error.takes)
        yield toast_failed(error.message)
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await watch


async def _forget(proxy: WatchedProxy) -> Any:
    """Empty the tab of what it was shown, if nobody is signed in any more; then where it goes."""
    try:
        async with proxy:
            return RELOAD
    except Unauthenticated:
        return to_sign_in(proxy)
    except _RoleChanged:
        return RELOAD


def background(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Make a coroutine or async generator of a State an event that runs in the background, authorised throughout."""
    is_generator = inspect.isasyncgenfunction(handler)

    def start(*args: Any, **kwargs: Any) -> Callable[[Any], AsyncIterator[Any]]:
        async def steps(state: Any) -> AsyncIterator[Any]:
            for given in (*args, kwargs):
                check_storable(given)
            if is_generator:
                async for event in handler(state, *args, **kwargs):
                    yield event
            elif (event := await handler(state, *args, **kwargs)) is not None:
                yield event

        steps.__qualname__ = handler.__qualname__  # what is recorded of it names the event
        return steps

    if is_generator:

        @functools.wraps(handler)
        async def stream(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            async for event in _watched(self, start(*args, **kwargs)):
                yield event

        made: Callable[..., Any] = stream
    else:

        @functools.wraps(handler)
        async def work(self: Any, *args: Any, **kwargs: Any) -> Any:
            answer = None
            async for event in _watched(self, start(*args, **kwargs)):
                answer = event
            return answer

        made = work
    setattr(made, MARK, True)
    return rx.event(background=True)(made)
