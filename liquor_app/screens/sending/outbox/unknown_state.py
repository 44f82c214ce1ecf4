"""Messages whose answer never came: listed, and decided by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.ledger.models import SendStatus
from liquor_app.organization.settings import shop_now
from liquor_app.providers.config_forms import provider_name
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.lists import SENDS, list_sends
from liquor_app.sending.service import SendRow, resend, settle_unknown
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago

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


class UnknownState(ListState, rx.State):
    """Those that wait for a decision. `asking` is the message the question is about, `answer` what is about to be said
    of it: "sent" or "again"."""

    rows: list[UnknownLine] = []
    total: int = 0
    asking: str = ""
    answer: str = ""
    who: str = ""

    def _list(self) -> ListSpec[SendRow]:
        return SENDS

    def _per_page(self) -> int:
        return PAGE

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[SendRow]:
        page = await list_sends(session, actor, replace(query, filters={"status": SendStatus.UNKNOWN}))
        self.total, self.asking, self.answer = page.total, "", ""
        return page

    async def _lines(self, session: Session, actor: Actor, items: list[SendRow]) -> list[UnknownLine]:
        at = await shop_now(session)
        return [
            UnknownLine(
                str(row.id), row.customer_name or row.recipient, row.campaign_name or "",
                provider_name(row.provider) if row.provider else "",
                ago(row.created_at, at), row.note or row.error_message or "",
            )
            for row in items
        ]  # fmt: skip

    @rx.event
    @needs(Permission.APP)
    async def ask(self, send_id: str, answer: str) -> None:
        """Open the question before something is decided for good; an empty answer closes it."""
        line = next((one for one in self.rows if one.id == send_id), None)
        self.asking = line.id if line and answer in ("sent", "again") else ""
        self.answer, self.who = answer if self.asking else "", line.recipient if line else ""

    @rx.event
    @guarded
    @needs(Permission.SENDS_WRITE)
    async def decide(self) -> Any:
        """Tell what was asked about is settled: it has arrived; or it has failed, and a new attempt is made."""
        actor, wanted, answer = await signed_in(self), self.asking, self.answer
        if not wanted:
            return None
        send_id = parse_id(wanted, "send")
        async with transaction() as session:
            if answer == "again":
                await resend(session, actor, send_id)
            await settle_unknown(session, actor, send_id, was_sent=answer == "sent")
        await self._again()
        if answer == "again":
            return toast_done("It is sent again", "The old attempt counts as failed.")
        return toast_done("It counts as sent")
