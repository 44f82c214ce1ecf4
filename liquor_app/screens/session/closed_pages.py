"""Tabs whose states were taken away elsewhere load anew: what they still show is nobody's to see any more."""

from __future__ import annotations

import asyncio
from functools import partial

import reflex as rx
from reflex.state import StateUpdate
from reflex_base.event import Event

from liquor_app.core.pubsub import Message, hub
from liquor_app.privacy.open_pages import CLOSED
from liquor_app.ui.frame.trouble import RELOAD

_working = set[asyncio.Task[None]]()


def install(app: rx.App) -> None:
    """Have this process's tabs hear of it."""
    hub.heed(CLOSED, partial(_heard, app))


def _heard(app: rx.App, message: Message) -> None:
    work = asyncio.get_running_loop().create_task(_reload(app, [str(one) for one in message.get("tabs", ())]))
    _working.add(work)
    work.add_done_callback(_working.discard)


async def _reload(app: rx.App, tabs: list[str]) -> None:
    namespace = app.event_namespace
    if namespace is None:
        return
    here = namespace.token_to_sid
    update = StateUpdate(events=Event.from_event_type(RELOAD))
    for sid in [here[tab] for tab in tabs if tab in here]:
        await namespace.emit(str(rx.constants.SocketEvent.EVENT), update, to=sid)
