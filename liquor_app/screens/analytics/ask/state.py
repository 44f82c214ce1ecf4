"""Questions and answers as the page says them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.asking.answers import Answer, answer
from liquor_app.analytics.asking.matching import LONGEST, matching
from liquor_app.analytics.asking.pick import meant
from liquor_app.analytics.asking.questions import (
    PERIODS,
    QUESTIONS,
    STANDARD_DAYS,
    Picked,
    QuestionKey,
    picked,
)
from liquor_app.analytics.asking.spans import is_span
from liquor_app.analytics.documents.report_document import told
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.forms.form_data import typed

ADDRESS = "/ask"
UNCHOSEN = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question that can be picked."""

    key: str
    words: str


def choices(keys: list[QuestionKey]) -> list[Choice]:
    return [Choice(one.value, QUESTIONS[one].words) for one in keys]


def table_of(found: Answer) -> list[list[str]]:
    """Return an answer's rows in words, in the order of its columns."""
    return [[told(row[one.key], one) for one in found.columns] for row in found.rows]


class AskState(rx.State):
    """A question in words, and what is known."""

    typed: str = ""
    trouble: str = ""
    note: str = ""
    has_model: bool = False
    offered: list[Choice] = []
    key: str = UNCHOSEN
    question: str = ""
    days: str = ""
    sentences: list[str] = []
    heads: list[str] = []
    numbers: list[bool] = []
    """Which of the columns hold figures, and stand to the right."""
    rows: list[list[str]] = []
    link: str = ""
    link_words: str = ""

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        """Show what the address asks; all questions, if it asks none."""
        await signed_in(self)
        self.has_model = bool(get_settings().openai_api_key.get_secret_value())
        self.offered = choices(list(QuestionKey))
        self.key, self.trouble, self.note, self.typed = UNCHOSEN, "", "", ""
        days = parameter(self, "days")
        try:
            number = int(days) if days.isdigit() and len(days) < 5 else None
            asked = picked(parameter(self, "question"), number, parameter(self, "period"))
        except Invalid:
            return
        await self._answer(asked)

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def look(self, said: str) -> None:
        """Narrow the questions by what is being typed."""
        await signed_in(self)
        self.typed, self.trouble = str(said)[:LONGEST], ""
        self.offered = choices([one.key for one in matching(self.typed)])

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def ask(self, form: dict[str, Any]) -> Any:
        """Answer what was typed."""
        actor = await signed_in(self)
        self.typed, self.trouble, self.note = typed(form, "question"), "", ""
        try:
            found = await meant(actor, self.typed)
        except AppError as failed:
            self.trouble = failed.message
            return None
        self.offered = choices([*found.others, *(one for one in QuestionKey if one not in found.others)])
        if found.picked is None:
            self.key = UNCHOSEN
            self.trouble = "None of the questions is about that. These can be answered:"
            return None
        why = f"Found by its words: {found.why}." if found.why else ""
        self.note = " ".join(one for one in (found.doubt, why) if one)
        await self._answer(found.picked, found.others)
        return self._remember()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def pick(self, key: str) -> Any:
        """Answer a question of the list."""
        await signed_in(self)
        self.trouble, self.note = "", ""
        try:
            asked = picked(str(key))
        except Invalid as failed:
            self.trouble = failed.message
            return None
        await self._answer(asked)
        return self._remember()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose_days(self, days: str | list[str]) -> Any:
        """Ask the same of other days."""
        await signed_in(self)
        wanted = int(days) if isinstance(days, str) and days in {str(one) for one in PERIODS} else STANDARD_DAYS
        span = days if isinstance(days, str) and is_span(days) else ""
        try:
            asked = picked(self.key, wanted, span)
        except Invalid as failed:
            self.trouble = failed.message
            return None
        await self._answer(asked)
        return self._remember()

    async def _answer(self, asked: Picked, others: Sequence[QuestionKey] = ()) -> None:
        """Show an answer, and offer the other questions, those that may be meant first."""
        rest = [one for one in QuestionKey if one not in others]
        self.offered = choices([one for one in (*others, *rest) if one is not asked.key])
        actor = await signed_in(self)
        async with transaction() as session:
            found = await answer(session, actor, asked)
        self.key, self.question = asked.key.value, found.question.words
        self.days = found.span or (str(found.days) if found.days else "")
        self.sentences, self.heads = list(found.sentences), [one.label for one in found.columns]
        self.numbers, self.rows = [one.unit is not None for one in found.columns], table_of(found)
        self.link, self.link_words = found.link

    def _remember(self) -> Any:
        is_days = self.days.isdigit()
        asked = {"days": self.days if is_days else "", "period": "" if is_days else self.days}
        return remember(ADDRESS, {"question": self.key, **asked})
