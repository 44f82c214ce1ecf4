"""Drop folders and what came in them, on their page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import AppError
from liquor_app.core.files.drop_root import drop_root
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.imports.drop_folders.drop_sources import (
    SourceRow,
    create_source,
    delete_source,
    get_source,
    request_look,
    update_source,
)
from liquor_app.imports.drop_folders.lists import (
    DROP_FILES,
    DROP_SOURCES,
    DropFileRow,
    list_drop_files,
    list_drop_sources,
)
from liquor_app.imports.drop_folders.look import retry_file
from liquor_app.imports.drop_folders.settle_file import discard_file, take_as_it_seems
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.imports.drop_folders.view import (
    NEW,
    OF_FILES,
    FileLine,
    SourceLine,
    fields_of,
    file_line,
    source_line,
)
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.filters import Option
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done

FIELDS = (
    "name",
    "folder",
    "kind",
    "profile",
    "policy",
    "every_minutes",
    "silent_hours",
    "unknown_customers",
    "numbering",
)


def _where(folder: str) -> str:
    try:
        return drop_root().where(folder)
    except AppError as problem:
        return problem.message


class DropFoldersState(FormState, ListState, rx.State):
    """The folders."""

    rows: list[SourceLine] = []
    asking: str = ""
    about: str = ""
    root: str = ""
    fields: dict[str, str] = {}
    """What the form starts with."""

    def _list(self) -> ListSpec[SourceRow]:
        return DROP_SOURCES

    def _fields(self) -> frozenset[str]:
        return frozenset(FIELDS)

    def _asked(self) -> bool:
        return self.asking in {"new", "edit"}

    def _shut(self) -> None:
        self.asking = ""

    @rx.var
    def chosen(self) -> SourceLine:
        """The folder a dialog is about."""
        return next((row for row in self.rows if row.id == self.about), SourceLine())

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[SourceRow]:
        return await list_drop_sources(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[SourceRow]) -> list[SourceLine]:
        at, self.root = await shop_now(session), _where("x").removesuffix("/x")
        return [source_line(row, _where(row.folder), at) for row in items]

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_READ)
    async def ask(self, what: str, about: str = "") -> None:
        """Open a dialog; an empty `what` closes it."""
        self.asking = what if what in {"new", "edit", "delete"} else ""
        self._fresh()
        self.about, self.fields = str(about)[:36], NEW
        if self.asking == "edit":
            actor = await signed_in(self)
            async with transaction() as session:
                self.fields = fields_of(await get_source(session, actor, parse_id(self.about, "folder")))

    @rx.event
    @submits
    @needs(Permission.IMPORTS_ADMIN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store a new folder, or another rhythm for one that is there."""
        actor, is_new = await signed_in(self), self.asking == "new"
        told: dict[str, Any] = {name: typed(form, name).strip() for name in FIELDS if name not in OF_FILES}
        said = {name: value for name in OF_FILES if (value := typed(form, name))}
        async with transaction() as session:
            if is_new:
                row = await create_source(session, actor, {**told, "options": said})
            else:
                source_id = parse_id(self.about, "folder")
                before = await _options_of(session, actor, source_id)
                row = await update_source(session, actor, source_id, {**told, "options": {**before, **said}})
        await self._read()
        self.asking = ""
        return toast_done("Drop folder saved", f"{row.name} is looked at every {row.every_minutes} minutes.")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_ADMIN)
    async def pause(self, source_id: str, paused: bool) -> Any:
        """Pause a folder, or go on with it."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await update_source(session, actor, parse_id(source_id, "folder"), {"is_paused": bool(paused)})
        await self._read()
        return toast_done(f"{row.name} is paused" if row.is_paused else f"{row.name} is looked at again")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def look(self, source_id: str) -> Any:
        """Have a folder looked at now."""
        actor = await signed_in(self)
        async with transaction() as session:
            await request_look(session, actor, parse_id(source_id, "folder"))
        return toast_done("It is being looked at", "A new file is read when it looks the same twice.")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_ADMIN)
    async def delete(self) -> Any:
        actor, self.asking = await signed_in(self), ""
        async with transaction() as session:
            await delete_source(session, actor, parse_id(self.about, "folder"))
        await self._read()
        return [toast_done("Drop folder taken away", "Its files and what was imported stay."), DropFilesState.load]


async def _options_of(session: Session, actor: Actor, source_id: UUID) -> dict[str, Any]:
    before = await get_source(session, actor, source_id)
    return {name: value for name, value in before.options.items() if name not in OF_FILES}


class DropFilesState(ListState, rx.State):
    """What came."""

    rows: list[FileLine] = []

    def _list(self) -> ListSpec[DropFileRow]:
        return DROP_FILES

    def _path(self) -> str:
        return "/settings/drop-folders"

    def _export_path(self) -> str:
        return "/api/v1/drop-files/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[DropFileRow]:
        return await list_drop_files(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[DropFileRow]) -> list[FileLine]:
        at = await shop_now(session)
        return [file_line(row, at) for row in items]

    async def _options(self, session: Session, actor: Actor) -> dict[str, list[Option]]:
        known = await list_drop_sources(session, actor, ListQuery(limit=100))
        return {"source_id": [Option(str(row.id), row.name) for row in known.items]}

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def retry(self, file_id: str) -> Any:
        """Try a file again that failed."""
        actor = await signed_in(self)
        async with transaction() as session:
            await retry_file(session, actor, parse_id(file_id, "file"))
        await self._read()
        return toast_done("It is tried again", "With what its folder says now.")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def take_as(self, file_id: str) -> Any:
        """Open a file of another kind than its folder's as what it seems to be, to be looked at first."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await take_as_it_seems(session, actor, parse_id(file_id, "file"))
        return rx.redirect(f"/customers/import?import={row.id}")

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def discard(self, file_id: str) -> Any:
        """Leave a file out that failed."""
        actor = await signed_in(self)
        async with transaction() as session:
            await discard_file(session, actor, parse_id(file_id, "file"))
        await self._read()
        return [
            toast_done("File discarded", "It stays in its folder, and is looked at no more."),
            DropFoldersState.load,
        ]
