"""The base at a glance, above the list."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.customers.service import base_counts
from liquor_app.organization.settings import PlanningSettings, load_settings
from liquor_app.screens.customers.rows import Band, churn_bands, segment_shares
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.charts.donut import Slice
from liquor_app.ui.words import figure, percent, plural


class OverviewState(rx.State):
    """Counts of everybody, whatever the list is filtered by."""

    everybody: int = 0
    total: str = ""
    summary: str = ""
    shares: list[Slice] = []
    bands: list[Band] = []
    reach: list[Bar] = []
    horizon: str = ""
    loading: bool = True

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def load(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            counts = await base_counts(session, actor)
            planning = await load_settings(session, PlanningSettings)
        self.everybody, self.total, self.loading = counts.customers, figure(counts.customers), False
        self.summary = (
            f"{plural(counts.customers, 'customer')}, {figure(counts.emailable)} can be e-mailed,"
            f" {figure(counts.textable)} can be texted"
        )
        self.horizon = f"Chance of no purchase in the next {planning.horizon_days} days, by each customer's own rhythm."
        self.shares, self.bands = segment_shares(counts), churn_bands(counts)
        ways = (("By e-mail", counts.emailable, "c1"), ("By SMS", counts.textable, "c3"))
        everybody = counts.customers or 1
        self.reach = [
            Bar(name, figure(n), round(n / everybody * 100, 1), tone, percent(n / everybody)) for name, n, tone in ways
        ]
