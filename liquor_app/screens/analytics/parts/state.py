"""A campaign by segment, offer and channel, and who bought, in words."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.analytics.campaign_parts import Part, read_parts
from liquor_app.analytics.metrics import METRICS, rows_page, said
from liquor_app.core.db import transaction
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.session.state import signed_in
from liquor_app.ui.words import show_moment, show_money

SHOWN = ("sends", "click_rate", "conversions", "conversion_rate", "attributed_revenue")


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part in words."""

    by: str
    name: str
    sends: str
    clicks: str
    bought: str
    rate: str
    revenue: str


@dataclass(frozen=True, slots=True)
class BuyerLine:
    """Somebody who bought, in words."""

    id: str
    name: str
    at: str
    total: str


def part_line(part: Part) -> PartLine:
    """Return a part in words; "–" for what was not measured."""
    shown = [said(METRICS[key].unit, part.figures[key]) for key in SHOWN]
    return PartLine(part.of.label, part.name, *shown)


class PartsState(DetailState, rx.State):
    """The campaign in the address; that there is none the page's own state tells."""

    lines: list[PartLine] = []
    buyers: list[BuyerLine] = []
    is_played: bool = False
    all_buyers: str = ""
    """Where the messages are that a purchase belongs to; empty of a played week."""

    def _noun(self) -> str:
        return "campaign"

    async def _read(self) -> None:
        actor, campaign_id = await signed_in(self), self._id()
        async with transaction() as session:
            found = await read_parts(session, actor, campaign_id)
            at = await shop_now(session)
        self.lines, self.is_played = [part_line(one) for one in found.parts], found.is_played
        self.buyers = [
            BuyerLine(str(one.customer_id), one.name, show_moment(one.at, at), show_money(one.total))
            for one in found.buyers or ()
        ]
        self.all_buyers = "" if found.is_played else rows_page("conversions", campaign_id=str(campaign_id))
