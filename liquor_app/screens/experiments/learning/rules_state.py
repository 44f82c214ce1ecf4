"""Kinds of messages that are pinned or forbidden: the learning page's list of them, and the form for another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import may
from liquor_app.actions.offering.cell_rules import (
    CellRuleRow,
    PlaybookCell,
    RuleEffect,
    add_rule,
    list_cells,
    list_rules,
    undo_rule,
)
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.experiments.rule_cost import rule_cost
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now
from liquor_app.scoring.due_state import STATE_WORDS
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import show_day

DUE_WORDS = (
    ("", "Whoever they are due"),
    *((state, f"Only those {words}") for state, words in STATE_WORDS.items()),
)


@dataclass(frozen=True, slots=True)
class RuleLine:
    id: str
    effect: str
    tone: str
    cell: str
    reason: str
    author: str


def rule_line(row: CellRuleRow, day: str) -> RuleLine:
    whom = f", {STATE_WORDS[row.due]}" if row.due else ""
    cell = f"{row.offer}, {Channel(row.channel).label}, to {row.segment_name}{whom}"
    tone = "green" if row.effect is RuleEffect.PIN else "red"
    return RuleLine(str(row.id), row.effect.label, tone, cell, row.why, f"{row.author}, {day}")


def cell_option(cell: PlaybookCell) -> tuple[str, str]:
    """Return a cell as a drop-down has it."""
    key = json.dumps([cell.segment, cell.offer, cell.channel])
    return key, f"{cell.segment_name}: {cell.offer}, {Channel(cell.channel).label}"


class RulesState(FormState, rx.State):
    """`asking` has the form open."""

    rules: list[RuleLine] = []
    cells: list[tuple[str, str]] = []
    asking: bool = False
    may_rule: bool = False
    effect: str = RuleEffect.PIN.value
    cell: str = ""
    due: str = ""
    cost: str = ""
    """What the rule in the form is expected to lose."""

    def _fields(self) -> frozenset[str]:
        return frozenset({"effect", "cell", "due", "reason"})

    def _asked(self) -> bool:
        return self.asking

    def _shut(self) -> None:
        self.asking = False

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        if not self.dirty:
            self.asking = False
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            rows, cells = await list_rules(session, actor), await list_cells(session, actor)
            at = await shop_now(session)
        self.rules = [rule_line(row, show_day(row.created_at, at)) for row in rows]
        self.cells = [cell_option(cell) for cell in cells]
        self.may_rule = may(actor, Permission.ANALYTICS_WRITE)

    @rx.event
    @needs(Permission.ANALYTICS_READ)
    async def ask(self) -> None:
        """Open the form."""
        self._fresh()
        self.asking, self.effect, self.due = True, RuleEffect.PIN.value, ""
        self.cell = self.cells[0][0] if self.cells else ""
        await self._weigh()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose(self, field: str, value: str) -> None:
        """Take what was chosen in the form, and tell what it is expected to lose."""
        if field in {"effect", "cell", "due"}:
            setattr(self, field, str(value)[:1000])
        await self._weigh()

    async def _weigh(self) -> None:
        self.cost = ""
        if not self.cell:
            return
        told = _cell_of({"cell": self.cell, "effect": self.effect, "due": self.due, "reason": ""})
        actor = await signed_in(self)
        async with transaction() as session:
            found = await rule_cost(
                session, actor, effect=told["effect"], segment=told["segment"], offer=told["offer"],
                channel=told["channel"], due=told["due"],
            )  # fmt: skip
        self.cost = found.words

    @rx.event
    @submits
    @needs(Permission.ANALYTICS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Pin or forbid what was chosen."""
        actor = await signed_in(self)
        try:
            async with transaction() as session:
                row = await add_rule(session, actor, **_cell_of(form))
        except (Invalid, Conflict) as error:
            if error.field in {"segment", "offer", "channel"}:  # one field here
                raise Invalid(error.message, field="cell") from error
            raise
        self.asking = False
        await self._read()
        return toast_done(row.effect.label, "The next plans go by it.")

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_WRITE)
    async def undo(self, rule: str) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await undo_rule(session, actor, parse_id(str(rule), "rule"))
        await self._read()
        return toast_done("Taken back", "The next plans are as free as before.")


def _cell_of(form: dict[str, Any]) -> dict[str, Any]:
    """Return what the form says.

    Raises:
        Invalid: no cell or effect was chosen.
    """
    try:
        segment, offer, channel = map(str, json.loads(typed(form, "cell")[:1000]))
        effect = RuleEffect(typed(form, "effect"))
    except (ValueError, TypeError) as error:
        raise Invalid("Choose a segment, offer and channel, and what is to become of it.", field="cell") from error
    return {
        "effect": effect, "segment": segment, "offer": offer, "channel": channel, "due": typed(form, "due"),
        "reason": typed(form, "reason"),
    }  # fmt: skip
