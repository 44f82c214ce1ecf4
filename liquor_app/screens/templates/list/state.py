"""The list of templates, and making a new one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.state import FormState, submits
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


class TemplatesState(FormState, ListState, rx.State):
    """The list of templates, and making a new one."""

    rows: list[Head] = []
    making: bool = False

    def _fields(self) -> frozenset[str]:
        return frozenset({"name", "channel", "category"})

    def _asked(self) -> bool:
        return self.making

    def _shut(self) -> None:
        self.making = False

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
    @needs(Permission.APP)
    async def load(self) -> Any:
        if not self.dirty:
            self.making = False
        return await self._load()

    @rx.event
    @needs(Permission.APP)
    async def make(self, making: bool) -> None:
        """Open the dialog for a new template."""
        self._fresh()
        self.making = bool(making)

    @rx.event
    @submits
    @needs(Permission.TEMPLATES_ADMIN)
    async def create(self, form: dict[str, Any]) -> Any:
        """Return a new template, not active, that begins as the shipped one of its kind; then its page."""
        actor = await signed_in(self)
        name, channel, category = (typed(form, key) for key in ("name", "channel", "category"))
        shipped = {(one.channel.value, one.category): one for one in default_templates()}.get((channel, category))
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
        self.making = False
        return rx.redirect(f"/templates/{row.id}")

    @rx.event
    @guarded
    @needs(Permission.TEMPLATES_ADMIN)
    async def duplicate(self, template_id: str) -> Any:
        """Return a copy that is not active; then its page."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await duplicate_template(session, actor, parse_id(template_id, "template"))
        return [rx.redirect(f"/templates/{row.id}"), toast_done(f"“{row.name}” made", "It is off until you say so.")]
