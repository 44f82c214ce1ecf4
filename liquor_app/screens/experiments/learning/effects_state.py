"""What messages changed, by campaign, segment, playbook or offer: the learning page's table of it."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.experiments.effects import By, read_effects
from liquor_app.organization.settings import shop_now
from liquor_app.screens.experiments.effect_words import NOT_IN_IT, EffectLine, beside_lines, effect_line, random_words
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.words import show_moment


class EffectsState(rx.State):
    """As it was last summed up, with the night's learning."""

    by: str = By.ALL.value
    loading: bool = True
    lines: list[EffectLine] = []
    since: str = ""
    random: str = ""
    """How large the random arm is, and what it cost."""

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def show(self, by: str | list[str]) -> None:
        """Tell it by something else; what is not known changes nothing."""
        if isinstance(by, str) and by in set(By):
            self.by = By(by).value
            await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            rows, read_at = await read_effects(session, actor, By(self.by))
            at = await shop_now(session)
        self.lines = [effect_line(row, at, By(self.by)) for row in rows]
        if By(self.by) is By.ALL:
            self.lines += [line for row in rows for line in beside_lines(row, at)]
            self.random = random_words(rows[0] if rows else None)
        self.since = f"As of {show_moment(read_at, at)}." if read_at else ""
        if any(row.final_as_of is not None for row in rows):
            self.since += f" A final read is taken once, for good: {NOT_IN_IT}"
        self.loading = False
