"""What a rule matches, counted while it is being written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.screens.customers.segment_colors import segment_label
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import signed_in
from liquor_app.segments import service
from liquor_app.segments.membership import RuleCount
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.words import figure, percent


@dataclass(frozen=True, slots=True)
class Example:
    """A customer who matches."""

    id: str
    name: str
    segment: str
    churn: str


class CountState(rx.State):
    """The latest count. While a rule is not complete the last one stays, marked as waiting."""

    total: str = ""
    of: str = ""
    sentence: str = ""
    reach: list[Bar] = []
    examples: list[Example] = []
    problem: str = ""
    waiting: str = ""
    _asked: int = 0

    @rx.event
    @needs(Permission.SEGMENTS_READ)
    async def wait(self) -> None:
        self.waiting = "Waiting for the rule"

    @background
    @needs(Permission.SEGMENTS_READ)
    async def count_rules(self, rules: dict[str, Any]) -> None:
        """Count in the background: ten seconds at most, and only the newest question is answered."""
        async with self:
            try:
                actor = await signed_in(self)
            except AppError:
                return
            self._asked += 1
            asked, self.waiting = self._asked, "Counting"
        found: RuleCount | None = None
        problem = ""
        try:
            async with transaction() as session:
                found = await service.count_rules(session, actor, rules)
        except AppError as error:
            problem = error.message
        async with self:
            if asked == self._asked:
                self._show(found, problem)

    def _show(self, found: RuleCount | None, problem: str) -> None:
        self.waiting, self.problem = "", problem
        if found is None:
            return
        total = found.total or 1
        self.total, self.sentence = figure(found.total), found.sentence
        self.of = f"of {figure(found.of)}, {percent(found.total / (found.of or 1), 1)}, in {found.took_ms} ms"
        ways = (("By e-mail", found.emailable, "c1"), ("By SMS", found.textable, "c3"))
        self.reach = [
            Bar(name, figure(n), round(n / total * 100, 1), tone, percent(n / total)) for name, n, tone in ways
        ]
        self.examples = [
            Example(str(one.id), one.name, segment_label(one.rfm_segment), percent(one.churn_probability))
            for one in found.sample
        ]
