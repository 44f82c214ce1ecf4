"""What people changed by hand in the version of a plan that is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.actions.edit_actions import EditRow
from liquor_app.actions.lists import EDIT_WORDS, EDITS, list_edits
from liquor_app.core.db import Session
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.ui.address import last_part
from liquor_app.ui.words import figure, show_moment


@dataclass(frozen=True, slots=True)
class EditLine:
    """Changes made, and undone, together."""

    kind: str
    what: str
    who: str
    when: str
    messages: str
    undone: bool


class EditsState(ListState, rx.State):
    """Changes by hand to the plan that `VersionsState` shows; it says which."""

    rows: list[EditLine] = []
    _plan: str = ""

    def _list(self) -> ListSpec[EditRow]:
        return EDITS

    def _per_page(self) -> int:
        return 8

    def _export_path(self) -> str:
        return f"/api/v1/campaigns/{last_part(self)}/edits/export"

    def _parameters(self) -> dict[str, str]:
        return {**super()._parameters(), "plan": self._plan}

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[EditRow]:
        if not self._plan:
            return Page([], None, 0)
        of_plan = replace(query, filters={**query.filters, "plan": self._plan})
        return await list_edits(session, actor, parse_id(last_part(self), "campaign"), of_plan)

    async def _lines(self, session: Session, actor: Actor, items: list[EditRow]) -> list[EditLine]:
        at = await shop_now(session)
        return [
            EditLine(
                EDIT_WORDS[row.kind], row.summary, row.by, show_moment(row.at, at), figure(row.actions),
                row.undone_at is not None,
            )
            for row in items
        ]  # fmt: skip

    async def _of_plan(self, plan_id: str) -> None:
        """Show the changes to a plan: the same page again if it is the one shown, else from the start."""
        if plan_id == self._plan and not self.loading:
            await self._read()
            return
        self._plan = plan_id
        await self._load()
