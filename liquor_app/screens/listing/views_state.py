"""Questions asked of a list that are kept under a name, each person's own or everybody's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.ids import parse_id
from liquor_app.organization.saved_views import delete_view, list_views, save_view
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done


@dataclass(frozen=True, slots=True)
class ViewLine:
    """A saved view; `shared` is everybody's."""

    id: str
    name: str
    shared: bool


class ViewsState(FormState, rx.State, mixin=True):  # type: ignore[call-arg]
    """A list whose questions can be kept: `class XState(ViewsState, ListState, rx.State)`; `saving` while the form for
    a name is open."""

    views: list[ViewLine] = []
    saving: bool = False

    def _fields(self) -> Collection[str]:
        return {"name"}

    def _asked(self) -> bool:
        return self.saving

    def _shut(self) -> None:
        self.saving = False

    async def _arrive(self, session: Session, actor: Actor) -> None:
        self.views = await self._views(session, actor)

    async def _views(self, session: Session, actor: Actor) -> list[ViewLine]:
        return [
            ViewLine(str(row.id), row.name, row.is_shared)
            for row in await list_views(session, actor, self._list().name)
        ]

    @rx.event
    @guarded
    @needs(Permission.OWN_ACCOUNT)
    async def open_view(self, view_id: str) -> Any:
        """Ask what the view asks, from its first page."""
        actor = await signed_in(self)
        async with transaction() as session:
            views = await list_views(session, actor, self._list().name)
        view = next((row for row in views if str(row.id) == str(view_id)), None)
        if view is None:
            raise NotFound("There is no such view any more.")
        self._ask(view.query, {one.key: one.options for one in self.filters})
        return await self._again()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask_view(self) -> None:
        """Ask for the name to keep what is asked for now."""
        self._fresh()
        self.saving = True

    @rx.event
    @submits
    @needs(Permission.OWN_ACCOUNT)
    async def save_view(self, form: dict[str, Any]) -> Any:
        """Keep what is asked for now under a name."""
        actor, name = await signed_in(self), typed(form, "name")
        async with transaction() as session:
            shared = typed(form, "shared") == "yes"
            await save_view(session, actor, self._list().name, name, self._parameters(), shared=shared)
            self.views = await self._views(session, actor)
        self.saving = False
        return toast_done("View saved", "It stands in the menu of this list.")

    @rx.event
    @guarded
    @needs(Permission.OWN_ACCOUNT)
    async def delete_view(self, view_id: str) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await delete_view(session, actor, parse_id(view_id, "view"))
            self.views = await self._views(session, actor)
        return toast_done("View deleted")
