"""Where a campaign's coupon codes come from, on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.actions.coupon_source import CodeNeed, choose_codes, code_needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.ids import parse_id
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import figure, plain_number, plural


@dataclass(frozen=True, slots=True)
class CodesLine:
    """The messages of one discount. `trouble` says what will go wrong; `pool` is empty where codes are made up."""

    percent: str
    people: str
    pool: str
    options: list[tuple[str, str]]
    trouble: str


def codes_line(need: CodeNeed) -> CodesLine:
    percent = plain_number(need.discount_pct)
    return CodesLine(
        percent,
        f"{plural(need.messages, 'message')} with {percent}% off",
        str(need.pool_id or ""),
        [("", "Made up"), *((str(one.id), f"{one.name}, {figure(one.remaining)} left") for one in need.options)],
        f"“{need.pool_name}” has {plural(need.remaining, 'code')} for {plural(need.messages, 'message')}:"
        f" {figure(need.missing)} will be skipped."
        if need.missing
        else "",
    )


class CodesState(rx.State):
    """Empty where the shop has no pools, or nobody is offered money off."""

    lines: list[CodesLine] = []

    def _id(self) -> UUID:
        return parse_id(last_part(self), "campaign")

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def load(self) -> None:
        self.reset()
        try:
            await self._read()
        except AppError:
            # a campaign that is not there is told by the page's own state
            return

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            self.lines = [codes_line(need) for need in await code_needs(session, actor, self._id())]

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def choose(self, percent: str, pool: str) -> Any:
        """Take the codes of one discount from a pool; empty has them made up."""
        actor = await signed_in(self)
        async with transaction() as session:
            wanted = parse_id(pool, "pool") if pool else None
            await choose_codes(session, actor, self._id(), str(percent), wanted)
        await self._read()
        return toast_done("Codes chosen", f"For {percent}% off. Whoever has a code keeps it.")
