"""What is asked of columns that are left out, and what somebody answers, as the page holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.imports.cleaning.doubts.doubt import CHANGES_NOTHING, KINDS, MOST_OF_NAME, ROW_KINDS, SALE, Doubt
from liquor_app.screens.imports.wizard.columns_view import on_screen
from liquor_app.screens.session.state import guarded, signed_in


@dataclass(frozen=True, slots=True)
class DoubtLine:
    """A column that is asked about, what hangs on it, and whether its values are asked about one by one."""

    column: str
    words: str
    of_kinds: bool


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value of a column of kinds, and what its rows are; empty while nobody said."""

    column: str
    value: str
    label: str
    kind: str


class DoubtAnswers(rx.State, mixin=True):  # type: ignore[call-arg]
    """Asks about columns that are left out; each is answered before the file is imported."""

    doubts: list[DoubtLine] = []
    doubt_values: list[ValueLine] = []
    settled: list[str] = []
    """Columns somebody says change nothing."""
    _kinds: dict[str, dict[str, str]] = {}
    _values: dict[str, list[str]] = {}

    @property
    def _answers(self) -> dict[str, Any]:
        return {
            **({CHANGES_NOTHING: list(self.settled)} if self.settled else {}),
            **({ROW_KINDS: {one: dict(said) for one, said in self._kinds.items()}} if self._kinds else {}),
        }

    def _take_answers(self, options: dict[str, Any]) -> None:
        """Take up what was answered before the page was left."""
        self.settled = list(options.get(CHANGES_NOTHING) or [])
        self._kinds = {one: dict(said) for one, said in (options.get(ROW_KINDS) or {}).items()}
        self._values = {one: list(said) for one, said in self._kinds.items()}

    def _ask_about(self, doubts: Sequence[Doubt]) -> None:
        """Show what is asked now, beside what was answered of kinds."""
        self.doubts = [DoubtLine(one.column, on_screen(one.words), bool(one.values)) for one in doubts]
        self._values = {**self._values, **{one.column: list(one.values) for one in doubts if one.values}}
        shown = {*(one.column for one in doubts), *self._kinds}
        self.doubt_values = [
            ValueLine(
                column, value, f"{column[:MOST_OF_NAME]}: {value or 'blank'}", said.get(value, "")
            )
            for column, values in self._values.items() if column in shown
            for said in (self._kinds.get(column, {}),)
            for value in values
        ]  # fmt: skip

    async def _ask(self, *, guess: bool = False) -> Any:
        """Have the file looked at anew."""
        raise NotImplementedError

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def change_nothing(self, column: str) -> Any:
        """Say that a column that is left out changes nothing."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        if str(column) not in {one.column for one in self.doubts}:
            return None
        self.settled = [*self.settled, str(column)]
        return await self._ask()

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def ask_again(self, column: str) -> Any:
        """Take back that a column changes nothing."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        self.settled = [one for one in self.settled if one != str(column)]
        return await self._ask()

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def say_kind(self, column: str, value: str, kind: str) -> Any:
        """Say what the rows with a value are; of the column's other values they count as before until said."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        column, value, kind = str(column), str(value), str(kind)
        if kind not in KINDS or value not in self._values.get(column, []):
            return None
        said = dict.fromkeys(self._values[column], SALE) | self._kinds.get(column, {}) | {value: kind}
        self._kinds = {**self._kinds, column: said}
        self.settled = [one for one in self.settled if one != column]
        return await self._ask(guess=True)
