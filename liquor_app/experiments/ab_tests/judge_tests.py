"""Judging the tests that are under way: harm ends a variant, the day that was set a test, the final read is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.errors import NotFound
from liquor_app.experiments.ab_tests.ab_store import AbTestRow, announce, hold_test, keep_reading
from liquor_app.experiments.ab_tests.ab_words import why_words
from liquor_app.experiments.ab_tests.approval_words import nobody_words
from liquor_app.experiments.ab_tests.compare import Beside, Judgement, judge
from liquor_app.experiments.ab_tests.models import AbStatus, Measure
from liquor_app.experiments.ab_tests.read_variants import people_in, read_variants, read_waiting, usual_rate
from liquor_app.experiments.ab_tests.service import decide, end_variant, get_ab_test
from liquor_app.experiments.power import detectable
from liquor_app.experiments.statistics import ALPHA, check_split
from liquor_app.organization.service import notify
from liquor_app.organization.settings import shop_today
from liquor_app.ui.words import figure, percent, plural


@dataclass(frozen=True, slots=True)
class AbResult:
    """A test and what it shows so far. `final` is the one final read by variant: interval beside A, in the measure's
    own unit; `waiting` were drawn, and their turn is still to come."""

    test: AbTestRow
    judged: Judgement
    final: dict[str, tuple[float, float]]
    waiting: Mapping[str, int]

    @property
    def is_uneven(self) -> bool:
        """Whether the variants are not of the sizes they were drawn for (sample-ratio mismatch): something beside the
        draw, such as messages taken out by hand, settled who is in them. Who still waits counts: a variant of a later
        hour is not smaller for it at noon. Of a test with an ended variant nobody can tell."""
        people = [one.sums.people + self.waiting.get(one.sums.key, 0) for one in self.judged.variants]
        return not self.test.harmful and check_split(people, [1.0] * len(people)).is_mismatch


async def ab_result(session: AsyncSession, actor: Actor, campaign_id: UUID) -> AbResult:
    """Return a campaign's test with what it shows so far.

    Raises:
        NotFound: it has none.
    """
    require(actor, Permission.CAMPAIGNS_READ)
    test = await get_ab_test(session, actor, campaign_id)
    if test is None:
        raise NotFound("This campaign has no A/B test.")
    return await _read(session, test)


async def _read(session: AsyncSession, test: AbTestRow) -> AbResult:
    sums = await read_variants(session, test.campaign_id, test.keys, test.measure)
    judged = judge(sums, test.measure, harmful=test.harmful)
    kept = (test.reading or {}).get("intervals", {})
    final = {key: (float(low), float(high)) for key, (low, high) in kept.items()}
    return AbResult(test, judged, final, await read_waiting(session, test.campaign_id))


async def detectable_words(session: AsyncSession, test: AbTestRow, drawn: Mapping[str, Any] | None = None) -> str:
    """Tell what a test that has not begun could show: the smallest difference of two variants that its final read would
    find in four of five tests, by what is usual for the shop; of money, and where little was sent, how many people it
    has alone. A corridor.

    Args:
        drawn: what the plan keeps of the test it was drawn for.
    """
    people = await people_in(session, test.campaign_id, test.channel.value, test.decide_on, test.topic)
    if not people and test.topic.is_planned:
        return await nobody_words(session, test, drawn)
    variants = len(test.variants)
    told = f"{plural(people, 'person', 'people')} would be in it, {figure(people // variants)} for each variant."
    rate = None if test.measure is Measure.PROFIT else await usual_rate(session, test.channel.value, test.measure)
    found = detectable(2 * people // variants, 0.5, rate) if rate else None
    if found is None or not rate:
        return told
    return (
        f"{told} Usually it is {percent(rate, 1)}; a difference of {figure(found * 100, 1)} points or more would be"
        " found by the final read in four of five tests, a smaller one seldom."
    )


async def judge_test(session: AsyncSession, campaign_id: UUID) -> bool:
    """Look at the test of a campaign that has begun; tells whether it was decided now. A corridor, for the clock.

    A test without a day to decide on goes on to its final read; one with it is decided that day, by the best of what
    does no harm, proved or not: the rest must get one of them.
    """
    test = await hold_test(session, campaign_id)
    if test is None or test.reading is not None:
        return False
    today = await shop_today(session)
    result = await _read(session, test)
    is_due = test.status is AbStatus.OPEN and test.decide_on is not None and today >= test.decide_on
    if test.status is AbStatus.OPEN:
        await _end_harm(session, test, result.judged.variants)
    if is_due:
        await _decide(session, test, result.judged)
    if today >= test.read_on:
        await keep_reading(session, test, await _final(session, test, test.read_on))
    announce(session, campaign_id)  # of each look, decided or not: what was bought since moves the figures
    return is_due


async def _end_harm(session: AsyncSession, test: AbTestRow, variants: tuple[Beside, ...]) -> None:
    for one in variants:
        if one.harm is None or one.sums.key in test.harmful:
            continue
        why = one.harm.label
        await end_variant(session, SYSTEM, test, one.sums.key, why)
        await notify(
            session,
            title=f"Variant {one.sums.key} of “{test.name}” was ended",
            body=f"Beside what was planned, {why}, more than chance would have it. Who was to get it gets A.",
            link=f"/campaigns/{test.campaign_id}",
        )


async def _decide(session: AsyncSession, test: AbTestRow, judged: Judgement) -> None:
    why = why_words(judged, test.measure)
    await decide(session, SYSTEM, test, judged.leader, why)
    await notify(
        session,
        title=f"“{test.name}”: the rest gets variant {judged.leader}",
        body=why,
        link=f"/campaigns/{test.campaign_id}",
    )


async def _final(session: AsyncSession, test: AbTestRow, read_on: date) -> dict[str, Any]:
    """Return the one final read, as it is kept."""
    sums = await read_variants(session, test.campaign_id, test.keys, test.measure, read_on=read_on)
    judged = judge(sums, test.measure, harmful=test.harmful)
    return {
        "level": 1 - ALPHA,
        "people": {one.sums.key: one.sums.people for one in judged.variants},
        "values": {one.sums.key: one.value for one in judged.variants},
        "intervals": {one.sums.key: list(one.final) for one in judged.variants if one.final is not None},
    }
