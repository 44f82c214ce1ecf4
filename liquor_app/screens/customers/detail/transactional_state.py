"""Messages a customer, or the shop for them, asked for: the link that confirms a consent, the question for the age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import Unknown
from liquor_app.core.ids import parse_id
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.models import ErrandStatus
from liquor_app.sending.recipients.transactional import Kind, errands_of, request_errand
from liquor_app.ui.address import last_part
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago

SAID = {
    ErrandStatus.WAITING: "on its way",
    ErrandStatus.SENDING: "on its way",
    ErrandStatus.SENT: "sent",
    ErrandStatus.FAILED: "not sent",
    ErrandStatus.UNKNOWN: "left, but no answer came",
}


@dataclass(frozen=True, slots=True)
class ErrandLine:
    """One message: what, and what became of it."""

    words: str
    detail: str


class ErrandsState(DetailState, rx.State):
    """The latest few."""

    rows: list[ErrandLine] = []

    def _noun(self) -> str:
        return "customer"

    async def _read(self) -> None:
        actor, customer_id = await signed_in(self), self._id()
        self.rows = []
        async with transaction() as session:
            rows = await errands_of(session, actor, customer_id)
            at = await shop_now(session)
        self.rows = [
            ErrandLine(
                f"{row.kind.label} by {row.channel.label}: {SAID[row.status]}, {ago(row.created_at, at)}",
                row.detail or "",
            )
            for row in rows
        ]

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def ask(self, kind: str, channel: str) -> Any:
        """Send the link again, or the question for the date of birth."""
        actor = await signed_in(self)
        if kind not in set(Kind) or channel not in set(Channel):
            raise Unknown("There is no such message.")
        async with transaction() as session:
            await request_errand(session, actor, parse_id(last_part(self), "customer"), Channel(channel), Kind(kind))
        return [ErrandsState.load, toast_done(f"{Kind(kind).label} on its way", f"By {Channel(channel).label}.")]
