"""What came of a week of the sample that was played: simulated, kept apart from everything that was really seen.

Outcomes are drawn by `played_world` and kept in `played_outcomes` alone: no report, score or model reads them, and they
go with the campaign or the customer. What the agent would have learned from the week is told beside, and not kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import Arm
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.core.bulk import unnest
from liquor_app.core.states import sql_list
from liquor_app.experiments import statistics
from liquor_app.experiments.effects import read_draws
from liquor_app.experiments.learning import BASIS, CellRow, overall_row, read_groups, rows_of
from liquor_app.experiments.played_world import Decided, Lived, live
from liquor_app.experiments.statistics import Lift, SplitCheck, check_split, lift
from liquor_app.experiments.what_teaches import DECIDED_AT, DECIDED_DUE, DECIDED_OFFER, DECIDED_P, DECIDED_PCT
from liquor_app.ledger.models import ON_ITS_WAY, SendStatus
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.uplift import Cell, Group, fit
from liquor_app.scoring.uplift_store import uplift_in_use

SHOWN_CELLS = 6

_HAS_SAMPLE = """
SELECT EXISTS (SELECT FROM actions a JOIN customers u ON u.id = a.customer_id
                WHERE a.campaign_id = :id AND a.arm IS NOT NULL AND u.is_sample)
"""
_DUE = f"""
SELECT DISTINCT ON (a.customer_id) a.id, a.customer_id, a.segment_slug, a.channel, a.arm, k.seed,
       {DECIDED_PCT} AS discount_pct, {DECIDED_OFFER} AS offer, {DECIDED_DUE} AS due,
       CAST({DECIDED_P} AS double precision) AS baseline,
       COALESCE(CAST(a.offer_terms ->> 'basket' AS double precision), 0) AS basket, {DECIDED_AT} AS at,
       EXISTS (SELECT FROM sends s WHERE s.action_id = a.id AND s.campaign_id = a.campaign_id
                AND s.status IN {sql_list(SendStatus.SENT, SendStatus.DELIVERED)}) AS is_sent
  FROM actions a JOIN campaigns k ON k.id = a.campaign_id JOIN customers u ON u.id = a.customer_id AND u.is_sample
 WHERE a.campaign_id = :id AND a.arm IS NOT NULL AND {DECIDED_AT} <= :moment
   -- what waits for a lawful hour where they are has not come to anything yet
   AND NOT EXISTS (SELECT FROM sends s WHERE s.action_id = a.id AND s.campaign_id = a.campaign_id
                    AND s.status IN {sql_list(SendStatus.PENDING, *ON_ITS_WAY)})
   AND NOT EXISTS (SELECT FROM played_outcomes p WHERE p.campaign_id = a.campaign_id AND p.customer_id = a.customer_id)
 ORDER BY a.customer_id, at, a.id
"""
_NEW = unnest(
    "f", customer="uuid", arm="text", segment="text", channel="text", offer="text", due="text", baseline="float8",
    sent="boolean", decided="timestamptz", opened="timestamptz", clicked="timestamptz", bought="timestamptz",
    total="numeric",
)  # fmt: skip
_KEEP = f"""
INSERT INTO played_outcomes (campaign_id, customer_id, arm, segment, channel, offer, due, baseline, is_sent,
                             decided_at, opened_at, clicked_at, bought_at, total)
SELECT :id, f.customer, f.arm, f.segment, f.channel, f.offer, f.due, f.baseline, f.sent, f.decided, f.opened, f.clicked,
       f.bought, f.total FROM {_NEW} ON CONFLICT (campaign_id, customer_id) DO NOTHING
"""
_SEEN = f"""
WITH lived AS (
    SELECT p.*, COALESCE(p.bought_at <= :at, false) AS has_bought,
           -- who was written to takes what the offer takes off; whoever was held out was offered nothing
           CASE WHEN p.bought_at <= :at THEN p.total * (COALESCE(a.margin, :margin)
                - CASE WHEN p.is_sent THEN COALESCE(a.discount, 0) ELSE 0 END) ELSE 0 END
           - CASE WHEN NOT p.is_sent THEN 0 WHEN p.channel = '{Channel.SMS}' THEN CAST(:sms AS numeric)
                  ELSE CAST(:email AS numeric) END AS profit
      FROM played_outcomes p LEFT JOIN LATERAL (
           SELECT CAST({DECIDED_PCT} AS numeric) / 100 AS discount,
                  CAST(a.offer_terms ->> 'margin_pct' AS numeric) / 100 AS margin
             FROM actions a WHERE a.campaign_id = p.campaign_id AND a.customer_id = p.customer_id AND a.arm IS NOT NULL
              AND a.segment_slug = p.segment AND a.channel = p.channel ORDER BY a.id LIMIT 1) a ON true
     WHERE p.campaign_id = ANY(:campaigns)
)
SELECT campaign_id, arm, count(*) AS people, count(*) FILTER (WHERE is_sent) AS sent,
       count(*) FILTER (WHERE opened_at <= :at) AS opened, count(*) FILTER (WHERE clicked_at <= :at) AS clicked,
       count(*) FILTER (WHERE bought_at <= :at) AS bought,
       COALESCE(sum(total) FILTER (WHERE bought_at <= :at), 0) AS spent,
       COALESCE(sum(total * total) FILTER (WHERE bought_at <= :at), 0) AS squares,
       sum(profit) AS profit, sum(profit * profit) AS profit_squares
  FROM lived GROUP BY 1, 2 ORDER BY 1, 2
