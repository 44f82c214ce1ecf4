"""What was merged into one customer, and taking it apart again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.doubles.merge_profiles import merges_of, undo_merge
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import show_day


@dataclass(frozen=True, slots=True)
class MergeLine:
    id: str = ""
    who: str = ""
    words: str = ""


class MergesState(DetailState, rx.State):
    """Merges that can be undone, the latest first. `asking` is the one it is asked about."""

    merges: list[MergeLine] = []
    asking: str = ""

    def _noun(self) -> str:
        return "customer"

    async def _read(self) -> None:
        actor, customer_id = await signed_in(self), self._id()
        async with transaction() as session:
            found = await merges_of(session, actor, customer_id)
            at = await shop_now(session)
        self.merges = [
            MergeLine(str(one.id), one.gone_name or "Another profile", f"{show_day(one.merged_at, at)}: {one.reason}")
            for one in found
            if one.can_undo
        ]

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask(self, merge_id: str) -> None:
        self.asking = merge_id if merge_id in {one.id for one in self.merges} else ""

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def shut(self, open: bool = False) -> None:
        if not open:
            self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def undo(self) -> Any:
        """Two profiles again."""
        actor, merge_id = await signed_in(self), self.asking
        self.asking = ""
        async with transaction() as session:
            row = await undo_merge(session, actor, parse_id(merge_id, "merge"))
        return [rx.redirect(f"/customers/{row.gone_id}"), toast_done("Two profiles again", "This is the other one.")]
