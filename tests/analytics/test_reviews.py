"""A review says what the raw rows say, in words made of its figures; and is mailed once to who asked for it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import STRANGER, SYSTEM, Actor, ActorKind
from liquor_app.analytics.bounce_rates import SenderHealth
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.documents.pdf_file import Course, pdf_of
from liquor_app.analytics.documents.report_document import insight_document, report_document, report_words
from liquor_app.analytics.documents.review_document import review_document
from liquor_app.analytics.insights.month_counts import count_insights
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.report_files import export_review
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import Review, ReviewKind, days_of
from liquor_app.analytics.reviews.review_words import change_words, compared_words, review_words
from liquor_app.analytics.reviews.subscriptions import my_reviews, prepare_review_mail, request_due_reviews, subscribe
from liquor_app.analytics.tasks import TASKS
from liquor_app.core import queue
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.experiments.contrasts import Effect, Span
from liquor_app.experiments.effects import EffectRow
from liquor_app.screens.analytics.reviews.page import reviews_page
from liquor_app.screens.analytics.reviews.state import ReviewsState
from liquor_app.ui.words import plural, show_money
from tests.analytics.test_insights import sold
from tests.people import add_campaign, add_user
from tests.tabs import Tab, run, said

ZONE = ZoneInfo("America/New_York")
WEDNESDAY = datetime(2026, 6, 10, 16, tzinfo=UTC)
EVER = date(1970, 1, 1)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
NOTHING = Effect(None, None, None, None)


@pytest.mark.parametrize(
    ("kind", "today", "day", "days"),
    [
        ("week", "2026-06-10", None, ("2026-06-01", "2026-06-07", "2026-05-25", "2026-05-31", "2025-06-02")),
        ("week", "2026-06-08", None, ("2026-06-01", "2026-06-07", "2026-05-25", "2026-05-31", "2025-06-02")),
        ("week", "2026-06-07", None, ("2026-05-25", "2026-05-31", "2026-05-18", "2026-05-24", "2025-05-26")),
        ("week", "2026-06-10", "2026-01-01", ("2025-12-29", "2026-01-04", "2025-12-22", "2025-12-28", "2024-12-30")),
        ("month", "2026-06-10", None, ("2026-05-01", "2026-05-31", "2026-04-01", "2026-04-30", "2025-05-01")),
        ("month", "2026-01-01", None, ("2025-12-01", "2025-12-31", "2025-11-01", "2025-11-30", "2024-12-01")),
        ("month", "2026-06-10", "2024-02-29", ("2024-02-01", "2024-02-29", "2024-01-01", "2024-01-31", "2023-02-01")),
    ],
)
def test_days_are_whole_weeks_and_months(kind: str, today: str, day: str | None, days: tuple[str, ...]) -> None:
    found = days_of(ReviewKind(kind), date.fromisoformat(today), date.fromisoformat(day) if day else None)
    told = (found.start, found.end, *found.before, found.year_before[0])
    assert tuple(one.isoformat() for one in told) == days
    assert found.year_before[1] < found.start


@pytest.mark.parametrize(
    ("kind", "day"), [("week", "2026-06-08"), ("week", "2026-07-01"), ("month", "2026-06-01"), ("week", "0001-01-01")]
)
def test_days_that_are_not_over_or_before_our_time_are_refused(kind: str, day: str) -> None:
    with pytest.raises(Invalid, match=r"not over yet|before the year 2001"):
        days_of(ReviewKind(kind), date(2026, 6, 10), date.fromisoformat(day))


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        ("94", "100", "6% less than"), ("103", "100", "3% more than"), ("100.2", "100", "about as much as"),
        ("10", "0", ""), ("10", "-5", ""), ("0", "10", "100% less than"), ("250", "100", "150% more than"),
        ("300", "100", "3 times as much as"), ("2322", "100", "23 times as much as"),
    ],
)  # fmt: skip
def test_changes_in_words(now: str, before: str, said: str) -> None:
    assert change_words(Decimal(now), Decimal(before)) == said


async def reviewed(session: AsyncSession, kind: ReviewKind) -> tuple[Review, list[Any]]:
    with travel(WEDNESDAY):
        told = await sold(session, orders=900)
        await roll_up(session, EVER)
        await count_insights(session, EVER)
        return await read_review(session, VIEWER, kind), told


@pytest.mark.integration
@pytest.mark.parametrize("kind", list(ReviewKind))
async def test_figures_are_what_the_raw_rows_say(session: AsyncSession, kind: ReviewKind) -> None:
    found, told = await reviewed(session, kind)

    def by_hand(first: date, last: date) -> tuple[Decimal, int]:
        of = [total for _, at, total, *_ in told if first <= at.astimezone(ZONE).date() <= last]
        return sum(of, Decimal(0)), sum(1 for one in of if one > 0)

    figures = {one.metric.key: one for one in found.figures}
    for place, days in (
        ("value", (found.days.start, found.days.end)),
        ("before", found.days.before),
        ("year_before", found.days.year_before),
    ):
        revenue, orders = by_hand(*days)
        assert orders, "the world has sales in each"
        told_of = {key: getattr(one, place) for key, one in figures.items()}
        assert (told_of["revenue"], told_of["orders"]) == (revenue, orders)
        assert told_of["average_order"] == revenue / orders
        assert told_of["conversion_rate"] is None, "nothing was sent: not measured"
    words = review_words(found)
    assert (
        f"{plural(int(figures['orders'].value or 0), 'order')}, {show_money(figures['average_order'].value)} each."
        in (words[0])
    )
    assert "No campaign sent anything." in words
    if kind is ReviewKind.MONTH:
        row = next(one for one in found.customers.rows if one["month"] == found.days.start)
        assert any(one.startswith(f"{row['first_time']} customer") for one in words)
        assert any(one.startswith("By category: Wine $") for one in words)


@pytest.mark.integration
async def test_an_older_letter_does_not_say_what_waits_now(session: AsyncSession) -> None:
    await session.execute(
        text("UPDATE campaigns SET status = 'awaiting_approval' WHERE id = :id"),
        {"id": await add_campaign(session, ["all"])},
    )
    with travel(WEDNESDAY):
        last = await read_review(session, VIEWER, ReviewKind.WEEK)
        older = await read_review(session, VIEWER, ReviewKind.WEEK, date(2026, 3, 4))
    assert (last.waiting, bool(last.health)) == (1, True)
    assert (older.waiting, bool(older.health)) == (0, False)


@pytest.mark.integration
async def test_the_letter_says_what_the_page_says(session: AsyncSession) -> None:
    found, _ = await reviewed(session, ReviewKind.MONTH)
    letter = PdfReader(io.BytesIO(pdf_of(review_document(found, WEDNESDAY), WEDNESDAY)))
    text_of = " ".join(" ".join(page.extract_text() for page in letter.pages).split())
    for sentence in review_words(found):
        assert sentence in text_of
    for one in found.figures:
        assert one.metric.label in text_of


@pytest.mark.integration
async def test_reports_and_insights_fit_on_paper(session: AsyncSession) -> None:
    await reviewed(session, ReviewKind.WEEK)
    with travel(WEDNESDAY):
        for insight in InsightKind:
            found = await read_insight(session, VIEWER, insight)
            made = pdf_of(insight_document(found, shop="Shop", color="#112233", at=WEDNESDAY), WEDNESDAY)
            assert PdfReader(io.BytesIO(made)).pages[0].extract_text().startswith(insight.label)
        for kind in ReportKind:
            report = await read_report(session, VIEWER, kind)
            what = {"campaigns": "No message was sent ", "segments": "No message that was chosen from a segment was "}
            assert report_words(report)[0].startswith(what[kind.value])
            assert (
                pdf_of(report_document(report, shop="Shop", color="#112233", at=WEDNESDAY), WEDNESDAY)[:5] == b"%PDF-"
            )


async def bare(session: AsyncSession) -> Review:
    with travel(WEDNESDAY):
        return await read_review(session, VIEWER, ReviewKind.WEEK)


def effect(low: float, high: float) -> EffectRow:
    span = Span((low + high) / 2, low, high)
    profit = Effect(span, span, None, None)
    return EffectRow(
        "all", "All", 3, 0, 900, 100, NOTHING, NOTHING, profit, None, None, None, None, 0.0, 0.0, None, False, False
    )


@pytest.mark.integration
@pytest.mark.parametrize(
    ("lift", "verdict"),
    [
        (effect(10, 90), "They brought more than they cost."), (effect(-90, -10), "They cost more than they brought."),
        (effect(-10, 90), "cannot be told yet"), (None, "is not measured yet"),
        (replace(effect(10, 90), is_mismatch=True), "is not measured yet"),
        (replace(effect(10, 90), profit=NOTHING), "is not measured yet"),
    ],
)  # fmt: skip
async def test_what_messages_changed_is_said_as_far_as_it_is_known(
    session: AsyncSession, lift: EffectRow | None, verdict: str
) -> None:
    said = review_words(replace(await bare(session), lift=lift))
    assert verdict in " ".join(said)


@pytest.mark.integration
async def test_messages_that_reached_nobody_have_no_orders_to_tell_of(session: AsyncSession) -> None:
    """ "0 orders with $0.00 are attributed to them" was said of a week in the sandbox."""
    empty = await bare(session)
    totals = {**empty.campaigns.totals, "sends": 40, "conversions": None, "conversion_rate": None}
    silent = replace(
        empty.campaigns, rows=[{"name": "Quiet", "attributed_revenue": Decimal(0)}], totals=totals, groups=1
    )
    for words in (" ".join(review_words(replace(empty, campaigns=silent))), " ".join(report_words(silent))):
        assert "40 messages of 1 campaign went out" in words
        assert "one is known to have reached anybody, so no orders can be attributed to them." in words
        assert "0 orders" not in words


@pytest.mark.integration
async def test_what_needs_somebody_is_said(session: AsyncSession) -> None:
    empty = await bare(session)
    assert review_words(empty)[0].startswith("No purchase is on record")
    busy = [replace(one, orders=3, revenue=Decimal(30)) for one in empty.course]
    busy[2] = empty.course[2]
    health = [
        SenderHealth("email", 5000, 150, 6, 0.03, 0.0012), SenderHealth("sms", 5000, 0, 20, 0.0, 0.004),
    ]  # fmt: skip
    figures = [replace(one, value=Decimal(18)) for one in empty.figures]
    words = " ".join(review_words(replace(empty, course=busy, figures=figures, health=health, waiting=2)))
    for part in (
        "No purchase is on record for Wed 3 Jun: if the shop was open, a till's file is missing.",
        "0.12% of the last thirty days' e-mails were called spam, above the 0.1% at which mailbox providers warn.",
        "3.0% of the last thirty days' e-mails came back.",
        "0.40% of the last thirty days' texts were called spam, above the 0.3% at which mailbox providers refuse.",
        "2 plans wait for approval", "There is no earlier week to compare it with.",
    ):  # fmt: skip
        assert part in words
    unknown = [replace(one, is_recorded=False) for one in empty.course[:2]]
    early = replace(empty, course=[*unknown, *busy[2:]], course_before=unknown, figures=figures)
    (silent,) = [one for one in review_words(early) if "a till's file" in one]
    assert silent.startswith("No purchase is on record for Wed 3 Jun:"), "not for days before the records begin"
    course = next(one for one in review_document(early, WEDNESDAY).charts if isinstance(one, Course))
    assert [one.values[:2] for one in course.lines] == [[None, None], [None, None]]
    assert compared_words(replace(figures[0], before=Decimal(20)), ReviewKind.WEEK) == "−10% on the week before"


@pytest.mark.integration
async def test_a_review_is_mailed_once_to_who_asked(session: AsyncSession) -> None:
    """From the next finished week on, in the shop's morning; nobody is told twice."""
    user = await add_user(Role.USER)
    with travel(WEDNESDAY):
        await subscribe(session, user, ReviewKind.WEEK, wanted=True)
        await subscribe(session, user, ReviewKind.WEEK, wanted=True)
        assert await my_reviews(session, user) == {ReviewKind.WEEK}
        assert await request_due_reviews(session) == 0, "the last week was over before they asked"
    monday = datetime(2026, 6, 15, 6, 59, tzinfo=ZONE)
    with travel(monday):
        assert await request_due_reviews(session) == 0, "nobody is woken"
    with travel(monday + timedelta(minutes=1)):
        assert await request_due_reviews(session) == 1
        assert user.user_id is not None
        assert await prepare_review_mail(session, user.user_id, ReviewKind.WEEK) is None, "e-mail stays in the house"
        assert await prepare_review_mail(session, user.user_id, ReviewKind.WEEK) is None
        assert await request_due_reviews(session) == 0
    told = await session.execute(text("SELECT user_id, title, link FROM notifications"))
    assert [tuple(one) for one in told] == [
        (user.user_id, "Weekly business review: Mon 8 to Sun 14 Jun 2026", "/reviews?kind=week&day=2026-06-08")
    ]
    with travel(monday + timedelta(days=7, minutes=1)):
        assert await request_due_reviews(session) == 1
        await subscribe(session, user, ReviewKind.WEEK, wanted=False)
        assert await request_due_reviews(session) == 0


