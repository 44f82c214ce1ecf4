"""What stands in the way of a plan: on its page as a sentence, and before it is approved as a question."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.planning.approval.approval_outlook import ApprovalOutlook, Concern, read_outlook
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.words import figure, plural


class OutlookState(rx.State):
    """Of the campaign in the address. `no_longer` says how many of the plan's messages became forbidden since it was
    made: a plan holds none when it is made. `refused`: mailboxes are known to refuse mail of the sender. `is_barred`:
    approving would be refused as things stand. `tested`: the A/B test that is approved with it."""

    warnings: list[str] = []
    no_longer: str = ""
    refused: bool = False
    is_barred: bool = False
    tested: str = ""

    @rx.event
    @guarded
    @needs(Permission.PLANS_READ)
    async def load(self) -> None:
        await self._refresh()

    async def _refresh(self) -> None:
        try:
            await self._look()
        except (Conflict, NotFound):  # no plan yet, or all over: nothing to be told
            self._tell(None)

    async def _look(self) -> bool:
        """Read it anew; tell whether there is anything to be told."""
        actor = await signed_in(self)
        try:
            async with transaction() as session:
                self._tell(await read_outlook(session, actor, parse_id(last_part(self), "campaign")))
        except AppError:
            self._tell(None)
            raise
        return bool(self.warnings)

    def _tell(self, seen: ApprovalOutlook | None) -> None:
        # what the approval itself asks for is no question beside it (`LicenceState`)
        warnings = [one for one in seen.warnings if one.field != "licence_state"] if seen else []
        self.warnings = [one.words for one in warnings]
        self.refused = any(one.concern is Concern.SENDER for one in warnings)
        self.is_barred = any(one.concern is Concern.REFUSED for one in warnings)
        self.tested = seen.ab_test if seen else ""
        self.no_longer = ""
        if seen and seen.blocked:
            why = "; ".join(f"{reason.label.lower()} {figure(reason.messages)}" for reason in seen.reasons)
            about = "about " if seen.looked_at < seen.messages else ""
            self.no_longer = (
                f"{about}{figure(seen.blocked)} of {plural(seen.messages, 'message')} no longer allowed: {why}."
            )