"""
_CLOCK = "SELECT virtual_now, is_playing FROM campaigns WHERE id = :id"
_GROUPS = """
SELECT (CAST(decided_at AT TIME ZONE :zone AS date) - CAST(:basis AS date)) / 7 AS week, segment, channel, offer,
       due, arm = :holdout AS is_control, count(*) AS people, count(bought_at) AS bought, sum(baseline) AS expected,
       sum(baseline * baseline) AS expected_square,
       COALESCE(sum(baseline) FILTER (WHERE bought_at IS NOT NULL), 0) AS cross
  FROM played_outcomes WHERE campaign_id = :id GROUP BY 1, 2, 3, 4, 5, 6
"""
_PROMISED = """
SELECT avg(a.uplift) FROM played_outcomes p CROSS JOIN LATERAL (
       SELECT CAST(a.offer_terms ->> 'uplift' AS double precision) AS uplift FROM actions a
        WHERE a.campaign_id = p.campaign_id AND a.customer_id = p.customer_id AND a.arm IS NOT NULL
          AND a.segment_slug = p.segment AND a.channel = p.channel LIMIT 1) a
 WHERE p.campaign_id = :id AND p.arm <> :holdout
"""
_PLAYED = """
SELECT k.id, k.name FROM played_outcomes p JOIN campaigns k ON k.id = p.campaign_id
 WHERE NOT k.is_playing GROUP BY k.id, k.name, k.started_at ORDER BY k.started_at DESC, k.id LIMIT :n
"""
_NAMES = "SELECT slug, name FROM segments WHERE slug = ANY(:slugs)"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the agent would believe had this week been real: of messages as a whole, and of what was tried most."""

    overall: CellRow
    cells: tuple[CellRow, ...]
    names: dict[str, str]
    """Of segments, by slug."""


@dataclass(frozen=True, slots=True)
class PlayedRow:
    """A played week, simulated: people, what they did up to the campaign's clock, and when it is over what it shows.

    Buyers and money are of each person's week from their own decision on. `bought`, `revenue` and `profit` compare
    who was written to with who was held out, by intention, 95 % at every look; None until it is over, as are `split`,
    whether the groups have the sizes they were drawn for, and `lesson`. `promised` is what the plan took its messages
    to win, as a share of those written to.
    """

    written: int
    held_out: int
    sent: int
    opened: int
    clicked: int
    buyers: int
    spent: Decimal
    bought: Lift | None
    revenue: Lift | None
    profit: Lift | None
    """The margin of what was bought, less what offers took off and what sending cost."""
    promised: float | None
    split: SplitCheck | None
    beside: tuple[PlayedBeside, ...]
    """The agent's choice against what others got, once the week is over."""
    lesson: Lesson | None


@dataclass(frozen=True, slots=True)
class PlayedBeside:
    """The agent's choice less an arm that got something else: drawn at random, or business as usual."""

    arm: Arm
    bought: Lift
    revenue: Lift
    profit: Lift


@dataclass(frozen=True, slots=True)
class PlayedCampaign:
    """A campaign whose week was played to its end, simulated: people, and what was won of those written to beside the
    held out."""

    id: UUID
    name: str
    written: int
    held_out: int
    buyers: int
    """Of those written to."""
    bought: Lift
    profit: Lift


@dataclass(frozen=True, slots=True)
class PlayedWeeks:
    """Weeks that were played, and all of them together: every figure is the sum of theirs, and intervals are those of
    independent weeks, 95 %; None where one of them has none."""

    weeks: tuple[PlayedCampaign, ...]
    written: int
    held_out: int
    buyers: int
    won: Won
    profit: Won


@dataclass(frozen=True, slots=True)
class Won:
    """What all those written to did beyond the held out."""

    total: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, found: Lift) -> Won:
        return cls(*found.incremental())

    @classmethod
    def together(cls, parts: Sequence[Won]) -> Won:
        """Return the sum of independent ones: half-widths add up by their squares."""
        total = math.fsum(one.total for one in parts)
        halves = [(one.high - one.low) / 2 for one in parts if one.low is not None and one.high is not None]
        if len(halves) < len(parts) or not parts:
            return cls(total, None, None)
        wide = math.sqrt(math.fsum(half**2 for half in halves))
        return cls(total, total - wide, total + wide)


