"""One segment being made or changed: the rule as lines, counted live, and the playbook."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.catalog.service import suggest_products
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.filter_choices import categories_in_use
from liquor_app.customers.labels.custom_fields import list_custom_fields
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.segments.edit.count_state import CountState
from liquor_app.screens.segments.edit.playbook_form import (
    OfferLine,
    another_offer,
    blamed_offers,
    changes_of,
    fields_of,
    offers_of,
    typed_offers,
)
from liquor_app.screens.segments.edit.rule_editor import Line, added, blamed, changed, removed
from liquor_app.screens.segments.edit.rule_translation import lines_of, rules_of
from liquor_app.screens.segments.list.state import SegmentsState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.lists import list_segments
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.ready_made import READY_MADE
from liquor_app.segments.rules import check_rules
from liquor_app.segments.service import SegmentRow, create_segment, get_segment, update_segment
from liquor_app.segments.tasks import request_refresh
from liquor_app.ui.address import last_part, parameter
from liquor_app.ui.toast import toast_done, toast_failed

NEW_RULES = {"all": [{"field": "churn_probability", "op": "gte", "value": 0.5}]}


class EditSegmentState(FormState, DetailState, rx.State):
    """`which` is the slug of the segment being changed, empty for a new one."""

    which: str = ""
    title: str = ""
    by_rules: bool = True
    active: bool = True
    lines: list[Line] = []
    fields: dict[str, str] = {}
    offers: list[OfferLine] = []
    categories: list[str] = []
    products: list[tuple[str, str]] = []
    """SKU and name of those that what was last typed is part of."""
    others: list[tuple[str, str]] = []
    custom: list[tuple[str, str]] = []
    """Custom fields a condition can ask for."""
    _seen: datetime | None = None

    def _fields(self) -> frozenset[str]:
        return frozenset(self.fields)

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def load_new(self) -> Any:
        self.loading = True
        await self._fill(None)
        if (begun := READY_MADE.get(parameter(self, "start"))) is not None:
            self.title, self.lines = begun["name"], lines_of(begun["rules"])
            self.fields, self.offers = fields_of(None, begun), offers_of(None, begun)
        self.loading = False
        return CountState.count_rules(rules_of(self.lines)[0])

    async def _read(self) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            row = await get_segment(session, actor, last_part(self))  # its slug
        await self._fill(row)
        return CountState.count_rules(row.rules) if self.by_rules else None

    async def _fill(self, row: SegmentRow | None) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            self.categories = await categories_in_use(session, actor)
            known = await list_segments(session, actor, ListQuery(limit=500))
            custom = await list_custom_fields(session, actor)
        self.custom = [(f"field:{one.name}", one.label) for one in custom]
        self.others = [(one.slug, one.name) for one in known.items if row is None or one.id != row.id]
        self.which, self.title = (row.slug, row.name) if row else ("", "New segment")
        self.by_rules = row is None or row.kind is SegmentKind.RULE
        self.active, self._seen = (row.is_active, row.updated_at) if row else (True, None)
        self.lines = lines_of(row.rules if row else NEW_RULES) if self.by_rules else []
        self._fresh()
        self.fields, self.offers = fields_of(row), offers_of(row)

    def _recount(self, lines: list[Line]) -> Any:
        """Take the lines over, say what is wrong with them, and count them if nothing is."""
        rules, paths = rules_of(lines)
        problems = check_rules(rules)
        self.lines = blamed(lines, problems, paths)
        return CountState.wait if problems else CountState.count_rules(rules)

    @rx.event
    @guarded
    @needs(Permission.PRODUCTS_READ)
    async def change(self, line_id: str, part: str, value: str) -> Any:
        if part == "product":
            actor = await signed_in(self)
            async with transaction() as session:
                self.products = await suggest_products(session, actor, str(value))
        return self._recount(changed(self.lines, str(line_id), str(part), str(value)))

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_READ)
    async def add(self, group_id: str, kind: str) -> Any:
        return self._recount(added(self.lines, str(group_id), str(kind)))

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_READ)
    async def remove(self, line_id: str) -> Any:
        return self._recount(removed(self.lines, str(line_id)))

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_READ)
    async def add_offer(self) -> None:
        self.offers = another_offer(self.offers)

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_READ)
    async def remove_offer(self, offer_id: str) -> None:
        self.offers = [one for one in self.offers if one.id != offer_id]

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_READ)
    async def switch(self) -> None:
        self.active = not self.active

    @rx.event
    @submits
    @needs(Permission.SEGMENTS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store rule and playbook, have the worker count them, go back to the cards."""
        offers = typed_offers(form, self.offers)
        rules, paths = rules_of(self.lines) if self.by_rules else ({}, {})
        if self.by_rules and (problems := check_rules(rules)):
            self.lines = blamed(self.lines, problems, paths, finished=True)
            self.errors = {"rules": "A condition of the rule is not complete."}
            return toast_failed("Not saved", self.error)
        try:
            row = await self._store({**changes_of(form, offers), "rules": rules, "is_active": self.active})
        except AppError as error:
            if error.field is None:
                raise
            self.offers = blamed_offers(offers, error.field, error.message) or self.offers
            self.errors = {error.field: error.message}
            return toast_failed("Not saved", error.message)
        return [
            rx.redirect("/segments"),
            toast_done(f"“{row.name}” saved", "Its customers are being counted."),
        ]

    async def _store(self, changes: dict[str, Any]) -> SegmentRow:
        actor = await signed_in(self)
        async with transaction() as session:
            if self.which:
                before = await get_segment(session, actor, self.which)
                row = await update_segment(session, actor, before.id, changes, seen=self._seen)
            else:
                row = await create_segment(session, actor, changes)
            job = await request_refresh(session, actor, [row.slug])
        cards = await self.get_state(SegmentsState)
        cards.job = str(job)
        return row
