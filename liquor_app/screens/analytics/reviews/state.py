"""Reviews as the page says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.documents.report_document import lift_words
from liquor_app.analytics.metrics import change, rows_page
from liquor_app.analytics.report_files import export_review
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import Review, ReviewDays, ReviewFigure, ReviewKind, days_of
from liquor_app.analytics.reviews.review_words import (
    compared_with,
    compared_words,
    figure_words,
    period_words,
    review_words,
)
from liquor_app.analytics.reviews.subscriptions import my_reviews, subscribe
from liquor_app.analytics.service import revenue_by_day
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.organization.settings import shop_today
from liquor_app.screens.analytics.carry_away import file_format
from liquor_app.screens.analytics.view import CampaignFigures, Tile, meaning, rows_pages, show_figure
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.toast import toast_done

ADDRESS = "/reviews"


@dataclass(frozen=True)
class SentLine(CampaignFigures):
    """A campaign of the review, in words."""

    orders: str
    lift: str


def tile_of(one: ReviewFigure, days: ReviewDays) -> Tile:
    """Return a figure's tile; that more was sent is neither good nor bad."""
    delta, base = _parted(compared_words(one, days.kind))
    changed = change(one.metric.unit, one.value, one.before)
    is_judged = changed and one.metric.key != "sends"
    trend = "gray" if not changed or not is_judged else "green" if changed > 0 else "red"
    rows = "" if one.value is None else rows_page(one.metric.key, days.start, days.end)
    return Tile(one.metric.label, meaning(one.metric.key), figure_words(one), delta, base, trend, "", rows)


def _parted(compared: str) -> tuple[str, str]:
    """ "−2.1 pts on the week before" → the change, and against what."""
    delta, _, base = compared.partition(" on ")
    return delta, f"on {base}" if base else ""


def sent_lines(review: Review) -> list[SentLine]:
    """Return the campaigns that sent something, most attributed revenue first."""
    return [_sent_line(row, review.days) for row in review.campaigns.rows]


def _sent_line(row: Mapping[str, Any], days: ReviewDays) -> SentLine:
    shown = {key: show_figure(key, row[key]) for key in ("sends", "conversions", "attributed_revenue")}
    return SentLine(
        id=row["id"], name=row["name"], sends=shown["sends"], orders=shown["conversions"], lift=lift_words(row),
        rate=show_figure("conversion_rate", row["conversion_rate"]), revenue=shown["attributed_revenue"],
        rows=rows_pages(shown, days.start, days.end, campaign_id=row["id"]),
    )  # fmt: skip


def asked_day(given: str) -> date | None:
    """Return the day an address names; None where it names none."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


class ReviewsState(rx.State):
    """A finished week or month, to be read, printed and mailed."""

    kind: str = ReviewKind.WEEK.value
    loading: bool = True
    title: str = ""
    period: str = ""
    start: str = ""
    is_last: bool = True
    sentences: list[str] = []
    tiles: list[Tile] = []
    days: list[str] = []
    revenue: list[float | None] = []
    before: list[float | None] = []
    before_words: str = ""
    sent: list[SentLine] = []
    is_mailed: bool = False

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def load(self) -> None:
        wanted = parameter(self, "kind")
        self.kind = wanted if wanted in set(ReviewKind) else ReviewKind.WEEK.value
        await self._read(asked_day(parameter(self, "day")))

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def choose(self, kind: str | list[str]) -> Any:
        self.kind = kind if isinstance(kind, str) and kind in set(ReviewKind) else ReviewKind.WEEK.value
        await self._read(None)
        return self._remember()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def older(self) -> Any:
        """The one before."""
        shown = asked_day(self.start)
        await self._read(shown - timedelta(days=1) if shown else None)
        return self._remember()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def newer(self) -> Any:
        """The one after; the last finished one stays."""
        shown = asked_day(self.start)
        days = 7 if self.kind == ReviewKind.WEEK else 31
        await self._read(shown + timedelta(days=days) if shown else None)
        return self._remember()

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def carry_away(self, form: str) -> Any:
        """Have the browser save the letter."""
        actor, made = await signed_in(self), file_format(form)
        async with transaction() as session:
            link = await export_review(session, actor, ReviewKind(self.kind), form=made, day=asked_day(self.start))
        return rx.download(url=link.url, filename=link.name)

    @rx.event
    @guarded
    @needs(Permission.ANALYTICS_READ)
    async def mail_me(self, wanted: bool) -> Any:
        """Have this kind mailed to whoever asks, or no more."""
        actor = await signed_in(self)
        kind = ReviewKind(self.kind)
        async with transaction() as session:
            await subscribe(session, actor, kind, wanted=bool(wanted))
        self.is_mailed = bool(wanted)
        when = "Monday" if kind is ReviewKind.WEEK else "first of the month"
        return toast_done(f"Mailed to you each {when}, from the next on." if wanted else "Not mailed to you any more.")

    async def _read(self, day: date | None) -> None:
        actor = await signed_in(self)
        kind = ReviewKind(self.kind)
        async with transaction() as session:
            today = await shop_today(session)
            last = days_of(kind, today)
            try:
                asked = days_of(kind, today, day)
            except Invalid:  # an address of a week to come, or of no time at all
                asked = last
            review = await read_review(session, actor, kind, asked.start)
            mine = await my_reviews(session, actor)
        self.is_last = review.days.start >= last.start
        self.title, self.period, self.loading = kind.heading, period_words(review), False
        self.start, self.is_mailed = review.days.start.isoformat(), kind in mine
        self.sentences = review_words(review)
        self.tiles = [tile_of(one, review.days) for one in review.figures]
        self.days = [one.day.isoformat() for one in review.course]
        self.revenue = revenue_by_day(review.course)
        self.before = revenue_by_day(review.course_before)[: len(self.days)]
        self.before_words = compared_with(review)[0]
        self.sent = sent_lines(review)

    def _remember(self) -> Any:
        return remember(ADDRESS, {"kind": self.kind, "day": self.start})
