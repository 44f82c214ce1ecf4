"""The state of a page about one thing, and of each panel on it: read by the id its address ends with, empty before it
is read and where there is no such thing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.screens.session.state import guarded
from liquor_app.ui.address import last_part

MISTYPED = "The address is not whole, or was mistyped."


class DetailState(rx.State, mixin=True):  # type: ignore[call-arg]
    """A state of one thing. One that is says `class XState(DetailState, rx.State)`, and writes `_noun` and `_read`."""

    missing: str = ""
    """Why there is nothing to show, in words; empty where there is."""
    loading: bool = True

    def _noun(self) -> str:
        """Return what the address names: "customer"."""
        raise NotImplementedError

    def _id(self) -> UUID:
        """Return the id the address ends with.

        Raises:
            Invalid: it is none.
        """
        return parse_id(last_part(self), self._noun())

    async def _read(self) -> Any:
        """Read it and show it; what is returned, the page does. Raises `NotFound` or `Invalid` where there is none."""
        raise NotImplementedError

    async def _open(self) -> Any:
        """Read the thing, or empty the state and say that there is none."""
        try:
            answer = await self._read()
        except (NotFound, Invalid) as problem:
            self.reset()
            self.missing = MISTYPED if isinstance(problem, Invalid) else problem.message
            self.loading = False
            return None
        self.missing, self.loading = "", False
        return answer

    @rx.event
    @needs(Permission.APP)
    async def clear(self) -> None:
        """Show nothing: what was shown before must not flash up under another one's address."""
        self.reset()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def load(self) -> Any:
        return await self._open()
