"""Dialogs that ask something about one row of a page: which question stands, and about which row."""

from __future__ import annotations

from collections.abc import Collection

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.screens.forms.state import FormState
from liquor_app.screens.session.state import guarded

LONGEST_ID = 36


class AskState(FormState, rx.State, mixin=True):  # type: ignore[call-arg]
    """A page with such dialogs says `class XState(AskState, rx.State)`, and writes `_questions` and `_fields`."""

    asking: str = ""
    """One of `_questions`; empty while no dialog is open."""
    about: str = ""
    """The id of the row it is about; empty for one about none."""

    def _questions(self) -> Collection[str]:
        """Return what may be asked here."""
        raise NotImplementedError

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = self.about = ""

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask(self, what: str, about: str = "") -> None:
        """Open a dialog; an unknown `what` closes it."""
        self._fresh()
        self.asking, self.about = str(what) if what in self._questions() else "", str(about)[:LONGEST_ID]