async def has_sample_people(session: AsyncSession, campaign_id: UUID) -> bool:
    """Tell whether a campaign decided for anybody of the sample: only they live by a made-up world. A corridor."""
    return bool((await session.execute(text(_HAS_SAMPLE), {"id": campaign_id})).scalar_one())


async def live_through(session: AsyncSession, campaign_id: UUID, moment: datetime) -> int:
    """Draw what everybody of the sample does whose decision has come by a moment of the campaign's clock; returns for
    how many. Whoever was drawn for stays as they are. A corridor of whoever plays the week."""
    zone = (await load_settings(session, GeneralSettings)).timezone
    found = (await session.execute(text(_DUE), {"id": campaign_id, "zone": zone, "moment": moment})).all()
    if found:
        await session.execute(text(_KEEP), {"id": campaign_id, **_NEW.bind(**_columns(campaign_id, found))})
    return len(found)


def _columns(campaign_id: UUID, found: Sequence[Any]) -> dict[str, list[Any]]:
    lives = [_live(campaign_id, row) for row in found]
    return {
        "customer": [row.customer_id for row in found],
        "arm": [row.arm for row in found],
        "segment": [row.segment_slug for row in found],
        "channel": [row.channel for row in found],
        "offer": [offer_label(row.offer or "", row.discount_pct) for row in found],
        "due": [row.due or NO_RHYTHM for row in found],
        "baseline": [row.baseline for row in found],
        "sent": [row.is_sent for row in found],
        "decided": [row.at for row in found],
        "opened": [one.opened_at for one in lives],
        "clicked": [one.clicked_at for one in lives],
        "bought": [one.bought_at for one in lives],
        "total": [one.total for one in lives],
    }


def _live(campaign_id: UUID, row: Any) -> Lived:
    return live(
        f"{campaign_id}:{row.seed}",
        Decided(
            row.customer_id, row.segment_slug, row.channel, float(row.discount_pct), row.baseline, row.basket, row.at,
            row.is_sent and row.arm != Arm.HOLDOUT,
        ),
    )  # fmt: skip


async def played_week(session: AsyncSession, actor: Actor, campaign_id: UUID) -> PlayedRow | None:
    """Return what came of a played week so far; None where nothing is simulated.

    Raises:
        Forbidden: the actor is nobody.
    """
    require(actor, Permission.ANALYTICS_READ)
    clock = (await session.execute(text(_CLOCK), {"id": campaign_id})).first()
    if clock is None or clock.virtual_now is None:
        return None
    # once its last message is out, the week after is lived at once
    until = clock.virtual_now if clock.is_playing else datetime.max.replace(tzinfo=clock.virtual_now.tzinfo)
    found = await _seen(session, [campaign_id], until)
    if not found:
        return None
    written, held = ([row for row in found if (row.arm == Arm.HOLDOUT) is side] for side in (False, True))
    is_over = not clock.is_playing
    return PlayedRow(
        written=_total(written, "people"),
        held_out=_total(held, "people"),
        sent=_total(written, "sent"),
        opened=_total(written, "opened"),
        clicked=_total(written, "clicked"),
        buyers=_total(written, "bought"),
        spent=sum((row.spent for row in written), Decimal(0)),
        bought=lift(_rate(written), _rate(held)) if is_over else None,
        revenue=lift(_money(written), _money(held)) if is_over else None,
        profit=lift(_profit(written), _profit(held)) if is_over else None,
        promised=await _promised(session, campaign_id) if is_over else None,
        split=await _split(session, campaign_id, found) if is_over else None,
        beside=tuple(_beside(found)) if is_over and not await _is_tested(session, campaign_id) else (),
        lesson=await _lesson(session, campaign_id) if is_over else None,
    )


async def _seen(session: AsyncSession, campaigns: Sequence[UUID], until: datetime) -> Sequence[Any]:
    """Return what people of campaigns' arms did up to a moment, summed."""
    planning = await load_settings(session, PlanningSettings)
    asked = {"margin": Decimal(planning.margin_pct) / 100, "email": planning.email_cost, "sms": planning.sms_cost}
    found = await session.execute(text(_SEEN), {**asked, "campaigns": list(campaigns), "at": until})
    return found.all()


