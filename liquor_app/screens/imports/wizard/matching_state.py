"""The step between the file and its import: what each column is, how dates and numbers are written, and what would
become of the first rows.

Looking at a file may take its time, so it is done in the background, holding the tab's state only to ask and to show.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.customers.labels.custom_fields import list_custom_fields
from liquor_app.customers.labels.custom_values import MOST_LETTERS, FieldKind, field_key, full_name, split_name
from liquor_app.imports.cleaning.row_notes import NO_EVIDENCE
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.merge_rows import Policy
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.orders.new_buyers import CREATE, OPTION
from liquor_app.imports.profiles.known_tools import PROFILES
from liquor_app.imports.readers.dialect import MARKS, NUMBERINGS, ORDERS, SHOP
from liquor_app.imports.uploads import choose, start_import
from liquor_app.screens.imports.wizard.columns_view import (
    KNOWN_ELSEWHERE,
    NEW,
    ColumnLine,
    choices_of,
    column_lines,
    columns_words,
    evidence_words,
    made_words,
    mapping_of,
    numbering_words,
    on_screen,
    reassigned,
)
from liquor_app.screens.imports.wizard.doubt_answers import DoubtAnswers
from liquor_app.screens.imports.wizard.file_look import Answer, Question, look_at, told_of_all
from liquor_app.screens.imports.wizard.opened_as import OpenedAs
from liquor_app.screens.imports.wizard.report.report_words import trial_words
from liquor_app.screens.imports.wizard.running_state import RunState
from liquor_app.screens.imports.wizard.said_of_all import NOTHING, clean_said, first_mistake, told_again
from liquor_app.screens.imports.wizard.state import MATCH, RUN, ImportState
from liquor_app.screens.imports.wizard.trial_pages import TrialPages
from liquor_app.screens.imports.wizard.trial_view import TotalLine, money_words, seen_words, stranger_words, total_lines
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.toast import toast_failed

UNREADABLE = "The file could not be looked at. Please try again."


class MatchState(TrialPages, DoubtAnswers, OpenedAs, rx.State):
    """What is chosen for the file in hand, and what it would do."""

    columns: list[ColumnLine] = []
    columns_note: str = ""
    choices: list[tuple[str, str]] = []
    """What a column may become; the shop's own fields among them."""
    policy: str = Policy.FILL.value
    date_order: str = "mdy"
    decimal: str = "."
    numbering: str = SHOP
    _said_numbering: str = ""
    """What somebody said of it; else the file tells."""
    numbers_stores: bool = False
    """Orders have numbers, and their rows a store."""
    date_note: str = ""
    has_slashes: bool = True
    """A date of the first rows may be read in two orders."""
    numbering_note: str = ""
    decimal_note: str = ""
    known_as: str = ""
    """The tool whose export the file is; empty for none we know, or one that is read column by column."""
    made_note: str = ""
    """Which fields a known tool's file holds in several columns."""
    by_columns: bool = False
    said: dict[str, str] = NOTHING
    """What is said of everybody in the file, by field; and what is `wrong` with it."""
    wrong: dict[str, str] = NOTHING
    asks_evidence: bool = False
    meant: str = ""
    """What the file seems to hold instead of what was said."""
    creates: bool = False
    """Buyers nobody knows are made customers."""
    stranger_note: str = ""
    problem: str = ""
    trial: str = ""
    totals: list[TotalLine] = []
    money_note: str = ""
    seen_note: str = ""
    reading: bool = False
    """The file is being looked at: nothing can be imported before that has ended."""
    pressed: bool = False
    """The import was asked for while the file is looked at: it starts as soon as that has ended well."""
    _of: str = ""
    """The import the columns are those of."""
    _saved: dict[str, str] = {}
    """What the columns were when the page was left."""
    _asked: str = ""
    """The latest question."""
    _guess: bool = False
    """Whether it asks how the file writes dates and numbers, too."""

    def _clear(self) -> None:
        """Forget the file before; whatever is still being read of it is dropped when it comes."""
        self.reset()
        self._asked = secrets.token_hex(8)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def begin(self) -> Any:
        """Return a file that has just come: the guess; of one that was left half way, what was chosen by then."""
        self._clear()
        row = await (await self.get_state(ImportState))._row()
        if row.status is not ImportStatus.PREVIEW or not row.mapping:
            return await self._ask(guess=True)
        self._take_up(row)
        event = await self._ask(guess="date_order" not in row.options)
        known = dict(self.choices)
        new = [(name, column, parts[0]) for name, column in row.mapping.items() if (parts := split_name(name))]
        self.choices += [
            (name, f"{column[:MOST_LETTERS]} ({kind.label.lower()})") for name, column, kind in new if name not in known
        ]
        return event

    def _take_up(self, row: ImportRow) -> None:
        """Choose again what was chosen before the page was left."""
        constants = row.options.get("constants") or {}
        self._saved = dict(row.mapping)
        self.policy, self.creates = row.policy, row.options.get(OPTION) == CREATE
        self.by_columns = row.options.get("profile") == ""
        self.said = told_again(constants)
        self.asks_evidence = bool(constants)
        self.date_order = str(row.options.get("date_order", self.date_order))
        self.decimal = str(row.options.get("decimal", self.decimal))
        self._said_numbering = str(row.options.get("numbering", ""))
        self._take_opened(row.options)
        self._take_answers(row.options)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def match(self, column: str, field: str) -> Any:
        """Return a column of the file becomes a field; an empty one leaves it out."""
        field = str(field)
        if field.startswith(NEW) and field in dict(self.choices):
            # a new field takes the column's name
            kind, key = FieldKind(field.removeprefix(NEW)), field_key(str(column)[:MOST_LETTERS])
            field = full_name(kind, key)
            if field not in dict(self.choices):
                self.choices = [*self.choices, (field, f"{str(column)[:MOST_LETTERS]} ({kind.label.lower()})")]
        known = dict(self.choices)
        columns = reassigned(self.columns, str(column), field if field in known else "")
        if columns == self.columns:
            return None
        self.columns = columns
        return await self._ask(guess=True)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def read_by_columns(self, chosen: bool) -> Any:
        """Read a known tool's file column by column after all, or as the tool's again."""
        self.by_columns = bool(chosen)
        self._saved = {}
        return await self._anew()

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def read_as(self, kind: str) -> Any:
        """Read the file that was sent as one of another kind."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        row = await file._row()
        if file.step != MATCH or row.status is not ImportStatus.PREVIEW:
            return None
        async with transaction() as session:
            await choose(session, actor, row.id, kind=str(kind), policy=Policy.FILL, mapping={}, options={})
        file.kind = str(kind)
        self._clear()
        return await self._ask(guess=True)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def create_strangers(self, chosen: bool) -> Any:
        """Make customers of buyers nobody knows, or refuse their lines after all."""
        self.creates = bool(chosen)
        return await self._ask(guess=self._guess)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def say_of_all(self, field: str, value: str | bool) -> Any:
        """Say something of everybody in the file; a field that was only left says what it said before."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        told = clean_said(str(field), value)
        if str(field) not in NOTHING or (self.said[str(field)] == told and self.problem != UNREADABLE):
            return None
        self.said = {**self.said, str(field): told}
        return await self._ask(guess=self._guess)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def choose_policy(self, policy: str) -> Any:
        return await self._say("policy", policy if policy in set(Policy) else Policy.FILL.value, guess=self._guess)

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def choose_date_order(self, order: str) -> Any:
        return await self._say("date_order", order if order in ORDERS else "mdy")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def choose_decimal(self, mark: str) -> Any:
        return await self._say("decimal", mark if mark in MARKS else ".")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def choose_numbering(self, numbering: str) -> Any:
        chosen = numbering if numbering in NUMBERINGS else SHOP
        self._said_numbering = chosen if chosen != self.numbering else self._said_numbering
        return await self._say("numbering", chosen, guess=self._guess)

    async def _anew(self) -> Any:
        self.columns, self._of = [], ""
        return await self._ask(guess=True)

    async def _say(self, name: str, value: str, *, guess: bool = False) -> Any:
        """Take what was said and look at the file with it. A field that was only left says what it said before: nothing
        is read anew for it, unless the look before broke."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        if getattr(self, name) == value and self.problem != UNREADABLE:
            return None
        setattr(self, name, value)
        return await self._ask(guess=guess)

    async def _ask(self, *, guess: bool = False) -> Any:
        """Have the file looked at; what is shown of an earlier look goes first."""
        actor, file = await signed_in(self), await self.get_state(ImportState)
        require(actor, Permission.IMPORTS_WRITE)
        if not self.choices:
            async with transaction() as session:
                self.choices = choices_of(file.kind, await list_custom_fields(session, actor))
        if self._of == file._import:  # whoever loads the page anew before the answer finds what they said
            await self._keep(actor, await file._row())
        self._asked, self._guess, self.reading = secrets.token_hex(8), guess, True
        self.pressed = False  # what is changed after the press is looked at first
        self.problem, self.trial, self.stranger_note, self.totals = "", "", "", []
        self._show_lines()
        return MatchState.look

    @background
    @needs(Permission.IMPORTS_WRITE)
    async def look(self) -> Any:
        """Answer the latest question; then start the import, where that was asked for meanwhile."""
        async with self:
            actor, asked = await signed_in(self), self._asked
            row = await (await self.get_state(ImportState))._row()
            fresh = self._of != str(row.id)
            question = Question(
                row,
                self.policy,
                None if fresh else mapping_of(self.columns),
                self._told if self._guess else self._told | self._dialect,
                self._saved if fresh else {},
            )
        try:
            answer = await look_at(actor, question)
        except Exception:
            async with self:
                self._show(Answer(problem=UNREADABLE), asked, row)
            raise
        async with self:
            waited = self.pressed and self._asked == asked
            self._show(answer, asked, row)
            if self._asked == asked and not self.problem:
                await self._keep(actor, row)
                if waited:
                    return await self._start(actor)
        return None

    async def _keep(self, actor: Actor, row: ImportRow) -> None:
        """Keep what was chosen with the file, so that a page that is loaded anew goes on from there."""
        with suppress(Invalid):  # the look tells
            async with transaction() as session:
                await choose(
                    session, actor, row.id, kind=row.kind, policy=self.policy, mapping=mapping_of(self.columns),
                    options=self._told | self._dialect,
                )  # fmt: skip

    def _show(self, answer: Answer, asked: str, row: ImportRow) -> None:
        """Show an answer; a late one, to a question that is no longer the latest, is dropped."""
        if self._asked != asked:
            return
        self.reading, self.pressed, self.problem = False, False, on_screen(answer.problem)
        self.meant, self.wrong = answer.meant or self.meant, answer.wrong
        if answer.first is not None:
            self.columns, self._of, self._saved = column_lines(answer.first), str(row.id), {}
        if answer.seen is not None:
            dialect = answer.seen.dialect
            self._show_opened(answer.seen)
            if self._guess:
                self.date_order, self.decimal = dialect.date_order, dialect.decimal
            self.numbers_stores = row.kind == "purchases" and {"order_id", "store"} <= set(answer.seen.mapping)
            self.numbering = self._said_numbering or dialect.numbering
            self.numbering_note = numbering_words(dialect, self.numbering)
            self.date_note = evidence_words(dialect.date_evidence, dialect.date_order, self.date_order)
            self.decimal_note = evidence_words(dialect.decimal_evidence, dialect.decimal, self.decimal)
            self._guess = False
            self.known_as = PROFILES[answer.seen.profile].name if answer.seen.profile else ""
            self.made_note = made_words(answer.seen.profile)
        self.columns_note = columns_words(self.columns)
        if answer.tried is not None and answer.tried.numbering != SHOP and self.numbering == SHOP:
            self.numbering, self.numbering_note = answer.tried.numbering, KNOWN_ELSEWHERE
        if answer.tried is not None:
            notes, self.has_slashes = answer.tried.report.notes, answer.has_slashes
            self.asks_evidence = self.asks_evidence or bool(notes.get(NO_EVIDENCE))
            self.columns_note = columns_words(self.columns, answer.tried.totals.column.split(" × "))
            self.trial = trial_words(answer.tried.report, answer.tried.twice)
            self._show_lines(answer.lines)
            self.stranger_note = stranger_words(answer.tried)
            self.totals = total_lines(answer.tried, row.kind)
            self._ask_about(answer.tried.asked)
            self.money_note, self.seen_note = money_words(answer.tried, row.kind), seen_words(answer.tried)

    @property
    def _dialect(self) -> dict[str, Any]:
        return {"date_order": self.date_order, "decimal": self.decimal}

    @property
    def _told(self) -> dict[str, Any]:
        """What was said of the file as a whole."""
        said = {
            OPTION: CREATE if self.creates else "", "numbering": self._said_numbering, **self._opened_as,
        }  # fmt: skip
        return told_of_all(self.said, said) | self._answers | ({"profile": ""} if self.by_columns else {})

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def start(self) -> Any:
        """Hand the file to the worker; as soon as it has been read, where it is being read just now.

        Leaving a field has the file read anew: the press that left the field is not lost by it.
        """
        actor, file = await signed_in(self), await self.get_state(ImportState)
        row = await file._row()
        if file.step == MATCH and self.reading:
            if self._of != str(row.id):
                return toast_failed("Not yet", "The file is still being read; look at what would become of it first.")
            require(actor, Permission.IMPORTS_WRITE)
            self.pressed = True
            return None
        return await self._start(actor)

    async def _start(self, actor: Actor) -> Any:
        file = await self.get_state(ImportState)
        row = await file._row()
        if file.step != MATCH or self.problem or self._of != str(row.id):
            return None
        if wrong := first_mistake(self.wrong):
            return toast_failed("Not imported yet", wrong)
        if self.doubts:
            return toast_failed("Not yet", "Please answer first for the columns that are left out.")
        async with transaction() as session:
            await start_import(
                session, actor, row.id, kind=file.kind, policy=self.policy, mapping=mapping_of(self.columns),
                options=self._told | self._dialect,
            )  # fmt: skip
        file.step = RUN
        return RunState.watch
