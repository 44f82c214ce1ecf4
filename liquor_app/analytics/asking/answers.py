"""Answers: each question's figures, read where pages and reports read them, said in words with a table behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.analytics.asking.questions import QUESTIONS, STANDARD_DAYS, Picked, Question, QuestionKey
from liquor_app.analytics.asking.spans import span_of
from liquor_app.analytics.bounce_places import bounce_places
from liquor_app.analytics.bounce_rates import sender_health
from liquor_app.analytics.cohorts import read_cohorts
from liquor_app.analytics.documents.report_document import report_words
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.metrics import METRICS, Unit
from liquor_app.analytics.periods import Against
from liquor_app.analytics.reports import ReportColumn, ReportKind, read_report
from liquor_app.analytics.reviews.read_review import waiting_plans
from liquor_app.analytics.reviews.review_words import change_words
from liquor_app.analytics.service import Dashboard, churn_bands, churn_report, dashboard, earlier
from liquor_app.core.errors import Invalid
from liquor_app.experiments.effects import By, EffectRow, read_effects
from liquor_app.experiments.enough import LEAST_COMPARED
from liquor_app.organization.settings import shop_today
from liquor_app.ui.words import figure, percent, plural, record_words, show_days, show_money, show_month

TOP = 10
"""Rows of an answer; the page it leads to has all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known.

    Attributes:
        days, span: what it was asked of: so many days up to yesterday, or a span of the calendar.
        sentences: the answer in words, worked out from the figures; never empty.
        columns, rows: the figures, by column key; None: not measured.
        link: the page that has all of it, and its name.
    """

    question: Question
    days: int | None
    span: str
    sentences: Sequence[str]
    columns: Sequence[ReportColumn]
    rows: Sequence[Mapping[str, Any]]
    link: tuple[str, str]


Read = Callable[[AsyncSession, Actor, Picked], Awaitable[Answer]]


async def answer(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    """Return the answer to a question.

    Raises:
        Forbidden: the actor may not read figures.
    """
    require(actor, Permission.ANALYTICS_READ)
    try:
        return await _READ[asked.key](session, actor, asked)
    except _NotOver as early:
        return _of(asked, ("/analytics", "Analytics"), [early.message])


class _NotOver(Invalid):
    """The span a question is asked of has no finished day."""


async def _board(session: AsyncSession, actor: Actor, asked: Picked) -> tuple[Dashboard, str]:
    """Return the days a question is asked of, and how a span of the calendar is named and dated: "Last month, 1 Oct to
    31 Oct 2026: "."""
    if not asked.span:
        return await dashboard(session, actor, days=asked.days or STANDARD_DAYS, against=Against.BEFORE), ""
    try:
        span = span_of(asked.span, await shop_today(session))
    except Invalid as failed:
        raise _NotOver(failed.message) from failed
    board = await dashboard(session, actor, start=span.start, end=span.end, against=Against.BEFORE)
    return board, f"{span.words}: "


def _of(
    asked: Picked, link: tuple[str, str], sentences: Sequence[str], columns: Sequence[ReportColumn] = (),
    rows: Sequence[Mapping[str, Any]] = (),
) -> Answer:  # fmt: skip
    return Answer(QUESTIONS[asked.key], asked.days, asked.span, sentences, columns, rows, link)


def _metric(key: str) -> ReportColumn:
    one = METRICS[key]
    return ReportColumn(key, one.label, one.unit, one.words)