@pytest.mark.integration
async def test_who_was_let_go_gets_none(session: AsyncSession) -> None:
    user = await add_user(Role.USER)
    with travel(WEDNESDAY):
        await subscribe(session, user, ReviewKind.MONTH, wanted=True)
    await session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": user.user_id})
    with travel(WEDNESDAY + timedelta(days=40)):
        assert await request_due_reviews(session) == 0
        assert user.user_id is not None
        assert await prepare_review_mail(session, user.user_id, ReviewKind.MONTH) is None
    assert (await session.execute(text("SELECT count(*) FROM notifications"))).scalar_one() == 0


@pytest.mark.integration
@pytest.mark.parametrize("actor", [STRANGER, Actor(ActorKind.API_KEY, None, "key", Role.ADMIN), SYSTEM])
async def test_what_reads_no_mail_cannot_ask_for_it(session: AsyncSession, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        await subscribe(session, actor, ReviewKind.WEEK, wanted=True)
    if actor is STRANGER:
        with pytest.raises(Forbidden):
            await read_review(session, actor, ReviewKind.WEEK)
        with pytest.raises(Forbidden):
            await export_review(session, actor, ReviewKind.WEEK)


@pytest.mark.integration
async def test_the_page_goes_back_and_forth_and_its_address_is_kept(database: str) -> None:
    user = await add_user(Role.USER)
    with travel(WEDNESDAY):
        tab = Tab("/reviews?kind=week&day=2026-03-04", user)
        state = await tab.state(ReviewsState)
        await run(ReviewsState.load, state)
        assert (state.start, state.is_last, state.loading) == ("2026-03-02", False, False)
        assert "day=2026-02-23" in said(await run(ReviewsState.older, state))
        for _ in range(20):
            await run(ReviewsState.newer, state)
        assert (state.start, state.is_last) == ("2026-06-01", True)
        await run(ReviewsState.choose, state, "month")
        assert (state.kind, state.start) == ("month", "2026-05-01")
        await run(ReviewsState.older, state)
        await run(ReviewsState.newer, state)
        assert state.start == "2026-05-01"
        assert state.is_mailed is False
        await run(ReviewsState.mail_me, state, True)
        tab.go("/reviews?kind=month&day=0001-01-01")
        await run(ReviewsState.load, state)
        assert (state.is_mailed, state.start) == (True, "2026-05-01")
        assert "monthly owner's letter 2026-05-01.pdf" in said(await run(ReviewsState.carry_away, state, "pdf"))
        tab.go("/reviews?kind=<script>&day=tomorrow")
        await run(ReviewsState.load, state)
        assert (state.kind, state.start) == ("week", "2026-06-01")
    assert "Mail it to me each Monday" in str(reviews_page())


@pytest.mark.integration
@pytest.mark.parametrize("given", [{"user_id": "x", "kind": "week"}, {"user_id": str(uuid7()), "kind": "year"}, {}])
async def test_a_job_takes_no_nonsense(database: str, given: dict[str, str]) -> None:
    async with transaction() as session:
        job = await queue.enqueue(session, queue.Job.MAIL_REVIEW, given)
    await queue.run(job, TASKS)
    async with transaction() as session:
        status = (await session.execute(text("SELECT status FROM jobs WHERE id = :id"), {"id": job})).scalar_one()
    assert status == "failed"
