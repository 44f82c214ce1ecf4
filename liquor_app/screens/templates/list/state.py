"""The list of templates, and making a new one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.ids import parse_id
from liquor_app.organization.settings import shop_now
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.screens.templates.view import Head, head_of
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.service import create_template, list_templates
from liquor_app.templates.template_usage import template_uses
from liquor_app.templates.template_versions import duplicate_template
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done

PAGE = 25


class TemplatesState(rx.State):
    """One page of templates by name; `channel` empty for both."""

    rows: list[Head] = []
    channel: str = "all"
    showing: str = ""
    cursors: list[str] = [""]
    next_cursor: str = ""
    loading: bool = True
    making: bool = False
    errors: dict[str, str] = {}

    @rx.event
    @guarded
    async def load(self) -> None:
        wanted = parameter(self, "channel")
        self.channel = wanted if wanted in ("email", "sms") else "all"
        self.cursors, self.making, self.errors = [""], False, {}
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            page = await list_templates(
                session,
                actor,
                channel="" if self.channel == "all" else self.channel,
                limit=PAGE,
                cursor=self.cursors[-1] or None,
            )
            uses = await template_uses(session, actor, [row.id for row in page.items])
            at = await shop_now(session)
        self.rows = [head_of(row, uses[row.id], at) for row in page.items]
        self.next_cursor, self.loading = page.next_cursor or "", False
        first = (len(self.cursors) - 1) * PAGE
        self.showing = f"{first + 1:,} to {first + len(self.rows):,} of {page.total:,}" if self.rows else "None"

    @rx.event
    @guarded
    async def choose(self, channel: str | list[str]) -> Any:
        self.channel = channel if channel in ("email", "sms") else "all"
        self.cursors = [""]
        await self._read()
        return remember("/templates", {"channel": "" if self.channel == "all" else self.channel})

    @rx.event
    @guarded
    async def forward(self) -> None:
        if self.next_cursor:
            self.cursors = [*self.cursors, self.next_cursor]
            await self._read()

    @rx.event
    @guarded
    async def back(self) -> None:
        if len(self.cursors) > 1:
            self.cursors = self.cursors[:-1]
            await self._read()

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