async def list_played(session: AsyncSession, actor: Actor, *, limit: int = 20) -> PlayedWeeks:
    """Return the latest campaigns whose week was played, and all of them together: they taught nothing, and say what
    they would have.

    Raises:
        Forbidden: the actor is nobody.
    """
    require(actor, Permission.ANALYTICS_READ)
    played = (await session.execute(text(_PLAYED), {"n": limit})).all()
    sides: dict[UUID, list[Any]] = {row.id: [] for row in played}
    for row in await _seen(session, list(sides), datetime.max.replace(tzinfo=UTC)) if played else ():
        sides[row.campaign_id].append(row)
    weeks = tuple(_week(row.id, row.name, sides[row.id]) for row in played)
    return PlayedWeeks(
        weeks,
        written=sum(one.written for one in weeks),
        held_out=sum(one.held_out for one in weeks),
        buyers=sum(one.buyers for one in weeks),
        won=Won.together([Won.of(one.bought) for one in weeks]),
        profit=Won.together([Won.of(one.profit) for one in weeks]),
    )


def _week(campaign_id: UUID, name: str, found: Sequence[Any]) -> PlayedCampaign:
    written, held = ([row for row in found if (row.arm == Arm.HOLDOUT) is side] for side in (False, True))
    return PlayedCampaign(
        campaign_id, name, _total(written, "people"), _total(held, "people"), _total(written, "bought"),
        lift(_rate(written), _rate(held)), lift(_profit(written), _profit(held)),
    )  # fmt: skip


async def _promised(session: AsyncSession, campaign_id: UUID) -> float | None:
    found = await session.execute(text(_PROMISED), {"id": campaign_id, "holdout": Arm.HOLDOUT.value})
    told = found.scalar_one()
    return None if told is None else float(told)


async def _split(session: AsyncSession, campaign_id: UUID, found: Sequence[Any]) -> SplitCheck | None:
    """Check whether written to and held out have the sizes they were drawn for; None where nothing was drawn."""
    draw = (await read_draws(session, [campaign_id])).get(campaign_id)
    if draw is None or not draw.control:
        return None
    people = {row.arm: int(row.people) for row in found}
    sides = [set(draw.shares) - draw.control, draw.control]
    return check_split(
        [sum(people.get(arm, 0) for arm in side) for side in sides],
        [sum(draw.shares[arm] for arm in side) for side in sides],
    )


async def _is_tested(session: AsyncSession, campaign_id: UUID) -> bool:
    draw = (await read_draws(session, [campaign_id])).get(campaign_id)
    return draw is not None and draw.is_tested


def _beside(found: Sequence[Any]) -> Iterator[PlayedBeside]:
    agent = [row for row in found if row.arm == Arm.AGENT]
    for arm in (Arm.RANDOM, Arm.USUAL):
        if other := [row for row in found if row.arm == arm]:
            yield PlayedBeside(arm, *(lift(of(agent), of(other)) for of in (_rate, _money, _profit)))


def _total(rows: Sequence[Any], name: str) -> int:
    return sum(int(getattr(row, name)) for row in rows)


def _rate(rows: Sequence[Any]) -> statistics.Arm:
    return statistics.Arm.of_rate(_total(rows, "people"), _total(rows, "bought"))


def _money(rows: Sequence[Any]) -> statistics.Arm:
    spent, squares = (sum(float(getattr(row, name)) for row in rows) for name in ("spent", "squares"))
    return statistics.Arm(_total(rows, "people"), spent, squares)


def _profit(rows: Sequence[Any]) -> statistics.Arm:
    earned, squares = (sum(float(getattr(row, name)) for row in rows) for name in ("profit", "profit_squares"))
    return statistics.Arm(_total(rows, "people"), earned, squares)


async def _lesson(session: AsyncSession, campaign_id: UUID) -> Lesson:
    """Fit what is known of real weeks with this one beside; nothing of it is kept."""
    zone = (await load_settings(session, GeneralSettings)).timezone
    asked = {"id": campaign_id, "zone": zone, "basis": BASIS, "holdout": Arm.HOLDOUT.value}
    rows = (await session.execute(text(_GROUPS), asked)).all()
    played = [
        Group(
            int(row.week), Cell(row.segment, row.offer, row.channel, row.due), row.is_control, row.people,
            float(row.bought), row.expected, row.expected_square, row.cross,
        )
        for row in rows
    ]  # fmt: skip
    real, _ = await read_groups(session)
    before, after = (await uplift_in_use(session)).posterior, fit([*real, *played])
    tried: dict[tuple[str, str, str], int] = {}
    for group in played:
        if not group.is_control:
            key = group.cell.segment, group.cell.offer, group.cell.channel
            tried[key] = tried.get(key, 0) + group.people
    most = sorted(tried, key=lambda key: (-tried[key], key))[:SHOWN_CELLS]
    cells = [Cell(*key, NO_RHYTHM) for key in most]
    names = await session.execute(text(_NAMES), {"slugs": [key[0] for key in most]})
    return Lesson(
        overall_row(after, before, Cell("", "", "", "")),
        tuple(rows_of(after, before, cells, [tried[key] for key in most])),
        {row.slug: row.name for row in names},
    )
