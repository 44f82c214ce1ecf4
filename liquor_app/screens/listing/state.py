"""A declared list on its page: search, filters, sort and place stand in the address, so a link or a reload shows the
same; `cursors` is the way back to the pages before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, may
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.listing.compile import MOST_SORTS, check_sort
from liquor_app.core.listing.spec import ListQuery, ListSpec, Match
from liquor_app.core.paging import Page
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.forms.filters import Option, focus_filter
from liquor_app.ui.toast import toast_failed, toast_warning
from liquor_app.ui.words import figure

PER_PAGE = 25
MOST_COLUMNS = 30
SEARCHED = 100


@dataclass(frozen=True, slots=True)
class FilterLine:
    """One filter of the list: what it is called, what it is set to (empty for off), what it offers, and what is typed
    into it: "date", "text", or "" where one of the options is chosen."""

    key: str
    label: str
    value: str
    words: str
    options: list[Option]
    typed: str


class ListState(rx.State, mixin=True):  # type: ignore[call-arg]
    """What every list's state is and does. One that is a list says `class XState(ListState, rx.State)`, declares
    `rows: list[XLine]`, and writes `_list`, `_path`, `_read_page` and `_lines`; nothing else has to be."""

    query: str = ""
    filters: list[FilterLine] = []
    sort: str = ""
    showing: str = ""
    page: int = 1
    cursors: list[str] = [""]
    next_cursor: str = ""
    loading: bool = True
    hidden: list[str] = []
    """Columns that are not drawn, by their heads."""
    exported: str = ""
    """Address of the file of exactly what is shown, all pages of it."""
    _question: str = ""
    """What the rows shown match."""

    # --- what a list says of itself ---

    def _list(self) -> ListSpec[Any]:
        raise NotImplementedError

    def _path(self) -> str:
        """Return the page's address; empty for a list on another thing's page, whose place is not remembered."""
        return ""

    def _export_path(self) -> str:
        """Return the route of its export; empty if there is none."""
        return ""

    def _column_fields(self) -> Mapping[str, tuple[str, ...]]:
        """Head of a column → fields of the file that are left out with it."""
        return {}

    def _file_columns(self) -> list[str]:
        """Return the fields of the file: all but those of columns that were put away."""
        away = {name for head in self.hidden for name in self._column_fields().get(head, ())}
        return [name for name in self._list().exported if name not in away]

    def _per_page(self) -> int:
        return PER_PAGE

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[Any]:
        """Return the service's page. May keep what `_lines` needs beside the rows."""
        raise NotImplementedError

    async def _lines(self, session: Session, actor: Actor, items: list[Any]) -> list[Any]:
        """Return the rows in words."""
        raise NotImplementedError

    async def _asked_otherwise(self) -> None:
        """Tell what to do once other rows match than before."""

    async def _shown(self) -> None:
        """Tell what to do once a page has been read."""

    async def _options(self, session: Session, actor: Actor) -> Mapping[str, list[Option]]:
        """Tell what each labelled filter offers, beyond the values its declaration names."""
        return {}

    async def _arrive(self, session: Session, actor: Actor) -> None:
        """Read what the page shows beside its rows."""

    # --- reading ---

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def load(self) -> Any:
        return await self._load()

    @rx.event
    @needs(Permission.APP)
    async def forget(self) -> None:
        """Show nothing until the next `load`: the page is about something else now."""
        self.reset()

    async def _load(self) -> Any:
        """Read what the address asks for; an address that makes no sense falls back to the whole list."""
        actor = await signed_in(self)
        async with transaction() as session:
            offered = await self._options(session, actor)
            await self._arrive(session, actor)
        names = ["search", "sort", "hide", *(one.name for one in self._list().filters), "cursor", "page"]
        given = {name: parameter(self, name) for name in names} if self._path() else {}
        self._ask(given, offered)
        self._place(given.get("cursor", ""), given.get("page", ""))
        try:
            await self._read(actor)
        except Invalid as problem:
            self._ask({}, offered)
            self._place("", "")
            await self._read(actor)
            return [self._remember(), toast_failed("This link could not be followed", problem.message)]
        return None

    def _ask(self, asked: Mapping[str, str], offered: Mapping[str, list[Option]]) -> None:
        """Take a question over, as an address or a view has it."""
        self.query, self.sort = asked.get("search", "")[:SEARCHED], asked.get("sort", "") or self._list().order
        self.hidden = [head for head in asked.get("hide", "").split(",") if head][:MOST_COLUMNS]
        self.filters = self._filter_lines(asked, offered)

    def _place(self, cursor: str, page: str) -> None:
        """Stand on the page of `cursor`; the way back is known only if this tab walked it."""
        known = cursor == self.cursors[-1]
        self.page = int(page) if cursor and page.isdecimal() and len(page) < 7 else 1
        self.cursors = self.cursors if known else ["", cursor] if cursor else [""]

    def _filter_lines(self, chosen: Mapping[str, str], offered: Mapping[str, list[Option]]) -> list[FilterLine]:
        """Return the labelled filters with what is chosen of them, in words; of the others those that are set."""
        lines = []
        for one in self._list().filters:
            value = chosen.get(one.name, "")
            options = list(offered.get(one.name, [])) or [Option(item, one.words(item)) for item in one.options]
            typed = "date" if one.match in {Match.FROM, Match.UNTIL} else "text" if one.is_typed else ""
            if ((options or typed) and one.label) or value:
                known = {option.value: option.words for option in options}
                words = ", ".join(known.get(part, part) for part in value.split(",")) if value else ""
                lines.append(
                    FilterLine(one.name, one.label or one.name, value, known.get(value, words), options, typed)
                )
        return lines

    def _query(self) -> ListQuery:
        return ListQuery(
            filters={one.key: one.value for one in self.filters if one.value},
            search=self.query if self._list().search else "",
            sort=self.sort,
            limit=self._per_page(),
            cursor=self.cursors[-1] or None,
        )

    async def _read(self, actor: Actor | None = None) -> None:
        actor = actor or await signed_in(self)
        query = self._query()
        question = repr((query.search, sorted(query.filters.items())))
        if question != self._question:
            self._question = question
            await self._asked_otherwise()
        async with transaction() as session:
            found = await self._read_page(session, actor, query)
            self.rows = await self._lines(session, actor, list(found.items))
        self.next_cursor, self.loading = found.next_cursor or "", False
        self.showing = showing(self.page, self._per_page(), len(found.items), found.total, found.total_is_exact)
        may_export = may(actor, Permission(self._list().export_permission))
        self.exported = self._export_address() if may_export else ""
        await self._shown()

    def _parameters(self) -> dict[str, str]:
        """Tell what of the question differs from the plain list."""
        return {
            "search": self.query if self._list().search else "",
            **{one.key: one.value for one in self.filters},
            "sort": "" if self.sort == self._list().order else self.sort,
            "hide": ",".join(self.hidden),
        }

    def _export_address(self) -> str:
        asked = {name: value for name, value in self._parameters().items() if value and name != "hide"}
        if len(columns := self._file_columns()) < len(self._list().exported):
            asked["columns"] = ",".join(columns)
        return f"{self._export_path()}?{urlencode(asked)}" if self._export_path() else ""

    def _remember(self) -> Any:
        if not self._path():
            return None
        place = {"cursor": self.cursors[-1], "page": str(self.page) if self.page > 1 else ""}
        return remember(self._path(), {**self._parameters(), **place})

    async def _again(self) -> Any:
        """From the first page, as asked for now."""
        self.cursors, self.page = [""], 1
        await self._read()
        return self._remember()

    # --- asking otherwise ---

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def search(self, query: str) -> Any:
        self.query = str(query)[:SEARCHED]
        return await self._again()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def choose(self, key: str, value: str | list[str]) -> Any:
        """Set a filter; an empty value takes it off. The keyboard stays with it."""
        self._narrow(str(key), str(value if isinstance(value, str) else ",".join(value))[:200])
        told = [await self._again()]
        if str(key) in {one.key for one in self.filters}:
            told.append(focus_filter(str(key)))
        return [event for event in told if event is not None]

    def _narrow(self, key: str, value: str) -> None:
        chosen = {one.key: one.value for one in self.filters} | {key: value}
        self.filters = self._filter_lines(chosen, {one.key: one.options for one in self.filters})

    def _chosen_for(self, key: str) -> str:
        """Tell what a filter is set to; empty for off."""
        return next((one.value for one in self.filters if one.key == key), "")

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def show_all(self) -> Any:
        """Take off the search and every filter."""
        self.query = ""
        self.filters = self._filter_lines({}, {one.key: one.options for one in self.filters})
        return await self._again()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def sort_by(self, key: str, also: bool = False) -> Any:
        """Sort by a column; once more turns it round. With `also` those there are stay before it, and a third time
        takes it out."""
        one = self._list().sort_names.get(str(key))
        if one is None:
            return None
        first, second = (f"-{one.name}", one.name) if one.first == "-" else (one.name, f"-{one.name}")
        present = self.sort.split(",")
        if not also:
            present = [second if present[0] == first else first]
        elif first in present:
            present[present.index(first)] = second
        elif second not in present:
            present.append(first)
        elif len(present) > 1:
            present.remove(second)
        else:
            present = [first]
        if len(present) > MOST_SORTS:
            return toast_warning(f"{MOST_SORTS} columns at most", "Press a heading without Shift to begin anew.")
        self.sort = ",".join(present)
        check_sort(self._list(), self.sort)
        return await self._again()

    # --- walking ---

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def forward(self) -> Any:
        if not self.next_cursor:
            return None
        self.cursors, self.page = [*self.cursors, self.next_cursor], self.page + 1
        await self._read()
        return self._remember()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def back(self) -> Any:
        if len(self.cursors) < 2:
            return None
        self.cursors = self.cursors[:-1]
        self.page = self.page - 1 if len(self.cursors) > 1 else 1
        await self._read()
        return self._remember()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def first(self) -> Any:
        return await self._again()

    # --- columns ---

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def show_column(self, head: str, shown: bool) -> Any:
        others = [one for one in self.hidden if one != str(head)]
        self.hidden = others if shown else [*others, str(head)[:60]][:MOST_COLUMNS]
        self.exported = self._export_address() if self.exported else ""
        return self._remember()


def showing(page: int, size: int, on_page: int, total: int, exact: bool) -> str:
    """ "26 to 50 of 1,102" """
    if not on_page:
        return "None"
    first = (page - 1) * size + 1
    return f"{figure(first)} to {figure(first + on_page - 1)} of {'' if exact else 'about '}{figure(total)}"
