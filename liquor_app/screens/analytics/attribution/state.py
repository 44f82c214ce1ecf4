"""What a campaign brought, in words, in each way to see it."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.analytics.attribution_views import View, ViewRow, read_views
from liquor_app.core.db import transaction
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.session.state import signed_in
from liquor_app.ui.words import NONE, figure, show_moment, show_money


@dataclass(frozen=True, slots=True)
class ViewLine:
    """One way to see it; `within` is the interval of what is an estimate, which stands in its `words` as well: a phone
    has no column for it."""

    label: str
    words: str
    orders: str
    customers: str
    revenue: str
    within: str
    href: str = ""
    """The messages it counts; empty of what is a share of purchases, an estimate, or counts purchases."""


def view_line(row: ViewRow, campaign_id: object = "") -> ViewLine:
    """Return a row in words; "–" for what was not measured."""
    places = 1 if row.view in (View.LINEAR, View.HOLDOUT) else 0
    within = "" if row.low is None or row.high is None else f"{show_money(row.low)} to {show_money(row.high)}"
    return ViewLine(
        row.view.label,
        f"{row.words}: {within}" if within else row.words,
        NONE if row.orders is None else figure(row.orders, places),
        NONE if row.customers is None else figure(row.customers),
        NONE if row.revenue is None else show_money(row.revenue),
        within,
        f"/messages?attributed={row.view.value}&campaign_id={campaign_id}"
        if row.view in (View.CLICK, View.COUPON) and row.orders is not None
        else "",
    )


class AttributionState(DetailState, rx.State):
    """The campaign in the address; that there is none the page's own state tells."""

    lines: list[ViewLine] = []
    since: str = ""
    """When it was counted, of a campaign of many messages; empty: just now."""

    def _noun(self) -> str:
        return "campaign"

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            rows = await read_views(session, actor, self._id())
            at = await shop_now(session)
        self.lines = [view_line(one, self._id()) for one in rows]
        counted = next((one.counted_at for one in rows if one.counted_at is not None), None)
        self.since = "" if counted is None else f"Counted {show_moment(counted, at)}, as each night."
