"""A browser tab without a browser: the tree of states as Reflex keeps it, at an address, signed in or not."""

from __future__ import annotations

from inspect import isasyncgen
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import reflex as rx
from reflex.istate.data import RouterData

from liquor_app.accounts.permissions import Actor
from liquor_app.screens.session.state import SessionState

S = TypeVar("S")


class Tab:
    """One tab. `actor` None is somebody without a session."""

    def __init__(self, address: str, actor: Actor | None) -> None:
        self.root = rx.State(_reflex_internal_init=True)
        self.actor = actor
        self.go(address)

    def go(self, address: str) -> None:
        """Open another address in this tab."""
        parts = urlsplit(address)
        self.root.router = RouterData.from_router_data(
            {
                "pathname": parts.path,
                "asPath": address,
                "query": dict(parse_qsl(parts.query)),
                "headers": {"origin": "http://localhost"},
            }
        )

    async def state(self, kind: type[S]) -> S:
        """This tab's state of a kind, with the session as the guard would have left it."""
        session = await self.root.get_state(SessionState)
        session._actor = self.actor
        found: S = await self.root.get_state(kind)
        return found


async def run(handler: Any, state: Any, *arguments: Any) -> Any:
    """What an event would do: call `State.handler` on this tab's state; the last thing it says."""
    answer = handler.fn(state, *arguments)
    if not isasyncgen(answer):
        return await answer
    return ([None] + [event async for event in answer])[-1]


def said(events: Any) -> str:
    """Everything the events a handler returned carry: addresses, toasts, scripts."""
    return str(events if isinstance(events, list) else [events])
