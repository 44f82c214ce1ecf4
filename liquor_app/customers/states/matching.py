"""The step between the file and its import: what each column is, how dates and numbers are written, and what would
become of the first rows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import require
from liquor_app.accounts.state import guarded, signed_in
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.customers.importing import inspect_file, try_file
from liquor_app.customers.importing.dialect import MARKS, ORDERS
from liquor_app.customers.importing.merging import Policy
from liquor_app.customers.importing.reading import READING
from liquor_app.customers.states.importing import MATCH, RUN, ImportState
from liquor_app.customers.states.running import RunState
from liquor_app.customers.states.uploads import (
    CHOICES,
    ColumnLine,
    TrialLine,
    column_lines,
    evidence_words,
    mapping_of,
    reassigned,
    trial_lines,
    trial_words,
)
from liquor_app.customers.uploads import file_of, start_import

TRIED_ROWS = 200


class MatchState(rx.State):
    """What is chosen for the file in hand, and what it would do."""

    columns: list[ColumnLine] = []
    policy: str = Policy.FILL.value
    date_order: str = "mdy"
    decimal: str = "."
    date_note: str = ""
    decimal_note: str = ""
    problem: str = ""
    trial: str = ""
    rows: list[TrialLine] = []

    @rx.event
    @guarded
    async def begin(self) -> None:
        """A file that has just come: the guess."""
        require(await signed_in(self), Role.MANAGER)
        self.reset()
        file = await self.get_state(ImportState)
        row = await file._row()
        try:
            preview = await READING.run(inspect_file, file_of(row.file_key), file.kind)
        except Invalid as problem:
            self.problem = problem.message
            return
        self.columns = column_lines(preview)
        await self._try(guess=True)

    @rx.event
    @guarded
    async def match(self, column: str, field: str) -> None:
        """A column of the file becomes a field; an empty one leaves it out."""
        file = await self.get_state(ImportState)
        known = {value for value, _ in CHOICES[file.kind]}
        self.columns = reassigned(self.columns, str(column), field if field in known else "")
        await self._try(guess=True)

    @rx.event
    @guarded
    async def choose_policy(self, policy: str) -> None:
        self.policy = policy if policy in set(Policy) else Policy.FILL.value
        await self._try()

    @rx.event
    @guarded
    async def choose_date_order(self, order: str) -> None:
        self.date_order = order if order in ORDERS else "mdy"
        await self._try()

    @rx.event
    @guarded
    async def choose_decimal(self, mark: str) -> None:
        self.decimal = mark if mark in MARKS else "."
        await self._try()

    async def _try(self, *, guess: bool = False) -> None:
        """Import the first rows for trial: everything is rolled back, only the outcome is kept."""
        actor, file, mapping = await signed_in(self), await self.get_state(ImportState), mapping_of(self.columns)
        row = await file._row()
        self.problem, self.trial, self.rows = "", "", []
        path = file_of(row.file_key)
        try:
            seen = await READING.run(inspect_file, path, file.kind, rows=0, mapping=mapping)
            if guess:
                self.date_order, self.decimal = seen.dialect.date_order, seen.dialect.decimal
            self.date_note = evidence_words(seen.dialect.date_evidence, seen.dialect.date_order, self.date_order)
            self.decimal_note = evidence_words(seen.dialect.decimal_evidence, seen.dialect.decimal, self.decimal)
            async with transaction() as session:
                tried = await try_file(
                    session, actor, kind=file.kind, path=path, policy=self.policy, mapping=mapping,
                    options=self._options, limit=TRIED_ROWS, watch=True,
                )  # fmt: skip
        except (Invalid, Conflict) as problem:
            self.problem = problem.message
            return
        self.trial, self.rows = trial_words(tried.report), trial_lines(tried.shown)

    @property
    def _options(self) -> dict[str, str]:
        return {"date_order": self.date_order, "decimal": self.decimal}

    @rx.event
    @guarded
    async def start(self) -> Any:
        """Hand the file to the worker."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        if file.step != MATCH or self.problem:
            return None
        async with transaction() as session:
            await start_import(
                session, actor, (await file._row()).id, kind=file.kind, policy=self.policy,
                mapping=mapping_of(self.columns), options=self._options,
            )  # fmt: skip
        file.step = RUN
        return RunState.watch
