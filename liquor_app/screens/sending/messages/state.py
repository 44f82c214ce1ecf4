"""Messages of the ledger, row by row: what the figures of campaigns count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import reflex as rx

from liquor_app.accounts.lists import Whole
from liquor_app.accounts.permissions import Actor
from liquor_app.campaigns.service import get_campaign
from liquor_app.core.db import Session
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.sending.words import SendLine, send_line
from liquor_app.sending.lists import SENDS, Did, add_up_sends, list_sends
from liquor_app.sending.service import SendRow
from liquor_app.ui.address import parameter
from liquor_app.ui.forms.filters import Option
from liquor_app.ui.words import NONE, figure, listed, plural, show_moment, show_money, spoken


@dataclass(frozen=True, slots=True)
class MessageLine(SendLine):
    """A message and what became of it. An empty address leads nowhere: the customer or the campaign is gone."""

    customer_href: str
    campaign_href: str
    did: str
    value: str


def message_line(row: SendRow, at: datetime) -> MessageLine:
    """Return a message in words; `at` is the shop's present."""
    did = [one.value for one in Did if one is not Did.SENT and getattr(row, one.column) is not None]
    shown = {**asdict(send_line(row, at)), "when": show_moment(row.sent_at or row.created_at, at)}
    return MessageLine(
        **shown,
        customer_href=f"/customers/{row.customer_id}" if row.customer_id and row.customer_name else "",
        campaign_href=f"/campaigns/{row.campaign_id}" if row.campaign_id and row.campaign_name else "",
        did=spoken(listed(did)) if did else NONE,
        value=NONE if row.converted_at is None else show_money(row.conversion_value, cents=True),
    )


def whole_words(whole: Whole) -> str:
    """ "1,234 messages; orders of $5,678.90 were attributed to them." """
    if whole.value is None:
        return f"More than {figure(whole.rows)} messages: too many to be added up here."
    return f"{plural(whole.rows, 'message')}; orders of {show_money(whole.value, cents=True)} were attributed to them."


class MessagesState(ListState, rx.State):
    """Every message that was made, whatever became of it, as far as the address narrows it."""

    rows: list[MessageLine] = []
    words: str = ""

    def _list(self) -> ListSpec[SendRow]:
        return SENDS

    def _path(self) -> str:
        return "/messages"

    def _export_path(self) -> str:
        return "/api/v1/sends/export"

    async def _options(self, session: Session, actor: Actor) -> Mapping[str, list[Option]]:
        kinds = [Option("true", "Campaigns"), Option("false", "Others than campaigns")]
        asked = parameter(self, "campaign_id")
        played = [Option("false", "Left out"), Option("true", "Nothing else")]
        whose = await _named(session, actor, asked) if asked else []
        return {"of_campaigns": kinds, "played": played, "campaign_id": whose}

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[SendRow]:
        self.words = whole_words(await add_up_sends(session, actor, query))
        return await list_sends(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[SendRow]) -> list[MessageLine]:
        at = await shop_now(session)
        return [message_line(row, at) for row in items]


async def _named(session: Session, actor: Actor, campaign_id: str) -> list[Option]:
    """Return the campaign of an address by its name; none where the address names none."""
    try:
        found = await get_campaign(session, actor, parse_id(campaign_id, "campaign"))
    except (Invalid, NotFound):
        return []
    return [Option(campaign_id, found.name)]
