"""The list of templates, and making a new one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import AppError
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.screens.templates.view import Head, head_of
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.lists import TEMPLATES, list_templates
from liquor_app.templates.service import TemplateRow, create_template
from liquor_app.templates.template_usage import template_uses
from liquor_app.templates.template_versions import duplicate_template
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done


class TemplatesState(ListState, rx.State):
    """The list of templates, and making a new one."""

    rows: list[Head] = []
    making: bool = False
    errors: dict[str, str] = {}

    def _list(self) -> ListSpec[TemplateRow]:
        return TEMPLATES

    def _path(self) -> str:
        return "/templates"

    def _export_path(self) -> str:
        return "/api/v1/settings/templates/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[TemplateRow]:
        return await list_templates(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[TemplateRow]) -> list[Head]:
        uses = await template_uses(session, actor, [row.id for row in items])
        at = await shop_now(session)
        return [head_of(row, uses[row.id], at) for row in items]

    @rx.event
    @guarded
    async def load(self) -> Any:
        self.making, self.errors = False, {}
        return await self._load()

    @rx.event
    async def make(self, making: bool) -> None:
        """Open or close the dialog for a new template."""
        self.making, self.errors = bool(making), {}

    @rx.event
    @guarded
    async def create(self, form: dict[str, Any]) -> Any:
        """A new template, not active, that begins as the shipped one of its kind; then its page."""
        actor = await signed_in(self)
        name, channel, category = (typed(form, key) for key in ("name", "channel", "category"))
        shipped = {(one.channel.value, one.category): one for one in default_templates()}.get((channel, category))
        try:
            async with transaction() as session:
                row = await create_template(
                    session,
                    actor,
                    name=name,
                    channel=channel,
                    category=category,
                    subject_template=shipped.subject if shipped else None,
                    body_html_template=shipped.html if shipped else None,
                    body_text_template=shipped.text if shipped else None,
                    is_active=False,
                )
        except AppError as error:
            if error.field is None:
                raise
            self.errors = {error.field: error.message}
            return None
        self.making = False
        return rx.redirect(f"/templates/{row.id}")

    @rx.event
    @guarded
    async def duplicate(self, template_id: str) -> Any:
        """A copy that is not active; then its page."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await duplicate_template(session, actor, parse_id(template_id, "template"))
        return [rx.redirect(f"/templates/{row.id}"), toast_done(f"“{row.name}” made", "It is off until you say so.")]
