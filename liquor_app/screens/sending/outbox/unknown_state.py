"""Messages whose answer never came: listed, and decided by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery
from liquor_app.ledger.models import SendStatus
from liquor_app.providers.config_forms import provider_name
from liquor_app.screens.sending.words import ago
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.lists import list_sends
from liquor_app.sending.service import resend, settle_unknown
from liquor_app.ui.toast import toast_done

PAGE = 10


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A message nobody can know about."""

    id: str
    recipient: str
    campaign: str
    provider: str
    when: str
    note: str


class UnknownState(rx.State):
    """The first of them; each that is decided makes room for the next. `asking` is the message the question is about,
    `answer` what is about to be said of it: "sent" or "again"."""

    rows: list[UnknownLine] = []
    total: int = 0
    more: str = ""
    asking: str = ""
    answer: str = ""
    who: str = ""

    @rx.event
    @guarded
    async def load(self) -> None:
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            page = await list_sends(session, actor, ListQuery({"status": SendStatus.UNKNOWN}, limit=PAGE))
        self.total, self.asking, self.answer = page.total, "", ""
        left = page.total - len(page.items)
        self.more = f"and {left:,} more after these" if left > 0 else ""
        self.rows = [
            UnknownLine(
                str(row.id), row.customer_name or row.recipient, row.campaign_name or "",
                provider_name(row.provider) if row.provider else "",
                ago(row.created_at), row.note or row.error_message or "",
            )
            for row in page.items
        ]  # fmt: skip

    @rx.event
    async def ask(self, send_id: str, answer: str) -> None:
        """Open the question before something is decided for good; an empty answer closes it."""
        line = next((one for one in self.rows if one.id == send_id), None)
        self.asking = line.id if line and answer in ("sent", "again") else ""
        self.answer, self.who = answer if self.asking else "", line.recipient if line else ""

    @rx.event
    @guarded
    async def decide(self) -> Any:
        """What was asked about is settled: it has arrived; or it has failed, and a new attempt is made."""
        actor, wanted, answer = await signed_in(self), self.asking, self.answer
        if not wanted:
            return None
        send_id = parse_id(wanted, "send")
        async with transaction() as session:
            if answer == "again":
                await resend(session, actor, send_id)
            await settle_unknown(session, actor, send_id, was_sent=answer == "sent")
        await self._read()
        if answer == "again":
            return toast_done("It is sent again", "The old attempt counts as failed.")
        return toast_done("It counts as sent")
