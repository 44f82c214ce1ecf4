"""What a campaign changed, on its page: against who was held out, at every look and at the one final read."""

from __future__ import annotations

import reflex as rx

from liquor_app.core.db import transaction
from liquor_app.experiments.service import holdout_result
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.experiments.effect_words import MISMATCH, OutcomeLine, choice_lines, outcome_lines, read_words
from liquor_app.screens.session.state import signed_in
from liquor_app.ui.words import figure


class CampaignEffectState(DetailState, rx.State):
    """Empty where nothing is left to chance, or it has not begun; that there is no such campaign the page's own state
    tells."""

    lines: list[OutcomeLine] = []
    choices: list[OutcomeLine] = []
    groups: str = ""
    split: str = ""
    is_mismatch: bool = False
    note: str = ""
    as_of: str = ""
    """Of what moment the final read is."""

    def _noun(self) -> str:
        return "campaign"

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            found = await holdout_result(session, actor, self._id())
            at = await shop_now(session)
        self.reset()
        if found is None:
            return
        self.lines, self.choices, self.note = outcome_lines(found, at), choice_lines(found, at), found.note
        self.groups = f"{figure(found.effect.written)} written to, {figure(found.effect.held_out)} held out"
        self.as_of = read_words(found.effect, at)
        self.is_mismatch = found.split.is_mismatch
        self.split = MISMATCH if found.split.is_mismatch else found.split.message
