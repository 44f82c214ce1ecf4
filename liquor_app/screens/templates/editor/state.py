"""One template being written: what is typed, what is wrong with it, what it will look like."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.actions.latest_offer import latest_offer
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.customers.labels.custom_fields import list_custom_fields
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.screens.templates.editor.sample_state import SampleState
from liquor_app.screens.templates.view import (
    Head,
    ProblemLine,
    Seen,
    head_of,
    is_needed,
    problem_line,
    seen_of,
    switch_words,
)
from liquor_app.templates.preview import preview_draft, preview_stored, source_of
from liquor_app.templates.rendering.compile_sandboxed import COMPILING
from liquor_app.templates.rendering.render import TemplateSource
from liquor_app.templates.rendering.render_limits import MAX_SOURCE
from liquor_app.templates.service import CONTENT, TemplateRow, get_template, update_template
from liquor_app.templates.template_lint import find_problems
from liquor_app.templates.template_usage import template_uses
from liquor_app.ui.forms.source_text import go_to_line, guard, insert, numbered
from liquor_app.ui.toast import toast_done, toast_failed

DETAILS = ("name", "category")


class EditorState(FormState, DetailState, rx.State):
    """`values` is what is typed, `numbers` its lines' numbers; the server's copy stays until it is saved."""

    head: Head = Head()
    values: dict[str, str] = {}
    numbers: dict[str, str] = {}
    problems: list[ProblemLine] = []
    seen: Seen = Seen()
    broken: str = ""
    own: list[str] = []
    """The shop's own fields as a template writes them."""
    part: str = "design"
    view: str = "desktop"
    switching: str = ""
    """What switching it on or off would do, while that is asked."""
    switchable: bool = True
    """Whether it can be: the only one that segments have cannot be switched off."""
    _version: int = 0

    def _fields(self) -> tuple[str, ...]:
        return (*CONTENT, *DETAILS)

    def _noun(self) -> str:
        return "template"

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def load(self) -> Any:
        self.reset()
        await self._open()
        return guard(False)

    async def _read(self) -> None:
        """Tell what is stored, into the fields."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await get_template(session, actor, self._id())
        await self._show(row)

    async def _show(self, row: TemplateRow) -> None:
        """A stored template, into the fields."""
        actor = await signed_in(self)
        async with transaction() as session:
            uses = await template_uses(session, actor, [row.id])
            at = await shop_now(session)
            fields = await list_custom_fields(session, actor)
        self.own = [f"custom.{field.key}" for field in fields]
        self.head, self._version = head_of(row, uses[row.id], at), row.version
        self.values = {name: getattr(row, name) or "" for name in (*CONTENT, *DETAILS)}
        self.numbers = {name: numbered(self.values[name]) for name in CONTENT}
        self._fresh()
        await self._render()

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def put_own(self, name: str) -> Any:
        """Put a field of the shop's own where the cursor stands; not everybody has a value, so with a default."""
        return insert(f"{{{{ {name} | default: '' }}}}") if name in self.own else None

    def _source(self) -> TemplateSource:
        """Tell what is typed."""
        subject, html, text = (self.values.get(name) or None for name in CONTENT)
        is_email = self.head.channel == Channel.EMAIL
        return TemplateSource(Channel.EMAIL, subject, html, text) if is_email else TemplateSource(
            Channel.SMS, None, None, text
        )  # fmt: skip

    async def _render(self) -> None:
        """Look at it again; what cannot be drawn leaves the last picture and says why. What was not typed over is the
        stored template, which everybody may read; only those who may edit have their own words compiled."""
        actor, source = await signed_in(self), self._source()
        sample: UUID | None = (await self.get_state(SampleState))._customer_id
        try:
            async with transaction() as session:
                offer = await latest_offer(session, actor, sample)
                if self.dirty:
                    preview = await preview_draft(
                        session, actor, source, customer_id=sample, offer=offer, show_gaps=True
                    )
                else:
                    template_id = parse_id(self.head.id, "template")
                    source = source_of(await get_template(session, actor, template_id))
                    preview = await preview_stored(session, actor, template_id, customer_id=sample, offer=offer)
        except Invalid as problem:
            self.broken = problem.message
        else:
            self.seen, self.broken = seen_of(preview), ""
        self.problems = [problem_line(problem) for problem in await COMPILING.run(find_problems, source)]

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def type_in(self, name: str, value: str) -> Any:
        """Return a field changed; pages call it a moment after the last key."""
        if name not in (*CONTENT, *DETAILS) or not self.head.id:
            return None
        typed = str(value)[: MAX_SOURCE + 1]
        self.values = {**self.values, name: typed}
        self.errors = {key: words for key, words in self.errors.items() if key != name}
        first, self.dirty = not self.dirty, True
        if name in CONTENT:
            self.numbers = {**self.numbers, name: numbered(typed)}
            await self._render()
        return guard(True) if first else None

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def look_as(self, customer_id: str) -> None:
        """Look at it as one customer would get it; an empty id goes back to the example."""
        sample = await self.get_state(SampleState)
        await sample._pick(str(customer_id))
        await self._render()

    @rx.event
    @submits
    @needs(Permission.TEMPLATES_ADMIN)
    async def save(self) -> Any:
        """Return a new version, if the content changed; a mistake is shown beside its field."""
        actor = await signed_in(self)
        names = CONTENT if self.head.channel == Channel.EMAIL else ("body_text_template",)
        changes = {name: self.values.get(name) or None for name in names}
        changes |= {name: self.values.get(name, "") for name in DETAILS}
        before = self._version
        try:
            async with transaction() as session:
                row = await update_template(
                    session, actor, parse_id(self.head.id, "template"), changes, seen=self._version
                )
        except AppError as error:
            if error.field is None:
                raise
            self.errors = {error.field: error.message}
            return toast_failed("Not saved", error.message)
        await self._show(row)
        words = "Messages made from now on use it." if self.head.current else "No message uses it yet."
        saved = f"Version {row.version} saved" if row.version != before else "Saved"
        return [guard(False), toast_done(saved, words)]

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def ask_to_switch(self, open: bool) -> None:
        """Ask before it is switched on or off, with the names of the segments whose messages change."""
        actor, self.switching = await signed_in(self), ""
        if not open or not self.head.id:
            return
        template_id = parse_id(self.head.id, "template")
        async with transaction() as session:
            uses = await template_uses(session, actor, [template_id])
        use = uses[template_id]
        self.switching = switch_words(use, is_active=self.head.active)
        self.switchable = not self.head.active or not is_needed(use)

    @rx.event
    @guarded
    @needs(Permission.TEMPLATES_ADMIN)
    async def switch(self) -> Any:
        """On or off, once asked. What is typed and not saved stays."""
        actor, asked, self.switching = await signed_in(self), self.switching, ""
        if not asked:
            return None
        async with transaction() as session:
            template_id = parse_id(self.head.id, "template")
            row = await update_template(session, actor, template_id, {"is_active": not self.head.active})
            uses = await template_uses(session, actor, [row.id])
            at = await shop_now(session)
        self.head = head_of(row, uses[row.id], at)
        if row.is_active:
            return toast_done("Active", "It is the one messages of its kind are made of now.")
        taken_over = uses[row.id].current
        words = (
            f"Messages of its kind are made of “{taken_over}”." if taken_over else "No other one of its kind is active."
        )
        return toast_done("Switched off", words)

    @rx.event
    @needs(Permission.SETTINGS_READ)
    async def show_part(self, part: str | list[str]) -> None:
        """Tell which source is written: "design" or "text"."""
        self.part = "text" if part == "text" else "design"

    @rx.event
    @needs(Permission.SETTINGS_READ)
    async def show_view(self, view: str | list[str]) -> None:
        """Tell how wide the preview is."""
        self.view = str(view) if view in ("phone", "text") else "desktop"

    @rx.event
    @needs(Permission.SETTINGS_READ)
    async def find(self, field: str, line: int) -> Any:
        """To the line a problem stands on."""
        self.part = "text" if field == "body_text_template" else "design"
        return go_to_line(str(field) if field in CONTENT else CONTENT[0], int(line))
