"""Every segment with its playbook, as cards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.analytics.segment_performance import segment_performance
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Unauthenticated
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.models import JobStatus
from liquor_app.core.paging import Page
from liquor_app.customers.service import base_counts
from liquor_app.organization.settings import shop_now
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.segments.cards import SegmentCard, performance_words, segment_card
from liquor_app.screens.session.background import background
from liquor_app.screens.session.job_end import end_of
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.lists import SEGMENTS, list_segments
from liquor_app.segments.ready_made import READY_MADE
from liquor_app.segments.service import SegmentRow, delete_segment, get_segment
from liquor_app.segments.tasks import request_refresh
from liquor_app.ui.toast import toast_done, toast_failed, toast_warning
from liquor_app.ui.words import plural

PAGE = 24


class SegmentsState(ListState, rx.State):
    """The cards; `job` is a refresh that is under way."""

    rows: list[SegmentCard] = []
    _performance: dict[str, str] = {}
    """Slug → what its messages did lately, in words."""
    words: str = ""
    job: str = ""
    asking: str = ""
    asking_name: str = ""

    def _list(self) -> ListSpec[SegmentRow]:
        return SEGMENTS

    def _path(self) -> str:
        return "/segments"

    def _export_path(self) -> str:
        return "/api/v1/segments/export"

    def _per_page(self) -> int:
        return PAGE

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[SegmentRow]:
        page = await list_segments(session, actor, query)
        self.words = f"{plural(page.total, 'segment')}. A customer may be in several; the planner picks what fits best."
        return page

    async def _lines(self, session: Session, actor: Actor, items: list[SegmentRow]) -> list[SegmentCard]:
        at = await shop_now(session)
        counts = await base_counts(session, actor)
        cards = [segment_card(row, counts.customers, at) for row in items]
        return [replace(card, performance=self._performance.get(card.slug, "")) for card in cards]

    @background
    @needs(Permission.ANALYTICS_READ)
    async def perform(self) -> None:
        """Tell what the segments' messages did lately, after the cards are there: it reads the ledger of three
        months."""
        async with self:
            try:
                actor = await signed_in(self)
            except Unauthenticated:
                return
        async with transaction() as session:
            found = await segment_performance(session, actor)
        async with self:
            self._performance = {slug: performance_words(row) for slug, row in found.items()}
            self.rows = [replace(card, performance=self._performance.get(card.slug, "")) for card in self.rows]

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_WRITE)
    async def refresh(self) -> Any:
        """Have the worker count every segment anew; the cards follow when it is done."""
        actor = await signed_in(self)
        async with transaction() as session:
            self.job = str(await request_refresh(session, actor))
        return SegmentsState.watch

    @background
    @needs(Permission.SEGMENTS_READ)
    async def watch(self) -> Any:
        """Wait for the refresh under way, if one is, then show what it found."""
        async with self:
            job = self.job
        if not job:
            return None
        ended = await end_of(job)
        async with self:
            self.job = ""
            try:
                await self._read(await signed_in(self))
            except Unauthenticated:
                return None
            if ended is None:
                return toast_warning("Counting goes on", "It takes longer than usual; these are the counts so far.")
            if ended.status is not JobStatus.SUCCEEDED:
                return toast_failed("Not refreshed", ended.error or "The counts are the ones of last time.")
            return toast_done("Segments are up to date")

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_READ)
    async def ask(self, name: str) -> None:
        """Ask before deleting the segment of this slug; an empty one closes the question."""
        actor = await signed_in(self)
        self.asking = ""
        if name:
            async with transaction() as session:
                row = await get_segment(session, actor, str(name))
            self.asking, self.asking_name = row.slug, row.name

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_READ)
    async def close(self, open: bool) -> None:
        if not open:
            self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_WRITE)
    async def delete(self) -> Any:
        actor, asked = await signed_in(self), self.asking
        self.asking = ""
        async with transaction() as session:
            await delete_segment(session, actor, (await get_segment(session, actor, asked)).id)
        await self._read(actor)
        return toast_done("Segment deleted", "Campaigns that are over keep their history.")

    @rx.event
    @guarded
    @needs(Permission.SEGMENTS_WRITE)
    async def begin(self, ready_made: str) -> Any:
        """Open the editor with a segment that is ready to be made."""
        await signed_in(self)
        return rx.redirect(f"/segments/new?start={ready_made}") if ready_made in READY_MADE else None
