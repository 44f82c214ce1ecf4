"""What people wrote back, read one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.events.mail_answers import note_mailed_no
from liquor_app.sending.events.replies import ReplyRow, settle_reply
from liquor_app.sending.lists import REPLIES, list_replies
from liquor_app.sending.models import Proof, ReplyStatus
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago

PROOFS = {
    Proof.ANSWER: "", Proof.PASSED: "", Proof.NOT_TOLD: "",
    Proof.FAILED: "Not proved to be theirs: the sender can be forged.",
}  # fmt: skip
WORDS = {ReplyStatus.OPEN: "to read", ReplyStatus.NO: "was a no", ReplyStatus.READ: "read"}


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """A text or an e-mail; `customer` is the address of their page, "" for nobody we know."""

    id: str
    who: str
    customer: str
    channel: str
    body: str
    when: str
    doubt: str
    """Why it may be somebody else's word; empty for none."""
    status: str
    became: str
    is_open: bool


class RepliesState(FormState, ListState, rx.State):
    """The inbox; `noting` while somebody types in a no that came to the shop's own mailbox."""

    rows: list[ReplyLine] = []
    noting: bool = False

    def _fields(self) -> frozenset[str]:
        return frozenset({"address", "words"})

    def _asked(self) -> bool:
        return self.noting

    def _shut(self) -> None:
        self.noting = False

    def _list(self) -> ListSpec[ReplyRow]:
        return REPLIES

    def _path(self) -> str:
        return "/replies"

    def _export_path(self) -> str:
        return "/api/v1/replies/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[ReplyRow]:
        return await list_replies(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[ReplyRow]) -> list[ReplyLine]:
        at = await shop_now(session)
        return [
            ReplyLine(
                str(row.id),
                row.customer_name or row.sender,
                f"/customers/{row.customer_id}" if row.customer_id else "",
                row.channel,
                row.words,
                ago(row.received_at, at),
                PROOFS[Proof(row.sender_proof)],
                WORDS[ReplyStatus(row.status)],
                f"by {row.reader}" if row.reader else "",
                row.status == ReplyStatus.OPEN,
            )
            for row in items
        ]

    @rx.event
    @guarded
    @needs(Permission.SENDS_WRITE)
    async def settle(self, reply_id: str, is_no: bool) -> Any:
        """Say what somebody meant; a no takes the number or address off at once."""
        actor = await signed_in(self)
        async with transaction() as session:
            await settle_reply(session, actor, parse_id(reply_id, "reply"), is_no=bool(is_no))
        await self._again()
        if is_no:
            return toast_done("Taken as a no", "Nothing more is sent there.")
        return toast_done("Read", "Messages to them go on.")

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def note(self) -> None:
        """Open the form."""
        self._fresh()
        self.noting = True

    @rx.event
    @submits
    @needs(Permission.SENDS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Take the address off, in its owner's name."""
        actor = await signed_in(self)
        async with transaction() as session:
            await note_mailed_no(session, actor, typed(form, "address"), typed(form, "words"))
        self.noting = False
        await self._again()
        return toast_done("Taken as a no", "No e-mail goes to this address any more.")