async def _takings(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    board, named = await _board(session, actor, asked)
    link, known = ("/analytics", "Analytics"), [one for one in board.days if one.is_recorded]
    if not known:
        return _of(asked, link, [f"{named}No purchase is on record for these days, or for any before."])
    revenue, orders = sum((one.revenue for one in board.days), Decimal(0)), sum(one.orders for one in board.days)
    before = earlier(METRICS["revenue"], board.previous)
    each = METRICS["average_order"].of({"revenue": revenue, "orders": orders})
    said = [
        f"{named}{show_money(revenue)} in {plural(orders, 'order')}"
        f"{'' if named else f', {show_days(board.start, board.end)}'}"
        f"{f', {show_money(each)} each' if each is not None else ''}."
    ]
    if board.recorded_from:
        said.append(record_words(board.recorded_from))
    if words := change_words(revenue, before):
        said.append(f"That is {words} the {plural(len(board.days), 'day')} before ({show_money(before)}).")
    columns = [ReportColumn("day", "Day"), _metric("revenue"), _metric("orders"), _metric("sends")]
    rows = [
        {"day": one.day, "revenue": one.revenue, "orders": one.orders, "sends": one.sends} for one in reversed(known)
    ]
    if len(rows) > TOP:
        said.append(f"The last {TOP} of these days stand below, all of them on the page.")
    return _of(asked, link, said, columns, rows[:TOP])


def _report(kind: ReportKind, link: tuple[str, str]) -> Read:
    keys = ("name", "sends", "conversions", "conversion_rate", "attributed_revenue", "incremental_profit",
            "incremental_low", "incremental_high")  # fmt: skip

    async def read(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
        board, named = await _board(session, actor, asked)
        found = await read_report(session, actor, kind, board.start, board.end)
        columns = [one for one in found.columns if one.key in keys]
        first, *rest = report_words(found)
        return _of(asked, link, [f"{named}{first}", *rest], columns, found.rows[:TOP])

    return read


_EFFECTS = (
    ReportColumn("name", "Name"),
    ReportColumn("written", "Written to", Unit.COUNT, "People whose decision has come, and who were written to."),
    ReportColumn("held_out", "Held out", Unit.COUNT, "People left out by a draw, for comparison."),
    ReportColumn("profit", "Profit", Unit.MONEY, "Beyond the people held out, after discounts and sending."),
    ReportColumn("low", "Its low end", Unit.MONEY, "Of the 95% interval, that may be read any day."),
    ReportColumn("high", "Its high end", Unit.MONEY, "Of the 95% interval."),
)


def _effect(row: EffectRow) -> dict[str, Any]:
    whole = None if row.is_mismatch else row.profit.total
    ends = (whole.mean, whole.low, whole.high) if whole else (None, None, None)
    told = dict(zip(("profit", "low", "high"), ends, strict=True))
    return {"name": row.name, "written": row.written, "held_out": row.held_out, **told}


def _effects(by: By, one: str, many: str) -> Read:
    async def read(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
        found, _ = await read_effects(session, actor, by)
        rows = [_effect(row) for row in found]
        known = [row for row in rows if row["profit"] is not None]
        if not known:
            said = [
                f"That is not measured yet: it takes at least {LEAST_COMPARED} people held out, as many written to, and"
                " purchases of both."
            ]
        elif by is By.ALL:
            said = [_verdict(known[0])]
        else:
            better = [row["name"] for row in known if row["low"] > 0]
            worse = [row["name"] for row in known if row["high"] < 0]
            open_ = len(known) - len(better) - len(worse)
            said = [
                f"{plural(len(known), one, many)} can be compared with people held out.",
                *([f"More than they cost: {', '.join(better)}."] if better else []),
                *([f"Less than they cost: {', '.join(worse)}."] if worse else []),
                *([f"Of {figure(open_)} it cannot be told yet: their intervals hold zero."] if open_ else []),
            ]
        return _of(asked, ("/learning", "Learning"), said, _EFFECTS, rows[:TOP])

    return read


def _verdict(row: Mapping[str, Any]) -> str:
    ends = f"95% interval {show_money(row['low'])} to {show_money(row['high'])}"
    said = f"Against the people held out, all messages so far came to {show_money(row['profit'])} of profit"
    verdict = (
        "they brought more than they cost" if row["low"] > 0
        else "they cost more than they brought" if row["high"] < 0
        else "whether they brought more than they cost cannot be told yet"
    )  # fmt: skip
    return f"{said} after discounts and sending ({ends}): {verdict}."


async def _leaving(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    bands = await churn_bands(session, actor)
    top = (await churn_report(session, actor, limit=TOP)).top if may(actor, Permission.CUSTOMERS_READ) else []
    scored, high = sum(many for _, many in bands), dict(bands).get("high", 0)
    if not scored:
        return _of(asked, ("/analytics", "Analytics"), ["Nobody is scored yet: it takes purchases, and a night."])
    said = [f"{figure(high)} of {plural(scored, 'scored customer')} ({percent(high / scored, 1)}) are at high risk."]
    if top:
        said.append("Those with most at stake stand below: the chance of losing them by what a return brings.")
    elif not may(actor, Permission.CUSTOMERS_READ):
        said.append("Who they are is told to keys that may read customers.")
    columns = [
        ReportColumn("name", "Customer"),
        ReportColumn("churn", "Chance of leaving", Unit.SHARE),
        ReportColumn("at_risk", "Value at risk", Unit.MONEY, "The chance of losing them by what a return brings."),
        ReportColumn("days", "Days since a purchase", Unit.COUNT),
    ]
    rows = [
        {"name": one.name or one.email or "Unnamed", "churn": one.churn_probability, "at_risk": one.value_at_risk,
         "days": one.days_since}
        for one in top
    ]  # fmt: skip
    return _of(asked, ("/analytics", "Analytics"), said, columns, rows)


async def _customers(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    found = await read_insight(session, actor, InsightKind.CUSTOMERS)
    link = ("/insights?view=customers", "Insights")
    if not found.rows:
        return _of(asked, link, ["No month is counted yet."])
    last = found.rows[-1]
    trend = "gaining" if last["net"] > 0 else "losing" if last["net"] < 0 else "neither gaining nor losing"
    said = [
        f"In {show_month(last['month'])} the shop was {trend} customers: {figure(last['first_time'])} new and"
        f" {figure(last['back'])} won back, {figure(last['lapsed'])} lapsed ({figure(last['net'], sign=True)} in all)."
        f" {figure(last['active'])} are active."
    ]
    return _of(asked, link, said, found.columns, list(reversed(found.rows))[:TOP])


async def _returning(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    found = await read_cohorts(session, actor, most=TOP + 2)
    rows = list[dict[str, Any]]()
    for cohort in reversed(found.items):
        over = [one for one in cohort.months if one.is_over]
        by = {one.since: one.retention for one in over}
        rows.append({"month": cohort.cohort, "customers": cohort.customers, "one": by.get(1), "three": by.get(3),
                     "six": by.get(6)})  # fmt: skip
    known = [row for row in rows if row["one"] is not None]
    said = (
        [f"Of those who first bought in {show_month(known[0]['month'])}, {percent(known[0]['one'], 1)} bought again in"
         " the month after."]
        if known else ["No month of new customers is over yet."]
    )  # fmt: skip
    columns = [
        ReportColumn("month", "First purchase"),
        ReportColumn("customers", "Customers", Unit.COUNT),
        *(ReportColumn(key, f"Bought in month {nth}", Unit.SHARE, METRICS["retention"].words)
          for key, nth in (("one", 1), ("three", 3), ("six", 6))),
    ]  # fmt: skip
    return _of(asked, ("/cohorts", "Cohorts"), said, columns, rows[:TOP])


def _goods(kind: InsightKind) -> Read:
    async def read(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
        found = await read_insight(session, actor, kind)
        link = (f"/insights?view={kind.value}", "Insights")
        if not found.rows:
            return _of(asked, link, ["No month is counted yet."])
        first = found.rows[0]
        said = [f"{first['name']} sells most: {show_money(first['revenue'])} in the last twelve finished months."]
        moved = sorted((row for row in found.rows if row["change"] is not None), key=lambda row: -row["change"])
        if moved and moved[0]["change"] > 0:
            said.append(f"{moved[0]['name']} grows most: {percent(moved[0]['change'])} on the twelve months before.")
        if moved and moved[-1]["change"] < 0:
            said.append(f"{moved[-1]['name']} shrinks most: by {percent(-moved[-1]['change'])}.")
        columns = [one for one in found.columns if one.key in ("name", "revenue", "share", "change", "buyers")]
        return _of(asked, link, said, columns, found.rows[:TOP])

    return read


async def _hours(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    found = await read_insight(session, actor, InsightKind.SEND_TIMES)
    link = ("/insights?view=send-times", "Insights")
    key = "click_rate" if any(row["click_rate"] for row in found.rows) else "conversion_rate"
    rows = sorted((row for row in found.rows if row[key] is not None), key=lambda row: -row[key])
    if not rows:
        return _of(asked, link, ["No hour has enough messages yet to tell."])
    best = rows[0]
    said = [
        f"Of messages sent on {best['day']} from {best['hour']}:00, {percent(best[key], 1)} were"
        f" {'clicked' if key == 'click_rate' else 'answered by a purchase'}: most of all hours. Who was written to"
        " at an hour was not drawn at random, so it need not be the hour's doing."
    ]
    columns = [one for one in found.columns if one.key in ("day", "hour", "sends", "click_rate", "conversion_rate")]
    return _of(asked, link, said, columns, rows[:TOP])


async def _spam(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    found = await sender_health(session, actor)
    told = [one for one in found if one.sends]
    said = [
        f"Nobody has told what became of the last thirty days' {figure(one.sends)} {one.channel} messages, so whether"
        " any were called spam is not known."
        if not one.is_told
        else f"{percent(one.complaint_share, 2)} of the last thirty days' {figure(one.sends)} {one.channel} messages"
        " were called spam; mailbox providers warn at 0.1% and refuse at 0.3%."
        if one.complaint_share is not None
        else f"{plural(one.sends, f'{one.channel} message')} in thirty days: too few for a share to say anything."
        for one in told
    ] or ["Nothing was sent in the last thirty days."]
    columns = [ReportColumn("channel", "Channel"), _metric("sends"), _metric("bounces"), _metric("bounce_rate"),
               _metric("complaints"), _metric("complaint_rate")]  # fmt: skip
    rows = [
        {"channel": one.channel, "sends": one.sends, "bounces": one.bounces, "bounce_rate": one.bounce_share,
         "complaints": one.complaints, "complaint_rate": one.complaint_share}
        for one in told
    ]  # fmt: skip
    return _of(asked, ("/settings/channels", "Channels"), said, columns, rows)


async def _bounces(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    found = await bounce_places(session, actor)
    whole = found.soft + found.hard
    said = [
        f"{plural(whole, 'e-mail')} came back in the last thirty days: {figure(found.hard)} for good,"
        f" {figure(found.soft)} for the time being."
        if whole
        else "No e-mail came back in the last thirty days."
    ]
    columns = [ReportColumn("domain", "Domain"), ReportColumn("hard", "For good", Unit.COUNT),
               ReportColumn("soft", "For the time being", Unit.COUNT)]  # fmt: skip
    rows = [{"domain": one.domain, "hard": one.hard, "soft": one.soft} for one in found.domains[:TOP]]
    return _of(asked, ("/settings/channels", "Channels"), said, columns, rows)


async def _waiting(session: AsyncSession, actor: Actor, asked: Picked) -> Answer:
    many = await waiting_plans(session)
    said = (
        f"{plural(many, 'plan waits', 'plans wait')} for approval: nothing of it is sent before."
        if many
        else "No plan waits for approval."
    )
    return _of(asked, ("/campaigns", "Campaigns"), [said])


_READ: Mapping[QuestionKey, Read] = {
    QuestionKey.TAKINGS: _takings,
    QuestionKey.CAMPAIGNS: _report(ReportKind.CAMPAIGNS, ("/analytics", "Analytics")),
    QuestionKey.SEGMENTS: _report(ReportKind.SEGMENTS, ("/segments", "Segments")),
    QuestionKey.WORTH: _effects(By.ALL, "campaign", "campaigns"),
    QuestionKey.PLAYBOOKS: _effects(By.PLAYBOOK, "playbook", "playbooks"),
    QuestionKey.OFFERS: _effects(By.OFFER, "offer", "offers"),
    QuestionKey.LEAVING: _leaving,
    QuestionKey.CUSTOMERS: _customers,
    QuestionKey.RETURNING: _returning,
    QuestionKey.CATEGORIES: _goods(InsightKind.CATEGORIES),
    QuestionKey.BRANDS: _goods(InsightKind.BRANDS),
    QuestionKey.HOURS: _hours,
    QuestionKey.SPAM: _spam,
    QuestionKey.BOUNCES: _bounces,
    QuestionKey.WAITING: _waiting,
}
